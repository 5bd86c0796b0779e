"""How many settlement transactions fail, among hostile tokens and payees and over faulty ways.

A settlement transaction posts a report, activates a root, pushes a range or pays a claim. It fails
when it is mined and reverts, or is never mined; a payee that cannot take its money is deferred, and
that is no failure. Bytes sent again after a fault are the same transaction, counted once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.table2.hostile import PAYEES, PUSHED, Kind, Lane, open_lane
from benchmarks.table2.relayed import relay_claims
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
_COUNTED: Final = ("refused_by_dry_run", "sendings", "deferred")
# In every third round the re-entrant token attacks while it is pushed.
ARMED_EVERY: Final = 3


class MoneyAstray(RuntimeError):
    """Balances after all rounds are not what was promised."""


def under_faults(name: str, seed: int, transactions: int, progress: Progress) -> dict[str, Any]:
    """Rounds of one token's lane until so many settlement transactions were submitted. Raises
    MoneyAstray, NeverMined."""
    dice, sent = random.Random(f"{seed} {name}"), Sent()
    with _lane(name, dice) as lane:
        sender = WaywardSender(lane.devnet, _keys(lane.devnet, dice), dice, sent)
        rounds = refused = 0
        while sent.submitted.total() < transactions:
            rounds += 1
            refused += _settle(lane, rounds, dice, sender)
            submitted, failed = sent.submitted.total(), sent.failed.total()
            progress(f"round {rounds}, {name}: {submitted:,} transactions, {failed} failed")
        checked = _checked(lane)
    return {
        "rounds": rounds,
        "refused_by_dry_run": refused,
        "submitted": dict(sent.submitted),
        "failed": dict(sent.failed),
        "faults": dict(sent.faults),
        "sendings": sent.sendings,
        "deferred": sent.deferred,
        "lane": checked,
    }


def relayed(seed: int, claims: int) -> dict[str, Any]:
    """Claims of one round, carried out by the oracle's own relay. Raises MoneyAstray, Violation."""
    dice = random.Random(f"{seed} relay")
    with _lane("SilentToken", dice) as lane:
        sender = WaywardSender(lane.devnet, _keys(lane.devnet, dice), dice, Sent())
        made = lane.next_round(1, dice)
        lane.devnet.rpc("evm_setAutomine", False)
        sender.carry_out(Kind.POST, made.calls[Kind.POST], GAS[Kind.POST])
        lane.devnet.pass_time(WINDOW_SECONDS + 1)
        sender.carry_out(Kind.ACTIVATE, made.calls[Kind.ACTIVATE], GAS[Kind.ACTIVATE])
        found, tally = relay_claims(lane.devnet, made.calls[Kind.CLAIM][:claims], dice)
        _checked(lane)
    return {
        **vars(found),
        "killed": tally.killed_at.total(),
        "faults": dict(tally.faults),
        "refusals": dict(tally.refusals),
    }


def together(lanes: Sequence[dict[str, Any]], relay: dict[str, Any] | None) -> dict[str, Any]:
    """All lanes, and the relay if it was run, as one count with its exact interval.

    `bound` is what one-sided 95 % allows at most when nothing failed; None otherwise.
    """
    sums = {
        name: sum((Counter(lane[name]) for lane in lanes), Counter[str]())
        for name in ("submitted", "failed", "faults")
    }
    failed, submitted = sums["failed"].total(), sums["submitted"].total()
    if relay is not None:
        failed += relay["failed"] + relay["lost"]
        submitted += relay["mined"] + relay["lost"]
    share = failure_rate(failed, submitted)
    return {
        **{name: dict(value) for name, value in sums.items()},
        **{
            n: sum(lane[n] for lane in lanes)
            for n in ("refused_by_dry_run", "sendings", "deferred")
        },
        "lanes": [{**lane["lane"], "rounds": lane["rounds"]} for lane in lanes],
        "relay": relay,
        "total": {
            "failed": failed,
            "submitted": submitted,
            "low": share.low,
            "high": share.high,
            "bound": None if failed else 1 - 0.05 ** (1 / submitted),
        },
    }


@contextmanager
def _lane(name: str, dice: random.Random) -> Iterator[Lane]:
    """A lane on a node of its own with everything deployed."""
    with running_anvil("--gas-limit", str(BLOCK_GAS)) as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        deployment = deploy_all(node, signers, window_seconds=WINDOW_SECONDS)
        yield open_lane(Devnet(node, deployment, signers), name, dice)


def _keys(devnet: Devnet, dice: random.Random) -> list[LocalSigner]:
    keys = [LocalSigner(dice.randbytes(32)) for _ in range(KEYS)]
    for key in keys:
        devnet.rpc("anvil_setBalance", key.address, hex(COINS))
    return keys


def _settle(lane: Lane, number: int, dice: random.Random, sender: WaywardSender) -> int:
    """One round; how many claims of hostile payees a dry run refused."""
    devnet, made = lane.devnet, lane.next_round(number, dice)
    is_attacked = lane.name == "ReentrantToken" and number % ARMED_EVERY == 1
    if is_attacked:
        lane.arm(True)
    for kind in Kind:
        if kind is Kind.ACTIVATE:
            devnet.pass_time(WINDOW_SECONDS + 1)
        if kind is Kind.CLAIM and is_attacked:
            lane.arm(False)
        devnet.rpc("evm_setAutomine", False)
        sender.carry_out(kind, made.calls[kind], GAS[kind])
        devnet.rpc("evm_setAutomine", True)
    return sum(_is_refused(lane, made.tree, index) for index in range(PUSHED, PAYEES)
               if lane.payees[index] in lane.hostile)  # fmt: skip


def _is_refused(lane: Lane, tree: SumTree, index: int) -> bool:
    """Whether the dry run that a relay makes says no, so that nothing would be sent."""
    try:
        sender = lane.devnet.signers[0].address
        simulate(lane.devnet.node, lane.claim(tree, index), sender=sender)
    except ContractRefused:
        return True
    return False


def _checked(lane: Lane) -> dict[str, Any]:
    """What payees were promised and paid. Raises MoneyAstray where somebody was paid more than
    promised, or the distributor's books say another sum than its payees."""
    devnet = lane.devnet
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
        "promised": sum(lane.cumulative),
        "paid": sum(claimed),
        "waiting_payees": len(owing),
        "waiting_hostile": sum(p in lane.hostile for p in owing),
    }
