"""What a community announced is what its payees are paid; a report that does otherwise is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_utils import keccak

from chain.client.sharing_rules import SharingRules
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
    address_bytes,
)
from chain.ledger.rights import UNIT_NUMERATOR, Parent, Split, Tier, WorkKind
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.settle import EpochSettlement
from chain.settlement.verify import Check, VerificationReport, verify
from tests.devnet import PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import (
    ELDERS,
    UNIT_PRICE,
    Heritage,
    announce_rule,
    consent,
    digest_of,
    register,
    take,
    terms_of,
)

FUNDS = 10**9
FLOOR = Announcement(SharingRule.FLOOR_PRO_RATA, 5_000, 1, EpochNumber(2))
ROOT = Announcement(SharingRule.COMMUNITY_ROOT, 0, 1, EpochNumber(2))
FLUTES_SALT = digest_of("the salt of the flutes")


@pytest.fixture
def lane(devnet: Devnet, heritage: Heritage, follower: Follower, store: Store) -> EpochLane:
    lane = EpochLane(devnet, follower, store)
    lane.fund(FUNDS)
    return lane


def verified(lane: EpochLane) -> VerificationReport:
    lane.follower.catch_up()
    return verify(
        lane.store,
        lane.devnet.node,
        lane.devnet.deployment,
        lane.read_block,
        read_payouts=lane.published,
    )


def places(report: VerificationReport, check: Check) -> list[str]:
    return [found.place for found in report.discrepancies if found.check is check]


def epoch(
    lane: EpochLane,
    heritage: Heritage,
    units: dict[LicenceId, int],
    generation: dict[LicenceId, GenerationId] | None = None,
) -> EpochSettlement:
    """An epoch from segments to paid payees, with so many uses of each licence."""
    now, name = lane.devnet.node.head().timestamp, f"epoch {len(lane.settled) + 1}"
    of = generation or {}
    return lane.run(
        [
            uses(licence, of.get(licence, heritage.generation_id), count, at=now, name=name)
            for licence, count in units.items()
        ]
    )


def gained(lane: EpochLane) -> dict[Address, int]:
    """Each payee's total at the newest epoch less the one before: what that epoch paid it."""
    before = {p.payee: p.cumulative for p in lane.settled[-2].payouts} if lane.settled[1:] else {}
    return {p.payee: p.cumulative - before.get(p.payee, 0) for p in lane.settled[-1].payouts}


def earned(settlement: EpochSettlement, works: Sequence[WorkId]) -> dict[Address, int]:
    """Each payee's numerator of these works, ascending by payee."""
    sums: dict[Address, int] = {}
    for (work, payee), numerator in settlement.entitled.items():
        if work in works:
            sums[payee] = sums.get(payee, 0) + numerator
    return dict(sorted(sums.items(), key=lambda item: address_bytes(item[0])))


def flute_licence(devnet: Devnet, heritage: Heritage) -> LicenceId:
    """A licence of the gong's community's other work, and a derivative made under it."""
    flute = heritage.works[1]
    terms = terms_of(devnet, Tier.GENERATION, 11)
    consent(devnet, 11, flute, terms)
    licence = take(devnet, flute, terms)
    child = register(devnet, PLATFORM, "flute remix", CommunityId(0), WorkKind.DERIVATIVE)
    platform = devnet.signers[PLATFORM]
    devnet.ledger.set_split(child, Split.of({platform.address: 10_000}), signer=platform)
    devnet.graph.link(child, FLUTES_SALT, [Parent(flute, licence)], [b""], signer=platform)
    return licence


def announce_floor(devnet: Devnet, heritage: Heritage) -> None:
    """The chant's community, by two of its three elders."""
    chants = heritage.communities[1]
    announce_rule(devnet, chants, FLOOR, steward=12, approvers=ELDERS[:2])


def test_a_floor_decided_by_elders_pays_two_epochs_later(
    lane: EpochLane, devnet: Devnet, heritage: Heritage
) -> None:
    gong, chant = heritage.generation
    work = heritage.works[2]
    announce_floor(devnet, heritage)
    split = heritage.splits[work]

    epoch(lane, heritage, {chant: 13})
    by_split = gained(lane)
    epoch(lane, heritage, {gong: 9, chant: 20})
    by_rule = {share.payee: gained(lane)[share.payee] for share in split.shares}

    income = 13 * UNIT_PRICE
    assert by_split == {s.payee: income * s.bps // 10_000 for s in split.shares}
    pool = 20 * UNIT_PRICE
    for share in split.shares:
        # Half of the pool in three equal parts, half by the split; units of two epochs add up.
        due = pool / 2 / 3 + pool / 2 * share.bps / 10_000
        assert abs(by_rule[share.payee] - due) < 2
    at, token = devnet.node.head(), devnet.deployment.token
    for payout in lane.settled[-1].payouts:
        expected = 0 if payout.payee == heritage.rejecting_payee else payout.cumulative
        assert devnet.distributor.claimed_by(token, payout.payee, at=at) == expected
    report = verified(lane)
    assert report.discrepancies == ()

    # The contract divides the same pool into the same parts, for anyone who asks it.
    settlement = lane.settled[-1]
    rules = SharingRules.of(devnet.node, devnet.deployment)
    weights = [pool * UNIT_NUMERATOR // 10_000 * share.bps for share in split.shares]
    asked = (pool * UNIT_NUMERATOR, weights, FLOOR.phi_bps, settlement.previous_report)
    amounts, left_over = rules.read_many([("floorProRata", asked)], at=at)[0]
    assert list(amounts) == list(earned(settlement, [work]).values())
    assert left_over == 0


def test_roots_are_taken_between_works_with_other_payees(
    lane: EpochLane, devnet: Devnet, heritage: Heritage
) -> None:
    gong = heritage.generation[0]
    flute = flute_licence(devnet, heritage)
    announce_rule(devnet, heritage.communities[0], ROOT, steward=11)

    at, platform = devnet.node.head(), devnet.address(PLATFORM)
    flutes = devnet.graph.generation_of(platform, FLUTES_SALT, at=at)
    for _ in range(2):
        epoch(lane, heritage, {gong: 36, flute: 4}, {flute: flutes})

    # 36 and 4 uses: by roots three to one.
    pool = 40 * UNIT_PRICE
    settlement = lane.settled[-1]
    first, second = heritage.works[:2]
    assert abs(sum(earned(settlement, [first]).values()) - pool * UNIT_NUMERATOR * 3 // 4) < 10**9
    rules = SharingRules.of(devnet.node, devnet.deployment)
    incomes = {first: 36 * UNIT_PRICE, second: 4 * UNIT_PRICE}
    groups = sorted(
        (
            [address_bytes(share.payee) for share in heritage.splits[work].shares],
            [income * UNIT_NUMERATOR // 10_000 * s.bps for s in heritage.splits[work].shares],
            work,
        )
        for work, income in incomes.items()
    )
    asked = (pool * UNIT_NUMERATOR, [w for _, w, _ in groups], settlement.previous_report)
    at = devnet.node.head()
    amounts, left_over = rules.read_many([("communityRoot", asked)], at=at)[0]
    assert [list(row) for row in amounts] == [
        list(earned(settlement, [work]).values()) for _, _, work in groups
    ]
    assert left_over == 0
    assert verified(lane).discrepancies == ()


def forget_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "sharing_rules", lambda *_given, **_named: {})


def name_program(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    honest = EpochSettlement.report

    def report(settlement: EpochSettlement, *given: Any) -> Any:
        return replace(honest(settlement, *given), program_hash=Digest(keccak(text=program)))

    monkeypatch.setattr(EpochSettlement, "report", report)


def test_a_quorum_that_ignores_an_announced_rule_is_caught(
    lane: EpochLane, devnet: Devnet, heritage: Heritage
) -> None:
    announce_floor(devnet, heritage)
    chant = heritage.generation[1]
    with pytest.MonkeyPatch.context() as patched:
        forget_rules(patched)
        epoch(lane, heritage, {chant: 13})
        epoch(lane, heritage, {chant: 20})

    report = verified(lane)

    assert "report of epoch 2, sum root" in places(report, Check.REPORTS)
    leaves = [place for place in places(report, Check.LEAVES) if place.startswith("leaf")]
    assert {place.split()[-1] for place in leaves} == {
        share.payee for share in heritage.splits[heritage.works[2]].shares
    }
    assert all(" of epoch 2," in place for place in leaves)
    assert report.difference_units > 0


def test_a_report_of_another_program_is_named(lane: EpochLane, heritage: Heritage) -> None:
    with pytest.MonkeyPatch.context() as patched:
        name_program(patched, "antiphon.settle/3")
        epoch(lane, heritage, {heritage.generation[1]: 13})

    found = places(verified(lane), Check.REPORTS)

    assert "report of epoch 1, program hash" in found


def test_a_state_block_from_before_the_last_epoch_is_named(
    lane: EpochLane, devnet: Devnet, heritage: Heritage
) -> None:
    """Whoever settles by an old block does not see what was announced since."""
    chant = heritage.generation[1]
    lane.follower.catch_up()
    old = lane.store.head()
    epoch(lane, heritage, {chant: 13})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lane.store, "head", lambda: old)
        used = uses(chant, heritage.generation_id, 5, at=old.timestamp, name="late")
        lane.run([used])

    found = verified(lane).discrepancies

    assert [(d.place, d.expected, d.found) for d in found] == [
        ("report of epoch 2, epochs posted at its state block", "1", "0")
    ]
