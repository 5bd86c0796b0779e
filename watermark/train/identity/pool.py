"""The training pool: clips synthesised once, kept as one array, drawn from at every step."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.synthesis import TRAINING_FAMILIES, clip
from watermark.synthesis.material import Draw
from watermark.train.identity.recipe import Recipe

log = logging.getLogger("watermark.train")
REPORT_EVERY = 50


def pool(recipe: Recipe, folder: Path) -> NDArray[np.float16]:
    """Clips (clip, time) at 16 kHz for `recipe`, from `folder` if they were made before.

    Only the training families go in. The file appears under its name only when whole.
    """
    name = f"identity-{recipe.seed}-{recipe.corpus_clips}-{recipe.clip_seconds:g}.npy"
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{name}"
        clips = synthesised(
            TRAINING_FAMILIES, recipe.seed, recipe.corpus_clips, recipe.clip_seconds
        )
        np.save(unfinished, clips)
        unfinished.replace(path)
    loaded: NDArray[np.float16] = np.load(path)
    return loaded


def synthesised(
    families: dict[str, Draw], seed: int, count: int, seconds: float
) -> NDArray[np.float16]:
    """`count` clips of some families, each from its own seed; (clip, time)."""
    clips = np.empty((count, round(seconds * SAMPLE_RATE_HZ)), dtype=np.float16)
    for index in range(count):
        rng = np.random.default_rng([seed, 11, index])
        clips[index] = clip(families, rng, seconds=seconds, sample_rate_hz=SAMPLE_RATE_HZ)
        if index % REPORT_EVERY == REPORT_EVERY - 1:
            log.info("%d of %d clips made", index + 1, count)
    return clips


def draw(clips: NDArray[np.float16], rng: np.random.Generator, samples: int) -> NDArray[np.float32]:
    """A random stretch; one in four is two stretches mixed."""
    host = _stretch(clips, rng, samples)
    if rng.random() < 0.25:
        host = host + np.float32(rng.uniform(0.2, 1.0)) * _stretch(clips, rng, samples)
    return host


def _stretch(
    clips: NDArray[np.float16], rng: np.random.Generator, samples: int
) -> NDArray[np.float32]:
    row = int(rng.integers(0, len(clips)))
    start = int(rng.integers(0, clips.shape[1] - samples + 1))
    return clips[row, start : start + samples].astype(np.float32)
