"""One training run's state: networks, optimiser, averaged weights, and the file that keeps them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from watermark.train.pool import Clips
from watermark.train.recipe import Schedule

STATE_FORMAT = "1"
Recipe = TypeVar("Recipe", bound=Schedule)


class TrainingRefused(Exception):
    """Training cannot go on from what it was given; the message has the next step."""


def device_named(name: str) -> torch.device:
    """`auto` is the GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class TrainingState(Generic[Recipe]):
    """What a run has come to. A trainer adds its losses, and perhaps facts of its own to keep."""

    last_rate: ClassVar[float]  # the last step's share of the highest learning rate

    def __init__(
        self,
        recipe: Recipe,
        clips: Clips,
        networks: nn.ModuleDict,
        device: torch.device,
    ) -> None:
        self.recipe, self.clips, self.device = recipe, clips, device
        self.networks = networks.to(device)
        self.optimiser = torch.optim.Adam(
            self.networks.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99)
        )
        self.step_number = 0
        self.average: dict[str, Tensor] = {}
        self.restart_average()

    def restart_average(self) -> None:
        """The networks were given other weights: the average begins with them."""
        self.average = {k: v.detach().clone() for k, v in self.networks.state_dict().items()}

    def averaged(self, network: str) -> dict[str, Tensor]:
        """The averaged weights of one network."""
        return _part(self.average, f"{network}.")

    def history(self) -> dict[str, Any]:
        """What these weights come from, for the card."""
        return {
            "recipe": asdict(self.recipe),
            "steps_done": self.step_number,
            "corpus_sha256": hashlib.sha256(np.ascontiguousarray(self.clips).tobytes()).hexdigest(),
        }

    def learn(self, loss: Tensor) -> None:
        """Do one step down the gradient of a loss; the averaged weights follow."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate(self.step_number, self.last_rate)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.networks.parameters(), self.recipe.gradient_clip)
        self.optimiser.step()
        decay = min(self.recipe.average_decay, (self.step_number + 1) / (self.step_number + 10))
        with torch.no_grad():
            for name, value in self.networks.state_dict().items():
                self.average[name].lerp_(value, 1.0 - decay)
        self.step_number += 1

    def facts(self) -> dict[str, str]:
        """What a trainer has to remember beside the weights."""
        return {}

    def take_up(self, facts: dict[str, str]) -> None:
        """Remember what `facts` told."""

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
            **self.facts(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(whole, unfinished, metadata=facts)
        unfinished.replace(path)

    def resume(self, path: Path) -> None:
        """Take up the state in `path`; raises TrainingRefused if it is of another recipe."""
        recipe = recipe_of(path, type(self.recipe))
        if recipe != self.recipe:
            raise TrainingRefused(
                f"{path} was made by another recipe: {recipe}. "
                "Give the same options, or another --folder."
            )
        with safe_open(path, framework="pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
        self.networks.load_state_dict(_part(tensors, "weight."))
        self.average = {k: v.to(self.device) for k, v in _part(tensors, "average.").items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "adam.").items():
            index, _, kind = name.partition(".")
            moments.setdefault(int(index), {})[kind] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.step_number = int(facts["step"])
        self.take_up(facts)


def recipe_of(path: Path, kind: type[Recipe]) -> Recipe:
    """The recipe of a training state. Raises TrainingRefused."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = json.loads(file.metadata()["recipe"])
        stored = {**kind.BEFORE_IT_SAID, **stored}
        if missing := {field.name for field in fields(kind)} - set(stored):
            raise ValueError(f"its recipe lacks {', '.join(sorted(missing))}")
        return kind(**stored)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingRefused(
            f"{path} cannot be read ({error}); delete it if it is there, and train first (fit)"
        ) from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
