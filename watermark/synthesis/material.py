"""Training and test material: short mono clips from families of sound, mixed, roomed, aged.

Whole families are held out of training, so that a result on them is about new sounds and not about
new draws of sounds already heard.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from watermark.synthesis import chant, gamelan, sikuri
from watermark.synthesis.metal import bell, cymbal
from watermark.synthesis.mixing import Signal, in_room, to_level
from watermark.synthesis.skin import drum, woodblock

QUIETEST_DBFS, LOUDEST_DBFS = -35.0, -13.0
Draw = Callable[[np.random.Generator, float, int], Signal]


def _mono(stereo: Signal) -> Signal:
    return np.asarray(stereo.mean(axis=0), dtype=np.float32)


def _excerpt(compose: Callable[[float, int, int], Signal]) -> Draw:
    """A stretch from the middle of a piece long enough to have one."""

    def draw(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
        whole = _mono(compose(seconds + 8.0, rate, int(rng.integers(0, 2**31))))
        start = int(rng.integers(0, len(whole) - round(seconds * rate)))
        return whole[start : start + round(seconds * rate)]

    return draw


def _lay_notes(
    rng: np.random.Generator,
    seconds: float,
    rate: int,
    note: Callable[[float], Signal],
    gap_s: float,
) -> Signal:
    """Notes of a random scale at random times, about one every `gap_s`."""
    total = round(seconds * rate)
    tape = np.zeros(total, dtype=np.float32)
    steps = np.sort(rng.uniform(0.0, 12.0, int(rng.integers(4, 8))))
    tonic_hz = float(np.exp(rng.uniform(np.log(70.0), np.log(420.0))))
    at = -float(rng.uniform(0.0, 0.3))
    while at < seconds:
        octave = int(rng.integers(0, 3))
        pitch_hz = tonic_hz * 2.0 ** (octave + float(rng.choice(steps)) / 12.0)
        sound = note(pitch_hz) * np.float32(rng.uniform(0.3, 1.0))
        start = max(0, round(at * rate))
        part = sound[: total - start]
        tape[start : start + len(part)] += part
        at += gap_s * float(rng.exponential(1.0) + 0.15)
    return tape


def _plucked(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    """Karplus-Strong strings (Karplus and Strong 1983)."""
    bright = float(rng.uniform(0.2, 0.9))

    def note(pitch_hz: float) -> Signal:
        period = max(3, round(rate / pitch_hz))
        count = round(min(2.5, seconds) * rate)
        burst = np.zeros(count)
        burst[:period] = signal.lfilter([bright], [1.0, bright - 1.0], rng.standard_normal(period))
        feedback = np.zeros(period + 2)
        feedback[0] = 1.0
        feedback[period : period + 2] = -0.498
        return np.asarray(signal.lfilter([1.0], feedback, burst), dtype=np.float32)

    return _lay_notes(rng, seconds, rate, note, float(rng.uniform(0.12, 0.5)))


def _sustained(
    rng: np.random.Generator,
    pitch_hz: float,
    seconds: float,
    rate: int,
    *,
    tilt: float,
    noise: float,
) -> Signal:
    """A steady tone with vibrato and a random spectrum around a tilt."""
    time_s = np.arange(round(seconds * rate)) / rate
    sway = rng.uniform(0.0, 0.008) * np.sin(2 * np.pi * rng.uniform(3.5, 6.5) * time_s)
    phase = 2 * np.pi * pitch_hz * np.cumsum(1.0 + sway) / rate
    highest = max(1, min(40, int(0.45 * rate / pitch_hz)))
    tone = sum(
        rng.uniform(0.4, 1.6) * k**-tilt * np.sin(k * phase + rng.uniform(0, 6.28))
        for k in range(1, highest + 1)
    )
    attack = np.minimum(1.0, time_s / rng.uniform(0.02, 0.2))
    release = np.minimum(1.0, (time_s[-1] + 1e-3 - time_s) / 0.08)
    air = noise * signal.lfilter([1.0], [1.0, -0.7], rng.standard_normal(len(time_s)))
    return np.asarray((np.asarray(tone) + air) * attack * release, dtype=np.float32)


def _bowed(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    tilt = float(rng.uniform(0.8, 1.3))
    return _lay_notes(
        rng,
        seconds,
        rate,
        lambda pitch_hz: _sustained(
            rng, pitch_hz, float(rng.uniform(0.3, 1.2)), rate, tilt=tilt, noise=0.03
        ),
        float(rng.uniform(0.25, 0.7)),
    )


def _reeds(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    """Free reeds in beating pairs over a drone: harmonium, khaen, bandoneon."""

    def note(pitch_hz: float) -> Signal:
        length_s = float(rng.uniform(0.4, 1.4))
        one = _sustained(rng, pitch_hz, length_s, rate, tilt=0.7, noise=0.05)
        two = _sustained(rng, pitch_hz * 1.004 + 0.7, length_s, rate, tilt=0.6, noise=0.05)
        return one + two

    return _lay_notes(rng, seconds, rate, note, 0.4)


def _lamellas(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    """Plucked tongues (ratios of a clamped bar, 1 : 6.27 : 17.55) that make a loose shell buzz."""

    def note(pitch_hz: float) -> Signal:
        time_s = np.arange(round(1.4 * rate)) / rate
        tone = sum(
            gain * np.sin(2 * np.pi * ratio * pitch_hz * time_s) * np.exp(-decay * time_s)
            for ratio, gain, decay in ((1.0, 1.0, 4.0), (6.27, 0.25, 25.0), (17.55, 0.1, 60.0))
            if ratio * pitch_hz < 0.46 * rate
        )
        loud = np.maximum(np.abs(np.asarray(tone)) - 0.5, 0.0)
        return np.asarray(tone + loud * rng.standard_normal(len(time_s)), dtype=np.float32)

    return _lay_notes(rng, seconds, rate, note, float(rng.uniform(0.12, 0.3)))


def _bells(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    return _lay_notes(
        rng,
        seconds,
        rate,
        lambda pitch_hz: bell(2.0 * pitch_hz, rate, decay_s=float(rng.uniform(0.6, 4.0))),
        float(rng.uniform(0.2, 0.8)),
    )


def _drums(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    kit = [
        drum(float(rng.uniform(55, 110)), rng, rate, decay_s=0.7, slap=float(rng.random())),
        drum(float(rng.uniform(150, 400)), rng, rate, decay_s=0.25, slap=float(rng.random())),
        woodblock(float(rng.uniform(300, 1400)), rng, rate),
        cymbal(rng, rate, decay_s=float(rng.uniform(0.1, 0.9))),
    ]
    gap_s = float(rng.uniform(0.06, 0.25))
    return _lay_notes(rng, seconds, rate, lambda _: kit[int(rng.integers(0, len(kit)))], gap_s)


def _ambience(rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    """Coloured noise that swells: water, wind, a crowd far away, surface noise."""
    count = round(seconds * rate)
    pole = float(rng.uniform(-0.3, 0.97))
    noise = signal.lfilter([1.0 - abs(pole)], [1.0, -pole], rng.standard_normal(count))
    swell = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, 9), rng.uniform(0.2, 1.0, 9))
    return np.asarray(noise * swell, dtype=np.float32)


TRAINING_FAMILIES: dict[str, Draw] = {
    "gamelan, Javanese": _excerpt(gamelan.javanese),
    "gamelan, Balinese": _excerpt(gamelan.balinese),
    "recitation": _excerpt(chant.sutra),
    "low chant": _excerpt(chant.deep_chant),
    "plucked strings": _plucked,
    "bowed strings": _bowed,
    "bells": _bells,
    "drums": _drums,
    "ambience": _ambience,
}
HELD_OUT_FAMILIES: dict[str, Draw] = {
    "panpipes, fast": _excerpt(sikuri.feast_day),
    "panpipes, slow": _excerpt(sikuri.high_pass),
    "reeds": _reeds,
    "lamellophone": _lamellas,
}


def clip(
    families: dict[str, Draw], rng: np.random.Generator, *, seconds: float, sample_rate_hz: int
) -> Signal:
    """One clip (time,) from `families`: often mixed with a second, roomed, filtered, or aged."""
    names = sorted(families)
    sound = _standard(families[str(rng.choice(names))], rng, seconds, sample_rate_hz)
    if rng.random() < 0.4:
        other = _standard(families[str(rng.choice(names))], rng, seconds, sample_rate_hz)
        sound = sound + np.float32(rng.uniform(0.15, 1.0)) * other
    if rng.random() < 0.35:
        decay_s, wet = float(rng.uniform(0.2, 2.0)), float(rng.uniform(0.1, 0.7))
        sound = in_room(sound, rng, sample_rate_hz, decay_s=decay_s, wet=wet)
    if rng.random() < 0.2:
        sound = _aged(sound, rng, sample_rate_hz)
    return to_level(sound, float(rng.uniform(QUIETEST_DBFS, LOUDEST_DBFS)))


def _standard(draw: Draw, rng: np.random.Generator, seconds: float, rate: int) -> Signal:
    return to_level(draw(rng, seconds, rate), -20.0)


def _aged(sound: Signal, rng: np.random.Generator, rate: int) -> Signal:
    """An old transfer: a narrow band, surface noise, crackle, hum."""
    edges_hz = [float(rng.uniform(60, 300)), float(rng.uniform(3000, 0.45 * rate))]
    taps = signal.butter(2, edges_hz, "band", fs=rate, output="sos")
    count = len(sound)
    hiss = 0.004 * rng.standard_normal(count)
    clicks = (rng.random(count) < 6.0 / rate) * rng.normal(0.0, 0.2, count)
    hum = 0.003 * np.sin(2 * np.pi * 50.0 * np.arange(count) / rate)
    return np.asarray(signal.sosfilt(taps, sound) + hiss + clicks + hum, dtype=np.float32)
