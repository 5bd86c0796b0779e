"""From a recording on disk to money in its makers' accounts, and what tampering cannot hide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from api.verifying import published_payouts, verify_everything
from chain.ledger.identifiers import Address
from chain.ledger.rights import Tier
from chain.metrics.traceability import Step
from chain.provenance import Cid, Codec
from chain.settlement.verify import Check, VerificationReport
from oracle.opening import open_oracle
from tests.devnet import PLATFORM, Devnet
from tests.flows.small_story import (
    PLAYS,
    PRICES,
    ROYALTY_SHARE,
    SALE,
    UNIT_PRICES,
    Story,
    open_story_application,
    tell,
)

BPS = 10_000
SEGMENT_MAGIC = b"ANTSEG2\n"
HEADER_BYTES = 64
RECORD_BYTES = 57
# The run itself, and the one copy that was found.
GENERATION_USES = 2


@pytest.fixture(scope="module")
def story(
    devnet_process: Devnet, watermark_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    app = open_story_application(devnet_process, folder / "state", watermark_url)
    rejecting = devnet_process.deploy("RejectingPayee")
    with open_oracle(app.settings.oracle) as oracle:
        yield tell(Story(devnet_process, app, oracle, folder, rejecting))


def income_of(story: Story) -> list[tuple[Fraction, Fraction]]:
    """What each of the two licensed works earned, in the direct and in the epoch lane."""
    direct = sum(PRICES.values()) + Fraction(ROYALTY_SHARE, 10**9) * SALE
    generation = GENERATION_USES * UNIT_PRICES[Tier.GENERATION]
    return [
        (direct, Fraction(generation + count * UNIT_PRICES[Tier.DISTRIBUTION])) for count in PLAYS
    ]


def owed(story: Story) -> dict[Address, tuple[int, int]]:
    """Whole units in both lanes of every payee of the licensed works, by fractions."""
    return {
        payee: (int(direct * bps / BPS), int(epoch * bps / BPS))
        for (direct, epoch), split in zip(income_of(story), story.splits[:2], strict=True)
        for payee, bps in split.items()
    }


def verified(story: Story) -> VerificationReport:
    return verify_everything(story.app, story.app.refresh(), published_payouts(story.app))


@contextmanager
def altered(path: Path, at: int) -> Iterator[None]:
    """One bit of a file is another for a while."""
    sound = path.read_bytes()
    tampered = bytearray(sound)
    tampered[at] ^= 1
    path.write_bytes(bytes(tampered))
    try:
        yield
    finally:
        path.write_bytes(sound)


def test_a_found_copy_leads_to_the_works_it_was_made_from(story: Story) -> None:
    assert story.found is not None
    (found,) = story.found.generations

    assert found.identity.generation_id.value == story.derivative.generation_id
    assert found.last_step is Step.PAYEES
    assert [p.work.record.work_id for p in found.parents] == [w.work_id for w in story.works[:2]]
    for parent, split in zip(found.parents, story.splits, strict=False):
        assert parent.split is not None
        assert {share.payee: share.bps for share in parent.split.shares} == split


def test_an_unmarked_file_leads_nowhere(story: Story) -> None:
    assert story.unmarked is not None
    assert story.unmarked.generations == ()


def test_every_payee_holds_what_fractions_say_it_is_owed(story: Story) -> None:
    at = story.app.head()

    held = {payee: story.app.token.balance_of(payee, at=at) for payee in owed(story)}

    expected = {payee: sum(lanes) for payee, lanes in owed(story).items()}
    assert held == expected | {story.rejecting: 0}
    # Nobody took a licence for the third work.
    assert story.app.token.balance_of(story.devnet.address(21), at=at) == 0
    kept = SALE - 2 * Fraction(ROYALTY_SHARE, 10**9) * SALE
    spent = 2 * sum(PRICES.values()) + 10_000_000
    platform = story.app.token.balance_of(story.devnet.address(PLATFORM), at=at)
    assert platform == 1_000_000_000 - spent + int(kept)


def test_one_payee_that_refuses_money_delays_nobody_and_loses_nothing(story: Story) -> None:
    assert story.payday is not None
    assert story.payday.complete
    direct, epoch = owed(story)[story.rejecting]

    waiting = {d.payee: d.amount for d in story.payday.outcome.deferred}

    assert waiting == {story.rejecting: epoch}
    at = story.app.refresh()
    deferred = [d for d in story.app.store.deferrals(at=at) if d.work_id is not None]
    assert deferred[-1].amount == direct


def test_every_use_is_counted_once(story: Story) -> None:
    status = story.oracle.status()

    events = sum(PLAYS) + 2 * GENERATION_USES
    assert status.events == {"counted": events}
    assert [row.report.event_count for row in status.epochs] == [events]
    assert story.oracle.refused_events(1) == []


def test_the_ledger_verifies_to_the_unit(story: Story) -> None:
    report = verified(story)

    assert report.discrepancies == ()
    assert report.difference_units == 0
    assert report.checks[Check.LEAVES] > 0
    assert report.checks[Check.MANIFESTS] > 0


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_one_flipped_bit_of_a_manifest_is_named(story: Story, part: float) -> None:
    work = story.works[0]
    path = story.app.blocks.path_of(work.manifest)
    with altered(path, int(part * (path.stat().st_size - 1))):
        report = verified(story)

    assert not report.is_clean
    assert [d.place for d in report.discrepancies] == [
        f"manifest {work.manifest} of work {work.work_id}"
    ]


def test_one_altered_usage_event_is_named_with_its_segment(story: Story) -> None:
    blocks = story.app.blocks
    segment = next(
        cid
        for cid in blocks.iterate()
        if cid.codec is Codec.RAW
        and blocks.get(cid).startswith(SEGMENT_MAGIC)
        and len(blocks.get(cid)) == HEADER_BYTES + sum(PLAYS) * RECORD_BYTES
    )
    # The last byte of the tenth event's licence id: another licence.
    with altered(blocks.path_of(segment), HEADER_BYTES + 9 * RECORD_BYTES + 8):
        report = verified(story)

    assert not report.is_clean
    places = [d.place for d in report.discrepancies if d.check is Check.SEGMENTS]
    assert f"segment {segment} of epoch 1" in places
    assert any(d.check is Check.REPORTS for d in report.discrepancies)


def test_one_altered_leaf_of_the_published_payouts_is_named_with_its_payee(story: Story) -> None:
    (paper,) = published_payouts(story.app).values()
    path = story.app.blocks.path_of(paper)
    payee = story.devnet.address(17)
    amount = re.search(rb'"%b","\d+(\d)"' % payee.encode(), path.read_bytes())
    assert amount is not None
    with altered(path, amount.start(1)):
        report = verified(story)

    assert [d.check for d in report.discrepancies] == [Check.LEAVES]
    assert report.discrepancies[0].place.endswith(f"of epoch 1, payee {payee}")
    assert report.difference_units == 1


@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 1.0])
def test_a_broken_payouts_paper_is_a_difference_and_not_the_end(story: Story, part: float) -> None:
    (paper,) = published_payouts(story.app).values()
    path = story.app.blocks.path_of(paper)
    sound = path.read_bytes()
    path.write_bytes(sound[: int(part * (len(sound) - 1))] + b"\xff")
    try:
        report = verified(story)
    finally:
        path.write_bytes(sound)

    assert [d.place for d in report.discrepancies] == [f"payouts {paper} of epoch 1"]
    assert report.checks[Check.DIRECT_LANE] > 0


def test_a_missing_manifest_of_segments_stops_nothing_else(story: Story) -> None:
    digest = story.app.store.epochs(at=story.app.refresh())[0].report.segments_digest
    path = story.app.blocks.path_of(Cid.from_digest(digest, Codec.DAG_CBOR))
    hidden = path.with_suffix(".away")
    path.rename(hidden)
    try:
        report = verified(story)
    finally:
        hidden.rename(path)

    assert not report.is_clean
    assert report.checks[Check.DIRECT_LANE] > 0
    assert not any(d.check is Check.DIRECT_LANE for d in report.discrepancies)
