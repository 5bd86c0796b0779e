"""Real numbers that carry a proven bound on their own error."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

# Half the distance from 1 to the next double: the relative error of one rounded operation.
ROUNDING: Final = 2.0**-53
# For the few operations by which an error is itself computed.
_UPWARDS: Final = 1 + 2.0**-48


@dataclass(frozen=True)
class Certified:
    """A real number known to within `error`, above and below `value`."""

    value: float
    error: float

    def __add__(self, other: Certified) -> Certified:
        return certified_sum((self, other))

    def __sub__(self, other: Certified) -> Certified:
        return certified_sum((self, Certified(-other.value, other.error)))

    def scaled(self, factor: Fraction) -> Certified:
        """This number times an exact one, of any sign."""
        rounded = float(factor)
        value = self.value * rounded
        error = self.error * abs(rounded) + 3 * ROUNDING * abs(value)
        return Certified(value, error * _UPWARDS)


def certified_sum(parts: Iterable[Certified]) -> Certified:
    """The sum, added exactly and rounded once."""
    listed = list(parts)
    value = math.fsum(part.value for part in listed)
    error = math.fsum(part.error for part in listed) + ROUNDING * abs(value)
    return Certified(value, error * _UPWARDS)


def certified_log(ratio: Fraction) -> Certified:
    """The natural logarithm of a positive fraction, near 1 as exact as far from it."""
    # ln r = 2 artanh((r - 1) / (r + 1)), whose argument has one rounding and no cancellation;
    # artanh and its argument's error cost four roundings where it is used, below 1/2.
    argument = (ratio - 1) / (ratio + 1)
    if abs(argument) < Fraction(1, 2):
        value = 2 * math.atanh(float(argument))
        return Certified(value, 8 * ROUNDING * abs(value))
    value = math.log(float(ratio))
    return Certified(value, ROUNDING * (2 + 2 * abs(value)))
