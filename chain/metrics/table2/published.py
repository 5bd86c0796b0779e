"""The value-chain rows of a published Table 2, as printed: what a simulation is compared with.

Source: X. Yu, Generative AI-Driven Optimization of Digital Value Chains for Intangible Heritage
Music, section 4.2, Table 2 ("mean ± SD unless noted"). The paper says neither how many payees a
pool has nor from where to where a settlement runs, and gives no failures beside its rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Arm(StrEnum):
    """The three columns."""

    ARCHIVE = "archive/manual"
    """Archives and collecting societies, by hand."""
    UNCONDITIONED = "unconditioned AI"
    """A generator without cultural conditions, paid for as today."""
    OURS = "smart contracts"
    """The paper's own framework."""


@dataclass(frozen=True)
class Spread:
    """A mean and the standard deviation beside it."""

    mean: float
    sd: float


@dataclass(frozen=True)
class PublishedArm:
    """One column. Settlement times in days, at the quantiles `QUANTILES`."""

    jain: Spread
    theil: Spread
    gini: Spread
    settlement_days: tuple[float, float, float, float]
    traceability: float
    failure_rate: float | None = None

    def equity(self) -> dict[str, Spread]:
        """The three equity rows by the name of their metric."""
        return {"jain": self.jain, "theil": self.theil, "gini": self.gini}


EQUITY: Final = ("jain", "theil", "gini")
QUANTILES: Final = (0.25, 0.5, 0.75, 0.9)
PUBLISHED: Final[Mapping[Arm, PublishedArm]] = MappingProxyType(
    {
        Arm.ARCHIVE: PublishedArm(
            Spread(0.63, 0.09),
            Spread(0.218, 0.074),
            Spread(0.41, 0.07),
            (16.4, 23.7, 31.2, 57.3),
            0.426,
        ),
        Arm.UNCONDITIONED: PublishedArm(
            Spread(0.66, 0.08),
            Spread(0.201, 0.068),
            Spread(0.39, 0.06),
            (13.9, 19.8, 27.5, 44.1),
            0.513,
        ),
        Arm.OURS: PublishedArm(
            Spread(0.89, 0.04),
            Spread(0.071, 0.026),
            Spread(0.19, 0.05),
            (1.46, 1.92, 2.53, 4.8),
            0.968,
            0.0038,
        ),
    }
)
