"""Rows are hashed as one by one they would be, at every width the processor has, or not at all."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chain.columns import native
from chain.columns.keccak import (
    ONE_BY_ONE,
    BatchKeccak,
    Rows,
    choose,
    compiled,
    disagreement,
    keccak256_pairs,
    keccak256_rows,
)
from chain.columns.native import NotBuilt

# How long a case takes says nothing on a busy machine.
WIDTHS = (2, 4, 8)
MESSAGES = st.tuples(st.integers(0, 20), st.integers(0, 420)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


def widths() -> list[BatchKeccak]:
    """Every width of the compiled hash that this processor has, and the way without it."""
    try:
        library = native.KECCAK_LANES.load()
    except NotBuilt:
        return [ONE_BY_ONE]
    known = [compiled(library, lanes) for lanes in WIDTHS if lanes <= library.antiphon_lanes()]
    return [ONE_BY_ONE, *known]


@pytest.mark.parametrize("way", widths(), ids=lambda way: way.name)
@given(messages=MESSAGES)
def test_every_way_hashes_as_eth_utils_does(way: BatchKeccak, messages: Rows) -> None:
    digests = np.zeros((len(messages), 32), np.uint8)

    way.rows(messages, digests)

    assert [keccak(row.tobytes()) for row in messages] == [row.tobytes() for row in digests]


@pytest.mark.parametrize("way", widths(), ids=lambda way: way.name)
@given(
    pairs=st.integers(0, 20).flatmap(
        lambda n: arrays(np.uint8, (n, 64), elements=st.sampled_from([0, 1, 255]))
    )
)
def test_every_way_hashes_the_smaller_of_a_pair_first(way: BatchKeccak, pairs: Rows) -> None:
    digests = np.zeros((len(pairs), 32), np.uint8)

    way.pairs(pairs, digests)

    halves = [sorted((row[:32].tobytes(), row[32:].tobytes())) for row in pairs]
    assert [keccak(b"".join(both)) for both in halves] == [row.tobytes() for row in digests]


def test_digests_may_be_written_between_other_columns() -> None:
    messages = np.arange(40, dtype=np.uint8).reshape(5, 8)
    wide = np.zeros((5, 64), np.uint8)

    keccak256_rows(messages, out=wide[:, 16:48])

    assert (wide[:, 16:48] == keccak256_rows(messages)).all()
    assert not wide[:, :16].any()
    assert not wide[:, 48:].any()


def test_rows_that_lie_apart_are_hashed_as_what_they_say() -> None:
    wide = np.arange(60, dtype=np.uint8).reshape(6, 10)

    assert keccak(wide[::2, 3:7][1].tobytes()) == keccak256_rows(wide[::2, 3:7])[1].tobytes()


def test_arrays_of_another_kind_are_refused() -> None:
    rows = np.zeros((3, 8), np.uint8)
    read_only = np.zeros((3, 32), np.uint8)
    read_only.flags.writeable = False

    with pytest.raises(ValueError, match="rows of bytes, not int64"):
        keccak256_rows(np.zeros((3, 8), np.int64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 digests do not fit"):
        keccak256_rows(rows, out=np.zeros((2, 32), np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        keccak256_rows(rows, out=read_only)
    with pytest.raises(ValueError, match="rows of 64 bytes"):
        keccak256_pairs(rows, np.zeros((3, 32), np.uint8))
    with pytest.raises(ValueError, match="contiguous rows"):
        keccak256_pairs(np.zeros((3, 64), np.uint8), np.zeros((3, 64), np.uint8)[:, :32])


def test_a_hash_that_errs_in_one_lane_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    def wrong_in_the_last(messages: Rows, digests: Rows) -> None:
        ONE_BY_ONE.rows(messages, digests)
        if messages.shape[1] == 136:
            digests[-1, 31] ^= 1

    def order_of_given(pairs: Rows, digests: Rows) -> None:
        ONE_BY_ONE.rows(pairs, digests)

    by_rows = BatchKeccak("spoiled", wrong_in_the_last, ONE_BY_ONE.pairs)
    by_pairs = BatchKeccak("unordered", ONE_BY_ONE.rows, order_of_given)

    with caplog.at_level(logging.ERROR):
        assert choose(lambda: by_rows) is ONE_BY_ONE
        assert choose(lambda: by_pairs) is ONE_BY_ONE

    assert "spoiled is wrong about messages of 136 bytes" in caplog.text
    assert "unordered is wrong about pairs" in caplog.text
    assert disagreement(ONE_BY_ONE) == ""


def test_without_a_library_rows_are_hashed_one_by_one_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(native, "_BUILT", tmp_path / "native")

    def absent() -> BatchKeccak:
        return compiled(native.KECCAK_LANES.load(), 2)

    with caplog.at_level(logging.WARNING):
        assert choose(absent) is ONE_BY_ONE

    assert "run python -m chain.columns.native" in caplog.text


def test_a_file_that_is_no_library_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(native, "_BUILT", tmp_path)
    native.KECCAK_LANES.path().write_bytes(b"not a library")

    with pytest.raises(NotBuilt, match="cannot be loaded"):
        native.KECCAK_LANES.load()


def test_the_other_byte_order_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "big")

    with pytest.raises(NotBuilt, match="big-endian"):
        native.KECCAK_LANES.load()


def test_without_a_compiler_building_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(native, "_BUILT", tmp_path / "native")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert native.main() == 0
    assert "not compiled, no C compiler is installed" in capsys.readouterr().out


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho 'no such vectors' >&2\nexit 1\n")
    fake.chmod(0o700)
    monkeypatch.setattr(native, "_BUILT", tmp_path / "native")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(NotBuilt, match="refused: no such vectors"):
        native.KECCAK_LANES.build()
    assert not native.KECCAK_LANES.path().exists()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_what_is_built_is_whole_and_right(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "_BUILT", tmp_path / "native")

    built = native.KECCAK_LANES.build()

    library = native.KECCAK_LANES.load()
    assert built == native.KECCAK_LANES.path() == native.KECCAK_LANES.build()
    assert disagreement(compiled(library, library.antiphon_lanes())) == ""
    assert [built] == list((tmp_path / "native").iterdir())
