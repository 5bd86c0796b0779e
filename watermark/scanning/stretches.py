"""Which seconds of a file are read: all of them in parts, or tastes and then where it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 8.0  # of a taste: half a codeword, some 500 sync chips
EVERY_SECONDS: Final = 80.0  # a tenth is read; a mark shorter than this can be passed over
REACH_SECONDS: Final = 32.0  # read densely on either side of a window that stands out
FURTHER_SECONDS: Final = 80.0  # of one that is sure, or shows an id: on to the next window
PART_SECONDS: Final = 600.0  # of a file that is read as a whole
OVERLAP_SECONDS: Final = 16.0  # one codeword: what lies across two parts is whole in one of them


@dataclass(frozen=True, order=True)
class Stretch:
    """Seconds from the beginning of a file."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def widened(self, reach: float, duration: float) -> Stretch:
        """With what lies within `reach` of it in a file of some duration."""
        return Stretch(max(0.0, self.start - reach), min(duration, self.end + reach))

    def holds(self, other: Stretch) -> bool:
        """Whether all of the other lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def touches(self, other: Stretch) -> bool:
        """Whether the two share a moment."""
        return self.start <= other.end and other.start <= self.end


def tastes(duration: float) -> list[Stretch]:
    """Windows at even distances of at most EVERY_SECONDS, the last one at the very end."""
    if duration <= WINDOW_SECONDS:
        return [Stretch(0.0, duration)]
    last_start = duration - WINDOW_SECONDS
    gaps = max(1, -(-int(last_start) // int(EVERY_SECONDS)))
    starts = (last_start * number / gaps for number in range(gaps + 1))
    return [Stretch(start, start + WINDOW_SECONDS) for start in starts]


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that touch are read as one, long ones in parts."""
    apart: list[Stretch] = []
    for one in sorted(stretches):
        if apart and one.start <= apart[-1].end:
            apart[-1] = Stretch(apart[-1].start, max(apart[-1].end, one.end))
        else:
            apart.append(one)
    return [part for one in apart for part in _parts(one)]


def whole(duration: float) -> list[Stretch]:
    """The whole file in parts that overlap by a codeword."""
    return _parts(Stretch(0.0, duration))


def _parts(stretch: Stretch) -> list[Stretch]:
    parts = []
    start = stretch.start
    while stretch.end - start > PART_SECONDS + OVERLAP_SECONDS:
        parts.append(Stretch(start, start + PART_SECONDS + OVERLAP_SECONDS))
        start += PART_SECONDS
    return [*parts, Stretch(start, stretch.end)]
