"""Lanes of tokens and payees that misbehave, each epoch of which must be settled all the same.

Rounds are posted as reports that three operators signed. Half of the payees are pushed to in ranges
of eight, the other half claim one by one: many small settlement transactions.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chain.client.blocks import Call
from chain.client.interfaces import Interface, parse_interface
from chain.client.sending import send
from chain.ledger.epoch import EpochReport, LicenceUsage, licence_usage_hash, withheld_hash
from chain.ledger.identifiers import (
    ZERO_ADDRESS,
    ZERO_DIGEST,
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    LicenceId,
    address_bytes,
    address_from_bytes,
)
from chain.ledger.rights import Split, Tier, WorkKind
from chain.ledger.sum_tree import Payout, SumTree
from chain.settlement.settle import PROGRAM_HASH
from scripts.export_abi import compile_all
from tests.devnet import DEPLOYER, FIRST_OPERATOR, PLATFORM, THRESHOLD, Devnet
from tests.heritage import consent, register, terms_of

PAYEES: Final = 2_048
RANGE: Final = 8
PUSHED: Final = PAYEES // 2
# One in so many payees is hostile.
HOSTILE_EVERY: Final = 16
FUNDS: Final = 10**15
AMOUNT_MAX: Final = 2_000
_SOME_DIGEST: Final = Digest(b"\x01" * 32)
TOKENS: Final = ("DevStablecoin", "BlocklistingToken", "SilentToken", "ReentrantToken")
HOSTILE_PAYEES: Final = ("RejectingPayee", "GasBurningPayee", "ReturnBombPayee", "ReentrantPayee")


class Kind(StrEnum):
    """The settlement transactions."""

    POST = "post"
    ACTIVATE = "activate"
    PUSH = "push"
    CLAIM = "claim"


@dataclass
class Round:
    """One epoch of a lane: its calls in the order in which they must be carried out."""

    report: EpochReport
    tree: SumTree
    calls: dict[Kind, list[Call]] = field(default_factory=dict)


@dataclass
class Lane:
    """A token, its payees ascending, what each was promised so far, and the platform's licence
    whose use is paid for with it."""

    devnet: Devnet
    name: str
    interface: Interface
    token: Address
    payees: list[Address]
    hostile: frozenset[Address]
    cumulative: list[int]
    licence: LicenceId
    previous: Digest = ZERO_DIGEST

    def next_round(self, epoch: int, dice: random.Random) -> Round:
        """Promise everybody something more."""
        before = sum(self.cumulative)
        self.cumulative = [c + dice.randint(1, AMOUNT_MAX) for c in self.cumulative]
        payouts = [Payout(p, c) for p, c in zip(self.payees, self.cumulative, strict=True)]
        tree = SumTree(self.token, payouts)
        now = self.devnet.node.head()
        usage = (LicenceUsage(self.licence, 1, tree.root.sum - before),)
        report = EpochReport(
            epoch=EpochNumber(epoch),
            previous_report=self.previous,
            token=self.token,
            usage_root=_SOME_DIGEST,
            event_count=1,
            segments_digest=_SOME_DIGEST,
            sum_root=tree.root.hash,
            leaf_root=_SOME_DIGEST,
            leaf_count=tree.leaf_count,
            cumulative_total=tree.root.sum,
            state_block=now.number,
            state_time=now.timestamp,
            licence_usage_hash=licence_usage_hash(usage),
            withheld_hash=withheld_hash(()),
            program_hash=PROGRAM_HASH,
        )
        self.previous = report.struct_hash()
        distributor = self.devnet.distributor
        return Round(
            report,
            tree,
            {
                Kind.POST: [self._post(report, usage)],
                Kind.ACTIVATE: [distributor.call("activate", self.token)],
                Kind.PUSH: list(self._pushes(tree)),
                Kind.CLAIM: [
                    self.claim(tree, index)
                    for index in range(PUSHED, PAYEES)
                    if self.payees[index] not in self.hostile
                ],
            },
        )

    def claim(self, tree: SumTree, index: int) -> Call:
        """One payee's claim, which anybody may send."""
        payout = tree.payout(index)
        proof = [(node.hash, node.sum) for node in tree.proof(index)]
        leaf = (payout.payee, payout.cumulative)
        return self.devnet.distributor.call("claim", self.token, index, leaf, proof)

    def arm(self, armed: bool) -> None:
        """Let a re-entrant token attack the distributor during every transfer, or stop it."""
        callback = self.devnet.distributor.call("activate", self.token).data
        target = self.devnet.distributor.address if armed else ZERO_ADDRESS
        _order(self.devnet, self.interface, self.token, "arm", target, callback)

    def _post(self, report: EpochReport, usage: Sequence[LicenceUsage]) -> Call:
        oracle = self.devnet.oracle
        digest = report.digest(self.devnet.deployment.chain_id, oracle.address)
        operators = sorted(
            self.devnet.signers[FIRST_OPERATOR : FIRST_OPERATOR + THRESHOLD],
            key=lambda signer: address_bytes(signer.address),
        )
        chain_id = self.devnet.deployment.chain_id
        signatures = [signer.sign_digest(digest, chain_id=chain_id) for signer in operators]
        return oracle.post_epoch_call(report, usage, signatures)

    def _pushes(self, tree: SumTree) -> Iterator[Call]:
        for first in range(0, PUSHED, RANGE):
            leaves = [(p.payee, p.cumulative) for p in tree.range_payouts(first, RANGE) if p]
            upper = [(node.hash, node.sum) for node in tree.range_proof(first, RANGE)]
            yield self.devnet.distributor.call("pushRange", self.token, first, leaves, upper)


def open_lane(devnet: Devnet, name: str, dice: random.Random) -> Lane:
    """A funded lane: DevStablecoin hooks its payees, BlocklistingToken's issuer bars some,
    SilentToken answers nothing, ReentrantToken calls back."""
    payees = [address_from_bytes(dice.randbytes(20)) for _ in range(PAYEES)]
    count = PAYEES // HOSTILE_EVERY
    made = _compiled((name, *HOSTILE_PAYEES) if name == "DevStablecoin" else (name,))
    token = _deployed(devnet, made[name])
    hostile: list[Address] = []
    if name == "DevStablecoin":
        hostile = [_hostile_payee(devnet, made, token, number) for number in range(count)]
        payees[:count] = hostile
    elif name == "BlocklistingToken":
        hostile = payees[:count]
        for payee in hostile:
            _order(devnet, made[name], token, "bar", payee, True)
    payees.sort(key=address_bytes)
    _fund(devnet, made[name], token)
    cumulative, licence = [0] * PAYEES, _licence(devnet)
    return Lane(devnet, name, made[name], token, payees, frozenset(hostile), cumulative, licence)


def _licence(devnet: Devnet) -> LicenceId:
    """The platform's, for a work of its own: somebody must be charged for what is promised."""
    work = register(devnet, PLATFORM, "played", CommunityId(0), WorkKind.RECORDING)
    platform = devnet.signers[PLATFORM]
    devnet.ledger.set_split(work, Split.of({platform.address: 10_000}), signer=platform)
    terms = terms_of(devnet, Tier.DISTRIBUTION, 0)
    consent(devnet, PLATFORM, work, terms)
    return devnet.licences.licence_taken(devnet.licences.take_licence(work, terms, signer=platform))


def _compiled(names: tuple[str, ...]) -> dict[str, Interface]:
    """What is for tests alone has no committed interface; the pinned compiler makes it."""
    found = {}
    for name, text in compile_all(names).items():
        document = json.loads(text)
        bytecode = bytes.fromhex(document["bytecode"][2:])
        found[name] = parse_interface(name, document["abi"], bytecode)
    return found


def _deployed(devnet: Devnet, made: Interface) -> Address:
    call = Call(None, made.creation_data(()))
    receipt = send(devnet.node, call, signer=devnet.signers[DEPLOYER])
    assert receipt.contract is not None
    return receipt.contract


def _hostile_payee(
    devnet: Devnet, made: Mapping[str, Interface], token: Address, number: int
) -> Address:
    name = HOSTILE_PAYEES[number % len(HOSTILE_PAYEES)]
    payee = _deployed(devnet, made[name])
    if name == "ReentrantPayee":
        callback = devnet.distributor.call("activate", token).data
        _order(devnet, made[name], payee, "arm", devnet.distributor.address, callback)
    return payee


def _fund(devnet: Devnet, made: Interface, token: Address) -> None:
    platform = devnet.signers[PLATFORM]
    _order(devnet, made, token, "mint", platform.address, FUNDS)
    approve = made.functions["approve"].call_data((devnet.distributor.address, FUNDS))
    send(devnet.node, Call(token, approve), signer=platform)
    devnet.distributor.fund(token, FUNDS, signer=platform)


def _order(
    devnet: Devnet, made: Interface, target: Address, function: str, *arguments: object
) -> None:
    data = made.functions[function].call_data(arguments)
    send(devnet.node, Call(target, data), signer=devnet.signers[DEPLOYER])
