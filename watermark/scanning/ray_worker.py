"""A worker's part of a scan on Ray: one file, by its path, with what it is told to search for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from watermark.audio.files import AudioLimits
from watermark.identity.codewords import EpochKey
from watermark.identity.detector import DETECTOR_VERSION, Reader
from watermark.identity.networks import WeightsRefused, shipped
from watermark.identity.null_model import CalibrationMissing, NullModel
from watermark.identity.symbols import Ids
from watermark.scanning.loading import Sought, bound_memory
from watermark.scanning.ray_cluster import ClusterUnusable
from watermark.scanning.refusals import AudioOutOfReach
from watermark.scanning.scan import Scanned, ScanOptions, scan_file


@dataclass(frozen=True)
class Detector:
    """What has to be the same on every machine for its results to be."""

    version: str
    weights_sha256: str
    null: NullModel

    @classmethod
    def installed(cls) -> Detector:
        """That of this process. Raises CalibrationMissing and WeightsRefused."""
        return cls(DETECTOR_VERSION, shipped().weights_sha256, NullModel.load())


@dataclass(frozen=True)
class Terms:
    """What all files of a scan have in common. Sent with each, and so never put on disk by Ray."""

    scan: str  # drawn for this scan alone
    keys: tuple[EpochKey, ...]
    options: ScanOptions
    limits: AudioLimits
    detector: Detector


@dataclass(frozen=True)
class Task:
    """A file as the one that asks sees it."""

    path: Path  # absolute
    bytes_and_modified_ns: tuple[int, int] | None  # None where it is gone

    @classmethod
    def of(cls, path: Path) -> Task:
        return cls(path.absolute(), _seen(path))


Judge = Callable[[Task, Terms, tuple[Ids, ...]], Scanned]


def judged(task: Task, terms: Terms, values: tuple[Ids, ...]) -> Scanned:
    """A worker's part: one file. Raises ClusterUnusable when another detector is installed here."""
    reader = _reader(terms, values)
    if task.bytes_and_modified_ns is not None and _seen(task.path) != task.bytes_and_modified_ns:
        return Scanned(task.path, refusal=AudioOutOfReach(_why_out_of_reach(task.path)))
    with ThreadPoolExecutor(1, thread_name_prefix="part") as parts:
        return scan_file(task.path, reader, terms.options, terms.limits, parts, _untold)


_held: dict[str, Reader] = {}  # of the scan that this process works for


def _reader(terms: Terms, values: tuple[Ids, ...]) -> Reader:
    if terms.scan not in _held:
        bound_memory()
        try:
            installed = Detector.installed()
        except (CalibrationMissing, WeightsRefused) as refusal:
            raise ClusterUnusable(f"on {socket.gethostname()}: {refusal}") from None
        if installed != terms.detector:
            raise ClusterUnusable(
                f"{socket.gethostname()} has another detector than this machine, and would come "
                "to other results. Next: install the same release on all machines"
            )
        _held.clear()
        _held[terms.scan] = Sought(terms.keys, values).reader()
    return _held[terms.scan]


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


def _why_out_of_reach(path: Path) -> str:
    there = "another file is at this path" if path.exists() else "there is no file at this path"
    return (
        f"{there} on {socket.gethostname()}; put it on storage that all machines share, or scan it "
        "on the machine where it lies"
    )


def _untold(fraction: float) -> None:
    """The progress inside a file is not told from afar."""
