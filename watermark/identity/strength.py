"""How deep each cell is marked when a whole file may only be changed so much.

A chip speaks to the detector in proportion to depth over the host's own restlessness there, and
costs signal-to-noise ratio in proportion to depth squared times the energy of its cell. The depths
that say most for the cost go as 1 / (restlessness x energy): water fills the quiet cells first, up
to what masking hides, and loud cells get what is left. One level, the same for the whole file,
sets how much that is; `Allowance` finds it from one reading of the file in constant memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from watermark.identity.masking import Masking, smoothed

_ENERGY_EXPONENT: Final = 0.6  # 1 is best for clean copies, less spares quiet cells, noise's prey
_RESTLESS_EXPONENT: Final = 0.5
STRENGTH_REACH_FRAMES: Final = 48  # a wish depends on no frame further away than this
_ENERGY_FRAMES: Final = 31
_RESTLESS_FRAMES: Final = 79
_CELL_FRAMES: Final = 8
_RESTLESS_FLOOR_DB: Final = 0.3
_RELATIVE_PER_DB: Final = math.log(10) / 20  # change of amplitude, small depths
_DECADES: Final = (-16.0, 16.0)
_STEPS_PER_DECADE: Final = 20
_STEPS: Final = round((_DECADES[1] - _DECADES[0]) * _STEPS_PER_DECADE)


@dataclass(frozen=True)
class Strength:
    """What each cell asks for and what it may have at most; all (band, frame)."""

    wish_db: Tensor  # depth at level 1
    cap_db: Tensor
    energy: Tensor

    def depth_db(self, level: float) -> Tensor:
        """Depths at a level; an infinite one gives every cell its cap."""
        if math.isinf(level):
            return self.cap_db
        return torch.minimum(self.cap_db, self.wish_db * level)


def strength(hidden: Masking) -> Strength:
    """The analytic wish: deep where the host is quiet and calm; see the module."""
    energy = smoothed(hidden.energy, _ENERGY_FRAMES)
    wish_db = energy**-_ENERGY_EXPONENT * restlessness_db(hidden.energy) ** -_RESTLESS_EXPONENT
    return Strength(wish_db, hidden.cap_db, hidden.energy)


def restlessness_db(energy: Tensor) -> Tensor:
    """Typical step of the host's level from cell to cell; (band, frame)."""
    level_db = 10 * torch.log10(smoothed(energy, _CELL_FRAMES - 1))
    half = _CELL_FRAMES // 2
    step_db = (level_db[:, _CELL_FRAMES:] - level_db[:, :-_CELL_FRAMES]).abs()
    step_db = torch.nn.functional.pad(step_db[None], (half, half), mode="replicate")[0]
    return smoothed(step_db, _RESTLESS_FRAMES) + _RESTLESS_FLOOR_DB


class Allowance:
    """Gathers what every level would cost, file-wide, then tells the level for a given cost.

    A cell reaches its cap at the level cap / wish. Two sums per twentieth of a decade of that
    ratio are all that is kept: the cost of cells at their cap, and of cells still below it.
    Neighbouring bands overlap and partly cancel, so the sums are corrected by what a change at
    about the right level was seen to cost.
    """

    def __init__(self, snr_db: float) -> None:
        self.snr_db = snr_db  # about what the level will be asked for
        self.host = 0.0  # energy of the host, sum over samples
        self._capped = torch.zeros(_STEPS, dtype=torch.float64)
        self._below = torch.zeros(_STEPS, dtype=torch.float64)
        self._expected = 0.0
        self._seen = 0.0

    def add(self, cells: Strength, direction: Tensor, host: float) -> None:
        """Count these cells; `direction` (band, frame) is between -1 and 1 as they are written."""
        ratio = torch.log10(cells.cap_db.clamp_min(1e-9)) - torch.log10(cells.wish_db)
        step = ((ratio - _DECADES[0]) * _STEPS_PER_DECADE).long().clamp(0, _STEPS - 1).flatten()
        relative = torch.pow(10.0, direction * cells.cap_db / 20) - 1
        small = _RELATIVE_PER_DB * direction * cells.wish_db
        for sums, change in ((self._capped, relative), (self._below, small)):
            cost = (change.square() * cells.energy).double().flatten()
            sums.scatter_add_(0, step, cost)
        self.host += host

    def compare(self, expected: float, seen: float) -> None:
        """Note what a change should have cost by the sums, and what it did."""
        self._expected += expected
        self._seen += seen

    def level(self, energy: float | None = None) -> float:
        """The level at which the change has this energy (by default what `snr_db` leaves).

        Infinite when all caps together cost less.
        """
        if energy is None:
            energy = self.host * 10 ** (-self.snr_db / 10)
        if self._seen > 0:
            energy *= self._expected / self._seen
        levels = 10 ** (_DECADES[0] + (torch.arange(_STEPS + 1) / _STEPS_PER_DECADE).double())
        at_cap = torch.cat((torch.zeros(1).double(), self._capped.cumsum(0)))
        still = torch.cat((self._below.flip(0).cumsum(0).flip(0), torch.zeros(1).double()))
        if float(at_cap[-1]) <= energy:
            return math.inf
        costs = at_cap + levels.square() * still
        step = max(int(torch.searchsorted(costs, energy)) - 1, 0)
        return math.sqrt(max(energy - float(at_cap[step]), 0.0) / max(float(still[step]), 1e-300))
