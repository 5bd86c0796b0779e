"""The training pool: clips synthesised once, kept as one array, drawn from at every step."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark.audio.waveform import MARK_RATE_HZ
from watermark.synthesis import TRAINING_FAMILIES, clip
from watermark.train.recipe import Schedule

log = logging.getLogger("watermark.train")
REPORT_EVERY = 50

Clips = NDArray[np.float16]  # (clip, time), 16 kHz


def kept_clips(recipe: Schedule, folder: Path, mark: str, stream: int) -> Clips:
    """The clips of `recipe` for a mark's networks, from `folder` if they were made before.

    Only the training families go in, each clip from the seed, the stream and its own number. The
    file appears under its name only when whole.
    """
    path = folder / f"{mark}-{recipe.seed}-{recipe.corpus_clips}-{recipe.clip_seconds:g}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")  # numpy adds its suffix only if missing
        np.save(unfinished, _synthesised(recipe, stream))
        unfinished.replace(path)
    loaded: Clips = np.load(path)
    return loaded


def _synthesised(recipe: Schedule, stream: int) -> Clips:
    seconds, count = recipe.clip_seconds, recipe.corpus_clips
    clips = np.empty((count, round(seconds * MARK_RATE_HZ)), dtype=np.float16)
    for index in range(count):
        rng = np.random.default_rng([recipe.seed, stream, index])
        clips[index] = clip(TRAINING_FAMILIES, rng, seconds=seconds, sample_rate_hz=MARK_RATE_HZ)
        if index % REPORT_EVERY == REPORT_EVERY - 1:
            log.info("%d of %d clips made", index + 1, count)
    return clips
