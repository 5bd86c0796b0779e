"""How strongly unmarked audio agrees with ids by chance: fitted to decoys, not assumed.

Per window and id, the best z over all alignments has P(z >= t) = trials * Q(t / spread), where Q
is the normal tail. `trials`, the number of alignments that count as independent, and `spread` are
fitted on windows of unmarked audio scored against ids that were never issued (`fit`). A file's
false-positive rate multiplies this by the windows and the ids that were searched (Bonferroni).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

CALIBRATION_PATH: Final = Path(__file__).with_name("calibration.json")
_CHECKED_LEVELS: Final = (3.0, 6.01, 0.5)
_TAIL: Final = 0.02  # the share of scores that the fit looks at
_ERFC_Z_MAX: Final = 35.0  # near 38 the complementary error function is 0 in double precision
FALSE_POSITIVES_PER_FILE: Final = 1e-9  # per file, over all ids and windows searched


class CalibrationMissing(Exception):
    """The calibration file is absent or malformed; run `python -m watermark calibrate`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path}: no usable calibration; run python -m watermark calibrate")


@dataclass(frozen=True)
class Check:
    """How a law fitted elsewhere did on audio that had no part in the fit."""

    audio: str  # in words
    seed: int
    windows: int
    decoys: int
    highest_z: float
    levels: tuple[tuple[float, float, float], ...]  # z, share of scores at it or more, expected


@dataclass(frozen=True)
class NullModel:
    """The law of chance agreement, with what it was fitted on."""

    trials: float
    spread: float
    scores: int  # window and id pairs scored
    windows: int
    decoys: int
    seed: int
    highest_z: float
    audio: str  # in words
    evidence: str = "classical"
    checks: tuple[Check, ...] = ()

    @classmethod
    def load(cls, path: Path = CALIBRATION_PATH) -> NullModel:
        """Read a committed calibration. Raises CalibrationMissing."""
        try:
            document = json.loads(path.read_text("utf-8"))
            checks = tuple(_check(item) for item in document.pop("checks", ()))
            return cls(**document, checks=checks)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise CalibrationMissing(path) from error

    def save(self, path: Path) -> None:
        """Write the calibration as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def false_positive_rate(self, z: float, *, windows: int, ids: int) -> float:
        """Chance that unmarked audio shows any of `ids` at `z` or more in any of `windows`."""
        log_rate = (
            math.log(max(windows * ids, 1)) + math.log(self.trials) + _log_tail(z / self.spread)
        )
        return float(math.exp(min(log_rate, 0.0)))

    def threshold_z(self, *, windows: int, ids: int) -> float:
        """The z whose false-positive rate is FALSE_POSITIVES_PER_FILE."""
        per_trial = math.log(FALSE_POSITIVES_PER_FILE / max(windows * ids, 1) / self.trials)
        return -self.spread * NormalDist().inv_cdf(math.exp(per_trial))


def _log_tail(z: float) -> float:
    """Logarithm of the chance that a normal variable is `z` or more."""
    if z < _ERFC_Z_MAX:
        return math.log(math.erfc(z / math.sqrt(2)) / 2)
    # Abramowitz and Stegun 26.2.12; what is left out is under 1e-7 of the chance
    series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6
    return -z * z / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log(series)


def check(
    law: NullModel, best_z: npt.NDArray[np.float64], *, decoys: int, seed: int, audio: str
) -> Check:
    """Hold the law against the best z of other windows and decoys; (window, decoy)."""
    sample = np.asarray(best_z, dtype=np.float64).ravel()
    levels = tuple(
        (
            float(z),
            float(np.mean(sample >= z)),
            law.false_positive_rate(float(z), windows=1, ids=1),
        )
        for z in np.arange(*_CHECKED_LEVELS)
    )
    return Check(audio, seed, len(best_z), decoys, float(sample.max()), levels)


def _check(item: dict[str, Any]) -> Check:
    levels = tuple((float(z), float(seen), float(law)) for z, seen, law in item.pop("levels"))
    return Check(**item, levels=levels)


def fit(
    best_z: npt.NDArray[np.float64],
    *,
    decoys: int,
    seed: int,
    audio: str,
    evidence: str = "classical",
) -> NullModel:
    """Fit the law to the upper tail of the best z of each window and decoy; (window, decoy).

    `spread` is the most likely one for the scores over the TAIL quantile (peaks over threshold,
    Davison and Smith 1990), never taken below 1, the value that theory gives; `trials` then makes
    the law meet the share of scores over that quantile.
    """
    from scipy import optimize, stats  # 70 MB that only fitting needs

    sample = np.asarray(best_z, dtype=np.float64).ravel()
    start = float(np.quantile(sample, 1 - _TAIL))
    tail = sample[sample >= start]

    def cost(spread: float) -> float:
        log_density = stats.norm.logpdf(tail / spread) - math.log(spread)
        return -float(np.mean(log_density) - stats.norm.logsf(start / spread))

    found = optimize.minimize_scalar(cost, bounds=(0.8, 2.0), method="bounded")
    spread = max(1.0, float(found.x))
    return NullModel(
        trials=len(tail) / sample.size / float(stats.norm.sf(start / spread)),
        spread=spread,
        scores=sample.size,
        windows=len(best_z),
        decoys=decoys,
        seed=seed,
        highest_z=float(sample.max()),
        audio=audio,
        evidence=evidence,
    )
