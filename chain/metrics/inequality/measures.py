"""One population of payees, measured by every index at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from chain.metrics.inequality.amounts import Amounts, in_order
from chain.metrics.inequality.certified import ROUNDING, Certified, certified_log
from chain.metrics.inequality.lorenz import PALMA_PAYEES_MIN, palma
from chain.metrics.inequality.sums import PaidSums


class Missing(StrEnum):
    """Why there is no number."""

    NO_MONEY = "nobody was paid"
    ONE_PAYEE = "one payee has no inequality to correct"
    FEW_PAYEES = f"fewer than {PALMA_PAYEES_MIN} payees"
    POOREST_UNPAID = "the worst-paid two fifths got nothing"


class Atkinson(NamedTuple):
    """Atkinson's index at aversions 1/2, 1 and 2: the share of the money that equality would save.

    At 1 and 2 one unpaid payee makes it 1.
    """

    half: Certified
    one: Certified
    two: Certified


@dataclass(frozen=True)
class Inequality:
    """One population, measured. `total` in base units; `theil` and `mld` in nats.

    `payees` are people where accounts stand for several. `mld` is over those who were paid, so
    read it beside `unpaid_share`. What is None has its reason in `missing`.
    """

    payees: int
    paid_payees: int
    total: int
    gini: Fraction | None = None
    gini_corrected: Fraction | None = None
    theil: Certified | None = None
    mld: Certified | None = None
    ge2: Fraction | None = None
    jain: Fraction | None = None
    hhi: Fraction | None = None
    effective_payees: Fraction | None = None
    atkinson: Atkinson | None = None
    palma: Fraction | None = None

    @property
    def unpaid_share(self) -> Fraction | None:
        """The share of payees that got nothing; None without payees."""
        return 1 - Fraction(self.paid_payees, self.payees) if self.payees else None

    @property
    def missing(self) -> dict[str, Missing]:
        """The reason for each measure that is None."""
        if self.total == 0:
            return dict.fromkeys((*_FRACTIONS, *_CERTIFIED, "atkinson"), Missing.NO_MONEY)
        reasons = {}
        if self.gini_corrected is None:
            reasons["gini_corrected"] = Missing.ONE_PAYEE
        if self.palma is None:
            few = self.payees < PALMA_PAYEES_MIN
            reasons["palma"] = Missing.FEW_PAYEES if few else Missing.POOREST_UNPAID
        return reasons

    def to_plain(self) -> dict[str, Any]:
        """For JSON: fractions as {exact, value}, floats as {value, error}, nothing as null."""
        atkinson = None
        if self.atkinson is not None:
            aversions = zip(("1/2", "1", "2"), self.atkinson, strict=True)
            atkinson = {aversion: _plain_certified(value) for aversion, value in aversions}
        return {
            "payees": self.payees,
            "paid_payees": self.paid_payees,
            "unpaid_share": _plain_fraction(self.unpaid_share),
            "total": str(self.total),
            **{name: _plain_fraction(getattr(self, name)) for name in _FRACTIONS},
            **{name: _plain_certified(getattr(self, name)) for name in _CERTIFIED},
            "atkinson": atkinson,
            "missing": {name: str(reason) for name, reason in self.missing.items()},
        }


_FRACTIONS = ("gini", "gini_corrected", "jain", "hhi", "effective_payees", "ge2", "palma")
_CERTIFIED = ("theil", "mld")


@dataclass(frozen=True)
class InequalityPair:
    """Both denominators: who is counted can decide the answer, so neither is shown alone."""

    registered: Inequality
    paid: Inequality


def measure(amounts: Amounts, people: Iterable[int] | None = None) -> Inequality:
    """Measure amounts in base units, one per account, in any order; zeros count as payees.

    A numpy array of integers is measured in place, millions at once. With `people`, an account
    stands for so many people (1 or more) who share its amount equally, and people are measured;
    without it every account is one. Raises MetricRefused (NegativeAmount, NotBaseUnits,
    AmountTooLarge, PeopleMissing) for what cannot be measured.
    """
    ordered = in_order(amounts, people)
    sums = ordered.paid_sums()
    n = ordered.payees
    return Inequality(n, 0, 0) if sums is None else _measured(sums, n, palma(ordered, sums.total))


def measure_both(registered: Amounts) -> InequalityPair:
    """Measure all registered payees, and those alone that were paid anything."""
    ordered = in_order(registered)
    sums = ordered.paid_sums()
    n = ordered.payees
    if sums is None:
        return InequalityPair(Inequality(n, 0, 0), Inequality(0, 0, 0))
    of_paid = palma(ordered.without(n - sums.payees), sums.total)
    return InequalityPair(
        _measured(sums, n, palma(ordered, sums.total)), _measured(sums, sums.payees, of_paid)
    )


def _measured(sums: PaidSums, n: int, palma_ratio: Fraction | None) -> Inequality:
    """All n payees, from the sums over those that were paid.

    With f their share: gini = 1 - f (1 - gini of the paid), jain = f times jain of the paid, theil
    = theil of the paid - ln f, and Atkinson's at 1/2 as gini.
    """
    paid = sums.payees
    share = Fraction(paid, n)
    gini = 1 - share * (1 - Fraction(sums.differences, paid * sums.total))
    hhi = sums.squares / sums.total**2
    return Inequality(
        payees=n,
        paid_payees=paid,
        total=sums.total,
        gini=gini,
        gini_corrected=gini * n / (n - 1) if n > 1 else None,
        theil=sums.theil if paid == n else sums.theil + certified_log(1 / share),
        mld=sums.mld,
        ge2=(n * hhi - 1) / 2,
        jain=1 / (n * hhi),
        hhi=hhi,
        effective_payees=1 / hhi,
        atkinson=_atkinson(sums, share),
        palma=palma_ratio,
    )


def _atkinson(sums: PaidSums, share: Fraction) -> Atkinson:
    # 1 - (1 - d)^2 = d (2 - d), whose slope is at most 2; three more roundings.
    d = sums.root_gap.value
    half = Certified(d * (2 - d), 2 * sums.root_gap.error + 4 * ROUNDING * d * (2 - d))
    if share < 1:
        half = half.scaled(share) + Certified(float(1 - share), ROUNDING)
        return Atkinson(half, Certified(1.0, 0.0), Certified(1.0, 0.0))
    # 1 - exp(-L): no steeper than L; the exponential is good to one ulp.
    one = Certified(-math.expm1(-sums.mld.value), sums.mld.error + 3 * ROUNDING)
    # h / (1 + h): its slope is 1 / (1 + h)^2; three more roundings.
    h, error = sums.reciprocal_gap.value, sums.reciprocal_gap.error
    two = Certified(h / (1 + h), 1.01 * error / (1 + h) ** 2 + 4 * ROUNDING)
    return Atkinson(half, one, two)


def _plain_fraction(value: Fraction | None) -> dict[str, Any] | None:
    return None if value is None else {"exact": str(value), "value": float(value)}


def _plain_certified(value: Certified | None) -> dict[str, Any] | None:
    return None if value is None else {"value": value.value, "error": value.error}
