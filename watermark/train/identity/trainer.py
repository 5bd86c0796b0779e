"""The training loop of the evidence network: one step, its loss, its state."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from watermark.identity.learned_evidence import FAST_MAPS, EvidenceNetwork
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.networks import load_networks
from watermark.train.identity.examples import Example, example, host_samples
from watermark.train.identity.growing import grow
from watermark.train.identity.pool import draw
from watermark.train.identity.recipe import Recipe

STATE_FORMAT = "1"
_FIRST_NETWORK = {"channels": 16, "halves": 0}  # of states that do not say
_LEAST_CORRELATION = 0.02


class TrainingRefused(Exception):
    """Training cannot go on from what it was given; the message has the next step."""


@dataclass(frozen=True)
class StepReport:
    """What one step did; correlations are z over the square root of the number of cells."""

    step: int
    loss: float
    learned: float
    classical: float


class Trainer:
    """Network, optimiser and running average of one training run."""

    def __init__(self, recipe: Recipe, clips: NDArray[np.float16], device: torch.device) -> None:
        self.recipe, self.clips, self.device = recipe, clips, device
        torch.manual_seed(recipe.seed)
        self.networks = nn.ModuleDict(
            {"evidence": EvidenceNetwork(recipe.channels, bool(recipe.halves))}
        )
        if recipe.embedder_from_step >= 0:
            self.networks["strength"] = StrengthNetwork()
        self.networks.to(device)
        self.optimiser = torch.optim.Adam(
            self.networks.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99)
        )
        self.average = {k: v.detach().clone() for k, v in self.networks.state_dict().items()}
        self.step_number = 0
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
        self.average = {k: v.detach().clone() for k, v in self.networks.state_dict().items()}
        card = json.loads(card_path.read_text("utf-8"))
        self.began_with = card["networks"]["evidence"]["training"]

    def _evidence(self) -> EvidenceNetwork:
        network = self.networks["evidence"]
        assert isinstance(network, EvidenceNetwork)
        return network

    def averaged(self, kind: str) -> dict[str, Tensor]:
        """The averaged weights of one network."""
        return _part(self.average, f"{kind}.")

    def settings(self, kind: str) -> dict[str, Any]:
        """What a network's class is built with."""
        if kind == "evidence":
            return {"channels": self.recipe.channels, "halves": bool(self.recipe.halves)}
        return {}

    def history(self) -> dict[str, Any]:
        """What these weights come from, for the card."""
        return {
            "recipe": asdict(self.recipe),
            "steps_done": self.step_number,
            "corpus_sha256": hashlib.sha256(np.ascontiguousarray(self.clips).tobytes()).hexdigest(),
            "began_with": self.began_with,
        }

    def step(self) -> StepReport:
        """One update; everything random in it comes from the seed and the step's number alone."""
        recipe, number = self.recipe, self.step_number
        rng = np.random.default_rng([recipe.seed, 12, number])
        examples = [self._example(rng) for _ in range(recipe.batch)]
        for group in self.optimiser.param_groups:
            group["lr"] = _learning_rate(recipe, number)
        loss, learned = self.loss(examples)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.networks.parameters(), recipe.gradient_clip)
        self.optimiser.step()
        self._follow()
        self.step_number += 1
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

    def _follow(self) -> None:
        decay = min(self.recipe.average_decay, (self.step_number + 1) / (self.step_number + 10))
        with torch.no_grad():
            for name, value in self.networks.state_dict().items():
                self.average[name].lerp_(value, 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write the whole state; the file appears under its name only when whole."""
        tensors = {f"weight.{k}": v for k, v in self.networks.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{k}": torch.as_tensor(v) for k, v in state.items()}
        facts = {
            "format": STATE_FORMAT,
            "recipe": json.dumps(asdict(self.recipe), sort_keys=True),
            "step": str(self.step_number),
            "began_with": json.dumps(self.began_with),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(whole, unfinished, metadata=facts)
        unfinished.replace(path)

    def resume(self, path: Path) -> None:
        """Take up the state in `path`; raises TrainingRefused if it is of another recipe."""
        try:
            with safe_open(path, framework="pt") as file:
                facts = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise TrainingRefused(f"{path} cannot be read ({error}); delete it to start") from error
        if recipe_of(path) != self.recipe:
            raise TrainingRefused(
                f"{path} was made by another recipe: {facts.get('recipe')}. "
                "Give the same options, or another --folder."
            )
        self.networks.load_state_dict(_part(tensors, "weight."))
        self.average = {k: v.to(self.device) for k, v in _part(tensors, "average.").items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "adam.").items():
            index, _, kind = name.partition(".")
            moments.setdefault(int(index), {})[kind] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.step_number = int(facts["step"])
        self.began_with = json.loads(facts.get("began_with", "null"))


def recipe_of(path: Path) -> Recipe:
    """The recipe of a training state. Raises TrainingRefused."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = json.loads(file.metadata()["recipe"])
            return Recipe(**{**_FIRST_NETWORK, **stored})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingRefused(f"{path} cannot be read ({error}); train first (fit)") from error


def correlation(evidence: Tensor, chips: Tensor) -> Tensor:
    """z over the square root of the number of cells: 1 where every cell is right and equal."""
    norm = evidence.square().sum().sqrt() * math.sqrt(evidence.numel())
    return (evidence * chips).sum() / norm.clamp_min(1e-9)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _learning_rate(recipe: Recipe, step: int) -> float:
    """Warm up, then a cosine down to a fiftieth."""
    rise = min(1.0, (step + 1) / recipe.warmup_steps)
    fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / recipe.steps))
    return recipe.learning_rate * rise * (0.02 + 0.98 * fall)
