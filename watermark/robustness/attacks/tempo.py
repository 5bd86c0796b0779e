"""Speed (tempo and pitch together), time-stretch and pitch shift.

Stretch and shift are those of the Signalsmith library through python-stretch.
"""

from __future__ import annotations

import numpy as np
import soxr

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, AttackUnavailable, Sound, Specimen

try:
    import python_stretch
except ImportError:
    python_stretch = None  # type: ignore[assignment]


def played_at(slowest: float, fastest: float | None = None) -> Apply:
    """As a turntable does it: 1.25 lasts 1/1.25 as long and sounds 1.25 times as high."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        speed = slowest if fastest is None else float(rng.uniform(slowest, fastest))
        specimen.notes |= {"pitch": speed, "tempo": speed}
        samples = soxr.resample(specimen.marked, specimen.rate_hz * speed, specimen.rate_hz)
        return Sound(np.asarray(samples, np.float32), specimen.rate_hz)

    return apply


def stretched(*ranges: tuple[float, float]) -> Apply:
    """Tempo alone: 1.25 lasts 1/1.25 as long at the same pitch; drawn from one of the ranges."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        low, high = ranges[int(rng.integers(len(ranges)))]
        tempo = low if low == high else float(rng.uniform(low, high))
        specimen.notes["tempo"] = tempo
        return Sound(_processed(specimen.marked, specimen.rate_hz, tempo, 0.0), specimen.rate_hz)

    return apply


def shifted(semitones: float) -> Apply:
    """Pitch alone, in equal-tempered semitones."""

    def apply(specimen: Specimen, _rng: np.random.Generator) -> Sound:
        specimen.notes["pitch"] = 2 ** (semitones / 12)
        return Sound(
            _processed(specimen.marked, specimen.rate_hz, 1.0, semitones), specimen.rate_hz
        )

    return apply


def _processed(samples: Samples, rate_hz: int, tempo: float, semitones: float) -> Samples:
    if python_stretch is None:
        raise AttackUnavailable("python-stretch is not installed; pip install python-stretch")
    stretch = python_stretch.Signalsmith.Stretch()
    stretch.preset(samples.shape[1], float(rate_hz))
    stretch.setTransposeSemitones(semitones)
    stretch.timeFactor = tempo
    made = np.asarray(stretch.process(np.ascontiguousarray(samples.T)))
    return np.ascontiguousarray(made.T, np.float32)
