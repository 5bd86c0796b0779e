"""Cutting and pasting: excerpts, splices, lost and repeated samples."""

from __future__ import annotations

from typing import Final

import numpy as np

from watermark.audio.waveform import Samples
from watermark.robustness.attack import Apply, Change, Sound, Specimen

_SPLICE_FADE_SECONDS: Final = 0.01


def crop(seconds: float) -> Change:
    """A stretch from a random sample."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        length = round(seconds * rate_hz)
        start = int(rng.integers(0, max(1, len(samples) - length + 1)))
        return samples[start : start + length]

    return change


def trimmed(seconds: float) -> Change:
    """Without its first `seconds`."""

    def change(samples: Samples, rate_hz: int, _rng: np.random.Generator) -> Samples:
        return samples[round(seconds * rate_hz) :]

    return change


def spliced(marked_seconds: float) -> Apply:
    """A stretch of the marked clip, with short fades, over other unmarked audio of full length."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        host = np.resize(specimen.stranger, specimen.marked.shape).copy()
        length = min(round(marked_seconds * specimen.rate_hz), len(host))
        taken, put = (int(rng.integers(0, len(host) - length + 1)) for _ in range(2))
        fade = max(1, round(_SPLICE_FADE_SECONDS * specimen.rate_hz))
        ramp = np.minimum(1, (np.arange(length) + 1) / fade)
        weight = np.minimum(ramp, ramp[::-1])[:, None].astype(np.float32)
        piece = specimen.marked[taken : taken + length]
        host[put : put + length] = weight * piece + (1 - weight) * host[put : put + length]
        return Sound(host, specimen.rate_hz)

    return apply


def moved(longest_seconds: float) -> Change:
    """Begun earlier or later by a random number of samples; the gap is silence."""

    def change(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
        reach = round(longest_seconds * rate_hz)
        by = int(rng.integers(-reach, reach + 1))
        gap = np.zeros((abs(by), samples.shape[1]), np.float32)
        parts = (gap, samples[:-by]) if by > 0 else (samples[-by:], gap)
        return np.concatenate(parts)

    return change


def jittered(smallest: float, largest: float) -> Change:
    """Every sample read a normally distributed fraction of a sample too early or late."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        at = np.arange(len(samples), dtype=np.float64)
        read = at + rng.normal(scale=rng.uniform(smallest, largest), size=len(at))
        return np.stack([np.interp(read, at, channel) for channel in samples.T], 1).astype(
            np.float32
        )

    return change


def deleted(share: float, run: int = 1) -> Apply:
    """A share of the samples left out, in runs at random places; what follows moves up.

    The clip plays faster by what is missing; single samples raise its pitch too, runs do not.
    """

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        samples = specimen.marked
        keep = np.repeat(rng.random(-(-len(samples) // run)) >= share, run)[: len(samples)]
        faster = len(samples) / max(int(keep.sum()), 1)
        specimen.notes |= {"tempo": faster, "pitch": faster if run == 1 else 1.0}
        return Sound(samples[keep], specimen.rate_hz)

    return apply


def suppressed(share: float) -> Change:
    """A share of the samples set to zero."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        return np.asarray(samples * (rng.random((len(samples), 1)) >= share), np.float32)

    return change


def cut(pieces: int, length: int) -> Change:
    """`pieces` runs of `length` samples taken out."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        keep = np.ones(len(samples), bool)
        for start in rng.integers(0, len(samples) - length, pieces):
            keep[start : start + length] = False
        return samples[keep]

    return change


def flipped(segments: int, share: float) -> Change:
    """The clip in `segments` parts, a share of which turn their polarity."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        signs = np.where(rng.random(segments) < share, -1.0, 1.0)
        part = np.minimum(np.arange(len(samples)) * segments // len(samples), segments - 1)
        return np.asarray(samples * signs[part][:, None], np.float32)

    return change


def zeros_inserted(places: int) -> Change:
    """A zero slipped in at `places` zero crossings."""

    def change(samples: Samples, _rate_hz: int, rng: np.random.Generator) -> Samples:
        crossings = np.flatnonzero(np.diff(np.signbit(samples[:, 0]))) + 1
        chosen = rng.choice(crossings, min(places, len(crossings)), replace=False)
        return np.insert(samples, np.sort(chosen), 0.0, axis=0)

    return change


def shushed(share: float) -> Change:
    """The first share of the clip silenced."""

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        quiet = samples.copy()
        quiet[: round(share * len(samples))] = 0
        return quiet

    return change


def replaced(block: int, overlap: float) -> Change:
    """Every block replaced by the most similar other block of the clip, added up with overlap.

    Similarity is the normalised product of block magnitudes' spectra; levels follow the block.
    """

    def change(samples: Samples, _rate_hz: int, _rng: np.random.Generator) -> Samples:
        hop = max(1, round(block * (1 - overlap)))
        window = np.hanning(block + 1)[:-1].astype(np.float32)
        mono = samples.mean(1)
        starts = np.arange(0, max(1, len(mono) - block), hop)
        spectra = np.stack([np.abs(np.fft.rfft(mono[s : s + block] * window)) for s in starts])
        unit = (spectra / np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1e-9)).astype(
            np.float32
        )
        made, weight = np.zeros_like(samples), np.full((len(samples), 1), 1e-6, np.float32)
        reach = -(-block // hop)  # neighbours share samples, so they do not count as other
        for number, start in enumerate(starts):
            likeness = unit @ unit[number]
            likeness[max(0, number - reach) : number + reach + 1] = -1
            other = samples[starts[int(likeness.argmax())] :][:block]
            own = samples[start : start + block]
            level = np.sqrt(np.mean(own**2) / max(float(np.mean(other**2)), 1e-12))
            sign = 1.0 if float(np.sum(own * other)) >= 0 else -1.0
            made[start : start + block] += window[:, None] * other * np.float32(sign * level)
            weight[start : start + block] += window[:, None]
        return np.asarray(made / weight, np.float32)

    return change
