"""What every training run is told, whichever networks it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class Schedule:
    """The part of a recipe that all runs have. Equal recipes on one machine give equal weights."""

    # Settings that states from before them do not name, with what they were made with.
    BEFORE_IT_SAID: ClassVar[dict[str, int | float]] = {}

    seed: int = 1
    started_from: str = ""  # digest of the weights it began with; empty: random ones
    steps: int = 1000
    corpus_clips: int = 400
    clip_seconds: float = 4.0
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    gradient_clip: float = 1.0
    average_decay: float = 0.998  # the averaged weights are the ones that are shipped

    def changed(self, settings: list[str]) -> Self:
        """This recipe with `name=value` settings; raises ValueError for what it does not know."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        values: dict[str, Any] = {}
        for setting in settings:
            name, _, value = setting.partition("=")
            if kinds.get(name) not in (int, float):
                known = ", ".join(sorted(n for n, kind in kinds.items() if kind in (int, float)))
                raise ValueError(f"--set {setting}: expected NAME=NUMBER with NAME one of {known}")
            values[name] = kinds[name](value)
        return replace(self, **values)

    def rate(self, step: int, last_share: float) -> float:
        """Learning rate of a step: a warm-up, then a cosine down to `last_share` of the highest."""
        rise = min(1.0, (step + 1) / self.warmup_steps)
        fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))
        return self.learning_rate * rise * (last_share + (1.0 - last_share) * fall)
