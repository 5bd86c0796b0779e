"""What is measured of the fingerprint, on a few minutes of plucked music."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.fingerprint import copies, strangers
from benchmarks.fingerprint.__main__ import main
from benchmarks.fingerprint.page import markdown, page
from benchmarks.fingerprint.recordings import Recording, from_files, synthesised
from tests.watermark.conftest import plucked_music
from watermark.fingerprint.chance import ChanceLaw
from watermark.robustness.attack import Attack, AttackUnavailable, Sound, Specimen, changed
from watermark.robustness.attacks import levels, tempo

RATE_HZ = 22_050
LAW = ChanceLaw.load()


def _told(what: str) -> None:
    pass


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two soundtracks; in the first one piece quotes 25 s of another."""
    root = tmp_path_factory.mktemp("music")
    one, two = root / "one", root / "two"
    first, second, third = (plucked_music(50, seed=seed) for seed in (1, 2, 3))
    quoting = np.concatenate((second[: 20 * RATE_HZ], first[10 * RATE_HZ : 35 * RATE_HZ]))
    sounds = {
        one / "first.wav": first,
        one / "quoting.wav": np.concatenate((quoting, second[-5 * RATE_HZ :])),
        one / "twin.flac": first,
        one / "short.wav": first[: 30 * RATE_HZ],
        two / "third.wav": third,
        two / "silent.wav": np.zeros_like(third),
    }
    for path, sound in sounds.items():
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, sound, RATE_HZ)
    (two / "broken.ogg").write_bytes(b"OggS nothing")
    return [one, two]


@pytest.fixture(scope="module")
def recordings(folders: list[Path]) -> list[Recording]:
    return list(from_files(folders, 180.0, np.random.default_rng(1), _told))


def test_files_that_are_short_silent_broken_or_doubled_are_left_out(
    recordings: list[Recording],
) -> None:
    assert [(one.soundtrack, one.name) for one in recordings] == [
        ("one", "first.wav"),
        ("one", "quoting.wav"),
        ("two", "third.wav"),
    ]
    assert all(one.stretch.seconds == pytest.approx(10) for one in recordings)


def _unavailable(specimen: Specimen, rng: np.random.Generator) -> Sound:
    raise AttackUnavailable("the encoder is missing; install it")


def test_a_row_counts_copies_at_the_geometry_that_the_attack_made(
    recordings: list[Recording],
) -> None:
    attacks = [
        Attack("none", "none", changed(levels.unchanged), "antiphon"),
        Attack("speed", "tempo", tempo.played_at(1.2), "antiphon"),
        Attack("silence", "level", changed(levels.gain(0.0)), "antiphon"),
        Attack("missing", "codec", _unavailable, "antiphon"),
    ]

    none, speed, silence, missing = copies.rows(recordings, LAW, 1, attacks)

    assert (none["n"], none["confirmed"], none["too_thin"]) == (3, 3, 0)
    assert speed["confirmed"] == 3
    assert (silence["confirmed"], silence["too_thin"]) == (0, 3)
    assert (missing["n"], missing["unavailable"]) == (0, "the encoder is missing; install it")


def test_every_attack_that_changes_the_whole_stretch_is_measured() -> None:
    names = {attack.name for attack in copies.ATTACKS}

    assert {"none", "crop 5 s", "white noise 10 dB", "highpass 1.5 kHz", "delete 10 %"} <= names
    assert {"speed -20 %", "stretch +20 %", "pitch -2 semitones", "reverb 0.5 s, 3 dB"} <= names
    assert not any("splice" in name or "copied" in name for name in names)


def test_a_quoted_take_is_found_and_shown_to_be_the_same_waveform(
    recordings: list[Recording],
) -> None:
    found, cpu_seconds = strangers.comparisons(
        recordings, LAW, 5, partners=2, within=12, heard=_told
    )

    within = strangers.summary([one for one in found if one.within])
    across = strangers.summary([one for one in found if not one.within])
    called = [row["waveform"] for row in within["inspected"] if row["same"]]
    assert cpu_seconds > 0
    assert called, "the quotation must be met for this test to say much"
    assert all(there > 0.9 and beside < 0.5 for there, beside in called)
    assert all(row["shares_a_take"] for row in within["inspected"])
    assert (within["comparisons"], within["pairs_sharing_a_take"], within["same"]) == (0, 1, 0)
    assert (across["comparisons"], across["pairs_sharing_a_take"], across["same"]) == (4, 0, 0)


def test_unrelated_pairs_of_one_soundtrack_and_of_several_are_counted_apart(
    recordings: list[Recording],
) -> None:
    first, _, third = recordings
    other = dataclasses.replace(third, soundtrack="one")

    found, _ = strangers.comparisons(
        [first, other, third], LAW, 5, partners=2, within=3, heard=_told
    )

    within = strangers.summary([one for one in found if one.within])
    across = strangers.summary([one for one in found if not one.within])
    assert (within["comparisons"], within["pairs"]) == (6, 1)
    assert [row["promise"] for row in within["counts"]] == list(strangers.PROMISES)
    assert within["counts"][-1]["found"] == 0
    assert across["comparisons"] + 6 == len(found) - 2 * across["pairs_sharing_a_take"]


def test_takes_of_one_composition_are_not_taken_to_be_unrelated() -> None:
    made = list(synthesised(4, 1, _told))
    families = [one.soundtrack for one in made]
    akin = [made[0], *made]

    found, _ = strangers.comparisons(akin, LAW, 1, partners=9, within=3, heard=_told)

    assert len(set(families)) == 4
    assert not any(one.within for one in found)


def test_a_run_leaves_a_report_and_the_page_is_written_from_it(
    folders: list[Path], tmp_path: Path
) -> None:
    named = [word for folder in folders for word in ("--folder", str(folder))]

    small = [
        "--copies",
        "2",
        "--within",
        "1",
        "--attack",
        "lari",
        "--attack",
        "8 bits",
        "--seconds",
        "48",
    ]
    assert main([*named, *small, "--out", str(tmp_path)]) == 0
    assert main(["--out", str(tmp_path), "--page", str(tmp_path / "page.md")]) == 0

    report = json.loads((tmp_path / "music.json").read_text("utf-8"))
    text = (tmp_path / "page.md").read_text("utf-8")
    assert report["settings"]["audio"] == "one, two"
    assert report["recordings"] == 3
    assert report["hours"] == 0.04  # three times 48 s
    assert [row["attack"] for row in report["copies"]][:2] == ["polarity", "8 bits"]
    assert text == page({"music": report}, LAW)
    assert "| polarity | 2 | 1.000 |" in text
    assert "## Real music" in text
    assert "Synthesised" not in text
    assert (tmp_path / "music.md").read_text("utf-8") == markdown(report)


def test_weak_rows_and_false_calls_are_listed_as_failures() -> None:
    call = {
        "one": "a/x", "other": "a/y", "start_seconds": 3.0, "seconds": 10.0, "pitch": 1.0,
        "tempo": 1.1, "agreeing": 0.31, "rate": 2e-7, "same": True, "waveform": [0.2, 0.1],
        "shares_a_take": False,
    }  # fmt: skip
    quoted = call | {"other": "a/z", "tempo": 1.0, "waveform": [0.98, 0.1], "shares_a_take": True}
    counted = {
        "comparisons": 50, "pairs": 9, "counts": [], "same": 1, "same_wilson_95": [0.0, 0.1],
        "inspected": [call, quoted],
    }  # fmt: skip
    none = counted | {"comparisons": 0, "inspected": []}
    weak = {"attack": "noise", "n": 10, "confirmed": 8, "beyond_chance": 9, "too_thin": 0}
    report = {
        "settings": {"audio": "a", "seed": 1, "fingerprint": "0" * 16},
        "recordings": 10, "hours": 0.5, "landmarks_per_second": 20.0, "cpu_per_second": 0.004,
        "cpu_per_comparison": 0.002, "stretch_seconds": 10.0,
        "copies": [
            weak | {"wilson_95": [0.4, 0.9]},
            {"attack": "absent", "n": 0, "confirmed": 0, "unavailable": "no encoder"},
        ],
        "strangers": {"across": none, "within": counted},
    }  # fmt: skip

    text = markdown(report)

    assert "| noise | 10 | 0.800 | 0.400 .. 0.900 | 9 | 0 |" in text
    assert "- noise: 8 of 10 confirmed." in text
    assert "| absent | **not run**: no encoder |" in text
    assert "1 of 50 comparisons of unrelated recordings are called the same" in text
    failures, twice = text.split("### Where it fails")[1].split("### Takes used twice")
    assert "  - a/x from 3 s, 10 s, as if at 1.1 of its tempo, in a/y: called the same" in failures
    assert "a/z" not in failures
    assert "- a/x from 3 s, 10 s, in a/z: called the same; rate 2e-07, 31 % agree" in twice


def test_folders_without_music_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--folder", str(tmp_path / "absent")]) == 1
    assert "no such folder" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path)]) == 1
    assert "fewer than two recordings" in capsys.readouterr().err
