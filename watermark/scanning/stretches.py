"""Which seconds of a file are read: all of them in parts, or tastes and then where it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 8.0  # of a taste: half a codeword, some 500 sync chips
EVERY_SECONDS: Final = 80.0  # a tenth is read; a mark shorter than this can be passed over
REACH_SECONDS: Final = 32.0  # read densely on either side of a window that stands out
FURTHER_SECONDS: Final = 80.0  # and where that shows an id: on to the next window
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


def around(hits: Iterable[Stretch], duration: float, reach: float = REACH_SECONDS) -> list[Stretch]:
    """What to read densely when some windows stand out: their surroundings, joined."""
    joined: list[Stretch] = []
    for hit in sorted(hits):
        start, end = max(0.0, hit.start - reach), min(duration, hit.end + reach)
        if joined and start <= joined[-1].end:
            joined[-1] = Stretch(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Stretch(start, end))
    return [part for stretch in joined for part in _parts(stretch)]


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
