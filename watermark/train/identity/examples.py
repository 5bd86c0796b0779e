"""One training example: a host, a random codeword, what befalls the copy, and what was sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from watermark.identity.cells import (
    BANDS,
    CODEWORD_PAIRS,
    HOP,
    PAIR_SAMPLES,
    PHASE_FRAMES,
    SAMPLE_RATE_HZ,
    half_band_members,
)
from watermark.identity.embedder import EMBED_CONTEXT, count, middle, prepared, written
from watermark.identity.evidence import energies, pair_starts, starts_inside_file
from watermark.identity.learned_evidence import CELL_STARTS, bands_of_halves, evidence_maps
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.strength import Allowance
from watermark.train.identity.attacks import change_speed, one_attack
from watermark.train.identity.recipe import Recipe

START_SAMPLES = PHASE_FRAMES * HOP
SPARE_SAMPLES = 2 * PAIR_SAMPLES  # marked beyond what is heard, so that a copy may begin anywhere
SPEED_SPREAD = 0.003
AVERAGED_MAX = 5


@dataclass(frozen=True)
class Example:
    """What the detector sees of one copy, and where which chips lie in it."""

    maps: Tensor  # (map, band, start)
    middles: Tensor  # (pair,), index of the middle of each whole pair
    chips: Tensor  # (pair, band), +1 or -1


def random_codeword(rng: np.random.Generator) -> Tensor:
    """(pair, band), each chip a toss of a coin."""
    chips = rng.choice([-1.0, 1.0], size=(CODEWORD_PAIRS, BANDS))
    return torch.from_numpy(chips.astype(np.float32))


def host_samples(recipe: Recipe) -> int:
    """How much of a clip one example takes."""
    return round(recipe.heard_seconds * SAMPLE_RATE_HZ) + SPARE_SAMPLES


def marked(
    host: Tensor, codeword: Tensor, snr_db: float, network: StrengthNetwork | None = None
) -> Tensor:
    """A clip (time,) marked as the embedder would mark it, at a signal-to-noise ratio.

    Gradients reach `network` through the depths and through what they leave for one another.
    """
    span = F.pad(host, (EMBED_CONTEXT, EMBED_CONTEXT))[None]
    cells = prepared(span, 0, codeword, network)
    allowance = Allowance(snr_db)
    with torch.no_grad():
        count(span, cells, allowance)
    level = allowance.level()
    change = middle(written(cells, level, 1.0)[1][:, : span.shape[1]])[0]
    if network is not None and math.isfinite(level):
        allowed = host.square().sum() * 10 ** (-snr_db / 10)
        change = change * (allowed / change.square().sum()).sqrt()
    return host + change


def example(
    host: Tensor,
    recipe: Recipe,
    rng: np.random.Generator,
    network: StrengthNetwork | None = None,
) -> Example:
    """Mark a host (time,), let things befall the copy, and see it as the detector does."""
    snr_db = float(rng.uniform(recipe.snr_lowest_db, recipe.snr_highest_db))
    chips = random_codeword(rng)
    copy = marked(host, chips, snr_db, network)
    if rng.random() < recipe.averaged_share:
        others = int(rng.integers(1, AVERAGED_MAX))
        with torch.no_grad():
            copies = [marked(host, random_codeword(rng), snr_db, network) for _ in range(others)]
        copy = torch.stack((copy, *copies)).mean(0)
    return heard(copy, chips, recipe, rng)


def heard(copy: Tensor, chips: Tensor, recipe: Recipe, rng: np.random.Generator) -> Example:
    """What befalls a marked copy (time,), and what the detector then sees; gradients pass."""
    if rng.random() >= recipe.clean_share:
        copy = one_attack(copy, rng)
        if rng.random() < recipe.second_attack_share:
            copy = one_attack(copy, rng)
    speed = 1.0
    if rng.random() < 0.2:
        speed = 1.0 + float(rng.uniform(-SPEED_SPREAD, SPEED_SPREAD))
        copy = change_speed(copy, speed)
    cut = int(rng.integers(0, PAIR_SAMPLES))
    return seen(copy[cut : cut + round(recipe.heard_seconds * SAMPLE_RATE_HZ)], chips, cut, speed)


def seen(sound: Tensor, chips: Tensor, cut: int = 0, speed: float = 1.0) -> Example:
    """A copy (time,) that begins `cut` samples into the codeword and plays at `speed`."""
    halves = energies(F.pad(sound, (0, PAIR_SAMPLES))[None], members=half_band_members())
    energy = bands_of_halves(halves)
    held = starts_inside_file(sound.detach()[None], pair_starts(energy.shape[1]))
    first_sample = (np.arange(CODEWORD_PAIRS) * PAIR_SAMPLES / speed) - cut
    whole = (first_sample >= 0) & (first_sample + PAIR_SAMPLES / speed <= sound.shape[0])
    starts = np.rint(first_sample[whole] / START_SAMPLES).astype(np.int64)
    return Example(
        maps=evidence_maps(energy, held.to(energy), halves),
        middles=torch.from_numpy(starts) + CELL_STARTS,
        chips=chips[torch.from_numpy(whole)],
    )
