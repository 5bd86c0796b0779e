"""Informed embedding: the generator's mark, improved for this host against the detector itself.

The generator answers once, without knowing how well the detector will hear its answer in this host.
A few steps of gradient ascent on the mark's waveform, through the same shaping, find a mark that is
heard better at the same level. Every other step listens through noise and at another frame offset,
so that what is gained is not lost to the first change of the file.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from watermark.presence.head import frame_log_odds
from watermark.presence.networks import FRAME_SAMPLES, AudioSealDetector
from watermark.presence.shaping import envelope, levelled, shaped

_STEP: Final = 1.0  # of a waveform whose envelope is one
_ENOUGH: Final = 2.0  # log-odds at which a frame is left in peace
_NOISE_BELOW_DB: Final = 24.0
_REMEMBERED: Final = 64  # pieces of half a megabyte


class Refiner:
    """Refines marks, and remembers the last ones: a file is read twice when it is marked."""

    def __init__(self, detector: AudioSealDetector, steps: int) -> None:
        self._detector, self._steps = detector, steps
        self._known: OrderedDict[bytes, Tensor] = OrderedDict()

    def __call__(self, raw: Tensor, host: Tensor, snr_db: float) -> Tensor:
        """`raw`, heard better in `host` once it is shaped; all (1, 1, time)."""
        if not self._steps:
            return raw
        facts = f"{snr_db} {host.device}".encode()
        key = hashlib.sha256(host.cpu().numpy().tobytes() + facts).digest()
        if key in self._known:
            self._known.move_to_end(key)
        else:
            self._known[key] = refined(raw, host, snr_db, self._detector, self._steps).half()
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key].float()


def refined(
    raw: Tensor, host: Tensor, snr_db: float, detector: AudioSealDetector, steps: int
) -> Tensor:
    """`raw`, heard better in `host` once it is shaped; all (1, 1, time). The same every time."""
    with torch.inference_mode(False), torch.enable_grad():
        host = host.clone()
        wave = (raw / (envelope(raw) + 1e-5)).clone().requires_grad_(True)
        optimiser = torch.optim.Adam([wave], lr=_STEP, betas=(0.7, 0.9))
        chance = torch.Generator().manual_seed(0)
        loudness = host.square().mean().sqrt() * 10.0 ** (-_NOISE_BELOW_DB / 20.0)
        for step in range(steps):
            heard = host + shaped(wave, host, snr_db)
            if step % 2:
                noise = torch.randn(host.shape, generator=chance).to(host)
                offset = int(torch.randint(0, FRAME_SAMPLES, (1,), generator=chance))
                heard = (heard + loudness * noise)[..., min(offset, host.shape[-1] - 1) :]
            missing = F.softplus(_ENOUGH - frame_log_odds(detector, levelled(heard))).mean()
            (wave.grad,) = torch.autograd.grad(missing, [wave])
            optimiser.step()
    return wave.detach()
