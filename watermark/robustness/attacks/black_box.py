"""Removal by asking: an attacker who may put a limited number of questions to the public service.

The answer is coarse, named or not, as the service gives it. The search is that of HopSkipJump
(Chen, Jordan and Wainwright 2020): walk to the border between named and not named, estimate from
random probes which way the border faces, step along it, and walk back. The attacker hands in the
best copy it found, at no less than the signal-to-noise ratio it must keep for the copy to be worth
having; if it found none so good, its perturbation is scaled down to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, Sound, Specimen

WORTH_HAVING_DB: Final = 20.0
_BORDER_STEPS: Final = 4  # questions per walk to the border: finds it within a sixteenth
_PROBES: Final = 8  # questions per estimate of its direction
_PROBE_SIZE: Final = 0.1  # of the distance
_WORST_START_DB: Final = -10.0
_BAND_HZ: Final = 160.0  # grain of the gains that the spectral attacker turns
_GAIN_SECONDS: Final = 0.064
_START_GAIN_DB: Final = 12.0
_STARTS: Final = 3

Perturbation = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Space:
    """What the attacker turns: draws directions, and renders a perturbation of the marked clip."""

    draw: Callable[[np.random.Generator], Perturbation]
    render: Callable[[Perturbation], Samples]
    largest: float  # of the perturbation it tries first, in drawn directions


class _Budget:
    """Counts questions."""

    def __init__(self, specimen: Specimen, space: Space, questions: int) -> None:
        self._specimen, self._space, self.left = specimen, space, questions

    def hidden(self, perturbation: Perturbation) -> bool:
        self.left -= 1
        found = Sound(self._space.render(perturbation), self._specimen.rate_hz)
        return not self._specimen.is_named(found)


def hop_skip_jump(questions: int, *, spectral: bool = False) -> Apply:
    """Decision-based removal on the waveform, or on the gains of a short-time spectrum."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        space = _gains(specimen) if spectral else _waveform(specimen)
        budget = _Budget(specimen, space, questions)
        best = _started(space, budget, rng)
        if best is None:
            specimen.notes["questions"] = questions - budget.left
            return Sound(specimen.marked, specimen.rate_hz)
        best = _to_border(best, budget)
        while budget.left > _PROBES + _BORDER_STEPS:
            best = _stepped(best, space, budget, rng)
        specimen.notes["questions"] = questions - budget.left
        specimen.notes["border_snr_db"] = snr_db(specimen.marked, space.render(best))
        return Sound(_worth_having(best, specimen.marked, space), specimen.rate_hz)

    return apply


def square(questions: int, *, largest: float = 0.05, share: float = 0.05) -> Apply:
    """Stripes of ± `largest` redrawn over a share of the clip until the id is no longer named.

    The Square attack (Andriushchenko et al. 2020) follows a score; the public answer has none, so
    every redrawing is kept. Perturbations are not scaled back: they are as loud as published.
    """

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        marked = specimen.marked
        added = np.float32(largest) * _signs(rng, marked.shape)
        run = max(1, round(share * len(marked)))
        for question in range(1, questions + 1):
            specimen.notes["questions"] = question
            found = Sound(np.asarray(marked + added, np.float32), specimen.rate_hz)
            if not specimen.is_named(found):
                break
            start = int(rng.integers(0, len(marked) - run + 1))
            added[start : start + run] = np.float32(largest) * _signs(rng, (run, marked.shape[1]))
        return Sound(np.asarray(marked + added, np.float32), specimen.rate_hz)

    return apply


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Perturbation:
    return np.where(rng.random(shape) < 0.5, np.float32(-1), np.float32(1))


def snr_db(marked: Samples, found: Samples) -> float:
    """Energy of the marked clip over that of what was changed, in dB."""
    change = np.square(found.astype(np.float64) - marked).sum()
    return float(10 * np.log10(np.square(marked, dtype=np.float64).sum() / max(change, 1e-30)))


def _waveform(specimen: Specimen) -> Space:
    marked = specimen.marked
    level = float(np.sqrt(np.mean(np.square(marked, dtype=np.float64))))

    def draw(rng: np.random.Generator) -> Perturbation:
        return np.asarray(level * rng.standard_normal(marked.shape), np.float32)

    largest = 10 ** (-_WORST_START_DB / 20)
    return Space(draw, lambda added: np.asarray(marked + added, np.float32), largest)


def _gains(specimen: Specimen) -> Space:
    """Gains in dB on a grid of frequency and time, bilinear in between."""
    marked, rate_hz = specimen.marked, specimen.rate_hz
    size = 2 ** round(np.log2(0.032 * rate_hz))
    _, _, spectra = signal.stft(marked.T, rate_hz, nperseg=size, noverlap=size * 3 // 4)
    bins, frames = spectra.shape[1:]
    rows = max(2, round(rate_hz / 2 / _BAND_HZ))
    columns = max(2, round(len(marked) / rate_hz / _GAIN_SECONDS))
    row_of = np.minimum(np.arange(bins) * rows // bins, rows - 1)
    column_of = np.minimum(np.arange(frames) * columns // frames, columns - 1)

    def render(gains_db: Perturbation) -> Samples:
        gains = 10 ** (gains_db[row_of][:, column_of] / 20)
        _, made = signal.istft(spectra * gains, rate_hz, nperseg=size, noverlap=size * 3 // 4)
        return np.ascontiguousarray(made.T[: len(marked)], np.float32)

    def draw(rng: np.random.Generator) -> Perturbation:
        return rng.standard_normal((rows, columns)).astype(np.float32)

    return Space(draw, render, _START_GAIN_DB)


def _started(space: Space, budget: _Budget, rng: np.random.Generator) -> Perturbation | None:
    """A perturbation, each try twice as large as the last, that hides the mark."""
    for doubled in range(_STARTS):
        loud = np.asarray(np.float32(space.largest * 2**doubled) * space.draw(rng))
        if budget.left and budget.hidden(loud):
            return loud
    return None


def _to_border(hidden: Perturbation, budget: _Budget) -> Perturbation:
    """The smallest multiple of a hiding perturbation found to hide, by bisection."""
    named, hides = 0.0, 1.0
    for _ in range(min(_BORDER_STEPS, budget.left)):
        middle = (named + hides) / 2
        if budget.hidden(np.float32(middle) * hidden):
            hides = middle
        else:
            named = middle
    return np.asarray(np.float32(hides) * hidden)


def _stepped(
    best: Perturbation, space: Space, budget: _Budget, rng: np.random.Generator
) -> Perturbation:
    """One round: probe around the border, step away from the mark, walk back to the border."""
    distance = float(np.linalg.norm(best))
    slope = np.zeros_like(best)
    answers = []
    probes = []
    for _ in range(_PROBES):
        probe = space.draw(rng)
        probe *= np.float32(_PROBE_SIZE * distance / np.linalg.norm(probe))
        answers.append(1.0 if budget.hidden(best + probe) else -1.0)
        probes.append(probe)
    for answer, probe in zip(answers, probes, strict=True):
        slope += np.float32(answer - np.mean(answers) * (len(set(answers)) > 1)) * probe
    stepped = best + slope * np.float32(distance / 2 / max(float(np.linalg.norm(slope)), 1e-12))
    if not budget.hidden(stepped):
        return best
    found = _to_border(stepped, budget)
    return found if np.linalg.norm(found) < distance else best


def _worth_having(best: Perturbation, marked: Samples, space: Space) -> Samples:
    """What the attacker hands in: as far as allowed along what it found."""
    scale = 1.0
    for _ in range(60):
        found = space.render(np.asarray(np.float32(scale) * best))
        if snr_db(marked, found) >= WORTH_HAVING_DB:
            return found
        scale *= 0.9
    return marked
