"""Writes survival.json: Kaplan-Meier curves and interval-censored shares as lifelines has them.

    pip install lifelines==0.30.3 && python tests/vectors/make_survival.py

lifelines (Davidson-Pilon, MIT) is no part of this project: it is asked once, here. Its
estimate for touching closed intervals is recorded as a warning, beside the simulation's shares.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_times

HERE = Path(__file__).resolve().parent
SEED = 20_261_121
SHARES = {"1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "9/10": 0.9}
# lifelines' products miss an exact quarter or half by a rounding error.
TIE = 1e-12


def datasets() -> dict[str, tuple[list[int], list[bool]]]:
    rng = np.random.default_rng(SEED)
    exponential = rng.exponential(1000, 200).astype(int)
    cut = rng.integers(1, 2500, 200)
    tied = rng.integers(1, 12, 300)
    tied_cut = rng.integers(1, 15, 300)
    lognormal = rng.lognormal(10, 1.0, 1000).astype(int)
    never = rng.random(1000) < 0.1
    return {
        "by hand (Kaplan and Meier's way, five waits)": ([6, 6, 10, 13, 16], [1, 0, 1, 1, 0]),
        "exponential waits, random censoring": (
            [int(x) for x in np.minimum(exponential, cut)],
            [bool(x) for x in exponential <= cut],
        ),
        "many ties": (
            [int(x) for x in np.minimum(tied, tied_cut)],
            [bool(x) for x in tied <= tied_cut],
        ),
        "a tenth never arrives": (
            [
                90_000 if gone else min(int(x), 90_000)
                for x, gone in zip(lognormal, never, strict=True)
            ],
            [bool(not gone and x <= 90_000) for x, gone in zip(lognormal, never, strict=True)],
        ),
        "nothing is censored": ([int(x) for x in lognormal[:101]], [True] * 101),
        "nothing has arrived": ([5, 9, 11], [False] * 3),
    }  # type: ignore[return-value]


def finite(value: float) -> int | None:
    return int(value) if math.isfinite(value) else None


def curve(waits: list[int], arrived: list[bool]) -> dict[str, Any]:
    fitted = KaplanMeierFitter().fit(waits, arrived)
    band = fitted.confidence_interval_
    times = sorted({w for w, a in zip(waits, arrived, strict=True) if a})
    table = fitted.event_table
    percentiles: dict[str, Any] = {}
    for name, share in SHARES.items():
        ends = qth_survival_times(1 - share, band)
        low, high = (float(np.asarray(ends[column]).ravel()[0]) for column in band.columns)
        percentiles[name] = {
            "seconds": finite(float(fitted.percentile(1 - share + TIE))),
            "interval": [finite(min(low, high)), finite(max(low, high))],
        }
    return {
        "waits": waits,
        "arrived": [bool(a) for a in arrived],
        "steps": [
            [
                t,
                int(table.at_risk[t]),
                int(table.observed[t]),
                float(fitted.survival_function_.iloc[:, 0][t]),
                *(float(x) for x in band.loc[t]),
            ]
            for t in times
        ],
        "percentiles": percentiles,
    }


def batches() -> dict[str, Any]:
    """Waits seen by a nightly run only: the truth, the closed reading, and the half-open one."""
    rng = np.random.default_rng(SEED)
    waits = rng.weibull(1.6, 5_000) * 2.3
    nights = np.ceil(waits).astype(int)
    truth = {str(day): float((waits > day).mean()) for day in range(1, 6)}
    read: dict[str, dict[str, list[float]]] = {}
    for name, gap in (("closed, touching", 0.0), ("half-open", 1e-6)):
        fitted = KaplanMeierFitter().fit_interval_censoring(nights - 1 + gap, nights)
        shown = fitted.survival_function_
        read[name] = {
            str(day): sorted(float(x) for x in shown[shown.index <= day + 1e-9].iloc[-1])
            for day in range(1, 6)
        }
    return {"nights": [int(n) for n in nights], "truth": truth, "lifelines": read}


def main() -> None:
    vectors = {
        "madeBy": "tests/vectors/make_survival.py",
        "oracle": "lifelines 0.30.3",
        "seed": SEED,
        "curves": {name: curve(*data) for name, data in datasets().items()},
        "batches": batches(),
    }
    path = HERE / "survival.json"
    path.write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
    print(f"{path.name}: {len(vectors['curves'])} curves")  # noqa: T201 (a command)


if __name__ == "__main__":
    main()
