"""What communities earned under the listener-centric rule, told without telling on a listener.

Each listener's own fee goes to what it heard, so a listener more or less changes all totals
together by at most its fee: that is the L1 sensitivity, and discrete Laplace noise of scale
fee / epsilon on whole units makes the release epsilon-differentially private for one listener of
one period (pure, add or remove). It holds for these totals alone. What other rules make of them
depends on everybody, and SCALED's contributions do, so neither can be given here. Where exact
amounts or play counts of the same period are public a release protects nobody, and is refused.
Noise is OpenDP's (the extra `dp`): exact on integers, without the leaks of floats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.ledger.identifiers import Digest
from chain.ledger.sharing.listening import Listener, ListenerMode, divide_part
from chain.metrics.errors import ReleaseRefused

_UNITS_MAX: Final = 2**62


@dataclass(frozen=True)
class Release:
    """Noisy totals by community in base units, below zero ones included: clamping would bias sums.

    95 % of totals lie within `half_width` of the truth. `epsilon` is spent by every release, and
    the year's releases add up.
    """

    totals: dict[int, int]
    epsilon: float
    fee_max: int
    scale: float
    half_width: float

    @property
    def unit(self) -> str:
        """Whom it protects."""
        return "one listener of one period, there or not"


def release_totals(
    listeners: Sequence[Listener],
    communities: Sequence[int],
    mode: ListenerMode,
    epoch_hash: Digest,
    *,
    fee_max: int,
    epsilon: float,
    amounts_are_public: bool,
) -> Release:
    """Totals of each listener's own fee by what it heard, with noise.

    `communities` is the public list of all ids, heard or not, since being in the list at all would
    tell; `fee_max` is the largest fee that is sold, in base units, a public number too. Raises
    ReleaseRefused for every case in which the protection would be void, or OpenDP is not installed.
    """
    _check(listeners, communities, mode, fee_max, epsilon, amounts_are_public)
    exact = dict.fromkeys(sorted(communities), 0)
    for listener in listeners:
        if listener.volume:
            for heard, amount in divide_part(listener.fee, listener, mode, epoch_hash).items():
                exact[heard] += amount
    if any(total > _UNITS_MAX for total in exact.values()):
        raise ReleaseRefused("a total has more than 62 bits: count in larger units")
    # A little more noise than asked, so that rounding never makes epsilon larger.
    scale = fee_max / epsilon * (1 + 1e-9)
    noisy = _with_noise(list(exact.values()), fee_max, scale, epsilon)
    return Release(
        totals=dict(zip(exact, noisy, strict=True)),
        epsilon=epsilon,
        fee_max=fee_max,
        scale=scale,
        half_width=scale * math.log(20),
    )


def _check(
    listeners: Sequence[Listener],
    communities: Sequence[int],
    mode: ListenerMode,
    fee_max: int,
    epsilon: float,
    amounts_are_public: bool,
) -> None:
    if amounts_are_public:
        raise ReleaseRefused(
            "exact amounts or play counts of this period are public, so noise would protect nobody"
        )
    if mode is ListenerMode.SCALED:
        raise ReleaseRefused("under the scaled rule one listener changes what all others give")
    if not (0 < epsilon <= 10 and 0 < fee_max <= _UNITS_MAX):
        raise ReleaseRefused("give an epsilon above 0 and up to 10, and the largest fee")
    if len(set(communities)) != len(communities) or not communities:
        raise ReleaseRefused("the public list of communities is empty, or names one twice")
    if len({listener.name for listener in listeners}) != len(listeners):
        raise ReleaseRefused("a listener is there twice, and would be protected half as well")
    known = set(communities)
    for listener in listeners:
        if listener.fee > fee_max:
            raise ReleaseRefused(f"a fee is above the largest that is sold, {fee_max}")
        if not known.issuperset(listener.plays):
            raise ReleaseRefused("a listener heard what is not in the public list of communities")


def _with_noise(totals: list[int], fee_max: int, scale: float, epsilon: float) -> list[int]:
    try:
        import opendp.prelude as dp
    except ImportError:
        raise ReleaseRefused(
            "OpenDP is not installed, and nothing else here draws such noise. "
            'Next: pip install "antiphon[dp]"'
        ) from None
    dp.enable_features("contrib")
    domain: Any = dp.vector_domain(dp.atom_domain(T="i64"))
    measurement: Any = dp.m.make_laplace(domain, dp.l1_distance(T="i64"), scale=scale)
    if measurement.map(fee_max) > epsilon:
        raise ReleaseRefused(f"the noise costs {measurement.map(fee_max)}, more than {epsilon}")
    return [int(total) for total in measurement(totals)]
