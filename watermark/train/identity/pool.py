"""The identity networks' training pool, and what a step draws from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark.train.identity.recipe import Recipe
from watermark.train.pool import Clips, kept_clips


def pool(recipe: Recipe, folder: Path) -> Clips:
    """Clips for `recipe`, from `folder` if they were made before."""
    return kept_clips(recipe, folder, "identity", stream=11)


def draw(clips: Clips, rng: np.random.Generator, samples: int) -> NDArray[np.float32]:
    """A random stretch; one in four is two stretches mixed."""
    host = _stretch(clips, rng, samples)
    if rng.random() < 0.25:
        host = host + np.float32(rng.uniform(0.2, 1.0)) * _stretch(clips, rng, samples)
    return host


def _stretch(clips: Clips, rng: np.random.Generator, samples: int) -> NDArray[np.float32]:
    row = int(rng.integers(0, len(clips)))
    start = int(rng.integers(0, clips.shape[1] - samples + 1))
    return clips[row, start : start + samples].astype(np.float32)
