"""The store of fingerprints: durable, only ever added to, and honest about damage."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.watermark.test_agreement import constellation
from watermark.fingerprint.landmarks import Landmarks
from watermark.fingerprint.store import FingerprintsDamaged, FingerprintStore
from watermark.payload import GenerationId

ID, OTHER_ID = GenerationId(7), GenerationId(2**64 - 1)


def same(one: Landmarks | None, other: Landmarks) -> bool:
    return one is not None and np.array_equal(one.packed(), other.packed())


def test_a_fingerprint_survives_a_restart(tmp_path: Path) -> None:
    first = FingerprintStore(tmp_path / "made" / "fingerprints.sqlite")
    first.keep(ID, constellation(1))
    first.close()

    again = FingerprintStore(tmp_path / "made" / "fingerprints.sqlite")

    assert same(again.of(ID), constellation(1))
    assert again.of(OTHER_ID) is None


def test_the_first_fingerprint_of_a_generation_stands(tmp_path: Path) -> None:
    store = FingerprintStore(tmp_path / "fingerprints.sqlite")
    store.keep(ID, constellation(1))

    store.keep(ID, constellation(2))

    assert same(store.of(ID), constellation(1))


def test_fingerprints_are_read_in_the_order_they_were_kept(tmp_path: Path) -> None:
    store = FingerprintStore(tmp_path / "fingerprints.sqlite")
    store.keep(OTHER_ID, constellation(1, 10_000))
    store.keep(ID, constellation(2, 20_000))

    assert [(k.serial, k.generation_id) for k in store.after()] == [(1, OTHER_ID), (2, ID)]
    assert [k.generation_id for k in store.after(1)] == [ID]
    assert store.sizes_after() == [(1, 200), (2, 400)]
    kept = store.at(2)
    assert kept is not None
    assert kept.generation_id == ID
    assert store.at(3) is None


@pytest.mark.parametrize(
    "statement", ["DELETE FROM fingerprint", "UPDATE fingerprint SET generation_id = x'00'"]
)
def test_a_fingerprint_can_be_neither_removed_nor_changed(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "fingerprints.sqlite"
    store = FingerprintStore(path)
    store.keep(ID, constellation(1))

    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.DatabaseError, match="added"):
        connection.execute(statement)

    assert same(store.of(ID), constellation(1))


def test_a_file_that_is_no_store_is_refused_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.sqlite"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(FingerprintsDamaged, match="restore the file from a backup") as refusal:
        FingerprintStore(path)

    assert (refusal.value.path, refusal.value.reason) == (path, "is no fingerprint store")


def test_an_altered_fingerprint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.sqlite"
    store = FingerprintStore(path)
    store.keep(ID, constellation(1))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER fingerprint_no_update")
        connection.execute("UPDATE fingerprint SET landmarks = zeroblob(length(landmarks))")

    with pytest.raises(FingerprintsDamaged, match=str(ID)) as refusal:
        store.of(ID)

    assert refusal.value.reason == f"the fingerprint of {ID} was altered"


def test_a_store_that_cannot_be_read_or_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.sqlite"
    store = FingerprintStore(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE fingerprint")

    for ask in (
        store.of,
        lambda one: store.keep(one, constellation(1)),
        lambda _: store.sizes_after(),
    ):
        with pytest.raises(FingerprintsDamaged, match="cannot be"):
            ask(ID)
