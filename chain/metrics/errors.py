"""What the metrics refuse to compute, as one tree.

MetricRefused
├── NegativeAmount     a payee's net amount is below zero
├── NotBaseUnits       an amount is no whole number
├── AmountTooLarge     an amount is more than any token can hold
├── PeopleMissing      an account stands for nobody, or it is not said for how many
├── DuplicatePayee     a list of payments names a payee twice
├── GroupMissing       a payee is in no group
├── AmountAbsent       an amount is taken away that nobody has
├── SketchesDiffer     two summaries of other widths
├── SketchBroken       bytes that are no summary
├── PanelRefused       outcomes by unit and period that are not whole
├── NotIdentified      an effect that nothing can be compared with
├── ReleaseRefused     a private release that would protect nobody
├── TripleUnreadable   a published row is no three numbers
├── TimelineBroken     a settlement without its use, or one that skips a stage
├── PeriodUnreadable   a file is no record of a period
├── PeriodContradicts  a record of a period holds something twice, or what cannot be
├── CountsContradict   more successes than trials, or a count below zero
├── PoolsDiffer        two sharing rules that divide different sums are not compared
└── NoFloorFollows     aversion or elasticity that no floor can be worked out from
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


class NotBaseUnits(MetricRefused):
    """Money is counted in whole base units; a fraction of one was rounded somewhere before."""

    def __init__(self, position: int, amount: object) -> None:
        super().__init__(f"amount {position} is {amount!r}: give whole base units of the token")
        self.position = position
        self.amount = amount


class AmountTooLarge(MetricRefused):
    """No token holds more than 2^256 - 1 base units, so nobody gets more."""

    def __init__(self, position: int, amount: int, people: int = 1) -> None:
        shared = f" for {people} people" if people > 1 else ""
        super().__init__(
            f"amount {position} has {amount.bit_length()} bits{shared}: a token has 256 for each"
        )
        self.position = position
        self.amount = amount


class PeopleMissing(MetricRefused):
    """Every account stands for one person or more, and a list of people says for how many."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DuplicatePayee(MetricRefused):
    """A payee named twice: two payments to be added, or one that was counted twice."""

    def __init__(self, payee: str) -> None:
        super().__init__(f"{payee} is named twice: add its amounts if they are two payments")
        self.payee = payee


class GroupMissing(MetricRefused):
    """A decomposition has a group for every payee; `unknown` is a group too, if you say so."""

    def __init__(self, payee: str) -> None:
        super().__init__(f"{payee} is in no group: name one, it may be called unknown")
        self.payee = payee


class AmountAbsent(MetricRefused):
    """Only an amount that was added can be taken away; the caller's books are not these books."""

    def __init__(self, amount: int) -> None:
        super().__init__(f"nobody has {amount}: it was never added, or was taken away before")
        self.amount = amount


class SketchesDiffer(MetricRefused):
    """Summaries add up bucket by bucket, so both must have the same buckets."""

    def __init__(self, bits: int, other: int) -> None:
        super().__init__(f"one summary has {bits} bits, the other {other}: make both with the same")
        self.bits = bits
        self.other = other


class SketchBroken(MetricRefused):
    """The bytes were cut, changed, or never a summary: fetch them again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}: fetch the summary again")
        self.reason = reason


class PanelRefused(MetricRefused):
    """An evaluation needs one finite outcome of every unit in every period."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotIdentified(MetricRefused):
    """No estimator can tell this effect: what it would be compared with was never seen."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReleaseRefused(MetricRefused):
    """A release must protect every listener as it says, or not be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TripleUnreadable(MetricRefused):
    """A row must have Jain, Theil and Gini as decimal numbers, printed as they were published."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TimelineBroken(MetricRefused):
    """A timeline must have its use and reach its stages one after the other."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PeriodUnreadable(MetricRefused):
    """The file is no record of a period, or was damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no record of a period can be read: {reason}. Next: export it again with "
            "antiphon report --record FILE"
        )
        self.reason = reason


class PeriodContradicts(MetricRefused):
    """A record says something twice, or two things that cannot both be."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the record of the period contradicts itself: {what}")
        self.what = what


class CountsContradict(MetricRefused):
    """`part` of `whole` is not a share of anything."""

    def __init__(self, what: str, part: int, whole: int) -> None:
        super().__init__(f"{what}: {part} of {whole}")
        self.what = what
        self.part = part
        self.whole = whole


class PoolsDiffer(MetricRefused):
    """Rules are compared over one pool: what one of them lost would look like fairness."""

    def __init__(self, rule: str, expected: int, found: int) -> None:
        super().__init__(f"{rule} divides {found}, the first rule {expected}: compare one pool")
        self.rule = rule
        self.expected = expected
        self.found = found


class NoFloorFollows(MetricRefused):
    """An index is in (0, 1], aversion to inequality and elasticity of supply are above zero."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} is {value}: no floor follows from that")
        self.name = name
        self.value = value
