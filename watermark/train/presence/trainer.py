"""The training loop: one step, its losses, its adaptive loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from watermark.presence.checkpoints import build
from watermark.presence.layer import FRAME_SAMPLES, fixed_message, frame_log_odds
from watermark.presence.shaping import levelled, shaped
from watermark.train.pool import Clips
from watermark.train.presence.corpus import draw
from watermark.train.presence.effects import attacked
from watermark.train.presence.loss import presence_loss
from watermark.train.presence.recipe import DECODER, NBITS, SEANET, Recipe
from watermark.train.state import TrainingState

ELU_GAIN = 1.25  # keeps the variance of a unit normal through an ELU, so depth does not fade it
RAMP_SAMPLES = 160


@dataclass(frozen=True)
class StepReport:
    """What one step did: losses, and the share of right decisions under attack."""

    step: int
    loss: float
    accuracy: float
    accuracy_mean: float
    separation: float
    snr_db: float


class Trainer(TrainingState[Recipe]):
    """One training run of generator and detector, and the loudness it has come down to."""

    last_rate = 0.05

    def __init__(self, recipe: Recipe, clips: Clips, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        generator, detector = build(SEANET, DECODER, NBITS)
        self.generator, self.detector = generator, detector
        networks = nn.ModuleDict({"generator": generator, "detector": detector})
        _keep_gain(networks, torch.Generator().manual_seed(recipe.seed))
        super().__init__(recipe, clips, networks, device)
        self.snr_db = recipe.snr_start_db
        self.accuracy_mean = 0.5

    def step(self) -> StepReport:
        """One update; everything random in it comes from the seed and the step's number alone."""
        recipe, number = self.recipe, self.step_number
        rng = np.random.default_rng([recipe.seed, 2, number])
        samples = recipe.heard_samples + recipe.spare_samples
        hosts = torch.from_numpy(
            draw(
                self.clips,
                rng,
                count=recipe.batch_pairs,
                samples=samples,
                speed_spread=recipe.host_speed_spread,
            )
        ).to(self.device)
        log_odds, labels = self._heard(hosts, rng)
        loss, accuracy, separation = presence_loss(log_odds, labels)
        self.learn(loss)
        self._follow(accuracy)
        return StepReport(
            step=number,
            loss=float(loss.detach()),
            accuracy=accuracy,
            accuracy_mean=self.accuracy_mean,
            separation=separation,
            snr_db=self.snr_db,
        )

    def _heard(self, hosts: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Mark hosts, let things befall marked and unmarked, ask the detector."""
        message = fixed_message(self.generator, hosts.shape[0])
        seen = levelled(hosts)
        with self._precision():
            raw = self.generator.get_watermark(seen, message=message)
        spread = self.recipe.snr_spread_db
        offsets = rng.uniform(-spread, spread, (hosts.shape[0], 1, 1)).astype(np.float32)
        snr_db = torch.from_numpy(self.snr_db + offsets).to(self.device)
        mask = torch.from_numpy(_masks(rng, hosts.shape[0], hosts.shape[-1])).to(self.device)
        marked = hosts + mask * shaped(raw.float(), hosts, snr_db)
        strength = min(1.0, self.step_number / self.recipe.effects_full_step)
        pairs, labels = attacked(
            torch.cat([marked, hosts]),
            torch.cat([mask, torch.zeros_like(mask)]),
            rng,
            strength=strength,
            codec=self.step_number >= self.recipe.codec_from_step,
            heard=self.recipe.heard_samples,
        )
        seen = levelled(pairs)
        with self._precision():
            return frame_log_odds(self.detector, seen), labels

    def _precision(self) -> torch.autocast:
        """Half precision for the networks alone: shaping and effects work 30 dB under the host."""
        half = self.step_number < self.recipe.half_precision_until_step
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def _follow(self, accuracy: float) -> None:
        """The mark's loudness: quieter while it is heard, louder when it is lost."""
        recipe = self.recipe
        self.accuracy_mean += 0.02 * (accuracy - self.accuracy_mean)
        if self.accuracy_mean > recipe.raise_above:
            self.snr_db = min(recipe.snr_ceiling_db, self.snr_db + recipe.snr_step_db)
        elif self.accuracy_mean < recipe.lower_below:
            self.snr_db = max(recipe.snr_floor_db, self.snr_db - recipe.snr_step_db)

    def facts(self) -> dict[str, str]:
        return {"snr_db": repr(self.snr_db), "accuracy_mean": repr(self.accuracy_mean)}

    def take_up(self, facts: dict[str, str]) -> None:
        self.snr_db = float(facts["snr_db"])
        self.accuracy_mean = float(facts["accuracy_mean"])

    def begin_from(self, generator: nn.Module, detector: nn.Module) -> None:
        """Start with finished weights instead of random ones; the level is still the recipe's."""
        self.generator.load_state_dict(generator.state_dict())
        self.detector.load_state_dict(detector.state_dict())
        self.restart_average()
        self.accuracy_mean = 0.5 * (self.recipe.lower_below + self.recipe.raise_above)


def _keep_gain(networks: nn.Module, generator: torch.Generator) -> None:
    """Initialise so that signals keep their size in depth; PyTorch's default fades them."""
    for module in networks.modules():
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            fan_in = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose1d):
                overlap = module.kernel_size[0] / module.stride[0]
                fan_in = int(module.in_channels * overlap)
            with torch.no_grad():
                module.weight.normal_(0.0, ELU_GAIN / math.sqrt(fan_in), generator=generator)
                if module.kernel_size[0] == module.stride[0] == FRAME_SAMPLES:
                    # one value per frame: the loss sees frame means alone, so this stays so
                    module.weight.copy_(module.weight[..., :1].expand_as(module.weight))
                if module.bias is not None:
                    module.bias.zero_()


def _masks(rng: np.random.Generator, count: int, samples: int) -> NDArray[np.float32]:
    """Where each host is marked (count, 1, samples): all of it, a stretch, or all but a stretch."""
    masks = np.ones((count, 1, samples), dtype=np.float32)
    ramp = np.hanning(2 * RAMP_SAMPLES + 1).astype(np.float32)
    for row in range(count):
        if rng.random() < 0.6:
            continue
        length = int(rng.uniform(0.25, 0.7) * samples)
        start = int(rng.integers(0, samples - length + 1))
        stretch = np.zeros(samples, dtype=np.float32)
        stretch[start : start + length] = 1.0
        if rng.random() < 0.5:
            stretch = 1.0 - stretch
        masks[row, 0] = np.convolve(stretch, ramp / ramp.sum(), "same")
        if stretch[0] == 1.0:
            masks[row, 0, :RAMP_SAMPLES] = 1.0
        if stretch[-1] == 1.0:
            masks[row, 0, -RAMP_SAMPLES:] = 1.0
    return masks
