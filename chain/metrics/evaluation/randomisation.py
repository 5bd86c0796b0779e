"""How surprising an effect is, had it been drawn by lot which unit begins when (Fisher 1935).

Valid where the order was in fact drawn by lot (a stepped wedge), with few units as with many; no
law of large numbers is used. Otherwise it is a description, and the report must say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from chain.metrics.evaluation.imputation import Effect, imputed_effect, mean_effect
from chain.metrics.evaluation.panel import Panel

CONFIDENCE: Final = 0.95
_HALVINGS: Final = 60
_WIDENINGS: Final = 40


@dataclass(frozen=True)
class RandomisedEffect:
    """The effect, its two-sided `p_value` of no effect at all, and the interval of constant effects
    that would not be rejected at 5 %; None at an end where every effect would pass."""

    effect: Effect
    p_value: float
    low: float | None
    high: float | None
    draws: int
    seed: int

    def to_plain(self) -> dict[str, Any]:
        return {
            "effect": self.effect.mean,
            "cells": self.effect.cells,
            "left_out": self.effect.left_out,
            "by_age": list(self.effect.by_age),
            "p_value": self.p_value,
            "interval": [self.low, self.high],
            "confidence": CONFIDENCE,
            "draws": self.draws,
            "seed": self.seed,
        }


def randomised_effect(
    panel: Panel, draws: int = 999, seed: int = 1, usable_only: bool = False
) -> RandomisedEffect:
    """Impute the effect, then again with the starts dealt out anew `draws` times.

    Raises NotIdentified as imputed_effect does, ValueError without draws.
    """
    if draws < 19:
        raise ValueError(f"{draws} draws cannot come below 5 %: give 19 or more, such as 999")
    effect = imputed_effect(panel, usable_only)
    random = np.random.default_rng(seed)
    treated = panel.treated.astype(np.float64)
    # Under a constant effect e the outcomes without it are y - e d, so a draw's statistic is its
    # effect on y less e times its effect on d: both are needed once.
    found, slopes = np.empty(draws), np.empty(draws)
    for k in range(draws):
        starts = random.permutation(panel.starts)
        found[k] = mean_effect(panel, starts, panel.outcomes)
        slopes[k] = mean_effect(panel, starts, treated)

    def p_value(constant: float) -> float:
        beyond = np.abs(found - constant * slopes) >= abs(effect.mean - constant) - 1e-12
        return (1 + int(beyond.sum())) / (1 + draws)

    low, high = (_end(p_value, effect.mean, found, sign) for sign in (-1, 1))
    return RandomisedEffect(effect, p_value(0.0), low, high, draws, seed)


def _end(p_value: Any, middle: float, found: NDArray[np.float64], sign: int) -> float | None:
    """The farthest constant effect on one side that is not rejected."""
    step = max(float(found.std()), abs(middle) * 1e-9, 1e-12)
    outside = middle
    for _ in range(_WIDENINGS):
        outside = middle + sign * step
        if p_value(outside) < 1 - CONFIDENCE:
            break
        step *= 2
    else:
        return None
    inside = middle
    for _ in range(_HALVINGS):
        between = (inside + outside) / 2
        if p_value(between) < 1 - CONFIDENCE:
            outside = between
        else:
            inside = between
    return outside
