"""Recordings that have nothing in common: how often are they called the same?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from benchmarks.fingerprint.recordings import Heard, Recording, excerpt
from watermark.fingerprint.agreement import agreement
from watermark.fingerprint.calibration import Stretch, drawn_stretch
from watermark.fingerprint.chance import FALSE_AGREEMENTS_MAX, ChanceLaw
from watermark.fingerprint.corroboration import is_same_recording
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.robustness.clips import fitted
from watermark.robustness.intervals import wilson

PROMISES: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, FALSE_AGREEMENTS_MAX)
_INSPECTED: Final = 1e-4  # comparisons this unlikely have their waveforms laid side by side
_SHARED: Final = 0.5  # correlation of waveforms; of other music it stays near 0.2
_PIECE_SECONDS: Final = 2.0
_SLACK_SECONDS: Final = 0.1
_BESIDE_SECONDS: Final = 1.37
_TOLD_EVERY: Final = 1000


@dataclass(frozen=True)
class Comparison:
    """A stretch of one recording against another recording, and what chance gives for it."""

    one: Recording
    other: Recording
    stretch: Stretch
    agreeing: float  # share of the stretch's landmarks
    rate: float
    same: bool  # what the product would say

    @property
    def pair(self) -> frozenset[int]:
        return frozenset((id(self.one), id(self.other)))

    @property
    def within(self) -> bool:
        """Both are of one soundtrack: the hard case."""
        return self.one.soundtrack == self.other.soundtrack


def comparisons(
    recordings: Sequence[Recording],
    law: ChanceLaw,
    seed: int,
    *,
    partners: int,
    within: int,
    heard: Heard,
) -> tuple[list[Comparison], float]:
    """Every ordered pair within a soundtrack `within` times, and of each recording `partners`

    comparisons with other soundtracks; and the CPU seconds of one.
    """
    found = []
    begun, tried = time.process_time(), 0
    for one, other, rng in _pairs(recordings, seed, partners, within):
        stretch = drawn_stretch(one.landmarks, rng)
        best = stretch.agreement_with(other.landmarks)
        tried += 1
        if tried % _TOLD_EVERY == 0:
            heard(f"{tried} comparisons of unrelated recordings")
        if best is not None:
            found.append(
                Comparison(
                    one,
                    other,
                    stretch,
                    best.agreeing / best.compared,
                    law.rate(best.strength, best.places),
                    is_same_recording(best, law),
                )
            )
    return found, (time.process_time() - begun) / max(tried, 1)


def _pairs(
    recordings: Sequence[Recording], seed: int, partners: int, within: int
) -> Iterator[tuple[Recording, Recording, np.random.Generator]]:
    """Synthesised recordings of one family are takes of one composition: not unrelated."""
    for number, one in enumerate(recordings):
        rng = np.random.default_rng([seed, number])
        akin = [other for other in recordings if other.soundtrack == one.soundtrack]
        for other in akin * within if one.path is not None else []:
            if other is not one:
                yield one, other, rng
        strangers = [other for other in recordings if other.soundtrack != one.soundtrack]
        for place in rng.permutation(len(strangers))[:partners]:
            yield one, strangers[place], rng


def summary(found: Sequence[Comparison]) -> dict[str, Any]:
    """How many comparisons fall under each promised rate, and whether that is more than it says.

    Pairs that share a take are not unrelated: they are counted apart, and in no other figure.
    """
    inspected = [
        (one, _shared_waveform(one))
        for one in sorted(found, key=lambda comparison: comparison.rate)
        if one.same or one.rate <= _INSPECTED
    ]
    shared = {one.pair for one, waveform in inspected if waveform and waveform[0] >= _SHARED}
    unrelated = [one for one in found if one.pair not in shared]
    rates = np.array([one.rate for one in unrelated])
    counts = []
    for promise in PROMISES:
        under = int(np.sum(rates <= promise))
        counts.append(
            {
                "promise": promise,
                "expected": round(promise * len(rates), 3),
                "found": under,
                "wilson_95": list(wilson(under, len(rates))),
            }
        )
    same = sum(one.same for one in unrelated)
    return {
        "comparisons": len(unrelated),
        "pairs": len({one.pair for one in unrelated}),
        "counts": counts,
        "same": same,
        "same_wilson_95": list(wilson(same, len(rates))),
        "pairs_sharing_a_take": len(shared),
        "inspected": [
            {
                "one": f"{one.one.soundtrack}/{one.one.name}",
                "other": f"{one.other.soundtrack}/{one.other.name}",
                "start_seconds": round(float(one.stretch.landmarks.time_ms[0]) / 1000, 1),
                "seconds": one.stretch.length_ms / 1000,
                "pitch": round(one.stretch.pitch, 4),
                "tempo": round(one.stretch.tempo, 4),
                "agreeing": round(one.agreeing, 3),
                "rate": one.rate,
                "same": one.same,
                "waveform": None if waveform is None else [round(value, 2) for value in waveform],
                "shares_a_take": one.pair in shared,
            }
            for one, waveform in inspected
        ],
    }


def _shared_waveform(one: Comparison) -> tuple[float, float] | None:
    """Correlation of the waveforms where they agree best as they are, and 1.37 s beside it.

    The greatest over pieces of 2 s; None where there are no files.
    """
    best = agreement(one.stretch.landmarks, one.other.landmarks)
    if best is None or one.one.path is None or one.other.path is None:
        return None
    start_ms = float(one.stretch.landmarks.time_ms[0])
    lag = (best.offset_ms - start_ms) / 1000
    last = one.stretch.length_ms / 1000 - _PIECE_SECONDS
    starts = start_ms / 1000 + np.arange(0.0, last + 0.5, _PIECE_SECONDS / 2)
    there, beside = (
        max(_correlation(one.one.path, float(start), one.other.path, by) for start in starts)
        for by in (lag, lag + _BESIDE_SECONDS)
    )
    return there, beside


def _correlation(one: Path, start: float, other: Path, lag: float) -> float:
    """The greatest normalised correlation within ±0.1 s, of differentiated waveforms."""
    piece = _differences(one, start, _PIECE_SECONDS)
    around = _differences(other, start + lag - _SLACK_SECONDS, _PIECE_SECONDS + 2 * _SLACK_SECONDS)
    if len(around) <= len(piece) or not piece.any():
        return 0.0
    products = signal.correlate(around, piece, "valid")
    energy = signal.correlate(np.square(around), np.ones(len(piece)), "valid")
    scale = np.sqrt(np.maximum(energy, 1e-12) * float(np.square(piece).sum()))
    return float(np.abs(products / scale).max())


def _differences(path: Path, start: float, seconds: float) -> npt.NDArray[np.float64]:
    """From sample to sample, mono at 16 kHz: low notes that go on and on weigh less."""
    sound = fitted(excerpt(path, start, seconds), SAMPLE_RATE_HZ, mono=True)
    return np.diff(sound.samples[:, 0].astype(np.float64))
