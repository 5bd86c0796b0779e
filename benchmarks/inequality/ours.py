"""Our side: every measure, from whole numbers.

python -m benchmarks.inequality.ours AMOUNTS.npy compiled|numpy
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from benchmarks.inequality.turns import take_turns
from chain.metrics.inequality import column, measure


def main(file: str, way: str) -> None:
    amounts = np.load(file)
    if way == "numpy":
        column.best = lambda: column.BY_LIMBS
    elif column.best() is column.BY_LIMBS:
        raise SystemExit("the compiled pass is not built. Next: make setup")

    def run() -> dict[str, Any]:
        found = measure(amounts)
        assert found.gini is not None and found.jain is not None and found.theil is not None
        return {
            "gini": float(found.gini),
            "gini_exact": str(found.gini),
            "jain": float(found.jain),
            "theil": found.theil.value,
            "theil_error": found.theil.error,
        }

    take_turns(run, {})


if __name__ == "__main__":
    main(*sys.argv[1:])
