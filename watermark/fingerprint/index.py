"""An inverted index from triples to generations: sorted files that are mapped, never loaded.

A posting is one 64-bit number, the triple's key above the generation's serial in the store. Files
hold one range of serials each and are merged eight to one as they grow, a slice of the keys at a
time, so that memory stays flat. What is in a file follows from the store alone: files may be
deleted at any time and are written again.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.fingerprint.triples import Keys

Postings = npt.NDArray[np.uint64]

FLUSHED_POSTINGS: Final = 1 << 18  # 2 MiB wait in memory at most
MERGED_FILES: Final = 8
_SLICES: Final = 64  # of the keys; one is in memory while files are merged
_SERIAL_BITS: Final = np.uint64(32)
_NAME: Final = re.compile(r"(\d{10})-(\d{10})\.triples1\Z")


@dataclass(frozen=True)
class _File:
    """Postings of the serials from `first` to `last`, sorted."""

    first: int
    last: int
    postings: Postings

    @property
    def tier(self) -> int:
        """How often it was merged, by its size."""
        return max(0, (len(self.postings) // FLUSHED_POSTINGS).bit_length() - 1) // 3


class TripleIndex:
    """Which generations share triples with a stretch."""

    def __init__(self, folder: Path) -> None:
        """Open the files of `folder`, which is made when it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files = _opened(folder)
        self._waiting: list[Postings] = []
        self._waiting_from = self.last_serial + 1
        self._last = self.last_serial

    @property
    def last_serial(self) -> int:
        """The serial up to which the store is indexed."""
        if self._waiting:
            return self._last
        return max((file.last for file in self._files), default=0)

    def add(self, serial: int, keys: Keys) -> None:
        """Index the next fingerprint of the store; serials grow."""
        assert serial > self.last_serial, "fingerprints are indexed in the order of the store"
        self._waiting.append(np.unique(keys << _SERIAL_BITS | np.uint64(serial)))
        self._last = serial
        if sum(map(len, self._waiting)) >= FLUSHED_POSTINGS:
            self._flush()

    def shared(self, keys: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Serials that share a triple with `keys`, and how many they share."""
        asked = np.unique(keys)
        hits = [_serials_of(postings, asked) for postings in self._all()]
        counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *hits]))
        serials = np.flatnonzero(counts)
        return serials, counts[serials]

    def _all(self) -> Iterator[Postings]:
        for file in self._files:
            yield file.postings
        if self._waiting:
            yield np.sort(np.concatenate(self._waiting))

    def _flush(self) -> None:
        postings = np.sort(np.concatenate(self._waiting))
        self._files.append(self._written(self._waiting_from, self._last, [postings]))
        self._waiting, self._waiting_from = [], self._last + 1
        while len(run := _mergeable(self._files)) == MERGED_FILES:
            merged = self._written(run[0].first, run[-1].last, [file.postings for file in run])
            self._files = [file for file in self._files if file not in run]
            self._files.append(merged)
            self._files.sort(key=lambda file: file.first)
            for file in run:
                _path(self._folder, file.first, file.last).unlink(missing_ok=True)

    def _written(self, first: int, last: int, parts: list[Postings]) -> _File:
        path = _path(self._folder, first, last)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.draft")
        edges = [np.uint64(n) << np.uint64(64 - 6) for n in range(_SLICES)]
        with draft.open("wb") as out:
            for number, edge in enumerate(edges):
                until = edges[number + 1] if number + 1 < _SLICES else None
                piece = np.concatenate([_between(part, edge, until) for part in parts])
                out.write(np.sort(piece).astype("<u8").tobytes())
        draft.replace(path)
        return _File(first, last, _mapped(path))


def _serials_of(postings: Postings, asked: Keys) -> npt.NDArray[np.int64]:
    """The serials of all postings under the asked keys."""
    low = np.searchsorted(postings, asked << _SERIAL_BITS)
    high = np.searchsorted(postings, (asked << _SERIAL_BITS) | np.uint64(0xFFFFFFFF), side="right")
    counts = high - low
    starts = np.repeat(low - np.concatenate(([0], counts.cumsum()[:-1])), counts)
    found: Postings = postings[np.arange(int(counts.sum())) + starts]
    serials: npt.NDArray[np.int64] = (found & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return serials


def _between(part: Postings, edge: np.uint64, until: np.uint64 | None) -> Postings:
    first = int(np.searchsorted(part, edge))
    return part[first : None if until is None else int(np.searchsorted(part, until))]


def _mergeable(files: list[_File]) -> list[_File]:
    """The first eight neighbours of one tier, or fewer."""
    run: list[_File] = []
    for file in files:
        run = [*run, file] if run and run[-1].tier == file.tier else [file]
        if len(run) == MERGED_FILES:
            return run
    return []


def _opened(folder: Path) -> list[_File]:
    """The files of a folder by serial; what a killed process left over is cleared away."""
    ranges = []
    for path in folder.iterdir():
        if (name := _NAME.match(path.name)) and path.stat().st_size % 8 == 0:
            ranges.append((int(name[1]), int(name[2])))
        else:
            path.unlink(missing_ok=True)
    files: list[_File] = []
    for first, last in sorted(ranges, key=lambda one: (one[0], -one[1])):
        if first == (files[-1].last + 1 if files else 1):
            files.append(_File(first, last, _mapped(_path(folder, first, last))))
        else:
            _path(folder, first, last).unlink(missing_ok=True)  # merged, or after a gap
    return files


def _mapped(path: Path) -> Postings:
    if not path.stat().st_size:
        return np.zeros(0, np.uint64)
    return np.memmap(path, dtype="<u8", mode="r")


def _path(folder: Path, first: int, last: int) -> Path:
    return folder / f"{first:010}-{last:010}.triples1"
