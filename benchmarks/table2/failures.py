"""How many settlement transactions fail, among hostile tokens and payees and over faulty ways.

A settlement transaction posts a report, activates a root, pushes a range or pays a claim. It fails
when it is mined and reverts, or is never mined; a payee that cannot take its money is deferred, and
that is no failure. Bytes sent again after a fault are the same transaction, counted once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from benchmarks.table2.hostile import PAYEES, PUSHED, RANGE, Kind, Lane, open_lanes
from benchmarks.table2.wayward_sending import Sent, WaywardSender
from chain.client.errors import ContractRefused
from chain.client.node import Node
from chain.client.sending import simulate
from chain.client.signer import LocalSigner, dev_signers
from chain.ledger.sum_tree import SumTree
from chain.metrics.failure import failure_rate
from tests.devnet import ACCOUNTS, Devnet, deploy_all, running_anvil

Progress = Callable[[str], None]
WINDOW_SECONDS: Final = 3_600
KEYS: Final = 4
COINS: Final = 10**24
BLOCK_GAS: Final = 2_000_000_000
GAS: Final = {Kind.POST: 1_500_000, Kind.ACTIVATE: 300_000, Kind.PUSH: 4_000_000,
              Kind.CLAIM: 500_000}  # fmt: skip
# In every third round the re-entrant token attacks while it is pushed.
ARMED_EVERY: Final = 3


class MoneyAstray(RuntimeError):
    """Balances after all rounds are not what was promised."""


def under_faults(seed: int, transactions: int, progress: Progress) -> dict[str, Any]:
    """Run rounds until so many settlement transactions were submitted. Raises MoneyAstray,
    NeverMined."""
    dice, sent = random.Random(seed), Sent()
    with running_anvil("--gas-limit", str(BLOCK_GAS)) as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers, window_seconds=WINDOW_SECONDS), signers)
        lanes = open_lanes(devnet, dice)
        keys = [LocalSigner(dice.randbytes(32)) for _ in range(KEYS)]
        for key in keys:
            devnet.rpc("anvil_setBalance", key.address, hex(COINS))
        sender, refused, epoch = WaywardSender(devnet, keys, dice, sent), 0, 0
        progress(f"{len(lanes)} lanes of {PAYEES} payees")
        while sent.submitted.total() < transactions:
            lane = lanes[epoch % len(lanes)]
            epoch += 1
            refused += _settle(devnet, lane, epoch, dice, sender)
            progress(
                f"round {epoch}, {lane.name}: {sent.submitted.total():,} transactions, "
                f"{sent.failed.total()} failed"
            )
        checked = [_check(devnet, lane) for lane in lanes]
    return {
        "rounds": epoch,
        "lanes": checked,
        "refused_by_dry_run": refused,
        "submitted": dict(sent.submitted),
        "failed": dict(sent.failed),
        "faults": dict(sent.faults),
        "sendings": sent.sendings,
        "deferred": sent.deferred,
        "total": _plain(sent.failed.total(), sent.submitted.total()),
    }


def _settle(
    devnet: Devnet, lane: Lane, epoch: int, dice: random.Random, sender: WaywardSender
) -> int:
    """One round of a lane; how many claims of hostile payees a dry run refused."""
    made = lane.next_round(epoch, dice)
    armed = lane.name == "ReentrantToken" and epoch // 4 % ARMED_EVERY == 0
    if armed:
        lane.arm(True)
    devnet.rpc("evm_setAutomine", False)
    for kind in Kind:
        if kind is Kind.ACTIVATE:
            devnet.pass_time(WINDOW_SECONDS + 1)
        if kind is Kind.CLAIM and armed:
            devnet.rpc("evm_setAutomine", True)
            lane.arm(False)
            devnet.rpc("evm_setAutomine", False)
        sender.carry_out(kind, made.calls[kind], GAS[kind])
    devnet.rpc("evm_setAutomine", True)
    return sum(_is_refused(devnet, lane, made.tree, index) for index in range(PUSHED, PAYEES)
               if lane.payees[index] in lane.hostile)  # fmt: skip


def _is_refused(devnet: Devnet, lane: Lane, tree: SumTree, index: int) -> bool:
    """Whether the dry run that a relay makes says no, so that nothing would be sent."""
    try:
        simulate(devnet.node, lane.claim(tree, index), sender=devnet.signers[0].address)
    except ContractRefused:
        return True
    return False


def _check(devnet: Devnet, lane: Lane) -> dict[str, Any]:
    """Nobody is paid more than promised; who is not hostile is paid all, at the latest by the last
    round that nobody attacked; what left the distributor is what payees were paid. Raises
    MoneyAstray."""
    at = devnet.node.head()
    wanted = [("claimedBy", (lane.token, payee)) for payee in lane.payees]
    claimed = devnet.distributor.read_many(wanted, at=at)
    books = devnet.distributor.lane_of(lane.token, at=at)
    owing = [p for p, c, due in zip(lane.payees, claimed, lane.cumulative, strict=True) if c < due]
    if any(c > due for c, due in zip(claimed, lane.cumulative, strict=True)):
        raise MoneyAstray(f"{lane.name}: somebody was paid more than promised")
    if sum(claimed) != books.claimed:
        raise MoneyAstray(f"{lane.name}: payees have {sum(claimed)}, the books say {books.claimed}")
    return {
        "token": lane.name,
        "payees": PAYEES,
        "hostile": len(lane.hostile),
        "pushed_in_ranges_of": RANGE,
        "promised": sum(lane.cumulative),
        "paid": sum(claimed),
        "waiting_payees": len(owing),
        "waiting_hostile": sum(p in lane.hostile for p in owing),
    }


def _plain(failed: int, submitted: int) -> dict[str, Any]:
    share = failure_rate(failed, submitted)
    return {"failed": failed, "submitted": submitted, "low": share.low, "high": share.high}
