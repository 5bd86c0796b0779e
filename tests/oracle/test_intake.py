"""Taking in plays: whole segments or row by row, and every reason to refuse."""

from __future__ import annotations

import dataclasses
import json

import pytest

from chain.ledger.identifiers import Digest, GenerationId, LicenceId, WorkId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.segments import Segment, SegmentOrigin, encode_segment
from oracle.chain_facts import LicenceStanding
from oracle.errors import (
    EvidenceMalformed,
    SegmentOfAnother,
    SegmentRefused,
    SignatureForged,
    SignatureMalformed,
)
from oracle.evidence_book import EvidenceBook
from oracle.intake import UsageIntake, segment_lots
from oracle.intake_receipt import AllAccepted, IntakeReceipt, RowOutcome, RowResult
from oracle.outbox import Outbox
from tests.oracle.evidence_fixtures import (
    CHAIN_ID,
    DAY,
    GRAPH,
    NOW,
    ORACLE,
    PLATFORM,
    STRANGER,
    LittleWorld,
    digest,
    little_world,
)

PLAYED = LicenceId(3)


@pytest.fixture
def outbox(tmp_path):  # type: ignore[no-untyped-def]
    box = Outbox(tmp_path / "outbox.db", {"chainId": "31337"})
    yield box
    box.close()


def facts() -> LittleWorld:
    world = little_world()
    world.licences[3] = LicenceStanding(
        PLAYED, PLATFORM.address, WorkId(11), Tier.DISTRIBUTION, NOW - DAY, NOW + DAY
    )
    world.licences[4] = LicenceStanding(
        LicenceId(4), STRANGER.address, WorkId(11), Tier.DISTRIBUTION, NOW - DAY, NOW + DAY
    )
    return world


def a_play(line: str, **changes: object) -> UsageEvent:
    fields: dict[str, object] = {
        "kind": UsageKind.PLAY,
        "licence_id": PLAYED,
        "generation_id": GenerationId(7),
        "source_key": digest(line),
        "occurred_at": NOW - 60,
    }
    return UsageEvent(**(fields | changes))  # type: ignore[arg-type]


def signed(events: list[UsageEvent]) -> tuple[bytes, bytes]:
    body = encode_segment(events, SegmentOrigin(CHAIN_ID, ORACLE, PLATFORM.address))
    return body, PLATFORM.sign_digest(Segment.of(body).signing_digest(), chain_id=CHAIN_ID)


def intake(outbox: Outbox) -> UsageIntake:
    return UsageIntake(outbox, CHAIN_ID, ORACLE)


def waiting(outbox: Outbox) -> int:
    with outbox.reading() as connection:
        return EvidenceBook(connection).usage.waiting_count()


def test_a_signed_segment_is_taken_row_by_row(outbox: Outbox) -> None:
    body, signature = signed([a_play("one"), a_play("two"), a_play("one")])

    receipt = intake(outbox).file_segment(body, signature, facts(), now=NOW)

    outcomes = [row.outcome for row in receipt.rows]
    assert outcomes == [RowOutcome.ACCEPTED, RowOutcome.ACCEPTED, RowOutcome.DUPLICATE]
    assert waiting(outbox) == 2


def test_a_replayed_segment_is_harmless(outbox: Outbox) -> None:
    body, signature = signed([a_play("one")])
    for _ in range(3):
        receipt = intake(outbox).file_segment(body, signature, facts(), now=NOW)

    assert receipt.count(RowOutcome.DUPLICATE) == 1
    assert waiting(outbox) == 1


def test_a_segment_signed_by_another_key_is_forged(outbox: Outbox) -> None:
    body, _ = signed([a_play("one")])
    forged = STRANGER.sign_digest(Segment.of(body).signing_digest(), chain_id=CHAIN_ID)

    with pytest.raises(SignatureForged) as refusal:
        intake(outbox).file_segment(body, forged, facts(), now=NOW)

    assert refusal.value.recovered == STRANGER.address
    assert waiting(outbox) == 0


@pytest.mark.parametrize(
    "origin",
    [
        SegmentOrigin(1, ORACLE, PLATFORM.address),
        SegmentOrigin(CHAIN_ID, GRAPH, PLATFORM.address),
    ],
)
def test_a_segment_of_another_chain_or_contract_is_refused(
    outbox: Outbox, origin: SegmentOrigin
) -> None:
    body = encode_segment([a_play("one")], origin)
    signature = PLATFORM.sign_digest(Segment.of(body).signing_digest(), chain_id=CHAIN_ID)

    with pytest.raises(SegmentOfAnother) as refusal:
        intake(outbox).file_segment(body, signature, facts(), now=NOW)

    assert refusal.value.found == origin
    assert waiting(outbox) == 0


def test_a_segment_with_one_byte_changed_is_forged(outbox: Outbox) -> None:
    body, signature = signed([a_play("one")])
    altered = body[:-1] + bytes([body[-1] ^ 1])

    with pytest.raises(SignatureForged):
        intake(outbox).file_segment(altered, signature, facts(), now=NOW)


@pytest.mark.parametrize("body", [b"", b"ANTSEG2\n", b"ANTSEG2\n" + b"\0" * 56, b"RIFF" * 30])
def test_bytes_that_are_no_segment_are_refused(outbox: Outbox, body: bytes) -> None:
    with pytest.raises(EvidenceMalformed) as refusal:
        intake(outbox).file_segment(body, b"\1" * 65, facts(), now=NOW)

    assert refusal.value.field == "segment"


def test_a_signature_of_the_wrong_length_is_refused(outbox: Outbox) -> None:
    body, signature = signed([a_play("one")])

    with pytest.raises(SignatureMalformed):
        intake(outbox).file_segment(body, signature[:-1], facts(), now=NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"licence_id": LicenceId(99)}, "licence 99 is unknown"),
        ({"licence_id": LicenceId(4)}, "is held by"),
        ({"occurred_at": NOW + DAY}, "ahead of the chain's time"),
        ({"occurred_at": NOW + 901}, "dated 901 s ahead of the chain's time"),
        ({"occurred_at": NOW - 400 * DAY - 1}, "dated 400 days back"),
        ({"occurred_at": 0}, "days back, more than 400: pay for it in the direct lane"),
        ({"kind": UsageKind.GENERATION}, "a platform reports plays, not GENERATION"),
        ({"kind": UsageKind.DETECTION}, "a platform reports plays, not DETECTION"),
    ],
)
def test_one_row_that_is_not_the_platforms_spoils_the_segment(
    outbox: Outbox, change: dict[str, object], reason: str
) -> None:
    body, signature = signed([a_play("one"), a_play("two", **change)])

    with pytest.raises(SegmentRefused, match=reason) as refusal:
        intake(outbox).file_segment(body, signature, facts(), now=NOW)

    assert [index for index, _ in refusal.value.rows] == [1]
    assert waiting(outbox) == 0


def test_a_segment_names_no_more_licences_than_a_report(outbox: Outbox) -> None:
    world = facts()
    for number in range(100, 170):
        world.licences[number] = dataclasses.replace(
            world.licences[3], licence_id=LicenceId(number)
        )
    plays = [a_play(f"{i}", licence_id=LicenceId(100 + i * 7 % 65)) for i in range(130)]

    with pytest.raises(EvidenceMalformed, match="names 65 licences, and a report names 64"):
        intake(outbox).file_segment(*signed(plays), world, now=NOW)
    lots = list(segment_lots(list(enumerate(plays))))
    for lot in lots:
        body, signature = signed([event for _, event in lot])
        intake(outbox).file_segment(body, signature, world, now=NOW)

    assert [len({event.licence_id for _, event in lot}) for lot in lots] == [64, 1]
    assert sorted(number for lot in lots for number, _ in lot) == list(range(130))
    assert waiting(outbox) == 130


def test_the_edges_of_the_time_allowed_are_taken(outbox: Outbox) -> None:
    events = [a_play("early", occurred_at=NOW - 400 * DAY), a_play("late", occurred_at=NOW + 900)]

    receipt = intake(outbox).file_segment(*signed(events), facts(), now=NOW)

    assert receipt.count(RowOutcome.ACCEPTED) == 2


def test_a_dry_run_tells_the_same_and_keeps_nothing(outbox: Outbox) -> None:
    intake(outbox).file_segment(*signed([a_play("one")]), facts(), now=NOW)
    body, signature = signed([a_play("one"), a_play("two")])

    foreseen = intake(outbox).file_segment(body, signature, facts(), now=NOW, dry_run=True)

    assert waiting(outbox) == 1
    assert foreseen == intake(outbox).file_segment(body, signature, facts(), now=NOW)
    assert waiting(outbox) == 2


def test_a_line_id_that_comes_again_with_another_time_is_pointed_out(outbox: Outbox) -> None:
    """Held once all the same; but a platform that numbers its lines anew each day must hear it."""
    noon, later = a_play("1"), a_play("1", occurred_at=NOW - 30)
    intake(outbox).file_segment(*signed([noon, a_play("2")]), facts(), now=NOW)

    again = intake(outbox).file_segment(*signed([later, a_play("2")]), facts(), now=NOW)
    together = intake(outbox).file_segment(
        *signed([a_play("3"), a_play("3", occurred_at=NOW - 7)]), facts(), now=NOW
    )

    reason = (
        f"held already with time of use {NOW - 60}, not {NOW - 30}: if it is another use, give it "
        "a line id of its own"
    )
    assert [row.reason for row in again.rows] == [reason, ""]
    assert again.count(RowOutcome.DUPLICATE) == 2
    assert f"not {NOW - 7}" in together.rows[1].reason
    assert waiting(outbox) == 3


def test_the_book_says_what_became_of_a_segment(outbox: Outbox) -> None:
    body, signature = signed([a_play("one"), a_play("two"), a_play("one")])
    receipt = intake(outbox).file_segment(body, signature, facts(), now=NOW)

    with outbox.reading() as connection:
        book = EvidenceBook(connection).usage
        (named,) = receipt.segments
        kept, states = book.segment(named), book.segment_states(named)
        nothing = book.segment(digest("another")), book.segment_states(digest("another"))

    assert kept is not None
    assert (kept.body, kept.signature, kept.producer) == (body, signature, PLATFORM.address)
    assert states == [(None, "waiting", "", 2)]
    assert nothing == (None, [])


def a_line(**changes: object) -> str:
    row = {
        "licence": 3,
        "generation": "0x0000000000000007",
        "line": "stream-2026-11-21-000001",
        "occurredAt": NOW - 60,
    }
    return json.dumps(row | changes)


def test_a_file_of_lines_keeps_the_good_rows_and_names_the_bad(outbox: Outbox) -> None:
    lines = [
        a_line(),
        "not json",
        a_line(line="another"),
        a_line(licence=99),
        a_line(),
        "",
        a_line(licence="3"),
        a_line(generation="no"),
        a_line(occurredAt=-1),
        a_line(occurredAt=True),
        '["a list"]',
        '{"licence": 3' + " " * 5_000 + "}",
        "[" * 3_000,
        a_line(licence=2**70),
    ]

    receipt = intake(outbox).import_lines(lines, PLATFORM, facts(), now=NOW)

    found = [(row.index, row.outcome.value, row.reason.split(";")[0]) for row in receipt.rows]
    assert found[:5] == [
        (0, "accepted", ""),
        (1, "refused", "row: is no JSON"),
        (2, "accepted", ""),
        (3, "refused", "licence 99 is unknown"),
        (4, "duplicate", ""),
    ]
    assert [reason for _, _, reason in found[5:]] == [
        "licence: is missing or no whole number",
        "generation: is no 0x-hexadecimal id of 64 bits",
        "time of use: -1 is outside 0 to 2^64 - 1",
        "occurredAt: is missing or no whole number",
        "row: is no JSON object",
        "row: has more than 4096 bytes",
        "row: is no JSON",
        "licence id: 1180591620717411303424 is outside 0 to 2^64 - 1",
    ]
    assert waiting(outbox) == 2


def test_importing_a_file_twice_counts_it_once(outbox: Outbox) -> None:
    lines = [a_line(line=str(i)) for i in range(50)]
    intake(outbox).import_lines(lines, PLATFORM, facts(), now=NOW)

    again = intake(outbox).import_lines(reversed(lines), PLATFORM, facts(), now=NOW)

    assert again.count(RowOutcome.DUPLICATE) == 50
    assert waiting(outbox) == 50


def test_two_platforms_may_use_the_same_line_ids(outbox: Outbox) -> None:
    world = facts()
    mine = intake(outbox).import_lines([a_line()], PLATFORM, world, now=NOW)
    theirs = intake(outbox).import_lines([a_line(licence=4)], STRANGER, world, now=NOW)

    ids: set[Digest | None] = {row.event_id for row in (*mine.rows, *theirs.rows)}
    assert len(ids) == 2
    assert waiting(outbox) == 2


def test_rows_of_a_segment_that_is_all_new_are_made_when_asked_for() -> None:
    ids = [Digest(bytes([n]) * 32) for n in range(3)]
    rows = AllAccepted(ids)
    receipt = IntakeReceipt((), rows)

    one_by_one = [RowResult(n, RowOutcome.ACCEPTED, ids[n]) for n in range(3)]
    assert list(rows) == one_by_one
    assert (rows[-1], rows[1:]) == (one_by_one[2], one_by_one[1:])
    assert [receipt.count(outcome) for outcome in RowOutcome] == [3, 0, 0]
    assert receipt.not_accepted() == ()
    with pytest.raises(IndexError):
        rows[3]
