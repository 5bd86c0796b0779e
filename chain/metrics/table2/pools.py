"""Pools whose inequality comes from what was traced: the model behind the simulated equity rows.

A payee is owed for some items; each item is traced, and so paid for, with the arm's own
traceability; what is not traced waits in suspense and is nobody's. Nothing else differs between
arms, the rule that divides least of all. Uses are whole numbers, as the ledger counts them.
The model shows that traceability suffices for the rows, not that they came about so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PoolShape:
    """`payees` per pool, each owed a gamma of shape `entitlement_shape`, `mean_uses` on average,
    over `items` of symmetric Dirichlet weights of `concentration`."""

    payees: int
    entitlement_shape: float
    items: int
    concentration: float
    mean_uses: int = 100


# The shape whose nine means and nine SDs lie closest to the published ones together; and a larger
# pool of more even payees, for the comparison of rules.
REFERENCE_SHAPE: Final = PoolShape(15, 7.0, 6, 1.0)
WIDE_SHAPE: Final = PoolShape(18, 8.0, 8, 0.5)


@dataclass(frozen=True)
class Pools:
    """Uses by pool and payee: `owed` all of them, `traced` those that lead to the payee."""

    owed: Counts  # pools x payees
    traced: Counts  # pools x payees


def draw_pools(seed: int, shape: PoolShape, traceability: float, count: int) -> Pools:
    """Draw `count` pools in which something was traced. The same seed gives the same pools, and
    the same payees and items whatever the traceability. Raises ValueError for one not in (0, 1].
    """
    if not 0 < traceability <= 1:
        raise ValueError(f"traceability is a share above 0 and up to 1, not {traceability}")
    # Chance of its own for each part, so that one part's draws do not move another's.
    owing, weighing, tracing = (np.random.default_rng([seed, part]) for part in range(3))
    size = (count, shape.payees)
    owed = owing.gamma(shape.entitlement_shape, shape.mean_uses / shape.entitlement_shape, size)
    weights = weighing.dirichlet([shape.concentration] * shape.items, size)
    uses = np.rint(owed[..., None] * weights).astype(np.int64)  # pools x payees x items
    is_traced = tracing.random(uses.shape) < traceability
    traced = (uses * is_traced).sum(axis=2)
    some = traced.sum(axis=1) > 0
    return Pools(uses.sum(axis=2)[some], traced[some])
