"""Pieces for siku: two half-rows, ira and arka, share one melody (hocket), with a bombo drum."""

from __future__ import annotations

import numpy as np

from watermark.synthesis.mixing import Signal, Tape, fade, in_room, to_level
from watermark.synthesis.skin import drum
from watermark.synthesis.tuning import Tuning, siku_row
from watermark.synthesis.wind import pipe

PHRASE_BEATS = 16
FAMILY = ((0.5, 0.8, -0.15), (1.0, 1.0, 0.15), (2.0, 0.35, 0.0))  # octave, gain, pan of each size
# Rhythm cells of two beats, in beats: the long-short gait of a huayno.
GAITS = ((1.0, 0.5, 0.5), (0.5, 0.25, 0.25, 1.0), (1.0, 1.0), (1.5, 0.5))


def melody(rng: np.random.Generator, *, final: int) -> list[tuple[float, float, int]]:
    """One phrase as (start in beats, length in beats, degree), an arch home to `final`."""
    notes: list[tuple[float, float, int]] = []
    at = 0.0
    degree = final + int(rng.integers(2, 5))
    while at < PHRASE_BEATS - 2:
        for share in GAITS[int(rng.integers(0, len(GAITS)))]:
            notes.append((at, share, degree))
            at += share
            pull = 1 if at < PHRASE_BEATS / 2 else -1
            step = int(rng.choice([-2, -1, -1, 1, 1, 2])) + (pull if rng.random() < 0.35 else 0)
            degree = int(np.clip(degree + step, final - 1, final + 7))
    notes.append((PHRASE_BEATS - 2.0, 2.0, final))
    return notes


def band(seconds: float, sample_rate_hz: int, seed: int, *, beat_s: float, air: float) -> Signal:
    """A sikuri band in the form A A B B C C, stereo (2, time).

    Neighbouring degrees belong to different half-rows: ira plays on the left, arka on the right.
    """
    rng = np.random.default_rng(seed)
    tuning = siku_row(rng.uniform(325.0, 345.0), rng)
    tape = Tape(seconds, sample_rate_hz)
    phrases = [melody(rng, final=final) for final in (2, 0, 0)]
    form = [phrases[index] for index in (0, 0, 1, 1, 2, 2)]
    bombo = drum(62.0, rng, sample_rate_hz, decay_s=1.0, slap=0.25)
    at_s, number = 0.3, 0
    while at_s < seconds - 1.5:
        for start, length, degree in form[number % len(form)]:
            when = at_s + start * beat_s
            if when < seconds - 1.0:
                _blow(tape, rng, tuning, when, length * beat_s, degree, air)
        for beat in range(PHRASE_BEATS):
            if beat % 2 == 0 or beat % 8 == 7:
                tape.add(at_s + beat * beat_s, bombo, gain=0.55 if beat % 4 == 0 else 0.32)
        at_s += PHRASE_BEATS * beat_s
        number += 1
    heard = in_room(tape.samples, rng, sample_rate_hz, decay_s=0.9, wet=0.16)
    return to_level(fade(heard, sample_rate_hz, in_s=0.01, out_s=1.5), -17.0)


def _blow(
    tape: Tape,
    rng: np.random.Generator,
    tuning: Tuning,
    when_s: float,
    length_s: float,
    degree: int,
    air: float,
) -> None:
    """One melody note: the half-row that owns it, in each size of siku, slightly apart in time."""
    side = -0.6 if degree % 2 == 0 else 0.6
    for octave, gain, lean in FAMILY:
        for _ in range(2):
            pitch_hz = tuning.pitch_hz(degree) * octave * (1.0 + rng.normal(0.0, 0.0035))
            sound = pipe(pitch_hz, rng, tape.sample_rate_hz, seconds=length_s * 1.06, air=air)
            late_s = float(rng.uniform(0.0, 0.025))
            tape.add(
                when_s + late_s, sound, gain=0.16 * gain, pan=float(np.clip(side + lean, -1, 1))
            )


def feast_day(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """A lively huayno-like piece."""
    return band(seconds, sample_rate_hz, seed, beat_s=0.46, air=0.5)


def high_pass(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """A slow, airy piece."""
    return band(seconds, sample_rate_hz, seed, beat_s=0.72, air=0.85)
