"""The training pool: clips synthesised once, kept as one array, drawn from at every step."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark.synthesis import TRAINING_FAMILIES, clip
from watermark.train.presence.recipe import Recipe

log = logging.getLogger(__name__)
SAMPLE_RATE_HZ = 16000
REPORT_EVERY = 100


def pool(recipe: Recipe, folder: Path) -> NDArray[np.float16]:
    """Clips (clip, time) at 16 kHz for `recipe`, from `folder` if they were made before.

    Only the training families go in. The file appears under its name only when whole.
    """
    name = f"corpus-{recipe.seed}-{recipe.corpus_clips}-{recipe.clip_seconds:g}.npy"
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{name}"
        np.save(unfinished, _synthesise(recipe))
        # numpy adds its suffix only where it is missing, so the name is as written here
        unfinished.replace(path)
    clips: NDArray[np.float16] = np.load(path)
    return clips


def _synthesise(recipe: Recipe) -> NDArray[np.float16]:
    count = round(recipe.clip_seconds * SAMPLE_RATE_HZ)
    clips = np.empty((recipe.corpus_clips, count), dtype=np.float16)
    for index in range(recipe.corpus_clips):
        rng = np.random.default_rng([recipe.seed, 1, index])
        clips[index] = clip(
            TRAINING_FAMILIES, rng, seconds=recipe.clip_seconds, sample_rate_hz=SAMPLE_RATE_HZ
        )
        if index % REPORT_EVERY == REPORT_EVERY - 1:
            log.info("corpus clips made", extra={"clips": index + 1})
    return clips


def draw(
    clips: NDArray[np.float16],
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
    clips: NDArray[np.float16], rng: np.random.Generator, samples: int, speed_spread: float
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
