"""What each part of an epoch's report costs, from the node's own trace of its transaction.

The report is one transaction that does four things: it is accepted (the quorum's signatures,
what it says as calldata and event, the last epoch), it counts the use of each licence, it charges
that use to the licences' holders, and it puts the payout root into its queue. All but the first
are calls to other contracts, which a trace tells apart. What is left is what a usage root alone
would cost to post under a quorum.
"""

from __future__ import annotations

from typing import Any

from benchmarks.gas.workplace import Workplace


def report_parts(place: Workplace, tx_hash: Any) -> dict[str, int]:
    """Gas of a `postEpoch`: `post_epoch_root` (all but the three calls), `post_epoch_usage`,
    `post_epoch_charge`, `post_epoch_payouts`. Raises ValueError when other calls are made."""
    trace = _trace(place, tx_hash)
    (usage,) = _calls_to(trace, place.contracts["LicenceRegistry"].address)
    charge, payouts = _calls_to(trace, place.contracts["EpochDistributor"].address)
    whole = int(place.web3.eth.get_transaction_receipt(tx_hash)["gasUsed"])
    return {
        "post_epoch_root": whole - usage - charge - payouts,
        "post_epoch_usage": usage,
        "post_epoch_charge": charge,
        "post_epoch_payouts": payouts,
    }


def _trace(place: Workplace, tx_hash: Any) -> dict[str, Any]:
    asked = ["0x" + bytes(tx_hash).hex(), {"tracer": "callTracer"}]
    answer: dict[str, Any] = place.web3.provider.make_request("debug_traceTransaction", asked)
    found: dict[str, Any] = answer["result"]
    return found


def _calls_to(trace: dict[str, Any], contract: str) -> list[int]:
    """The gas of each call that the traced contract makes to another, in their order."""
    return [
        int(call["gasUsed"], 16)
        for call in trace["calls"]
        if call["type"] == "CALL" and str(call["to"]).lower() == contract.lower()
    ]
