"""What training asks of the detector: every frame, and the mean over a clip."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F

from watermark.presence.layer import FRAME_SAMPLES

POOLED_GAIN = 4.0


def presence_loss(log_odds: Tensor, labels: Tensor) -> tuple[Tensor, float, float]:
    """Loss, share of right pooled decisions, and d′ of the pooled statistic.

    `log_odds` is (batch, frame), `labels` (batch, 1, time) with 1 where marked. Frames that are
    partly marked do not count. The first term asks every frame, the second the mean over a clip's
    marked and over its unmarked frames, which is what a decision uses.
    """
    share = F.avg_pool1d(labels, FRAME_SAMPLES).squeeze(1)[:, : log_odds.shape[1]]
    log_odds = log_odds[:, : share.shape[1]]
    losses, pooled = [], []
    for wanted, chosen in ((1.0, share > 0.95), (0.0, share < 0.05)):
        weight = chosen.float()
        count = weight.sum(dim=1)
        rows = count >= 8
        mean = (log_odds * weight).sum(dim=1)[rows] / count[rows]
        sign = 2.0 * wanted - 1.0
        frames = F.softplus(-sign * log_odds)[chosen].mean()
        losses.append(0.5 * frames + 0.5 * F.softplus(-sign * POOLED_GAIN * mean).mean())
        pooled.append(mean.detach())
    marked, unmarked = pooled
    right = 0.5 * float((marked > 0).float().mean()) + 0.5 * float((unmarked < 0).float().mean())
    spread = math.sqrt(0.5 * float(marked.var()) + 0.5 * float(unmarked.var())) + 1e-9
    return losses[0] + losses[1], right, float(marked.mean() - unmarked.mean()) / spread
