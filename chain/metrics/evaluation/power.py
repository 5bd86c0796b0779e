"""What effect on a community's monthly Gini would be seen at all: SIMULATED, before anything runs.

Each month each community's corrected Gini is measured on so many payees, drawn from a log-normal
law whose sigma wanders with the community (its own level, and month by month with memory). They
begin one after another in an order drawn by lot, a quarter of them never. The spread of the imputed
effect where there is none tells the smallest effect seen four times of five at 5 %: 2.80 spreads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from chain.metrics.evaluation.imputation import mean_effect
from chain.metrics.evaluation.panel import Panel

COMMUNITIES: Final = (12, 24, 48)
PAYEES: Final = (15, 50, 200)
_SPREADS: Final = float(ndtri(0.975) + ndtri(0.8))
_SIGMA: Final = 0.7
_SIGMA_SPREAD: Final = 0.1
_MEMORY: Final = 0.5


@dataclass(frozen=True)
class PowerRow:
    """The smallest change of a monthly Gini that is seen in 80 % of trials at 5 %."""

    communities: int
    payees: int
    months: int
    smallest_effect: float
    samples: int
    seed: int

    def to_plain(self) -> dict[str, Any]:
        return {"SIMULATED": True, **self.__dict__}


def power_table(months: int = 18, samples: int = 200, seed: int = 1) -> list[PowerRow]:
    """Rows for every number of communities and of payees in each.

    Raises ValueError for fewer than four months or twenty samples.
    """
    if months < 4 or samples < 20:
        raise ValueError("give 4 months or more and 20 samples or more")
    random = np.random.default_rng(seed)
    rows = []
    for communities in COMMUNITIES:
        for payees in PAYEES:
            effects = [
                _effect_of_nothing(random, communities, payees, months) for _ in range(samples)
            ]
            smallest = _SPREADS * float(np.std(effects, ddof=1))
            rows.append(PowerRow(communities, payees, months, smallest, samples, seed))
    return rows


def _effect_of_nothing(
    random: np.random.Generator, communities: int, payees: int, months: int
) -> float:
    shape = (communities, months)
    level = _SIGMA + _SIGMA_SPREAD * random.standard_normal((communities, 1))
    shocks = _SIGMA_SPREAD * random.standard_normal(shape)
    for month in range(1, months):
        shocks[:, month] += _MEMORY * shocks[:, month - 1]
    sigma = np.abs(level + shocks)[..., None]
    amounts = np.sort(np.exp(sigma * random.standard_normal((*shape, payees))), axis=-1)
    rank = 2 * np.arange(payees) - payees + 1
    ginis = (amounts @ rank) / ((payees - 1) * amounts.sum(-1))
    panel = Panel(
        tuple(map(str, range(communities))),
        tuple(map(str, range(months))),
        ginis,
        _steps(random, communities, months),
    )
    return mean_effect(panel, panel.starts, ginis)


def _steps(random: np.random.Generator, communities: int, months: int) -> NDArray[np.int64]:
    """Starts one after another from the third month on, a quarter never, in an order by lot."""
    begin = communities - communities // 4
    steps = np.full(communities, months)
    steps[:begin] = np.linspace(2, months - 1, begin).round()
    return random.permutation(steps).astype(np.int64)
