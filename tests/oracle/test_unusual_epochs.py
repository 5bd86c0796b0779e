"""Epochs at the edges: very many events for few payees, events worth nothing, hostile resending."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from chain.ledger.identifiers import LicenceId
from chain.ledger.rights import BPS_WHOLE, Tier
from chain.ledger.usage import UsageKind
from chain.settlement.segments import (
    HEADER_BYTES,
    RECORD,
    RECORD_BYTES,
    SEGMENT_EVENTS_MAX,
    SegmentOrigin,
    encode_segment,
)
from oracle.errors import NothingToSeal
from oracle.intake_receipt import RowOutcome
from tests.devnet import PLATFORM, THRESHOLD
from tests.heritage import DISTRIBUTION_PRICE, UNIT_PRICE, consent, take, terms_of
from tests.oracle.conftest import World

EVENTS = 200_000
SEED = 20_261_121


def many_plays(world: World, count: int) -> list[tuple[bytes, bytes]]:
    """Signed segments of so many plays, made as columns; the same ones for the same count."""
    rng = np.random.default_rng(SEED)
    records = np.zeros(count, RECORD)
    records["kind"] = UsageKind.PLAY
    records["licence_id"] = world.heritage.distribution
    records["generation_id"] = world.heritage.generation_id
    records["source_key"] = rng.integers(0, 256, (count, 32), np.uint8)
    records["occurred_at"] = world.now()
    platform = world.devnet.signers[PLATFORM]
    origin = SegmentOrigin(31337, world.devnet.oracle.address, platform.address)
    segments = []
    for first in range(0, count, SEGMENT_EVENTS_MAX):
        lot = records[first : first + SEGMENT_EVENTS_MAX]
        # The header of a segment of one event, with another count.
        header = encode_segment(world.plays(1), origin)[:-RECORD_BYTES]
        body = header[:56] + len(lot).to_bytes(4, "big") + header[60:] + lot.tobytes()
        segments.append(world.signed(body, platform))
    return segments


def test_two_hundred_thousand_events_pay_each_payee_once_to_the_unit(world: World) -> None:
    """n = 200,000 events of one licence, seed 20,261,121; a third of the segments sent twice."""
    gong = world.heritage.works[0]
    world.fund()
    segments = many_plays(world, EVENTS)
    rng = random.Random(SEED)
    sent = segments + rng.sample(segments, len(segments) // 3)
    rng.shuffle(sent)
    accepted = duplicate = 0
    for body, signature in sent:
        receipt = world.service.file_segment(body, signature)
        accepted += receipt.count(RowOutcome.ACCEPTED)
        duplicate += receipt.count(RowOutcome.DUPLICATE)
    assert accepted == EVENTS
    # A quorum of operators is enough here; each computes the epoch twice.
    world.service.panel.here = world.service.panel.here[:THRESHOLD]
    assert duplicate == sum((len(b) - HEADER_BYTES) // RECORD_BYTES for b, _ in sent) - EVENTS

    world.pay_epoch()

    at, token = world.devnet.node.head(), world.devnet.deployment.token
    for share in world.heritage.splits[gong].shares:
        claimed = world.devnet.distributor.claimed_by(token, share.payee, at=at)
        assert claimed == EVENTS * UNIT_PRICE * share.bps // BPS_WHOLE
    assert world.service.status().events == {"counted": EVENTS}
    for body, signature in sent[:2]:
        again = world.service.file_segment(body, signature)
        assert again.count(RowOutcome.ACCEPTED) == 0
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()


def another_licence(world: World, unit_price: int = 0) -> LicenceId:
    """A second licence to distribute the gong; at no price per use unless one is given."""
    gong = world.heritage.works[0]
    terms = replace(
        terms_of(world.devnet, Tier.DISTRIBUTION, DISTRIBUTION_PRICE), unit_price=unit_price
    )
    consent(world.devnet, 11, gong, terms)
    licence = take(world.devnet, gong, terms)
    world.devnet.pass_time(60)
    return licence


def test_uses_worth_nothing_wait_until_something_is_worth_something(world: World) -> None:
    world.fund()
    free = another_licence(world)
    world.file_plays(5, licence_id=free)

    with pytest.raises(NothingToSeal, match="worth nothing"):
        world.service.seal_epoch()
    assert world.service.status().events == {"waiting": 5}
    world.file_plays(1, first=5)
    world.pay_epoch()

    (row,) = world.service.status().epochs
    assert row.report.event_count == 6
    shares = world.heritage.splits[world.heritage.works[0]].shares
    assert row.report.cumulative_total == sum(UNIT_PRICE * s.bps // BPS_WHOLE for s in shares)
    assert world.service.status().events == {"counted": 6}


def test_an_epoch_worth_nothing_after_others_is_counted_and_pays_nobody(world: World) -> None:
    world.fund()
    free = another_licence(world)
    world.file_plays(10)
    world.pay_epoch()
    world.file_plays(7, first=10, licence_id=free)

    world.pay_epoch()

    first, second = world.service.status().epochs
    assert second.report.event_count == 7
    assert second.report.cumulative_total == first.report.cumulative_total
    usage = {u.licence_id: u.units for u in world.service.payouts_of(second).licence_usage}
    assert usage == {free: 7}
    assert world.service.status().events == {"counted": 17}


def test_plays_under_a_licence_too_young_to_be_final_wait_for_it(world: World) -> None:
    world.fund()
    world.devnet.mine(10)
    licence = another_licence(world, UNIT_PRICE)
    world.reopen(final_depth=8)
    world.file_plays(3, licence_id=licence)

    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()
    assert world.service.status().events == {"waiting": 3}
    world.devnet.mine(10)
    row = world.service.seal_epoch()

    assert row.report.event_count == 3
    assert world.service.refused_events(row.number) == []


def test_one_play_in_every_form_of_resending_is_one_payment(world: World) -> None:
    """Other order, other cut, other time of use, across a midnight and across epochs."""
    world.fund()
    plays = world.plays(40)
    rng = random.Random(SEED)
    for _ in range(6):
        lot = rng.sample(plays, 25)
        moved = [replace(p, occurred_at=p.occurred_at - rng.randrange(30)) for p in lot]
        world.service.file_segment(*world.segment(moved))
    world.pay_epoch()
    world.devnet.pass_time(86_400)
    world.service.file_segment(*world.segment([replace(p, occurred_at=world.now()) for p in plays]))
    counts = world.service.status().events
    assert sum(counts.values()) == 40

    if counts.get("waiting"):
        world.pay_epoch()

    assert world.service.status().events == {"counted": 40}
    gong, token = world.heritage.works[0], world.devnet.deployment.token
    at = world.devnet.node.head()
    for share in world.heritage.splits[gong].shares:
        claimed = world.devnet.distributor.claimed_by(token, share.payee, at=at)
        assert claimed == 40 * UNIT_PRICE * share.bps // BPS_WHOLE
