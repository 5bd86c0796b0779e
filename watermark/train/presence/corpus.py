"""The presence networks' training pool, and what a step draws from it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark.train.pool import Clips, kept_clips
from watermark.train.presence.recipe import Recipe


def pool(recipe: Recipe, folder: Path) -> Clips:
    """Clips for `recipe`, from `folder` if they were made before."""
    return kept_clips(recipe, folder, "corpus", stream=1)


def draw(
    clips: Clips,
    rng: np.random.Generator,
    *,
    count: int,
    samples: int,
    speed_spread: float = 0.0,
) -> NDArray[np.float32]:
    """`count` random stretches (count, 1, samples); a quarter are two stretches mixed.

    With `speed_spread`, each is played up to so much faster or slower than it was made.
    """
    hosts = np.empty((count, 1, samples), dtype=np.float32)
    for index in range(count):
        hosts[index, 0] = _stretch(clips, rng, samples, speed_spread)
        if rng.random() < 0.25:
            hosts[index, 0] += rng.uniform(0.2, 1.0) * _stretch(clips, rng, samples, speed_spread)
    return hosts


def _stretch(
    clips: Clips, rng: np.random.Generator, samples: int, speed_spread: float
) -> NDArray[np.float32]:
    row = int(rng.integers(0, len(clips)))
    speed = (1.0 + speed_spread) ** float(rng.uniform(-1.0, 1.0)) if speed_spread else 1.0
    taken = math.ceil((samples - 1) * speed) + 1
    start = int(rng.integers(0, clips.shape[1] - taken + 1))
    sign = 1.0 if rng.random() < 0.5 else -1.0
    stretch = sign * clips[row, start : start + taken].astype(np.float32)
    if speed_spread:
        stretch = np.interp(np.arange(samples) * speed, np.arange(taken), stretch)
    return stretch.astype(np.float32)
