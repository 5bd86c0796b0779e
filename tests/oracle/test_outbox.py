"""The outbox, in SQLite and in PostgreSQL: one worker, one deployment, one schema, and nothing lost
between two opens."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from oracle.attribution import Withheld, WithheldReason
from oracle.detection_report import SignedDetectionReport
from oracle.errors import (
    GenerationLogConflict,
    OutboxInUse,
    OutboxOfAnotherChain,
    OutboxTooNew,
)
from oracle.evidence_book import EvidenceBook
from oracle.generation_log import SignedGenerationLog
from oracle.outbox import Outbox
from oracle.usage_book import StoredSegment
from tests.oracle.evidence_fixtures import (
    DAY,
    GENERATION,
    NOW,
    OPERATORS,
    PLATFORM,
    a_log,
    a_report,
    digest,
)
from tests.postgres import Server

IDENTITY = {"chainId": "31337", "usageOracle": "0x01", "deploymentBlock": "0xaa"}


Place = Path | str


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an outbox may be begun."""
    if request.param == "sqlite":
        return tmp_path / "outbox.db"
    server: Server = request.getfixturevalue("postgres")
    return server.new_outbox()


def opened(place: Place, **changes: str) -> Outbox:
    return Outbox(place, IDENTITY | changes)


def a_segment(name: str) -> StoredSegment:
    return StoredSegment(digest(name), PLATFORM.address, b"\1" * 65, 2, name.encode())


def test_what_was_put_is_there_when_the_file_is_opened_again(place: Place) -> None:
    signed = SignedGenerationLog(a_log(), b"\1" * 65)
    box = opened(place)
    with box.writing() as connection:
        assert EvidenceBook(connection).put_log(signed)
    box.close()

    again = opened(place)
    with again.reading() as connection:
        assert EvidenceBook(connection).open_logs() == [signed]
    again.close()


def test_a_failing_transaction_leaves_nothing_behind(place: Place) -> None:
    box = opened(place)
    with pytest.raises(ZeroDivisionError), box.writing() as connection:
        EvidenceBook(connection).put_log(SignedGenerationLog(a_log(), b"\1" * 65))
        _ = 1 / 0

    with box.reading() as connection:
        assert EvidenceBook(connection).open_logs() == []
    box.close()


def test_a_second_worker_is_turned_away_until_the_first_is_done(place: Place) -> None:
    first = opened(place)
    with pytest.raises(OutboxInUse, match="another oracle works"):
        opened(place)

    first.close()
    opened(place).close()


@pytest.mark.parametrize("key", list(IDENTITY))
def test_an_outbox_of_another_deployment_is_refused_unchanged(place: Place, key: str) -> None:
    opened(place).close()

    with pytest.raises(OutboxOfAnotherChain) as refusal:
        opened(place, **{key: "other"})

    assert (refusal.value.key, refusal.value.found) == (key, "other")
    opened(place).close()


def test_a_newer_schema_is_refused(place: Place) -> None:
    box = opened(place)
    with box.writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '99' WHERE key = 'schema'")
    box.close()

    with pytest.raises(OutboxTooNew) as refusal:
        opened(place)

    assert refusal.value.recorded == 99


def test_a_file_that_is_no_database_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"these are notes, not a database, and they stay as they are" * 20)
    before = path.read_bytes()

    with pytest.raises(sa.exc.DatabaseError):
        opened(path)

    assert path.read_bytes() == before


def test_filing_a_log_twice_is_filing_it_once(place: Place) -> None:
    box = opened(place)
    with box.writing() as connection:
        book = EvidenceBook(connection)
        assert book.put_log(SignedGenerationLog(a_log(), b"\1" * 65))
        assert not book.put_log(SignedGenerationLog(a_log(), b"\1" * 65))
        assert len(book.open_logs()) == 1
    box.close()


def test_another_log_for_one_generation_is_a_conflict_and_the_first_stands(place: Place) -> None:
    box = opened(place)
    first, second = a_log(), a_log(output_commitment=digest("something else"))
    with box.writing() as connection:
        book = EvidenceBook(connection)
        book.put_log(SignedGenerationLog(first, b"\1" * 65))
        with pytest.raises(GenerationLogConflict) as refusal:
            book.put_log(SignedGenerationLog(second, b"\2" * 65))
        filed = book.logs_of([GENERATION])[GENERATION].log
    box.close()

    assert (refusal.value.filed, refusal.value.given) == (first.log_id, second.log_id)
    assert filed == first


def test_a_detection_waits_for_its_log_and_wakes_when_it_is_filed(place: Place) -> None:
    box = opened(place)
    found = SignedDetectionReport(a_report(), b"\1" * 65)
    with box.writing() as connection:
        book = EvidenceBook(connection)
        assert book.put_detection(found)
        assert not book.put_detection(found)
        alone = [Withheld(WithheldReason.WATERMARK_ALONE)]
        book.settle_finding([found.report], alone, still_open=False)
        assert book.open_findings() == []
        assert [w for _, w in book.withheld()] == alone

        book.put_log(SignedGenerationLog(a_log(), b"\1" * 65))

        assert book.open_findings() == [(found,)]
    box.close()


def test_reports_on_one_copy_are_seen_together_on_whatever_day(place: Place) -> None:
    box = opened(place)
    first = SignedDetectionReport(a_report(), b"\1" * 65)
    second = SignedDetectionReport(a_report(OPERATORS[1]), b"\2" * 65)
    tomorrow = SignedDetectionReport(a_report(observed_at=NOW + DAY), b"\3" * 65)
    with box.writing() as connection:
        book = EvidenceBook(connection)
        for report in (first, second, tomorrow):
            assert book.put_detection(report)
        assert [set(group) for group in book.open_findings()] == [{first, second, tomorrow}]
    box.close()


def test_an_event_in_two_segments_is_held_once_by_the_first(place: Place) -> None:
    box = opened(place)
    with box.writing() as connection:
        book = EvidenceBook(connection)
        book.usage.put_segment(a_segment("one"), [digest("a"), digest("b")])
        assert book.usage.known_events([digest("a"), digest("c")]) == {digest("a")}
        book.usage.put_segment(a_segment("two"), [digest("c")])
        book.usage.put_segment(a_segment("two"), [digest("c")])
        assert book.usage.waiting_count() == 3
    box.close()


def test_a_refused_event_may_be_handed_in_again(place: Place) -> None:
    box = opened(place)
    with box.writing() as connection:
        book = EvidenceBook(connection)
        book.usage.put_segment(a_segment("one"), [digest("a"), digest("b")])
        book.usage.refuse_waiting([digest("one")], [(digest("a"), "not linked")])
        assert book.usage.event_counts() == {"refused": 1, "waiting": 1}
        assert book.usage.known_events([digest("a")]) == set()

        book.usage.put_segment(a_segment("two"), [digest("a")])

        assert book.usage.event_counts() == {"waiting": 2}
    box.close()


def test_what_is_tried_is_undone_and_holds_nobody_up_afterwards(place: Place) -> None:
    box = opened(place)
    with box.writing() as connection:
        EvidenceBook(connection).usage.put_segment(a_segment("kept"), [digest("kept event")])

    with box.undone() as connection:
        usage = EvidenceBook(connection).usage
        usage.put_segment(a_segment("tried"), [digest("tried event")])
        usage.refuse_waiting([digest("kept")], [(digest("kept event"), "tried")])
        assert usage.event_counts() == {"refused": 1, "waiting": 1}
    with pytest.raises(ZeroDivisionError), box.undone() as connection:
        EvidenceBook(connection).usage.put_segment(a_segment("failed"), [digest("failed event")])
        raise ZeroDivisionError

    with box.writing() as connection:
        usage = EvidenceBook(connection).usage
        assert usage.event_counts() == {"waiting": 1}
        assert usage.known_events([digest("tried event"), digest("kept event")]) == {
            digest("kept event")
        }
        usage.put_segment(a_segment("tried"), [digest("tried event")])
        assert usage.event_counts() == {"waiting": 2}
    box.close()
