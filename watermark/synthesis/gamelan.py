"""Pieces for gamelan: a skeleton melody (balungan), its elaboration, and the gong cycle.

Two habits are modelled. *Central Javanese*, slendro: a lancaran, slow at first, whose cycle the
kempul, kenong and gong punctuate while the bonang pair runs ahead of every balungan tone.
*Balinese*, pelog selisir: paired gangsa tuned apart so that they beat (ombak), in interlocking
figures (kotekan) eight times as dense as the melody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from watermark.synthesis.metal import bar, cymbal, gong, kettle
from watermark.synthesis.mixing import Signal, Tape, fade, in_room, to_level
from watermark.synthesis.skin import drum
from watermark.synthesis.tuning import Tuning, pelog_selisir, slendro

BEATS_PER_GATRA = 4
GATRA_PER_GONGAN = 4
BEATS_PER_GONGAN = BEATS_PER_GATRA * GATRA_PER_GONGAN
RINGING_S = 5.0  # what the last gong needs


@dataclass
class Ensemble:
    """The instruments of one gamelan; every note is struck once and kept."""

    tuning: Tuning
    rng: np.random.Generator
    sample_rate_hz: int
    beat_hz: float
    struck: dict[tuple[str, int], Signal] = field(default_factory=dict)

    def note(self, instrument: str, degree: int) -> Signal:
        """The sound (time,) of `instrument` at `degree` of the tuning."""
        key = (instrument, degree)
        if key not in self.struck:
            self.struck[key] = self._strike(instrument, self.tuning.pitch_hz(degree))
        return self.struck[key]

    def _strike(self, instrument: str, pitch_hz: float) -> Signal:
        rate = self.sample_rate_hz
        if instrument == "gong":
            return gong(pitch_hz, rate, decay_s=9.0, beat_hz=1.6)
        if instrument in ("kempul", "kenong"):
            return gong(pitch_hz, rate, decay_s=3.2, beat_hz=2.4)
        if instrument == "bonang":
            return kettle(pitch_hz, self.rng, rate)
        decay_s = {"jegogan": 4.0, "saron": 2.0, "peking": 0.9, "gangsa": 0.55}[instrument]
        return bar(pitch_hz, self.rng, rate, decay_s=decay_s, beat_hz=self.beat_hz)


def balungan(rng: np.random.Generator, gongan: int, *, width: int) -> list[list[int]]:
    """Skeleton melodies, one list of 16 degrees per gong cycle, in the form A A B A A B …

    Every gatra leans towards its last tone, the seleh; the cycle ends on the gong tone 0.
    """

    def cycle(first: int) -> list[int]:
        seleh = [int(rng.integers(0, width)) for _ in range(GATRA_PER_GONGAN - 1)] + [0]
        tones: list[int] = []
        here = first
        for goal in seleh:
            middle = int(np.clip((here + goal) // 2 + rng.integers(-1, 2), -1, width))
            turn = int(np.clip(goal + rng.choice([-1, 1]), -1, width))
            tones += [middle, turn, int(np.clip(middle + rng.integers(-1, 2), -1, width)), goal]
            here = goal
        return tones

    a, b = cycle(0), cycle(2)
    form = (a, a, b)
    return [form[index % len(form)] for index in range(gongan)]


def beat_times(beats: int, seconds: float, *, opening: float, closing: float) -> list[float]:
    """Start of every beat: `opening` and `closing` times as slow at the ends, filling `seconds`."""
    position = np.linspace(0.0, 1.0, beats)
    slow_start = (opening - 1.0) * np.exp(-position / 0.08)
    slow_end = (closing - 1.0) * np.exp(-(1.0 - position) / 0.05)
    lengths = 1.0 + slow_start + slow_end
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    return [float(t) for t in starts * (seconds / starts[-1])]


def javanese(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """A lancaran in slendro, stereo (2, time)."""
    rng = np.random.default_rng(seed)
    band = Ensemble(slendro(rng.uniform(262.0, 288.0), rng), rng, sample_rate_hz, beat_hz=0.0)
    tape = Tape(seconds, sample_rate_hz)
    gongan = max(1, round((seconds - RINGING_S) / 9.0))
    melody = [tone for cycle in balungan(rng, gongan, width=5) for tone in cycle]
    times = beat_times(len(melody), seconds - RINGING_S, opening=1.7, closing=1.8)
    for beat, tone in enumerate(melody):
        start, length = times[beat], times[beat + 1] - times[beat]
        tape.add(start, band.note("saron", tone), gain=0.5, pan=-0.2)
        tape.add(start, band.note("jegogan", tone - 5), gain=0.45, pan=0.25)
        for half in (0.0, 0.5):
            tape.add(start + half * length, band.note("peking", tone + 5), gain=0.2, pan=0.5)
        _bonang_pair(tape, band, start, length, tone, melody[min(beat + 1, len(melody) - 1)])
        _punctuate(tape, band, start, beat, tone)
    tape.add(times[-1], band.note("gong", -10), gain=1.0)
    _kendang(tape, rng, times)
    return _hall(tape, rng, decay_s=1.6)


def _bonang_pair(
    tape: Tape, band: Ensemble, start: float, length: float, tone: int, coming: int
) -> None:
    """The bonang plays this tone and the coming one in turn (mipil), twice per beat each."""
    for step, degree in enumerate((tone, coming, tone, coming)):
        loud = 0.34 if step == 0 else 0.24
        at = start + length * step / 4.0
        tape.add(at, band.note("bonang", degree + 5), gain=loud, pan=-0.55)


def _punctuate(tape: Tape, band: Ensemble, start: float, beat: int, tone: int) -> None:
    """Kenong at the end of every gatra, kempul between, the gong where the cycle closes."""
    place = (beat + 1) % BEATS_PER_GONGAN
    if place == 0:
        tape.add(start, band.note("gong", -10), gain=0.95)
    elif place % BEATS_PER_GATRA == 0:
        tape.add(start, band.note("kenong", tone), gain=0.4, pan=0.35)
    elif place % BEATS_PER_GATRA == 2 and place > BEATS_PER_GATRA:
        tape.add(start, band.note("kempul", tone - 5), gain=0.5, pan=-0.35)


def _kendang(tape: Tape, rng: np.random.Generator, times: list[float]) -> None:
    """A two-headed drum that leads: sparse, denser towards every gong."""
    low = drum(95.0, rng, tape.sample_rate_hz, decay_s=0.5, slap=0.2)
    high = drum(235.0, rng, tape.sample_rate_hz, decay_s=0.16, slap=0.7)
    for beat in range(len(times) - 1):
        length = times[beat + 1] - times[beat]
        dense = beat % BEATS_PER_GONGAN >= BEATS_PER_GONGAN - BEATS_PER_GATRA
        if beat % 2 == 1 or dense:
            tape.add(times[beat], low, gain=0.4, pan=0.1)
        for part in (0.25, 0.5, 0.75):
            if rng.random() < (0.65 if dense else 0.25):
                tape.add(times[beat] + part * length, high, gain=0.22, pan=0.1)


def balinese(seconds: float, sample_rate_hz: int, seed: int) -> Signal:
    """A fast piece in pelog selisir with beating pairs and kotekan, stereo (2, time)."""
    rng = np.random.default_rng(seed)
    tuning = pelog_selisir(rng.uniform(275.0, 295.0), rng)
    band = Ensemble(tuning, rng, sample_rate_hz, beat_hz=7.0)
    tape = Tape(seconds, sample_rate_hz)
    gongan = max(1, round((seconds - RINGING_S) / 8.0))
    melody = [tone for cycle in balungan(rng, gongan, width=5) for tone in cycle]
    times = beat_times(len(melody), seconds - RINGING_S, opening=1.5, closing=1.6)
    shimmer = cymbal(rng, sample_rate_hz, decay_s=0.18)
    for beat, tone in enumerate(melody):
        start, length = times[beat], times[beat + 1] - times[beat]
        if beat % 2 == 0:
            tape.add(start, band.note("jegogan", tone - 5), gain=0.5, pan=0.0)
        tape.add(start, band.note("saron", tone), gain=0.3, pan=0.15)
        if beat >= BEATS_PER_GATRA:  # the melody alone first, as a gineman would
            _kotekan(tape, band, start, length, tone)
        tape.add(start + length / 2, shimmer, gain=0.12, pan=-0.1)
        _punctuate(tape, band, start, beat, tone)
    tape.add(times[-1], band.note("gong", -10), gain=1.0)
    _kendang(tape, rng, times)
    return _hall(tape, rng, decay_s=1.1)


def _kotekan(tape: Tape, band: Ensemble, start: float, length: float, tone: int) -> None:
    """Polos and sangsih interlock (norot): neither plays the figure alone."""
    figure = (tone + 1, tone, tone + 1, tone, tone + 2, tone + 1, tone + 2, tone)
    for step, degree in enumerate(figure):
        polos = step % 2 == 0 or step == 7
        at = start + length * step / 8.0
        tape.add(at, band.note("gangsa", degree + 5), gain=0.2, pan=-0.7 if polos else 0.7)
        if not polos:
            tape.add(at, band.note("gangsa", degree + 8), gain=0.09, pan=0.6)


def _hall(tape: Tape, rng: np.random.Generator, *, decay_s: float) -> Signal:
    """An open pavilion around the ensemble."""
    heard = in_room(tape.samples, rng, tape.sample_rate_hz, decay_s=decay_s, wet=0.18)
    return to_level(fade(heard, tape.sample_rate_hz, in_s=0.01, out_s=1.2), -17.0)
