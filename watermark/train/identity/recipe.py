"""What a training run of the identity networks is: every knob, in one frozen place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from watermark.train.recipe import Schedule


@dataclass(frozen=True)
class Recipe(Schedule):
    """A training run of the identity networks."""

    BEFORE_IT_SAID: ClassVar[dict[str, int | float]] = {"channels": 16, "halves": 0}

    steps: int = 1500
    corpus_clips: int = 400
    clip_seconds: float = 11.0
    batch: int = 6  # hosts per step
    heard_seconds: float = 8.192  # what is marked and heard of each
    snr_lowest_db: float = 24.0
    snr_highest_db: float = 34.0
    clean_share: float = 0.2  # of the hosts nothing befalls
    second_attack_share: float = 0.25
    averaged_share: float = 0.08  # 2 to 5 copies of different ids averaged
    learning_rate: float = 2e-3
    warmup_steps: int = 60
    average_decay: float = 0.995
    correlation_weight: float = 0.3  # of -log(z / sqrt(cells)) beside the cross-entropy
    channels: int = 16  # of the evidence network
    halves: int = 0  # whether it sees half bands; 0 or 1
    embedder_from_step: int = -1  # from here the strength network learns too; -1: never
