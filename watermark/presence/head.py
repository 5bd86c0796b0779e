"""The detector's head, fused: from hidden frames to log-odds and message without the wide layers.

The stock head is a transposed convolution one frame wide and one frame long, to 32 channels at full
rate, and a 1x1 convolution to two logits and the message bits. Both are linear, so their product is
taken once, in double precision. Of it, the log-odds row is wanted per sample or averaged over each
frame, and the message rows only averaged over all samples, since the stock message is that mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from watermark.presence.networks import (
    FRAME_SAMPLES,
    AudioSealDetector,
    SEANetEncoderKeepDimension,
)


@dataclass(frozen=True)
class FusedHead:
    """Rows of the head's product: log-odds (channel, sample of a frame), message (bit, channel)."""

    odds_weight: Tensor
    odds_bias: Tensor
    message_weight: Tensor
    message_bias: Tensor

    @staticmethod
    def of(detector: AudioSealDetector) -> FusedHead:
        """Fuse the head of a detector."""
        encoder = cast(SEANetEncoderKeepDimension, detector.detector[0])
        last = cast(nn.Conv1d, detector.detector[1])
        spread = encoder.reverse_convolution
        assert spread.bias is not None and last.bias is not None
        rows = last.weight[:, :, 0].double()
        odds, message = rows[1] - rows[0], rows[2:]
        weight = spread.weight.double()
        bias = rows @ spread.bias.double() + last.bias.double()
        return FusedHead(
            torch.einsum("cok,o->ck", weight, odds).float(),
            (bias[1] - bias[0]).float(),
            torch.einsum("cok,bo->bc", weight, message).div(FRAME_SAMPLES).float(),
            bias[2:].float(),
        )

    def frame_log_odds(self, hidden: Tensor) -> Tensor:
        """Log-odds averaged over each frame; (batch, channel, frame) to (batch, frame)."""
        weight = self.odds_weight.mean(dim=-1)
        return torch.einsum("bcf,c->bf", hidden.float(), weight) + self.odds_bias

    def sample_log_odds(self, hidden: Tensor) -> Tensor:
        """Log-odds at full rate; (batch, channel, frame) to (batch, frame x FRAME_SAMPLES)."""
        each = torch.einsum("bcf,ck->bfk", hidden.float(), self.odds_weight) + self.odds_bias
        return each.flatten(1)

    def frame_message(self, hidden: Tensor) -> Tensor:
        """Message logits averaged over each frame; (batch, channel, frame) to (batch, bit, frame).

        Their mean over the frames is the logit whose sigmoid the stock detector gives, where the
        audio is a whole number of frames.
        """
        each = torch.einsum("bcf,ic->bif", hidden.float(), self.message_weight)
        return each + self.message_bias[:, None]


def frame_log_odds(detector: AudioSealDetector, seen: Tensor) -> Tensor:
    """Mean log-odds of every 20 ms frame, (batch, 1, time) to (batch, frame), in one pass."""
    hidden = cast(SEANetEncoderKeepDimension, detector.detector[0]).model(seen)
    return FusedHead.of(detector).frame_log_odds(hidden)
