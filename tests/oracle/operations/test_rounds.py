"""When the worker's loop comes round."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from oracle.operations.rounds import rounds

LONG = 3_600.0


def first(count: int, found: Iterator[bool]) -> list[bool]:
    return [next(found) for _ in range(count)]


def test_without_anything_filed_every_round_is_whole() -> None:
    assert first(3, rounds(threading.Event(), 0.0)) == [True, True, True]


def test_what_is_filed_gives_a_round_in_between() -> None:
    numbers = iter((1, 1, 2, 2, 2, 5))

    assert first(3, rounds(threading.Event(), LONG, lambda: next(numbers))) == [True, False, False]


def test_what_is_filed_during_a_round_gives_another() -> None:
    filed = [1]
    found = rounds(threading.Event(), LONG, lambda: filed[0])

    assert next(found)
    filed[0] = 2
    assert not next(found)


def test_it_ends_when_told_to() -> None:
    stop = threading.Event()
    found = rounds(stop, LONG)
    assert next(found)

    stop.set()

    assert list(found) == []
