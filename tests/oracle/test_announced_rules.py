"""Operators settle by what communities announced; one that does not know it signs nothing."""

from __future__ import annotations

import dataclasses

import pytest

from chain.ledger.identifiers import CommunityId, EpochNumber
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.facts import SettlementState
from oracle.attribution import DetectionPolicy
from oracle.errors import OperatorDisagrees
from oracle.operator import Operator, Proposal
from oracle.operators.memory import OutboxMemory
from tests.heritage import ELDERS, UNIT_PRICE, announce_rule
from tests.oracle.conftest import World, sha

COPIES = 30


def announce(world: World) -> CommunityId:
    """Two of three elders decide that the chants' pool is shared equally from epoch 2 on."""
    community = world.heritage.communities[1]
    equally = Announcement(SharingRule.FLOOR_PRO_RATA, 10_000, 1, EpochNumber(2))
    announce_rule(world.devnet, community, equally, steward=12, approvers=ELDERS[1:])
    return community


def find_copies(world: World) -> None:
    for copy in range(COPIES):
        world.service.file_detection(world.found(subject_pcm_sha256=sha(f"copy {copy}")))


def test_the_second_epoch_is_paid_by_the_rule_announced_before_the_first(world: World) -> None:
    world.fund()
    announce(world)
    world.service.file_generation_log(world.log())
    world.pay_epoch()
    token, split = world.devnet.deployment.token, world.heritage.splits[world.heritage.works[2]]

    def claimed() -> list[int]:
        at = world.devnet.node.head()
        payees = [s.payee for s in split.shares if s.payee != world.heritage.rejecting_payee]
        return [world.devnet.distributor.claimed_by(token, payee, at=at) for payee in payees]

    bps = [s.bps for s in split.shares if s.payee != world.heritage.rejecting_payee]
    assert claimed() == [UNIT_PRICE * part // 10_000 for part in bps]
    find_copies(world)
    world.pay_epoch()

    # The third payee, whose contract takes no money, has its equal part waiting.
    third = COPIES * UNIT_PRICE / 3
    assert all(
        abs(found - UNIT_PRICE * part / 10_000 - third) < 1
        for found, part in zip(claimed(), bps, strict=True)
    )


def test_an_operator_that_does_not_know_the_rule_signs_nothing(world: World) -> None:
    community = announce(world)
    world.fund()
    world.service.file_generation_log(world.log())
    world.pay_epoch()
    find_copies(world)
    row = world.service.seal_epoch()
    view = dataclasses.replace(world.view)
    honest = view.settlement_state

    def unaware(*arguments: object) -> SettlementState:
        state = honest(*arguments)  # type: ignore[arg-type]
        assert community in state.rules or state.epoch == 1
        return dataclasses.replace(state, rules={})

    view.settlement_state = unaware  # type: ignore[method-assign]
    operator = Operator(
        world.operators[1], view, world.blocks, OutboxMemory(world.outbox), DetectionPolicy()
    )

    with pytest.raises(OperatorDisagrees) as refusal:
        operator.attest(Proposal(row.report, row.evidence_cid))

    names = {name for name, _, _ in refusal.value.differences}
    assert {"sumRoot", "leafRoot"} <= names <= {"sumRoot", "leafRoot", "cumulativeTotal"}
