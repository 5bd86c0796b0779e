"""A suite: a named list of attacks, with what of a published list is left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from watermark.robustness.attack import Aim, Apply, Attack, Change, NotRun, changed
from watermark.robustness.attacks import black_box

NO_WEIGHTS: Final = "a neural codec or generator needs weights, and none are shipped"


@dataclass(frozen=True)
class Suite:
    """`rate_hz` and `mono` are the form of audio the published suite works on; None is any."""

    name: str
    about: str
    attacks: tuple[Attack, ...]
    not_run: tuple[NotRun, ...] = ()
    rate_hz: int | None = None
    mono: bool = False


@dataclass(frozen=True)
class Source:
    """Builds the attacks of one source."""

    key: str
    prefix: str = ""

    def on_samples(self, name: str, family: str, change: Change) -> Attack:
        """An attack that maps samples to samples at the same rate."""
        return Attack(self.prefix + name, family, changed(change), self.key)

    def on_clip(self, name: str, family: str, apply: Apply) -> Attack:
        """An attack that may need more than the marked samples, or change the rate."""
        return Attack(self.prefix + name, family, apply, self.key)

    def on_ids(self, name: str, aim: Aim, apply: Apply, ids: int) -> Attack:
        """An attack on or with several marks."""
        return Attack(self.prefix + name, "adversary", apply, self.key, aim, ids)

    def by_asking(self, questions: int) -> tuple[Attack, ...]:
        """The black-box attacks at a budget of questions; none at 0."""
        if questions == 0:
            return ()
        ways = (
            (f"HopSkipJump, waveform, {questions} questions", black_box.hop_skip_jump(questions)),
            (
                f"HopSkipJump, spectrum, {questions} questions",
                black_box.hop_skip_jump(questions, spectral=True),
            ),
            (f"Square, {questions} questions", black_box.square(questions)),
        )
        return tuple(
            Attack(self.prefix + name, "black box", apply, self.key, slow=True)
            for name, apply in ways
        )

    def left_out(self, name: str, family: str, reason: str) -> NotRun:
        return NotRun(self.prefix + name, family, self.key, reason)
