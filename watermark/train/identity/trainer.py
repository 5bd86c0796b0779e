"""The training loop of the evidence network: one step, its loss, its state."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from watermark.identity.learned_evidence import FAST_MAPS, EvidenceNetwork
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.networks import load_networks
from watermark.train.identity.examples import Example, example, host_samples
from watermark.train.identity.growing import grow
from watermark.train.identity.pool import draw
from watermark.train.identity.recipe import Recipe
from watermark.train.pool import Clips
from watermark.train.state import TrainingState

_LEAST_CORRELATION = 0.02


@dataclass(frozen=True)
class StepReport:
    """What one step did; correlations are z over the square root of the number of cells."""

    step: int
    loss: float
    learned: float
    classical: float


class Trainer(TrainingState[Recipe]):
    """One training run of the evidence network, and of the strength network where asked for."""

    last_rate = 0.02

    def __init__(self, recipe: Recipe, clips: Clips, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        networks = nn.ModuleDict(
            {"evidence": EvidenceNetwork(recipe.channels, bool(recipe.halves))}
        )
        if recipe.embedder_from_step >= 0:
            networks["strength"] = StrengthNetwork()
        super().__init__(recipe, clips, networks, device)
        self.began_with: dict[str, Any] | None = None

    def begin_from(self, card_path: Path) -> None:
        """Start with finished weights, perhaps of a narrower network, instead of random ones.

        Raises WeightsRefused; ValueError where the finished network is the wider one.
        """
        loaded = load_networks(card_path)
        if loaded.evidence is not None:
            grow(loaded.evidence.network, self._evidence())
        if loaded.strength is not None and "strength" in self.networks:
            self.networks["strength"].load_state_dict(loaded.strength.state_dict())
        self.restart_average()
        card = json.loads(card_path.read_text("utf-8"))
        self.began_with = card["networks"]["evidence"]["training"]

    def _evidence(self) -> EvidenceNetwork:
        network = self.networks["evidence"]
        assert isinstance(network, EvidenceNetwork)
        return network

    def settings(self, kind: str) -> dict[str, Any]:
        """What a network's class is built with."""
        if kind == "evidence":
            return {"channels": self.recipe.channels, "halves": bool(self.recipe.halves)}
        return {}

    def history(self) -> dict[str, Any]:
        return {**super().history(), "began_with": self.began_with}

    def step(self) -> StepReport:
        """One update; everything random in it comes from the seed and the step's number alone."""
        recipe, number = self.recipe, self.step_number
        rng = np.random.default_rng([recipe.seed, 12, number])
        examples = [self._example(rng) for _ in range(recipe.batch)]
        loss, learned = self.loss(examples)
        self.learn(loss)
        classical = [
            correlation(one.maps[FAST_MAPS][:, one.middles].T.detach(), one.chips)
            for one in examples
        ]
        return StepReport(
            step=number,
            loss=float(loss.detach()),
            learned=learned,
            classical=float(torch.stack(classical).mean()),
        )

    def _example(self, rng: np.random.Generator) -> Example:
        host = torch.from_numpy(draw(self.clips, rng, host_samples(self.recipe)))
        return example(host.to(self.device), self.recipe, rng, self._strength())

    def _strength(self) -> StrengthNetwork | None:
        """The network that sets the depths, once it takes part."""
        if not 0 <= self.recipe.embedder_from_step <= self.step_number:
            return None
        network = self.networks["strength"]
        assert isinstance(network, StrengthNetwork)
        return network

    def loss(self, examples: list[Example]) -> tuple[Tensor, float]:
        """Cross-entropy of all chips and, weighted, -log of each copy's correlation."""
        answers = self.networks["evidence"](torch.stack([one.maps for one in examples]))
        parts, agreements = [], []
        for answer, one in zip(answers, examples, strict=True):
            evidence = answer[:, one.middles].T  # (pair, band)
            agreement = correlation(evidence, one.chips)
            parts.append(
                F.softplus(-one.chips * evidence).mean()
                - self.recipe.correlation_weight * agreement.clamp_min(_LEAST_CORRELATION).log()
            )
            agreements.append(agreement.detach())
        return torch.stack(parts).mean(), float(torch.stack(agreements).mean())

    def facts(self) -> dict[str, str]:
        return {"began_with": json.dumps(self.began_with)}

    def take_up(self, facts: dict[str, str]) -> None:
        self.began_with = json.loads(facts.get("began_with", "null"))


def correlation(evidence: Tensor, chips: Tensor) -> Tensor:
    """z over the square root of the number of cells: 1 where every cell is right and equal."""
    norm = evidence.square().sum().sqrt() * math.sqrt(evidence.numel())
    return (evidence * chips).sum() / norm.clamp_min(1e-9)
