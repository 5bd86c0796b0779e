"""What each part of an epoch's report costs, from the node's own trace of its transaction.

The report is one transaction that does three things: it is accepted (the quorum's signatures,
what it says as calldata and event, the last epoch), it counts the use of each licence, and it puts
the payout root into its queue. The second and third are calls to other contracts, which a trace
tells apart. What is left is what a usage root alone would cost to post under a quorum.
"""

from __future__ import annotations

from typing import Any

from benchmarks.gas.workplace import Workplace


def report_parts(place: Workplace, tx_hash: Any) -> dict[str, int]:
    """Gas of a `postEpoch`: `post_epoch_root` (all but the two calls), `post_epoch_usage`,
    `post_epoch_payouts`. Raises LookupError when a call is not found once."""
    trace = _trace(place, tx_hash)
    usage = _call_to(trace, place.contracts["LicenceRegistry"].address)
    payouts = _call_to(trace, place.contracts["EpochDistributor"].address)
    whole = int(place.web3.eth.get_transaction_receipt(tx_hash)["gasUsed"])
    return {
        "post_epoch_root": whole - usage - payouts,
        "post_epoch_usage": usage,
        "post_epoch_payouts": payouts,
    }


def _trace(place: Workplace, tx_hash: Any) -> dict[str, Any]:
    asked = ["0x" + bytes(tx_hash).hex(), {"tracer": "callTracer"}]
    answer: dict[str, Any] = place.web3.provider.make_request("debug_traceTransaction", asked)
    found: dict[str, Any] = answer["result"]
    return found


def _call_to(trace: dict[str, Any], contract: str) -> int:
    """The gas of the one call that the traced contract makes to another."""
    (found,) = (
        call
        for call in trace["calls"]
        if call["type"] == "CALL" and str(call["to"]).lower() == contract.lower()
    )
    return int(found["gasUsed"], 16)
