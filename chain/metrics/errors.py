"""What the metrics refuse to compute, as one tree.

MetricRefused
├── NegativeAmount     a payee's net amount is below zero
├── TimelineBroken     a settlement without its use, or one that skips a stage
└── CountsContradict   more successes than trials, or a count below zero
"""

from __future__ import annotations


class MetricRefused(Exception):
    """Base: the input has no meaning for the metric, so no number is given."""


class NegativeAmount(MetricRefused):
    """Amounts below zero have no inequality: carry the debt over and leave the payee out, aloud."""

    def __init__(self, position: int, amount: int) -> None:
        super().__init__(f"amount {position} is {amount}: carry debts over, do not measure them")
        self.position = position
        self.amount = amount


class TimelineBroken(MetricRefused):
    """A timeline must have its use and reach its stages one after the other."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CountsContradict(MetricRefused):
    """`part` of `whole` is not a share of anything."""

    def __init__(self, what: str, part: int, whole: int) -> None:
        super().__init__(f"{what}: {part} of {whole}")
        self.what = what
        self.part = part
        self.whole = whole
