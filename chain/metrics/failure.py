"""The on-chain failure rate: settlement transactions that failed, of all that were submitted."""

from __future__ import annotations

from chain.metrics.binomial import Share, share_of


def failure_rate(failed: int, submitted: int) -> Share:
    """Failed of submitted settlement transactions, with its exact interval.

    A payee's deferred payout is no failure: the transaction succeeded and the money waits.
    Raises CountsContradict.
    """
    return share_of("failed transactions", failed, submitted)
