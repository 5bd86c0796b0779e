"""Tunings and the small arithmetic of pitch.

Pelog and slendro follow the averages over measured Javanese gamelans of Surjodiningrat, Sudarjana
and Susanto, "Tone Measurements of Outstanding Javanese Gamelans" (1972), stretched octaves
included. No two gamelans share a tuning, so every ensemble here departs from them by a few cents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLENDRO_CENTS = (0.0, 231.0, 474.0, 717.0, 955.0)
SLENDRO_OCTAVE_CENTS = 1208.0
PELOG_CENTS = (0.0, 120.0, 258.0, 539.0, 675.0, 785.0, 943.0)
PELOG_OCTAVE_CENTS = 1206.0
SELISIR_DEGREES = (0, 1, 2, 4, 5)  # the five tones of pelog that gong kebyar pieces use
# The siku's diatonic row, in cents over its lowest tone; ira and arka take turns along it.
SIKU_CENTS = (0.0, 200.0, 300.0, 500.0, 700.0, 800.0, 1000.0)
PENTATONIC_CENTS = (0.0, 200.0, 400.0, 700.0, 900.0)
OCTAVE_CENTS = 1200.0


@dataclass(frozen=True)
class Tuning:
    """A scale that repeats at its octave; `degree` may be any integer, negative ones lie below."""

    tonic_hz: float
    cents: tuple[float, ...]
    octave_cents: float

    def pitch_hz(self, degree: int) -> float:
        """Frequency of `degree` steps above the tonic."""
        octave, step = divmod(degree, len(self.cents))
        return float(
            self.tonic_hz * 2.0 ** ((octave * self.octave_cents + self.cents[step]) / OCTAVE_CENTS)
        )


def detuned(cents: tuple[float, ...], rng: np.random.Generator, spread: float) -> tuple[float, ...]:
    """The same scale with each tone but the first moved by about `spread` cents."""
    return (cents[0], *(c + float(rng.normal(0.0, spread)) for c in cents[1:]))


def slendro(tonic_hz: float, rng: np.random.Generator) -> Tuning:
    """A slendro of its own, five nearly equal steps."""
    return Tuning(tonic_hz, detuned(SLENDRO_CENTS, rng, 6.0), SLENDRO_OCTAVE_CENTS)


def pelog_selisir(tonic_hz: float, rng: np.random.Generator) -> Tuning:
    """The five selisir tones of a pelog of its own."""
    chosen = tuple(PELOG_CENTS[degree] for degree in SELISIR_DEGREES)
    return Tuning(tonic_hz, detuned(chosen, rng, 6.0), PELOG_OCTAVE_CENTS)


def siku_row(tonic_hz: float, rng: np.random.Generator) -> Tuning:
    """The row of a siku, in the loose unison of a village band."""
    return Tuning(tonic_hz, detuned(SIKU_CENTS, rng, 8.0), OCTAVE_CENTS)
