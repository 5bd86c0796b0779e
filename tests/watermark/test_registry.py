from __future__ import annotations

import threading
from pathlib import Path

import pytest

from watermark.payload import GenerationId
from watermark.registry import GenerationIdTaken, Registry

AUDIO, OTHER_AUDIO = "aa" * 32, "bb" * 32


def _issue(registry: Registry, value: int, audio: str = AUDIO, key_id: str = "k1") -> None:
    registry.issue(GenerationId(value), source_pcm_sha256=audio, key_id=key_id)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry.sqlite")


def test_issued_ids_are_read_back_in_order_by_another_process(
    registry: Registry, tmp_path: Path
) -> None:
    for value in (30, 10, 2**64 - 1):
        _issue(registry, value)

    second = Registry(tmp_path / "registry.sqlite")

    first_two = second.issued_after(key_id="k1")
    assert first_two.values.tolist() == [30, 10, 2**64 - 1]
    _issue(registry, 5)
    later = second.issued_after(first_two.last_serial, key_id="k1")
    assert (later.values.tolist(), later.last_serial) == ([5], second.last_serial())


def test_nothing_issued_later_keeps_the_place(registry: Registry) -> None:
    assert registry.last_serial() == 0
    assert registry.issued_after(7, key_id="k1").last_serial == 7
    assert registry.issued_after(7, key_id="k1").values.tolist() == []


def test_more_ids_than_are_read_at_once_all_come(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watermark.registry._ROWS_AT_ONCE", 3)
    for value in range(10):
        _issue(registry, value)

    assert registry.issued_after(key_id="k1").values.tolist() == list(range(10))


def test_saying_the_same_twice_changes_nothing(registry: Registry) -> None:
    _issue(registry, 1)
    _issue(registry, 1)

    assert registry.issued_after(key_id="k1").values.tolist() == [1]


def test_one_id_does_not_mark_two_recordings(registry: Registry) -> None:
    _issue(registry, 1)

    with pytest.raises(GenerationIdTaken) as refusal:
        _issue(registry, 1, OTHER_AUDIO)

    assert refusal.value.generation_id == GenerationId(1)
    assert registry.issued_after(key_id="k1").values.tolist() == [1]


def test_an_id_of_another_epoch_is_taken_and_searched_by_that_epoch_alone(
    registry: Registry,
) -> None:
    _issue(registry, 1, key_id="old")

    assert registry.issued_after(key_id="new").values.tolist() == []
    assert registry.issued_after(key_id="old").values.tolist() == [1]
    with pytest.raises(GenerationIdTaken):
        _issue(registry, 1, key_id="new")


def test_writers_at_the_same_time_lose_nothing(registry: Registry, tmp_path: Path) -> None:
    def write(first: int) -> None:
        mine = Registry(tmp_path / "registry.sqlite")
        for value in range(first, first + 20):
            _issue(mine, value)

    threads = [threading.Thread(target=write, args=(1000 * one,)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(registry.issued_after(key_id="k1").values) == 80
