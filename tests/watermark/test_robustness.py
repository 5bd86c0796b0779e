"""Intervals, journals, suites and reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from watermark.detection import NOT_COMPARED, Corroborated, Identity
from watermark.payload import GenerationId
from watermark.robustness.attack import Aim, Attack, changed
from watermark.robustness.attacks import levels
from watermark.robustness.intervals import wilson
from watermark.robustness.journal import Journal, JournalMismatch, read_rows
from watermark.robustness.presets import BUILDERS, NoSuchAttack, Preset, only, suites
from watermark.robustness.reader import Reading
from watermark.robustness.sources import FIGURES, SOURCES
from watermark.robustness.survey import judged

ONE, TWO, THREE = (GenerationId(number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # statsmodels.stats.proportion.proportion_confint(method="wilson"), rounded
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (50, 100, 0.4038, 0.5962),
        (99, 100, 0.9455, 0.9982),
    ],
)
def test_intervals_are_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_no_trials_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_journal_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, {"seed": 1}).add({"kind": "clip", "clip": 0})

    again = Journal(path, {"seed": 1})
    again.add({"kind": "clip", "clip": 1})

    assert [row["clip"] for row in again.of_kind("clip")] == [0, 1]
    assert read_rows(path)[0] == {"kind": "run", "seed": 1}


def test_a_line_torn_by_a_crash_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, {"seed": 1}).add({"kind": "clip", "clip": 0})
    path.write_text(path.read_text("utf-8") + '{"kind": "clip", "cl', "utf-8")

    again = Journal(path, {"seed": 1})
    again.add({"kind": "clip", "clip": 1})

    assert [row["clip"] for row in read_rows(path)[1:]] == [0, 1]


def test_a_journal_of_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, {"seed": 1, "ids": 10})

    with pytest.raises(JournalMismatch, match=r"other settings \(seed\)") as refusal:
        Journal(path, {"seed": 2, "ids": 10})

    assert refusal.value.differing == ["seed"]
    assert refusal.value.path == path


def _attack(aim: Aim, ids: int) -> Attack:
    return Attack("any", "any", changed(levels.unchanged), "antiphon", aim, ids)


def _reading(*named: GenerationId, sound: Corroborated = Corroborated.SAME_RECORDING) -> Reading:
    compared = replace(NOT_COMPARED, outcome=sound)
    return Reading(tuple(Identity(one, 9.0, 1e-9, (), corroboration=compared) for one in named))


@pytest.mark.parametrize(
    ("aim", "ids", "named", "correct", "wrong_ids"),
    [
        (Aim.NAMED, 1, [ONE], True, 0),
        (Aim.NAMED, 1, [], False, 0),
        (Aim.NAMED, 1, [TWO, ONE], False, 1),  # the strongest must be the true one
        (Aim.NAMED, 1, [ONE, TWO], True, 1),
        (Aim.BOTH, 2, [TWO, ONE], True, 0),
        (Aim.BOTH, 2, [ONE], False, 0),
        (Aim.MEMBERS, 2, [TWO], True, 0),
        (Aim.MEMBERS, 2, [THREE], False, 1),
        (Aim.TOLD_APART, 1, [], True, 0),
    ],
)
def test_an_outcome_is_judged_by_what_was_asked(
    aim: Aim, ids: int, named: list[GenerationId], correct: bool, wrong_ids: int
) -> None:
    found = judged(_attack(aim, ids), _reading(*named), [ONE, TWO, THREE])

    assert (found["correct"], found["wrong_ids"]) == (correct, wrong_ids)


@pytest.mark.parametrize(
    ("sound", "told_apart"),
    [
        (Corroborated.OTHER_RECORDING, True),
        (Corroborated.SAME_RECORDING, False),  # the product would pay
        (Corroborated.NOT_CHECKED, False),  # it would not, but nobody could say why
    ],
)
def test_a_mark_moved_to_other_music_counts_as_told_apart_only_by_the_sound(
    sound: Corroborated, told_apart: bool
) -> None:
    found = judged(_attack(Aim.TOLD_APART, 1), _reading(ONE, sound=sound), [ONE])

    assert (found["some"], found["correct"]) == (True, told_apart)
    assert found["other_recording"] is told_apart


def test_what_the_sound_says_is_counted_only_where_the_right_id_is_named() -> None:
    innocent = judged(_attack(Aim.NAMED, 1), _reading(TWO), [ONE])
    nobody = judged(_attack(Aim.NAMED, 1), _reading(), [ONE])
    true = judged(_attack(Aim.NAMED, 1), _reading(ONE), [ONE])

    assert [one["same_recording"] for one in (innocent, nobody, true)] == [False, False, True]


def test_every_member_is_counted_apart_from_at_least_one() -> None:
    both = judged(_attack(Aim.MEMBERS, 2), _reading(ONE, TWO), [ONE, TWO])
    one = judged(_attack(Aim.MEMBERS, 2), _reading(TWO), [ONE, TWO])

    assert (both["every"], both["some"]) == (True, True)
    assert (one["every"], one["some"]) == (False, True)


@pytest.mark.parametrize("preset", list(BUILDERS))
def test_a_suite_names_each_attack_once_and_every_source_is_known(preset: Preset) -> None:
    (suite,) = suites([preset], questions=10)

    names = [attack.name for attack in suite.attacks]

    assert suite.name == preset
    assert len(set(names)) == len(names)
    assert {attack.source for attack in suite.attacks} <= set(SOURCES)
    assert all(left.reason for left in suite.not_run)


def test_all_presets_are_every_suite_once() -> None:
    assert [suite.name for suite in suites([Preset.SOK, Preset.ALL], 0)] == list(BUILDERS)


def test_single_attacks_can_be_picked_by_their_names() -> None:
    chosen = suites([Preset.ANTIPHON], 0)

    (suite,) = only(chosen, ["Opus", "echo"])

    assert [one.name for one in suite.attacks] == [
        "Opus 16 kb/s",
        "Opus 6 kb/s",
        "echo 0.25 s x 0.5",
    ]
    assert only(chosen, []) == chosen
    with pytest.raises(NoSuchAttack, match="no attack is called 'Opsu'; there are: none;") as error:
        only(chosen, ["Opsu"])
    assert error.value.wanted == "Opsu"


def test_without_questions_there_are_no_black_box_attackers() -> None:
    (suite,) = suites([Preset.ANTIPHON], questions=0)

    assert not any(attack.slow for attack in suite.attacks)


def test_every_published_figure_stands_beside_an_attack_of_its_name() -> None:
    known = {
        row.name for suite in suites([Preset.ALL], 10) for row in (*suite.attacks, *suite.not_run)
    }

    assert set(FIGURES) - known == set()
    assert {one.source for figures in FIGURES.values() for one in figures} <= set(SOURCES)


def test_the_targets_of_this_project_are_all_in_its_suite() -> None:
    (suite,) = suites([Preset.ANTIPHON], questions=0)
    names = {attack.name for attack in suite.attacks}

    wanted = {
        f"{what} {sign}{by} %"
        for what in ("speed", "stretch")
        for sign in "+-"
        for by in (5, 10, 20)
    }
    wanted |= {"pitch -2 semitones", "pitch -1 semitone", "pitch +1 semitone", "pitch +2 semitones"}
    wanted |= {"none", "crop 10 s", "crop 5 s", "white noise 10 dB", "Opus 6 kb/s", "MP3 24 kb/s"}
    wanted |= {f"average of {copies} copies" for copies in (2, 3, 5, 8)}
    assert wanted <= names


def test_rows_are_plain_json(tmp_path: Path) -> None:
    found = judged(_attack(Aim.NAMED, 1), _reading(ONE), [ONE])

    assert json.loads(json.dumps(found)) == found
    assert np.isfinite(found["wrong_ids"])
