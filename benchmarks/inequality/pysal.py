"""PySAL's side: Gini and Theil as it computes them from floats; Jain, which it has not, in numpy.

Run by the Python of its own venv, which has none of our packages: `pysal.py AMOUNTS.npy`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from inequality.gini import Gini
from inequality.theil import Theil
from turns import take_turns


def main(file: str) -> None:
    whole = np.load(file)
    amounts = whole.astype(np.float64)
    with np.errstate(all="ignore"):
        of_integers = float(Gini(whole).g)
    del whole

    def run() -> dict[str, Any]:
        return {
            "gini": float(Gini(amounts).g),
            "theil": float(Theil(amounts).T),
            "jain": float(amounts.sum() ** 2 / (len(amounts) * (amounts @ amounts))),
        }

    take_turns(run, {"gini_of_integers": of_integers})


if __name__ == "__main__":
    main(sys.argv[1])
