"""Pieces for voices: a recitation with bell and wooden fish, and a low chant with overtones."""

from __future__ import annotations

import numpy as np

from watermark.synthesis.metal import bell, cymbal
from watermark.synthesis.mixing import Signal, Tape, fade, in_room, to_level
from watermark.synthesis.skin import drum, woodblock
from watermark.synthesis.tuning import OCTAVE_CENTS, PENTATONIC_CENTS, Tuning
from watermark.synthesis.voice import Syllable, singer, through_tract

VOWELS = ("a", "o", "i", "u", "e", "m")
TRACTS = (0.97, 1.08)  # two groups of singers, so that the formants of a crowd are not one


def phrase(
    rng: np.random.Generator,
    tuning: Tuning,
    *,
    start_s: float,
    beat_s: float,
    syllables: int,
    reciting: int,
) -> list[Syllable]:
    """A line on the reciting tone that rises once, turns, and falls to its final."""
    line: list[Syllable] = []
    at = start_s
    lift = int(rng.integers(1, max(2, syllables // 2)))
    for index in range(syllables):
        degree = reciting + (1 if index == lift else 0)
        length = beat_s
        if index == syllables - 2:
            degree = reciting - 1
        if index == syllables - 1:
            degree, length = reciting - 2, 2.6 * beat_s
        vowel = VOWELS[int(rng.integers(0, len(VOWELS)))]
        line.append(Syllable(at, 0.94 * length, tuning.pitch_hz(degree), vowel, 0.9))
        at += length
    return line


def choir(
    tape: Tape,
    syllables: list[Syllable],
    rng: np.random.Generator,
    *,
    singers: int,
    tilt: float,
    gain: float,
) -> None:
    """`singers` voices in unison, spread over the stereo width."""
    seconds = tape.samples.shape[1] / tape.sample_rate_hz
    for group, scale in enumerate(TRACTS):
        places = range(group, singers, len(TRACTS))
        for side in (-0.55, 0.45):
            sources = [
                singer(
                    syllables, rng, seconds=seconds, sample_rate_hz=tape.sample_rate_hz, tilt=tilt
                )
                for _ in places
            ]
            source: Signal = np.asarray(np.sum(sources, axis=0) / singers, dtype=np.float32)
            sound = through_tract(source, syllables, tape.sample_rate_hz, scale=scale)
            tape.add(0.0, sound, gain=gain, pan=side)


def sutra(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """A group recites to the wooden fish; a bowl bell closes every line. Stereo (2, time)."""
    rng = np.random.default_rng(seed)
    tuning = Tuning(rng.uniform(118.0, 132.0), PENTATONIC_CENTS, OCTAVE_CENTS)
    tape = Tape(seconds, sample_rate_hz)
    bowl = bell(rng.uniform(410.0, 450.0), sample_rate_hz, decay_s=7.0)
    fish = woodblock(rng.uniform(330.0, 370.0), rng, sample_rate_hz)
    beat_s = 0.52
    tape.add(0.2, bowl, gain=0.5, pan=0.2)
    lines: list[Syllable] = []
    at, number = 2.2, 0
    while at + 12 * beat_s < seconds:
        count = int(rng.integers(7, 10))
        lines += phrase(
            rng, tuning, start_s=at, beat_s=beat_s, syllables=count, reciting=2 + number % 2
        )
        for stroke in range(count):
            tape.add(at + stroke * beat_s, fish, gain=0.28, pan=-0.4)
        at += (count + 1.9) * beat_s
        tape.add(at - 0.4, bowl, gain=0.34, pan=0.2)
        beat_s = max(0.36, beat_s * 0.965)  # recitation gathers speed
        number += 1
    lines = lines or phrase(rng, tuning, start_s=0.3, beat_s=0.3, syllables=4, reciting=2)
    choir(tape, lines, rng, singers=8, tilt=1.25, gain=3.2)
    heard = in_room(tape.samples, rng, sample_rate_hz, decay_s=2.2, wet=0.3)
    return to_level(fade(heard, sample_rate_hz, in_s=0.02, out_s=1.5), -18.0)


def deep_chant(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """Very low voices on one tone, vowels that walk over the overtones, drum, cymbals, bell."""
    rng = np.random.default_rng(seed)
    tuning = Tuning(rng.uniform(68.0, 76.0), PENTATONIC_CENTS, OCTAVE_CENTS)
    tape = Tape(seconds, sample_rate_hz)
    beat_s = 0.78
    walk = ("u", "o", "a", "o", "u", "m", "o", "e")
    syllables: list[Syllable] = []
    at, index = 0.6, 0
    while at + 2 * beat_s < seconds - 1.0:
        length = beat_s * (2.0 if index % 4 == 3 else 1.0)
        degree = (0, 0, 0, 1, 0, 0, -1, 0)[index % 8]
        pitch_hz = tuning.pitch_hz(degree)
        syllables.append(Syllable(at, 0.97 * length, pitch_hz, walk[index % len(walk)], 0.9))
        at += length
        index += 1
    syllables = syllables or [Syllable(0.1, 0.8 * seconds, tuning.pitch_hz(0), "o", 0.9)]
    choir(tape, syllables, rng, singers=8, tilt=0.95, gain=3.4)
    _temple_percussion(tape, rng, beat_s)
    heard = in_room(tape.samples, rng, sample_rate_hz, decay_s=1.9, wet=0.26)
    return to_level(fade(heard, sample_rate_hz, in_s=0.3, out_s=1.8), -17.0)


def _temple_percussion(tape: Tape, rng: np.random.Generator, beat_s: float) -> None:
    """Frame drum on the pulse, cymbals that quicken at the end of a section, a hand bell."""
    seconds = tape.samples.shape[1] / tape.sample_rate_hz
    skin = drum(72.0, rng, tape.sample_rate_hz, decay_s=0.8, slap=0.15)
    plates = cymbal(rng, tape.sample_rate_hz, decay_s=0.7)
    hand_bell = bell(1180.0, tape.sample_rate_hz, decay_s=2.5)
    for pulse in range(int((seconds - 2.0) / (2 * beat_s))):
        at = 0.6 + 2 * pulse * beat_s
        tape.add(at, skin, gain=0.5, pan=0.3)
        if pulse % 8 == 7:
            for roll in range(7):
                tape.add(at + beat_s * (2.0 - 2.0 * 0.72**roll), plates, gain=0.16, pan=-0.3)
            tape.add(at, hand_bell, gain=0.14, pan=-0.1)
