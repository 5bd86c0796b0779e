"""The on-chain failure rate: transactions that failed, of all that were submitted."""

from __future__ import annotations

from typing import Final

from chain.metrics.binomial import Share, share_of

# -ln(0.05), rounded as the rule of three has it: no event in n trials, a chance of at most 3/n.
_THREE: Final = 3


def failure_rate(failed: int, submitted: int) -> Share:
    """Failed of submitted transactions, with its exact interval.

    A payee's deferred payout is no failure: the transaction succeeded and the money waits.
    Raises CountsContradict.
    """
    return share_of("failed transactions", failed, submitted)


def failure_in_words(rate: Share) -> str:
    """The rate as a sentence; of no failure by the rule of three (Hanley, Lippman-Hand 1983)."""
    if rate.rate is None or rate.low is None or rate.high is None:
        return "No transaction was submitted, so there is no failure rate."
    high = _percent(rate.high)
    if rate.part == 0:
        by_three = _percent(min(_THREE / rate.whole, 1))
        return (
            f"None of {rate.whole:,} transactions failed. By the rule of three (3 divided by the "
            f"number of transactions) that still allows a failure rate of up to {by_three}; "
            f"the exact two-sided 95 % bound is {high}."
        )
    return (
        f"{rate.part:,} of {rate.whole:,} transactions failed: {_percent(float(rate.rate))}, with "
        f"an exact 95 % interval of {_percent(rate.low)} to {high}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
