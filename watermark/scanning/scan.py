"""Searches files one after another or side by side, and says of each what it holds or why not.

Threads share the work: decoding, resampling and the search all let go of Python's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from watermark.audio.errors import AudioRefused, AudioUnreadable
from watermark.audio.files import AudioFile, AudioLimits, Loudness
from watermark.detection import Identity, Segment
from watermark.identity.detector import IdentityReading, Reader
from watermark.identity.geometry import STRAIGHT, Geometry
from watermark.identity.null_model import FALSE_POSITIVES_PER_FILE
from watermark.payload import GenerationId
from watermark.scanning.mono import MonoSound
from watermark.scanning.stretches import (
    FURTHER_SECONDS,
    REACH_SECONDS,
    Stretch,
    joined,
    tastes,
    whole,
)
from watermark.scanning.tasting import GATE_Z, SURE_Z, sync_scores, taste

SCAN_LIMITS: Final = AudioLimits(
    bytes_max=64 * 1024**3, seconds_max=24 * 3600.0, decode_seconds_max=3600.0
)
_TASTES_AT_ONCE: Final = 16  # bounds memory: 16 windows of 8 s
_TASTING_SHARE: Final = 0.7  # of the progress that is told
_COARSE_SECONDS_MIN: Final = 240.0  # shorter files are read as a whole

Told = Callable[[float], None]


@dataclass(frozen=True)
class ScanOptions:
    """How files are read."""

    coarse: bool = False
    speeds: tuple[float, ...] = (1.0,)
    thorough: bool = False  # speed, stretch and pitch are sought; slow

    @property
    def mode(self) -> str:
        """In words, for records."""
        kind = "coarse" if self.coarse else "thorough" if self.thorough else "dense"
        speeds = "" if self.speeds == (1.0,) else " " + ",".join(f"{s:g}" for s in self.speeds)
        return kind + speeds


@dataclass(frozen=True)
class Scanned:
    """What is known of one file after its scan. With a `refusal` there is no verdict."""

    path: Path
    seconds: float = 0.0  # of audio in the file
    heard_seconds: float = 0.0  # of them, searched
    identities: tuple[Identity, ...] = ()
    refusal: AudioRefused | None = None
    took_seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """ "refused", "marked", "ambiguous" or "unmarked"."""
        if self.refusal is not None:
            return "refused"
        if not self.identities:
            return "unmarked"
        return "ambiguous" if len(self.identities) > 1 else "marked"


def scan(
    paths: Iterable[Path],
    reader: Reader,
    options: ScanOptions,
    *,
    workers: int = 2,
    limits: AudioLimits = SCAN_LIMITS,
    told: Callable[[Path, float], None] = lambda path, fraction: None,  # noqa: ARG005
) -> Generator[Scanned, None, None]:
    """Each file's result as soon as it is there; `workers` files at a time.

    The last file, or the only one, is shared out among all workers. A file that cannot be read is
    a result like any other.
    """
    waiting = iter(paths)
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="file") as files,
        ThreadPoolExecutor(workers, thread_name_prefix="part") as parts,
    ):

        def begin(path: Path) -> Future[Scanned]:
            def heard(fraction: float) -> None:
                told(path, fraction)

            return files.submit(scan_file, path, reader, options, limits, parts, heard)

        running = {begin(path) for path in islice(waiting, workers)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {begin(path) for path in islice(waiting, len(done))}
                yield from (one.result() for one in done)
        finally:
            for one in running:
                one.cancel()
            parts.shutdown(cancel_futures=True)


def scan_file(
    path: Path,
    reader: Reader,
    options: ScanOptions,
    limits: AudioLimits,
    parts: ThreadPoolExecutor,
    told: Told,
) -> Scanned:
    """One file. Its pieces are searched in `parts`."""
    begun = time.monotonic()
    try:
        found = _searched(path, reader, options, limits, parts, told)
    except AudioRefused as refusal:
        found = Scanned(path, refusal=refusal)
    except OSError as error:
        why = AudioUnreadable(f"cannot be opened: {error.strerror or error}")
        found = Scanned(path, refusal=why)
    told(1.0)
    return replace(found, took_seconds=round(time.monotonic() - begun, 3))


def _searched(
    path: Path,
    reader: Reader,
    options: ScanOptions,
    limits: AudioLimits,
    parts: ThreadPoolExecutor,
    told: Told,
) -> Scanned:
    audio = AudioFile(path, limits)
    duration = audio.frames_declared / audio.sample_rate_hz

    def read(stretches: Sequence[Stretch], first: float, last: float) -> list[_Reading]:
        readings: list[_Reading] = []
        for one in parts.map(lambda stretch: _read(audio, stretch, reader, options), stretches):
            readings.append(one)
            told(first + (last - first) * len(readings) / len(stretches))
        return readings

    if not options.coarse or duration < _COARSE_SECONDS_MIN:
        readings = read(whole(duration), 0.0, 1.0)
        _require_audible(audio, (one.sound.loudness for one in readings))
        return Scanned(path, round(duration, 3), round(duration, 3), _merged(readings))
    windows = tastes(duration)
    hits = _standing_out(audio, reader, windows, parts, lambda f: told(_TASTING_SHARE * f))
    near = joined(hit.widened(_reach(z), duration) for hit, z in hits)
    readings = read(near, _TASTING_SHARE, 0.85)
    shown = [one.stretch for one in readings if one.found.identities]
    further = [
        hit.widened(FURTHER_SECONDS, duration)
        for hit, _ in hits
        if any(hit.touches(one) for one in shown)
    ]
    unheard = [one for one in further if not any(heard.holds(one) for heard in near)]
    readings += read(joined(unheard), 0.85, 1.0)
    heard_seconds = sum(one.seconds for one in (*windows, *(one.stretch for one in readings)))
    return Scanned(
        path,
        round(duration, 3),
        min(round(heard_seconds, 1), round(duration, 3)),
        _merged(readings),
    )


def _reach(sync_z: float) -> float:
    return FURTHER_SECONDS if sync_z >= SURE_Z else REACH_SECONDS


def _standing_out(
    audio: AudioFile,
    reader: Reader,
    windows: Sequence[Stretch],
    parts: ThreadPoolExecutor,
    told: Told,
) -> list[tuple[Stretch, float]]:
    """The windows whose sync chips stand out, with their z. Raises AudioSilent and its like."""
    books = [search.book for search in reader.searches]

    def scored(some: Sequence[Stretch]) -> list[tuple[float, Loudness]]:
        heard = list(taste(audio, some))
        scores = sync_scores([sound for sound, _ in heard], books)
        return [(z, loudness) for z, (_, loudness) in zip(scores, heard, strict=True)]

    groups = [windows[i : i + _TASTES_AT_ONCE] for i in range(0, len(windows), _TASTES_AT_ONCE)]
    scores: list[tuple[float, Loudness]] = []
    for group in parts.map(scored, groups):
        scores += group
        told(len(scores) / len(windows))
    _require_audible(audio, (loudness for _, loudness in scores))
    return [(window, z) for window, (z, _) in zip(windows, scores, strict=True) if z >= GATE_Z]


def _require_audible(audio: AudioFile, parts: Iterable[Loudness]) -> None:
    """Raises AudioSilent and its like of all parts together."""
    total = Loudness(audio.channels)
    for part in parts:
        total.join(part)
    total.require_audible(audio)


@dataclass(frozen=True)
class _Reading:
    """What one stretch showed, and the sound that passed."""

    stretch: Stretch
    found: IdentityReading
    sound: MonoSound


def _read(audio: AudioFile, stretch: Stretch, reader: Reader, options: ScanOptions) -> _Reading:
    rate_hz = audio.sample_rate_hz
    first, end = int(stretch.start * rate_hz), int(stretch.end * rate_hz)
    everything = first == 0 and end >= audio.frames_declared
    mono = MonoSound(audio if everything else audio.excerpt(first, end - first))
    geometries = [
        STRAIGHT if speed == 1.0 else Geometry(pitch=speed, tempo=speed) for speed in options.speeds
    ]
    found = reader.read(mono, geometries=geometries, seek_geometry=options.thorough)
    return _Reading(stretch, found, mono)


def _merged(readings: Sequence[_Reading]) -> tuple[Identity, ...]:
    """Each id once, with all its places; its chance counts every stretch that was searched."""
    found: dict[GenerationId, Identity] = {}
    for reading in readings:
        for one in reading.found.identities:
            rate = min(1.0, one.false_positive_rate * len(readings))
            segments = _shifted(one.segments, reading.stretch.start)
            placed = replace(one, false_positive_rate=rate, segments=segments)
            known = found.get(one.generation_id)
            found[one.generation_id] = placed if known is None else _joined(known, placed)
    kept = [one for one in found.values() if one.false_positive_rate <= FALSE_POSITIVES_PER_FILE]
    return tuple(sorted(kept, key=lambda one: -one.z))


def _shifted(segments: Sequence[Segment], seconds: float) -> tuple[Segment, ...]:
    by = round(seconds * 1000)
    return tuple(Segment(one.start_ms + by, one.end_ms + by, one.z) for one in segments)


def _joined(one: Identity, other: Identity) -> Identity:
    """The stronger of two sightings of an id, with the places of both; overlaps count once."""
    stronger = max(one, other, key=lambda identity: identity.z)
    segments: list[Segment] = []
    for segment in sorted((*one.segments, *other.segments), key=lambda s: s.start_ms):
        if segments and segment.start_ms <= segments[-1].end_ms:
            last = segments.pop()
            segment = Segment(
                last.start_ms, max(last.end_ms, segment.end_ms), max(last.z, segment.z)
            )
        segments.append(segment)
    rate = min(one.false_positive_rate, other.false_positive_rate)
    return replace(stronger, false_positive_rate=rate, segments=tuple(segments))
