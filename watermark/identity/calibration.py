"""Measures chance agreement: windows of unmarked audio against ids that were never issued."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import torch

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, Samples
from watermark.identity.codewords import EpochKey
from watermark.identity.evidence import block_evidence
from watermark.identity.null_model import NullModel, fit
from watermark.identity.search import IdSearch
from watermark.identity.windows import Evidence, evidence_blocks
from watermark.synthesis import HELD_OUT_FAMILIES, TRAINING_FAMILIES, clip

WINDOW_SECONDS: Final = 10.0
_KEY: Final = EpochKey(b"calibration decoys, never issued")
_SUFFIXES: Final = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
_SYNTHESIS_RATE_HZ: Final = 16_000


class NothingToMeasure(AudioRefused):
    """The folder holds no audio that can be read."""

    code = "audio-empty"


def calibrate(
    folder: Path | None,
    *,
    windows: int,
    decoys: int,
    seed: int,
    evidence: Evidence = block_evidence,
) -> NullModel:
    """Score `windows` unmarked windows of 10 s, each against `decoys` ids, and fit the law.

    The audio comes from `folder`, or is synthesised when None. Raises NothingToMeasure.
    """
    rng = np.random.default_rng(seed)
    search = IdSearch(_KEY)
    search.add_values(rng.integers(0, 2**63, decoys).astype(np.uint64))
    source = _synthesised(windows, rng) if folder is None else music_windows(folder, windows, rng)
    best = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "window.wav"
        for samples, rate_hz in source:
            soundfile.write(path, samples, rate_hz, subtype="FLOAT")
            for block in evidence_blocks(AudioFile(path, AudioLimits()), evidence=evidence):
                with torch.inference_mode():
                    offered = search.candidates(block[None])
                    tables = torch.stack([search.table(block, one.alignment) for one in offered])
                    best.append(search.scores(tables).amax(1).numpy())
    if not best:
        raise NothingToMeasure("no window of audio could be read; name another folder")
    audio = "synthesised, all families" if folder is None else f"folder {folder.name}"
    return fit(np.stack(best).astype(np.float64), decoys=decoys, seed=seed, audio=audio)


def music_windows(
    folder: Path, windows: int, rng: np.random.Generator, *, seconds: float = WINDOW_SECONDS
) -> Iterator[tuple[Samples, int]]:
    """Non-overlapping, non-silent stretches of the folder's files, in random order.

    Yields (time, channel) samples and their rate; stops at `windows` or when all are used.
    """
    places = [
        (path, start)
        for path in audio_files(folder)
        for start in range(int(soundfile.info(path).duration // seconds))
    ]
    given = 0
    for place in rng.permutation(len(places)):
        path, start = places[place]
        rate_hz = soundfile.info(path).samplerate
        first = int(start * seconds * rate_hz)
        samples, _ = soundfile.read(
            path, int(seconds * rate_hz), first, dtype="float32", always_2d=True
        )
        if len(samples) < int(seconds * rate_hz) or samples.std() < 1e-3:
            continue
        yield samples, rate_hz
        given += 1
        if given == windows:
            return


def audio_files(folder: Path) -> list[Path]:
    """All audio under a folder, sorted. Raises NothingToMeasure when there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not found:
        raise NothingToMeasure(f"{folder} holds no WAV, FLAC, Ogg, Opus or MP3 file")
    return found


def _synthesised(windows: int, rng: np.random.Generator) -> Iterator[tuple[Samples, int]]:
    families = {**TRAINING_FAMILIES, **HELD_OUT_FAMILIES}
    for _ in range(windows):
        samples = clip(families, rng, seconds=WINDOW_SECONDS, sample_rate_hz=_SYNTHESIS_RATE_HZ)
        yield np.asarray(samples, np.float32).reshape(-1, 1), _SYNTHESIS_RATE_HZ
