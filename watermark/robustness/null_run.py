"""False attributions: audio without a mark of ours, searched for a million ids, over and over.

Windows are unmarked, or marked under a key that is not ours. Every chunk draws a key and a
registry of its own, so that the same audio under another key is another draw of chance; windows
and distinct stretches of audio are counted apart. A chunk is one line of the journal: a run that
is stopped loses at most one.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import torch
from scipy import stats

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.identity.codewords import EpochKey
from watermark.identity.detector import Reader
from watermark.identity.networks import best_evidence
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.windows import (
    Evidence,
    Window,
    block_count,
    evidence_blocks,
    window_count,
    windows_of,
)
from watermark.marker import Marker
from watermark.payload import GenerationId
from watermark.robustness.clips import Clip, from_folders, synthesised
from watermark.robustness.identification import mark_sha256
from watermark.robustness.intervals import wilson
from watermark.robustness.journal import Journal

WINDOW_SECONDS: Final = 10.0
CHUNK: Final = 250
_RATE_HZ: Final = 16_000  # of synthesised windows; the detector hears no more
_AT_ONCE: Final = 15  # windows searched together: 60 alignments, and a few of short windows
_LIMITS: Final = AudioLimits()


@dataclass(frozen=True)
class NullPlan:
    """`foreign` is the share of windows marked under another key, `seek_every` how many windows

    to a full reading with speed, stretch and pitch sought (0 for never).
    """

    windows: int
    ids: int
    seed: int
    audio: tuple[Path, ...]
    foreign: float
    seek_every: int
    chunk: int = CHUNK  # windows per key and per line of the journal

    def settings(self) -> dict[str, Any]:
        """All that two parts of a run must share; `windows` may grow."""
        return {
            "ids": self.ids,
            "seed": self.seed,
            "audio": ", ".join(folder.name for folder in self.audio) or "synthesised",
            "foreign": self.foreign,
            "seek_every": self.seek_every,
            "chunk": self.chunk,
            "window_seconds": WINDOW_SECONDS,
            "mark": mark_sha256(),
        }


def null_run(
    plan: NullPlan, null: NullModel, out: Path, heard: Callable[[int, int], None]
) -> dict[str, Any]:
    """Search until `plan.windows` are done, continuing what is in `out`; the summary so far."""
    journal = Journal(out / "null.jsonl", plan.settings())
    done = len(journal.of_kind("chunk"))
    source = _windows(plan, done * plan.chunk)
    while done * plan.chunk < plan.windows:
        heard(done * plan.chunk, plan.windows)
        clips = [clip for _, clip in zip(range(plan.chunk), source, strict=False)]
        if not clips:
            break
        journal.add({"kind": "chunk", "chunk": done, **_chunk(plan, null, done, clips)})
        done += 1
    heard(plan.windows, plan.windows)
    return null_summary(journal.of_kind("chunk"), null, plan.ids)


def null_summary(chunks: Sequence[dict[str, Any]], null: NullModel, ids: int) -> dict[str, Any]:
    """What a run says of the false-attribution rate.

    `seen` compares how often a window's best z reached a level with what the calibration expects;
    `fitted` is the rate per file at the threshold by a Gumbel law fitted to half the square of the
    windows' best z: z is near normal, so that square has the exponential tail whose maxima follow
    the law at any size of registry, and those of z itself only far beyond ours.
    """
    highest = np.array([z for chunk in chunks for z in chunk["highest_z"]])
    false = sum(len(chunk["named"]) for chunk in chunks)
    windows = len(highest)
    searched = window_count(1)
    threshold_z = null.threshold_z(windows=searched, ids=ids)
    if not windows:
        return {"windows": 0}
    place, scale = stats.gumbel_r.fit(highest**2 / 2)
    return {
        "windows": windows,
        "distinct": len({name for chunk in chunks for name in chunk["audio"]}),
        "foreign_marked": sum(chunk["foreign"] for chunk in chunks),
        "full_readings": sum(chunk["full_readings"] for chunk in chunks),
        "keys": len(chunks),
        "ids": ids,
        "false_attributions": false,
        "upper_95": wilson(false, windows)[1],
        "threshold_z": round(threshold_z, 3),
        "highest_z": round(float(highest.max()), 3),
        "calibrated_rate": null.false_positive_rate(threshold_z, windows=searched, ids=ids),
        "fitted_rate": float(stats.gumbel_r.sf(threshold_z**2 / 2, place, scale)),
        "gumbel": {"place": round(float(place), 4), "scale": round(float(scale), 4)},
        "seen": [
            {
                "z": round(float(z), 2),
                "seen": round(float(np.mean(highest >= z)), 7),
                "calibrated": null.false_positive_rate(float(z), windows=searched, ids=ids),
            }
            for z in np.arange(5.0, max(7.0, math.ceil(float(highest.max()))), 0.25)
        ],
    }


def _chunk(plan: NullPlan, null: NullModel, number: int, clips: Sequence[Clip]) -> dict[str, Any]:
    rng = np.random.default_rng([plan.seed, 7, number])
    search = IdSearch(_key(plan.seed, number, "ours"))
    search.add_values(rng.integers(0, 2**64, plan.ids, np.uint64, endpoint=False))
    stranger = Marker(IdSearch(_key(plan.seed, number, "foreign")), null)
    reader = Reader((search,), null, best_evidence())
    highest: list[float] = []
    named: list[list[Any]] = []
    foreign = full = 0
    with tempfile.TemporaryDirectory() as scratch:
        files = []
        for place, clip in enumerate(clips):
            path = Path(scratch) / f"{place}.wav"
            soundfile.write(path, clip.sound.samples, clip.sound.rate_hz, subtype="FLOAT")
            if rng.random() < plan.foreign:
                path, marked = _foreign(path, stranger, rng)
                foreign += marked
            files.append(AudioFile(path, _LIMITS))
        for first in range(0, len(files), _AT_ONCE):
            highest.extend(_best_z(files[first : first + _AT_ONCE], search, reader.evidence))
        for place, audio in enumerate(files):
            threshold_z = null.threshold_z(windows=window_count(block_count(audio)), ids=plan.ids)
            seek = plan.seek_every > 0 and (number * plan.chunk + place) % plan.seek_every == 0
            full += seek
            if seek or highest[place] >= threshold_z:
                found = reader.read(audio, seek_geometry=seek).identities
                named.extend([clips[place].name, str(one.generation_id), one.z] for one in found)
    return {
        "audio": [clip.name for clip in clips],
        "highest_z": [round(z, 3) for z in highest],
        "named": named,
        "foreign": foreign,
        "full_readings": full,
    }


def _best_z(files: Sequence[AudioFile], search: IdSearch, evidence: Evidence) -> list[float]:
    """The best z of any id in any window of each file; the files are searched together."""
    windows = [
        (n, window) for n, file in enumerate(files) for window in _windows_of(file, evidence)
    ]
    with torch.inference_mode():
        found = search.best(
            torch.stack([window.evidence for _, window in windows]),
            z_min=math.inf,
            sync_z_min=[window.sync_z_min for _, window in windows],
        )
    best = [0.0] * len(files)
    for (number, _), scores in zip(windows, found, strict=True):
        best[number] = max([best[number], *(score.bounded_z for score in scores)])
    return best


def _windows_of(file: AudioFile, evidence: Evidence) -> list[Window]:
    return [window for _, window in windows_of(evidence_blocks(file, evidence=evidence))]


def _foreign(path: Path, stranger: Marker, rng: np.random.Generator) -> tuple[Path, bool]:
    """The window marked under a key that is not ours; as it was where it cannot be marked."""
    marked = path.with_suffix("")  # whatever container embedding keeps
    generation_id = GenerationId(int(rng.integers(0, 2**64, dtype=np.uint64)))
    try:
        stranger.embed(AudioFile(path, _LIMITS), generation_id, marked)
    except AudioRefused:
        return path, False
    return marked, True


def _windows(plan: NullPlan, first: int) -> Iterator[Clip]:
    """Windows from number `first` on; a folder's are gone through again and again, anew shifted."""
    if not plan.audio:
        yield from synthesised(WINDOW_SECONDS, plan.seed, first=first, rate_hz=_RATE_HZ)
    passed, turn = 0, 0
    while True:
        for clip in from_folders(list(plan.audio), WINDOW_SECONDS, plan.seed + turn):
            passed += 1
            if passed > first:
                yield clip
        turn += 1


def _key(seed: int, chunk: int, whose: str) -> EpochKey:
    return EpochKey(hashlib.sha256(f"null run {seed} {chunk} {whose}".encode()).digest())
