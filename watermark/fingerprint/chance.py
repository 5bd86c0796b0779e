"""How often unrelated recordings agree as well: a law fitted to pairs that have nothing in common.

The best strength over all places of one comparison has P(S >= s) = places * level * exp(-slope *
s): the tail of a greatest value (Gumbel). `level` and `slope` are fitted to the upper tail of
synthesised pairs (peaks over threshold); what it promises is then counted on other pairs.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from watermark.fingerprint.agreement import Agreement

CHANCE_PATH: Final = Path(__file__).with_name("chance.json")
FALSE_AGREEMENTS_MAX: Final = 1e-6  # per comparison of one file with one registered recording
_TAIL: Final = 0.02  # the share of strengths that the fit looks at


class ChanceUnknown(Exception):
    """The law's file is absent or malformed; run `python -m watermark.fingerprint calibrate`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: no usable law of chance agreement; run "
            "python -m watermark.fingerprint calibrate"
        )


@dataclass(frozen=True)
class ChanceLaw:
    """The law, with what it was fitted on."""

    level: float
    slope: float
    pairs: int
    recordings: int
    seed: int
    highest_strength: float
    audio: str  # in words

    @classmethod
    def load(cls, path: Path = CHANCE_PATH) -> ChanceLaw:
        """Read a committed law. Raises ChanceUnknown."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ChanceUnknown(path) from error

    def save(self, path: Path) -> None:
        """Write the law as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def rate(self, strength: float, places: int) -> float:
        """Chance that an unrelated recording agrees at `strength` or more at one of `places`."""
        return math.exp(min(0.0, math.log(places * self.level) - self.slope * strength))

    def is_same_recording(self, best: Agreement) -> bool:
        """Whether chance explains the agreement less than once in 10^6 comparisons."""
        return self.rate(best.strength, best.places) <= FALSE_AGREEMENTS_MAX


def fit(
    strengths: npt.NDArray[np.float64],
    places: npt.NDArray[np.float64],
    *,
    recordings: int,
    seed: int,
    audio: str,
) -> ChanceLaw:
    """Fit the law to the best strength of each unrelated pair; both arrays (pair,).

    The slope is the most likely one for the strengths over the TAIL quantile, never taken over 1,
    the value that theory gives a likelihood ratio.
    """
    start = float(np.quantile(strengths, 1 - _TAIL))
    tail = strengths[strengths >= start]
    slope = min(1.0, 1.0 / max(float(np.mean(tail - start)), 1e-6))
    level = len(tail) / strengths.size * math.exp(slope * start) / float(places.mean())
    return ChanceLaw(level, slope, strengths.size, recordings, seed, float(strengths.max()), audio)
