from __future__ import annotations

import threading
from pathlib import Path

import pytest

from watermark.payload import GenerationId
from watermark.registry import GenerationIdTaken, Registry

AUDIO, OTHER_AUDIO = "aa" * 32, "bb" * 32


def test_issued_ids_are_read_back_in_order_by_another_process(tmp_path: Path) -> None:
    first = Registry(tmp_path / "registry.sqlite", key_id="k1")
    for value in (30, 10, 2**64 - 1):
        first.issue(GenerationId(value), source_pcm_sha256=AUDIO)

    second = Registry(tmp_path / "registry.sqlite", key_id="k1")

    assert [line.generation_id.value for line in second.issued_after()] == [30, 10, 2**64 - 1]
    last = second.issued_after()[1].serial
    assert [line.generation_id.value for line in second.issued_after(last)] == [2**64 - 1]


def test_saying_the_same_twice_changes_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.sqlite", key_id="k1")

    registry.issue(GenerationId(1), source_pcm_sha256=AUDIO)
    registry.issue(GenerationId(1), source_pcm_sha256=AUDIO)

    assert len(registry.issued_after()) == 1


def test_one_id_does_not_mark_two_recordings(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.sqlite", key_id="k1")
    registry.issue(GenerationId(1), source_pcm_sha256=AUDIO)

    with pytest.raises(GenerationIdTaken) as refusal:
        registry.issue(GenerationId(1), source_pcm_sha256=OTHER_AUDIO)

    assert refusal.value.generation_id == GenerationId(1)
    assert len(registry.issued_after()) == 1


def test_an_id_of_another_epoch_is_taken_and_not_searched(tmp_path: Path) -> None:
    Registry(tmp_path / "registry.sqlite", key_id="old").issue(
        GenerationId(1), source_pcm_sha256=AUDIO
    )
    registry = Registry(tmp_path / "registry.sqlite", key_id="new")

    assert registry.issued_after() == []
    with pytest.raises(GenerationIdTaken):
        registry.issue(GenerationId(1), source_pcm_sha256=AUDIO)


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    Registry(path, key_id="k1").close()

    def write(first: int) -> None:
        registry = Registry(path, key_id="k1")
        for value in range(first, first + 20):
            registry.issue(GenerationId(value), source_pcm_sha256=AUDIO)

    threads = [threading.Thread(target=write, args=(1000 * one,)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(Registry(path, key_id="k1").issued_after()) == 80
