"""What an attack is: a named change to a marked clip, what is asked of the mark, and its source.

Everything stays in memory at the clip's own rate; an attack that changes the rate says so in what
it returns. An attack draws chance only from the generator it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from watermark.audio.waveform import Samples


class Sound(NamedTuple):
    """Samples (time, channel), float32, full scale 1, and their rate."""

    samples: Samples
    rate_hz: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz


class AttackUnavailable(Exception):
    """This machine cannot run the attack; the message says what is missing and what to do."""


class Aim(StrEnum):
    """What counts as success of the mark, not of the attacker."""

    NAMED = "named"
    """The id of the clip is the strongest one reported."""
    BOTH = "both named"
    """Two ids were written; both are reported."""
    MEMBERS = "members named"
    """Copies of several ids were merged; members are reported and nobody else."""
    TOLD_APART = "told apart"
    """The mark was carried to audio it was never made for; success is that nobody is named, or that

    the fingerprint calls the sound another recording, which the product never pays for.
    """


@dataclass
class Specimen:
    """One clip in the forms that attackers hold, all (time, channel) at `rate_hz`.

    `copy(k)` is the original marked with the k-th id of this clip (0 is the true one), `over` the
    marked clip with the id 1 written on top, `stranger` other unmarked audio of the same rate and
    channels. `is_named` is the coarse answer that a public service gives: is the true id named?
    An attack leaves in `notes` what should be reported, and under `pitch` and `tempo` by what it
    multiplied them.
    """

    original: Samples
    rate_hz: int
    copy: Callable[[int], Samples]
    over: Callable[[], Samples]
    stranger: Samples
    is_named: Callable[[Sound], bool]
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def marked(self) -> Samples:
        return self.copy(0)


Apply = Callable[[Specimen, np.random.Generator], Sound]
Change = Callable[[Samples, int, np.random.Generator], Samples]


@dataclass(frozen=True)
class Attack:
    """`source` is a key of `sources.SOURCES`; `ids` is how many ids of the clip it needs."""

    name: str
    family: str
    apply: Apply
    source: str
    aim: Aim = Aim.NAMED
    ids: int = 1
    slow: bool = False  # asks the detector many times


@dataclass(frozen=True)
class NotRun:
    """An attack of a published list that is left out, and why."""

    name: str
    family: str
    source: str
    reason: str


def changed(change: Change) -> Apply:
    """An attack that maps the marked samples to others at the same rate."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        samples = change(specimen.marked, specimen.rate_hz, rng)
        return Sound(np.asarray(samples, np.float32), specimen.rate_hz)

    return apply


def after(first: Apply, *changes: Change) -> Apply:
    """One attack followed by changes to its result."""

    def apply(specimen: Specimen, rng: np.random.Generator) -> Sound:
        samples, rate_hz = first(specimen, rng)
        for change in changes:
            samples = np.asarray(change(samples, rate_hz, rng), np.float32)
        return Sound(samples, rate_hz)

    return apply
