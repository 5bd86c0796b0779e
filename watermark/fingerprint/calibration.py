"""Measures chance agreement: stretches of synthesised recordings against others.

Some families of the synthesis play a written composition: two recordings of such a family are two
takes of one piece, note for note in one tempo. They are no strangers and are left out of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from watermark.fingerprint.agreement import Agreement, agreement
from watermark.fingerprint.chance import ChanceLaw, fit
from watermark.fingerprint.landmarks import Landmarks, landmarks_of_stream
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.synthesis import HELD_OUT_FAMILIES, TRAINING_FAMILIES, clip

RECORDING_SECONDS: Final = 40.0
_STRETCH_SECONDS: Final = (5.0, 10.0, 30.0)
_TEMPOS: Final = (0.8, 1.25)  # every second stretch is compared as if it had been sped up
_COMPOSED: Final = frozenset(
    {
        "gamelan, Javanese",
        "gamelan, Balinese",
        "recitation",
        "low chant",
        "panpipes, fast",
        "panpipes, slow",
    }
)


@dataclass(frozen=True)
class Specimen:
    """A recording's landmarks, and the written compositions that sound in it."""

    landmarks: Landmarks
    compositions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stretch:
    """A piece of a recording, and the geometry that is wrongly told of it."""

    landmarks: Landmarks
    length_ms: float
    pitch: float
    tempo: float

    def agreement_with(self, other: Landmarks) -> Agreement | None:
        """How well it agrees with another recording."""
        return agreement(self.landmarks, other, pitch=self.pitch, tempo=self.tempo)


def calibrate(*, recordings: int, partners: int, seed: int) -> ChanceLaw:
    """Compare stretches of each recording with `partners` others and fit the law."""
    rng = np.random.default_rng(seed)
    specimens = [_synthesised(rng) for _ in range(recordings)]
    pairs = _unrelated_agreements(specimens, partners=partners, rng=rng)
    return fit(
        np.array([pair.strength for pair in pairs]),
        np.array([pair.places for pair in pairs], np.float64),
        recordings=recordings,
        seed=seed,
        audio="synthesised, all families; takes of one composition left out",
    )


def _unrelated_agreements(
    specimens: list[Specimen], *, partners: int, rng: np.random.Generator
) -> list[Agreement]:
    """Stretches of 5, 10 and 30 s of each recording against up to `partners` of the others."""
    found = []
    for number, specimen in enumerate(specimens):
        for other in rng.permutation(len(specimens))[:partners]:
            if other == number or specimen.compositions & specimens[other].compositions:
                continue
            stretch = drawn_stretch(specimen.landmarks, rng)
            best = stretch.agreement_with(specimens[other].landmarks)
            if best is not None:
                found.append(best)
    return found


def drawn_stretch(whole: Landmarks, rng: np.random.Generator) -> Stretch:
    """5, 10 or 30 s from a random place; every second one as if tempo, or speed, were changed."""
    length_ms = 1000 * float(rng.choice(_STRETCH_SECONDS))
    end_ms = float(whole.time_ms[-1]) if len(whole) else 0.0
    start_ms = float(rng.uniform(0.0, max(1.0, end_ms - length_ms)))
    tempo = float(rng.uniform(*_TEMPOS)) if rng.random() < 1 / 2 else 1.0
    pitch = float(rng.choice([1.0, tempo]))
    return Stretch(whole.between(start_ms, start_ms + length_ms), length_ms, pitch, tempo)


def _synthesised(rng: np.random.Generator) -> Specimen:
    families = {**TRAINING_FAMILIES, **HELD_OUT_FAMILIES}
    names = [str(name) for name in rng.choice(sorted(families), 2)]
    sounding = {name: families[name] for name in names}
    sound = clip(sounding, rng, seconds=RECORDING_SECONDS, sample_rate_hz=SAMPLE_RATE_HZ)
    stream = iter([np.asarray(sound, np.float32).reshape(-1, 1)])
    return Specimen(landmarks_of_stream(stream, 1), _COMPOSED & frozenset(names))
