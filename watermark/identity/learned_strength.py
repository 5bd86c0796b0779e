"""Depths by a small convolutional network that was trained against the detector.

It sees each cell as the analytic rule does, and one thing the detector cannot: which way the cell
is to go and which way the host goes already. It multiplies the analytic wish, and may leave a part
of the cap unused; masking's cap is never exceeded and the file's level is found as ever, so
whatever the network answers, neither the noise-to-mask ratio nor the signal-to-noise ratio suffers.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from watermark.identity.cells import CELL_FRAMES, PAIR_FRAMES
from watermark.identity.masking import Masking, smoothed
from watermark.identity.strength import Strength, restlessness_db, strength

STRENGTH_MAPS: Final = 9
CHANNELS: Final = 16
_WISH_RANGE: Final = 3.0  # of the multiplier's logarithm: a twentieth to twenty times
_LOCAL_FRAMES: Final = 31
_CLIP: Final = 3.0


def strength_maps(hidden: Masking, direction: Tensor, first_frame: int) -> Tensor:
    """What the network sees; all (band, frame) -> (map, band, cell), whole pairs from frame 0.

    `direction` is +1 where a cell is raised; the span's first frame is the file's `first_frame`.
    Nothing here changes when the file is made louder.
    """
    level_db = _by_cell(10 * torch.log10(smoothed(hidden.energy, 7)), first_frame)
    local_db = _by_cell(10 * torch.log10(smoothed(hidden.energy, _LOCAL_FRAMES)), first_frame)
    restless_db = _by_cell(restlessness_db(hidden.energy), first_frame)
    way = _by_cell(direction, first_frame).sign()
    pairs = level_db.reshape(level_db.shape[0], -1, 2)
    apart_db = (pairs - pairs.flip(2)).reshape(level_db.shape)
    to_mask_db = 10 * torch.log10(hidden.threshold / smoothed(hidden.energy, 5))
    return torch.stack(
        (
            (local_db - local_db.amax(0)) / 20 + 1,
            (level_db - local_db) / 10,
            torch.log(_by_cell(hidden.cap_db, first_frame)),
            _by_cell(hidden.tonality, first_frame),
            torch.log(restless_db) - 1,
            (way * apart_db / restless_db).clamp(-_CLIP, _CLIP),
            way,
            (_by_cell(to_mask_db, first_frame) / 20).clamp(-_CLIP, _CLIP),
            local_db / 20,
        )
    )


class StrengthNetwork(nn.Module):
    """Without training it answers with the analytic depths, to within a fiftieth."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.seen = nn.Conv2d(STRENGTH_MAPS - 1, channels, (3, 5), padding=(1, 2))
        self.around = nn.Conv2d(channels, channels, (3, 3), padding=(1, 1))
        self.answer = nn.Conv2d(channels, 2, 1)
        self.louder = nn.Parameter(torch.zeros(()))  # added to the analytic energy exponent
        torch.nn.init.normal_(self.answer.weight, std=0.01)
        torch.nn.init.constant_(self.answer.bias, 0.0)  # type: ignore[arg-type]

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, map, band, cell) -> log of the wish's multiplier, share of the cap; without map.

        The last map is the only one that changes with loudness: it enters linearly, as a factor
        common to the file that the level takes out again.
        """
        silu = torch.nn.functional.silu
        inner = silu(self.around(silu(self.seen(maps[:, :-1]))))
        wish, share = self.answer(inner).unbind(1)
        tilt = self.louder * maps[:, -1] * (2 * math.log(10))
        return _WISH_RANGE * torch.tanh(wish / _WISH_RANGE) + tilt, torch.sigmoid(share + 4.0)


def learned_strength(
    network: StrengthNetwork, hidden: Masking, direction: Tensor, first_frame: int
) -> Strength:
    """The analytic strength, changed as the network says; arguments as of `strength_maps`."""
    analytic = strength(hidden)
    maps = strength_maps(hidden, direction, first_frame)
    wish, share = (answer[0] for answer in network(maps[None]))
    frames = direction.shape[1]
    return Strength(
        analytic.wish_db * torch.exp(_by_frame(wish, first_frame, frames)),
        analytic.cap_db * _by_frame(share, first_frame, frames),
        analytic.energy,
    )


def _by_cell(rows: Tensor, first_frame: int) -> Tensor:
    """Means over cells, pairs kept whole; (band, frame) -> (band, cell)."""
    before = first_frame % PAIR_FRAMES
    after = -(rows.shape[1] + before) % PAIR_FRAMES
    whole = torch.nn.functional.pad(rows[None], (before, after), mode="replicate")
    return torch.nn.functional.avg_pool1d(whole, CELL_FRAMES)[0]


def _by_frame(rows: Tensor, first_frame: int, frames: int) -> Tensor:
    """The reverse, with gentle steps."""
    before = first_frame % PAIR_FRAMES
    wide = rows.repeat_interleave(CELL_FRAMES, dim=1)[:, before : before + frames]
    return smoothed(wide, CELL_FRAMES - 1)
