"""The suites by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from watermark.robustness.suite import Suite
from watermark.robustness.suites import (
    antiphon,
    audiomarkbench,
    audioseal_paper,
    deepmark,
    rawbench,
    sok,
)


class Preset(StrEnum):
    """What the command line calls a suite."""

    ANTIPHON = "antiphon"
    """This project's targets and threat model."""
    AUDIOSEAL_PAPER = "audioseal-paper"
    """AudioSeal's evaluation strengths."""
    AUDIOMARKBENCH = "audiomarkbench"
    """AudioMarkBench, no-box and black-box."""
    RAWBENCH_STRICT = "rawbench-strict"
    """RAW-Bench at its strict strengths."""
    RAWBENCH_LOOSE = "rawbench-loose"
    """RAW-Bench at its loose strengths."""
    DEEPMARK = "deepmark"
    """DeepMark's defaults and what AWARE adds."""
    SOK = "sok"
    """What the SoK found to break the schemes it tried."""
    ALL = "all"
    """Every suite above."""


# Each is built for a budget of questions that black-box attackers may ask.
BUILDERS: Final[dict[Preset, Callable[[int], Suite]]] = {
    Preset.ANTIPHON: antiphon.suite,
    Preset.AUDIOSEAL_PAPER: lambda _questions: audioseal_paper.suite(),
    Preset.AUDIOMARKBENCH: audiomarkbench.suite,
    Preset.RAWBENCH_STRICT: lambda _questions: rawbench.suite("strict", rawbench.STRICT),
    Preset.RAWBENCH_LOOSE: lambda _questions: rawbench.suite("loose", rawbench.LOOSE),
    Preset.DEEPMARK: lambda _questions: deepmark.suite(),
    Preset.SOK: lambda _questions: sok.suite(),
}


def suites(presets: Sequence[Preset], questions: int) -> tuple[Suite, ...]:
    """The suites of some presets, each once; all of them where ALL is among them."""
    chosen = list(BUILDERS) if Preset.ALL in presets else list(dict.fromkeys(presets))
    return tuple(BUILDERS[preset](questions) for preset in chosen)


class NoSuchAttack(Exception):
    """No attack of the chosen suites has such a name; says which have."""

    def __init__(self, wanted: str, chosen: Sequence[Suite]) -> None:
        self.wanted = wanted
        names = "; ".join(attack.name for suite in chosen for attack in suite.attacks)
        super().__init__(f"no attack is called {wanted!r}; there are: {names}")


def only(chosen: Sequence[Suite], wanted: Sequence[str]) -> tuple[Suite, ...]:
    """The suites with no attacks but those whose names hold one of the texts; all without texts.

    Raises NoSuchAttack for a text that is in no name.
    """
    if not wanted:
        return tuple(chosen)
    for text in wanted:
        if not any(text in attack.name for suite in chosen for attack in suite.attacks):
            raise NoSuchAttack(text, chosen)
    return tuple(
        replace(
            suite,
            attacks=tuple(
                attack for attack in suite.attacks if any(text in attack.name for text in wanted)
            ),
            not_run=(),
        )
        for suite in chosen
    )
