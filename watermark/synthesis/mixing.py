"""The mixing desk: notes are laid on a stereo tape, rooms are added, levels are set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Signal = NDArray[np.float32]  # mono (time,) or stereo (channel, time); full scale is 1.0

EARLY_REFLECTIONS = 9
EARLY_WINDOW_S = 0.06
PEAK_CEILING = 0.89  # -1 dBFS, so that a lossy encoder's overshoot does not clip


class Tape:
    """A stereo tape of fixed length on which mono sounds are mixed."""

    def __init__(self, seconds: float, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.samples: Signal = np.zeros((2, round(seconds * sample_rate_hz)), dtype=np.float32)

    def add(self, start_s: float, sound: Signal, *, gain: float = 1.0, pan: float = 0.0) -> None:
        """Mix `sound` (time,) in at `start_s`; what passes the tape's end is cut.

        `pan` runs from -1 (left) to 1 (right) at constant power.
        """
        start = max(0, round(start_s * self.sample_rate_hz))
        part = sound[: max(0, self.samples.shape[1] - start)]
        angle = (pan + 1.0) * np.pi / 4.0
        self.samples[0, start : start + len(part)] += np.float32(gain * np.cos(angle)) * part
        self.samples[1, start : start + len(part)] += np.float32(gain * np.sin(angle)) * part


def fade(sound: Signal, sample_rate_hz: int, *, in_s: float, out_s: float) -> Signal:
    """`sound` with raised-cosine ends; works along the last axis, on a copy."""
    faded = sound.copy()
    for length_s, flip in ((in_s, False), (out_s, True)):
        count = min(round(length_s * sample_rate_hz), faded.shape[-1])
        if count == 0:
            continue
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / count)).astype(np.float32)
        if flip:
            faded[..., -count:] *= ramp[::-1]
        else:
            faded[..., :count] *= ramp
    return faded


def room_response(rng: np.random.Generator, sample_rate_hz: int, decay_s: float) -> Signal:
    """A room's impulse response (time,): a few early echoes, then noise that darkens as it fades.

    `decay_s` is the time to fall by 60 dB. The direct sound is not part of it.
    """
    count = max(8, round(decay_s * sample_rate_hz))
    time_s = np.arange(count) / sample_rate_hz
    noise = rng.standard_normal(count)
    bright = noise * 10.0 ** (-3.0 * time_s / (0.45 * decay_s))
    dark = signal.lfilter([0.25], [1.0, -0.75], noise) * 10.0 ** (-3.0 * time_s / decay_s)
    tail = 0.5 * bright + 1.6 * dark
    tail[: round(0.012 * sample_rate_hz)] = 0.0
    for _ in range(EARLY_REFLECTIONS):
        at = round(rng.uniform(0.005, EARLY_WINDOW_S) * sample_rate_hz)
        if at < count:
            tail[at] += rng.uniform(2.0, 6.0) * rng.choice([-1.0, 1.0])
    return np.asarray(tail / np.sqrt(np.sum(tail**2)), dtype=np.float32)


def in_room(
    sound: Signal, rng: np.random.Generator, sample_rate_hz: int, *, decay_s: float, wet: float
) -> Signal:
    """`sound` (time,) or (channel, time) heard in a room; `wet` is the room's amplitude share.

    Each channel gets its own response, as two microphones some way apart would.
    """
    channels = np.atleast_2d(sound)
    heard = [
        channel
        + wet
        * signal.oaconvolve(channel, room_response(rng, sample_rate_hz, decay_s))[: len(channel)]
        for channel in channels
    ]
    return np.asarray(heard, dtype=np.float32).reshape(sound.shape)


def to_level(sound: Signal, rms_dbfs: float) -> Signal:
    """`sound` at an RMS of `rms_dbfs`, lower where its peaks would pass -1 dBFS; silence stays."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    if rms == 0.0:
        return sound
    gain = 10.0 ** (rms_dbfs / 20.0) / rms
    peak = float(np.max(np.abs(sound)))
    return np.asarray(sound * min(gain, PEAK_CEILING / peak), dtype=np.float32)
