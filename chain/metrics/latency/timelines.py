"""The seven times of a use, and the six stages between them.

A stage lasts from its own time up to the next (half-open), so that the stages of a paid use add up
to exactly its latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from chain.metrics.errors import TimelineBroken


class Milestone(IntEnum):
    """The seven times of a use."""

    USED = 0
    """The work was used."""
    DETECTED = 1
    """The use was matched to a work: logged, or its mark was read."""
    REPORTED = 2
    """Its event was filed in a segment; a licence fee is its own report."""
    CLOSED = 3
    """The epoch that counts it was closed and signed."""
    FINAL = 4
    """The transaction that books it was mined."""
    CLAIMABLE = 5
    """The window has passed: the payee can have the money."""
    PAID = 6
    """The money is with the payee."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One use: its value in base units, and the Unix seconds of the milestones it reached.

    `times` has an entry for each milestone reached, from USED on. `is_refused`: it was pushed and
    the payee's account did not take it, so waiting longer brings nothing. Raises TimelineBroken for
    none or more than seven times, for one that is refused and paid, and for a negative value.
    """

    value: int
    times: tuple[int, ...]
    is_refused: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= len(Milestone):
            raise TimelineBroken(f"a use has 1 to {len(Milestone)} times, not {len(self.times)}")
        if self.is_refused and len(self.times) == len(Milestone):
            raise TimelineBroken("a use is paid or refused, not both")
        if self.value < 0:
            raise TimelineBroken(f"a use cannot be worth {self.value}")

    @property
    def is_skewed(self) -> bool:
        """Whether clocks disagree: a later milestone bears an earlier time."""
        return any(later < earlier for earlier, later in pairwise(self.times))

    def between(self, start: Milestone, end: Milestone) -> int | None:
        """Seconds from one milestone to another; None while the second is not reached."""
        return self.times[end] - self.times[start] if end < len(self.times) else None
