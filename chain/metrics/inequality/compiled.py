"""The compiled pass over sorted amounts; `python -m chain.metrics.inequality` builds it."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

from chain.columns.native import CompiledLibrary

_POINTER: Final = ctypes.c_void_p

PAID_SUMS: Final = CompiledLibrary(
    "chain.metrics.inequality",
    (Path(__file__).with_name("paid_sums.c"),),
    {
        "antiphon_paid_sums": (
            None,
            [_POINTER, ctypes.c_size_t, ctypes.c_double, _POINTER, _POINTER],
        )
    },
)
