"""Holdings remember every event as one row for each did: against a plain model, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.ledger.identifiers import Address, Digest
from oracle.outbox import Outbox
from oracle.usage_book import StoredSegment, UsageBook
from tests.oracle.evidence_fixtures import digest

IDENTITY = {"chainId": "31337"}
EVENTS = [digest(f"event {number}") for number in range(8)]
# Which of few events a segment brings, and which of its segment's events are then refused.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "refuse", "put and undo"]),
        st.lists(st.sampled_from(EVENTS), min_size=1, max_size=5),
    ),
    max_size=12,
)


def segment(number: int) -> StoredSegment:
    name = digest(f"segment {number}")
    return StoredSegment(name, Address("0x01"), b"\1" * 65, 1, b"body of " + name)


class Undo(Exception):
    """Rolls a transaction back."""


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_an_event_is_held_where_it_came_first_until_it_is_refused(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[Digest]]]
) -> None:
    place = tmp_path_factory.mktemp("held") / "outbox.db"
    box = Outbox(place, IDENTITY)
    other = Outbox(place, IDENTITY, roles=())
    model: dict[Digest, Digest] = {}
    refused: set[Digest] = set()
    for number, (step, events) in enumerate(steps):
        named = segment(number)
        if step == "refuse":
            gone = sorted({i for i in events if i in model})
            with box.writing() as connection:
                UsageBook(connection).refuse_waiting(
                    sorted(set(model.values())), [(i, "unfit") for i in gone]
                )
            for event_id in gone:
                del model[event_id]
                refused.add(event_id)
            continue
        try:
            with box.writing() as connection:
                book = UsageBook(connection)
                book.put_segment(named, events)
                # Seen at once by the same transaction, and by nobody if it is undone.
                assert book.known_events(EVENTS) == set(model) | set(events)
                if step == "put and undo":
                    raise Undo
        except Undo:
            continue
        for event_id in events:
            model.setdefault(event_id, named.digest)
            refused.discard(event_id)
    for reader in (box, other):
        with reader.reading() as connection:
            book = UsageBook(connection)
            assert book.holders_of(EVENTS) == model
            counts = book.event_counts()
            assert counts.get("waiting", 0) == book.waiting_count() == len(model)
            assert counts.get("refused", 0) == len(refused)
            waiting = {each.digest for each in book.waiting_segments()}
            assert waiting == set(model.values())
    box.close()
    other.close()


def test_an_epoch_takes_counts_and_gives_back_what_it_was_sealed_from(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox.db", IDENTITY)
    with box.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO epoch (number, state, report, report_hash, previous_hash, evidence_cid, "
            "payouts_cid) VALUES (1, 'SEALED', '', x'01', x'00', '', '')"
        )
        book = UsageBook(connection)
        book.put_segment(segment(1), EVENTS[:3])
        book.assign(1, [segment(1).digest], [(EVENTS[0], "unfit"), (EVENTS[7], "not held")])

        assert book.event_counts() == {"refused": 1, "sealed": 2}
        assert book.refusals(1) == [(EVENTS[0], "unfit")]
        assert book.segment_states(segment(1).digest) == [(1, "refused", "unfit", 1),
                                                          (1, "sealed", "", 2)]  # fmt: skip
        book.put_segment(segment(2), EVENTS[:2])
        assert book.event_counts() == {"sealed": 2, "waiting": 1}
        book.count_epoch(1)
        assert book.event_counts() == {"counted": 2, "waiting": 1}
        book.release(1)
        assert book.event_counts() == {"waiting": 3}
        assert [each.digest for each in book.waiting_segments()] == [
            segment(1).digest,
            segment(2).digest,
        ]
    box.close()
