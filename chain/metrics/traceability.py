"""How many files lead from their sound to their payees, and how many lead to the wrong ones.

A trace has seven steps; a file is traced when all of them hold and the answer is the true one. The
share of false attributions stands beside it, over marked and unmarked files together, because a
tracer that answers always would trace everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from chain.metrics.binomial import Share, share_of
from chain.metrics.errors import CountsContradict


class Step(IntEnum):
    """The steps from a file's sound to its payees."""

    DETECT = 1
    """A mark is present, above the threshold."""
    DECODE = 2
    """Its payload is read."""
    RESOLVE = 3
    """Exactly one generation answers to it, and it is the true one."""
    VERIFY_LOG = 4
    """The generation's log hashes to its content id and its signature holds."""
    LICENCE = 5
    """The licence is on chain, of the right tier, and was live at the time."""
    WORKS = 6
    """Every input resolves to a work with consent at the time."""
    PAYEES = 7
    """The split is whole, and its payees are paid or can claim."""


@dataclass(frozen=True, slots=True)
class TraceOutcome:
    """What became of one file with known truth.

    `is_marked` says whether it carries one of our marks, `last_step` the last step that held (None
    for none), `named_truly` whether the generation named is the true one (None when none was).
    """

    is_marked: bool
    last_step: Step | None
    named_truly: bool | None

    @property
    def is_false(self) -> bool:
        """Whether a generation was named that the file does not come from."""
        return self.named_truly is False or (not self.is_marked and self.named_truly is not None)

    def passed(self, step: Step) -> bool:
        """Whether the step holds. A false name resolves nothing, however far it was followed."""
        last = self.last_step or 0
        if self.named_truly is not True:
            last = min(last, Step.DECODE)
        return last >= step


@dataclass(frozen=True)
class Traceability:
    """`funnel` counts the marked files that each step let through; both shares are exact."""

    marked: int
    unmarked: int
    funnel: tuple[tuple[Step, int], ...]
    traced: Share
    false_attribution: Share


def traceability(outcomes: Iterable[TraceOutcome]) -> Traceability:
    """Measure a test set with known truth."""
    given = list(outcomes)
    marked = [outcome for outcome in given if outcome.is_marked]
    funnel = tuple((step, sum(1 for o in marked if o.passed(step))) for step in Step)
    return Traceability(
        marked=len(marked),
        unmarked=len(given) - len(marked),
        funnel=funnel,
        traced=share_of("traced files", dict(funnel)[Step.PAYEES], len(marked)),
        false_attribution=share_of(
            "false attributions", sum(1 for outcome in given if outcome.is_false), len(given)
        ),
    )


def value_traceability(traced_units: int, paid_units: int) -> Fraction | None:
    """The share of paid base units that lead back to a counted event and a registered work.

    None when nothing was paid. Raises CountsContradict.
    """
    if not 0 <= traced_units <= paid_units:
        raise CountsContradict("traced base units", traced_units, paid_units)
    return Fraction(traced_units, paid_units) if paid_units else None
