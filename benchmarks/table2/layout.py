"""What is compared with what: shapes of pools, rules, tracings, and the points of a curve."""

from __future__ import annotations

from typing import Final

from benchmarks.table2.dividing import ROOT_RULE, floor_rule
from chain.ledger.sharing import Announcement
from chain.metrics.table2.pools import REFERENCE_SHAPE, WIDE_SHAPE

SHAPES: Final = {"reference": REFERENCE_SHAPE, "wide": WIDE_SHAPE}
RULES: Final[dict[str, Announcement | None]] = {
    "pro-rata": None,
    "floor .3": floor_rule(3_000),
    "floor .5": floor_rule(5_000),
    "sqrt per payee": ROOT_RULE,
}
TRACING: Final = (0.426, 0.513, 0.968, 0.99, 1.0)
# Shares of settled uses at which a curve is drawn.
CURVE: Final = tuple(i / 200 for i in range(1, 200))
