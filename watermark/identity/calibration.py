"""Measures chance agreement: windows of unmarked audio against ids that were never issued."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, Samples
from watermark.identity.codewords import EpochKey
from watermark.identity.evidence import block_evidence
from watermark.identity.networks import best_evidence
from watermark.identity.null_model import NullModel, check, fit
from watermark.identity.search import IdSearch
from watermark.identity.windows import Evidence, evidence_blocks
from watermark.synthesis import HELD_OUT_FAMILIES, TRAINING_FAMILIES, clip
from watermark.synthesis.material import Draw

WINDOW_SECONDS: Final = 10.0
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
    checked_on: Sequence[Path] = (),
    classical: bool = False,
    heard: Callable[[str, int], None] = lambda _audio, _windows: None,
) -> NullModel:
    """Score `windows` unmarked windows of 10 s, each against `decoys` ids, and fit the law.

    The audio comes from `folder`, or is synthesised from the training families when None. The law
    is then held against what it was not fitted on: synthesised held-out families, and every folder
    of `checked_on`. `heard` is told which audio is read and how many windows are done. Raises
    NothingToMeasure, WeightsRefused.
    """
    evidence = block_evidence if classical else best_evidence()
    source = Source("synthesised, training families", None, TRAINING_FAMILIES)
    if folder is not None:
        source = Source(f"folder {folder.name}", folder)
    others = [Source("synthesised, held-out families", None, HELD_OUT_FAMILIES)]
    others += [Source(f"folder {one.name}", one) for one in checked_on]

    def scored(source: Source, draw: int) -> npt.NDArray[np.float64]:
        rng = np.random.default_rng([seed, draw])
        search = IdSearch(EpochKey(hashlib.sha256(b"never issued %d" % draw).digest()))
        search.add_values(rng.integers(0, 2**63, decoys).astype(np.uint64))
        sounds = source.windows(windows, rng)
        return _best_z(sounds, search, evidence, lambda done: heard(source.name, done))

    name = "classical" if evidence is block_evidence else "learned"
    law = fit(scored(source, 0), decoys=decoys, seed=seed, audio=source.name, evidence=name)
    checks = [
        check(law, scored(other, draw), decoys=decoys, seed=seed, audio=other.name)
        for draw, other in enumerate(others, 1)
    ]
    return replace(law, checks=tuple(checks))


@dataclass(frozen=True)
class Source:
    """Where unmarked windows come from: a folder, or families of synthesised sound."""

    name: str
    folder: Path | None
    families: dict[str, Draw] = field(default_factory=dict)

    def windows(self, count: int, rng: np.random.Generator) -> Iterator[tuple[Samples, int]]:
        """(time, channel) samples and their rate."""
        if self.folder is not None:
            yield from music_windows(self.folder, count, rng)
            return
        for _ in range(count):
            sound = clip(
                self.families, rng, seconds=WINDOW_SECONDS, sample_rate_hz=_SYNTHESIS_RATE_HZ
            )
            yield np.asarray(sound, np.float32).reshape(-1, 1), _SYNTHESIS_RATE_HZ


def _best_z(
    sounds: Iterator[tuple[Samples, int]],
    search: IdSearch,
    evidence: Evidence,
    heard: Callable[[int], None],
) -> npt.NDArray[np.float64]:
    """The best z of every decoy in every window; (window, decoy)."""
    best = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "window.wav"
        for samples, rate_hz in sounds:
            soundfile.write(path, samples, rate_hz, subtype="FLOAT")
            for block in evidence_blocks(AudioFile(path, AudioLimits()), evidence=evidence):
                with torch.inference_mode():
                    offered = search.candidates(block[None])
                    tables = torch.stack([search.table(block, one.alignment) for one in offered])
                    best.append(search.scores(tables).amax(1).numpy())
            heard(len(best))
    if not best:
        raise NothingToMeasure("no window of audio could be read; name another folder")
    return np.stack(best).astype(np.float64)


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
