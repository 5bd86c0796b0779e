"""Reading AudioSeal's 16-bit message where the stock detector cannot: shifted, or upside down.

The message is locked to the networks' 20 ms frame and to polarity: cutting a few samples off the
front, or inverting the signal, loses it. Both are undone by trying: 8 offsets of 40 samples, so
that the frames of some try lie within 20 samples of those it was written in, and both polarities.
The try whose bits are the most decided is reported.

Only official weights carry a message. It is shown, and never used for money: with 16 bits and 16
tries, one unmarked file in 4096 would match a given message, and so would an innocent's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from watermark.presence.networks import FRAME_SAMPLES

OFFSET_STEP: Final = 40  # samples; the message holds within about 20 of them
OFFSETS: Final = tuple(range(0, FRAME_SAMPLES, OFFSET_STEP))
POLARITIES: Final = (1, -1)
# (frame log-odds (frame,), message logits (bit, frame)) of samples (time,)
Hear = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class MessageReading:
    """What one try read. `soft_bits` are mean logits, above 0 for a one; their size is confidence.

    `offset_samples` is what was cut off the front, and `polarity` what the audio was multiplied by.
    """

    soft_bits: tuple[float, ...]
    offset_samples: int
    polarity: int
    log_odds: float  # of presence, mean over the frames read

    @property
    def bits(self) -> str:
        """Ones and zeros, the first bit first."""
        return "".join("1" if logit > 0 else "0" for logit in self.soft_bits)

    @property
    def decidedness(self) -> float:
        """Mean size of the soft bits: how far they are from a coin's."""
        return sum(abs(logit) for logit in self.soft_bits) / len(self.soft_bits)


def readings(samples: Tensor, hear: Hear) -> list[MessageReading]:
    """Every try on `samples` (time,), the most decided first.

    Frames count by the chance that they are marked, so that a marked stretch is not drowned by
    the rest. Audio shorter than two frames is tried at offset 0 alone.
    """
    tries = []
    for offset in OFFSETS if samples.shape[0] >= 2 * FRAME_SAMPLES else (0,):
        whole = (samples.shape[0] - offset) // FRAME_SAMPLES * FRAME_SAMPLES
        stretch = samples[offset : offset + whole] if whole else samples
        for polarity in POLARITIES:
            log_odds, logits = hear(polarity * stretch)
            weight = torch.sigmoid(log_odds)
            soft = (logits * weight).sum(dim=-1) / weight.sum().clamp_min(1e-12)
            tries.append(
                MessageReading(tuple(soft.tolist()), offset, polarity, float(log_odds.mean()))
            )
    return sorted(tries, key=lambda reading: -reading.decidedness)
