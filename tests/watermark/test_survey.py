"""Runs from clips to report, on a few seconds of audio and a small registry."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.watermark.headline import COMMAND, with_headline
from benchmarks.watermark.page import page
from benchmarks.written_parts import ENDS, begins
from tests.watermark.conftest import plucked_music
from watermark.identity.null_model import NullModel
from watermark.marker import Marker
from watermark.robustness import bench, identification
from watermark.robustness.attack import Aim, Attack, AttackUnavailable, NotRun, Sound, changed
from watermark.robustness.attacks import codecs, collusion, edits, levels, tempo
from watermark.robustness.clips import Clip, NoAudio, from_folders, synthesised
from watermark.robustness.journal import Journal, JournalMismatch, Row
from watermark.robustness.listening import write_page
from watermark.robustness.null_run import NullPlan, null_run
from watermark.robustness.pictures import draw
from watermark.robustness.reader import MarkReader
from watermark.robustness.report import markdown
from watermark.robustness.suite import Suite
from watermark.robustness.survey import Plan, Step, form_of, survey, taken
from watermark.robustness.tables import summary

IDS = bench.registered(200, seed=3)


def _unavailable(specimen: object, rng: object) -> Sound:
    raise AttackUnavailable("the encoder is missing; install it")


SUITE = Suite(
    "small",
    "a few attacks",
    (
        Attack("none", "none", changed(levels.unchanged), "audioseal"),
        Attack("crop 5 s", "edit", changed(edits.crop(5)), "antiphon"),
        Attack("silence", "level", changed(levels.gain(0.0)), "antiphon"),
        Attack("MP3 64 kb/s", "codec", codecs.mp3(64), "antiphon"),
        Attack("mean of 2", "adversary", collusion.averaged(2), "collusion", Aim.MEMBERS, 2),
        Attack("moved", "adversary", collusion.gains_copied, "adversary", Aim.TOLD_APART),
        Attack("missing", "codec", _unavailable, "sok"),
    ),
    (NotRun("EnCodec", "neural", "sok", "no weights"),),
)


def _clips(count: int, seconds: float = 16) -> list[Clip]:
    return [
        Clip(f"plucked {n}", Sound(plucked_music(seconds, channels=1, seed=n), 22_050))
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Journal, Row, Path]:
    """Two clips through the small suite, and its report and pictures."""
    out = tmp_path_factory.mktemp("run")
    settings = {
        "audio": "plucked", "seconds": 16.0, "ids": 200, "seed": 3,
        "layers": "identity mark alone", "mark": "0" * 16, "threshold_z": 8.0,
    }  # fmt: skip
    journal = Journal(out / "journal.jsonl", settings)
    marker = Marker(bench.searching(IDS), NullModel.load())
    silent = Clip("silent", Sound(np.zeros((22_050 * 16, 1), np.float32), 22_050))
    clips = [*_clips(2), silent, *_clips(1)]
    with MarkReader(marker) as reader:
        plan = Plan([SUITE], seed=3, slow_clips=0)
        survey(clips, reader, lambda n: bench.ids_of(IDS, n), plan, journal, lambda step: None)
    found = summary(settings, journal.rows, [SUITE])
    bench.write(found, journal.rows, out)
    return journal, found, out


def _entries(found: Row) -> dict[str, Row]:
    return {one["attack"]: one for one in found["suites"][0]["attacks"]}


def test_every_clip_meets_every_attack_and_clean_copies_are_named(
    run: tuple[Journal, Row, Path],
) -> None:
    entries = _entries(run[1])

    assert entries["none"]["n"] == 2
    assert entries["none"]["correct"] == 2
    assert entries["none"]["wrong_ids"] == 0
    assert entries["MP3 64 kb/s"]["correct"] == 2
    assert entries["mean of 2"]["rate"] == 1.0
    assert entries["none"]["chip_errors"] < 0.4
    assert entries["none"]["z_lowest"] > entries["crop 5 s"]["z_highest"]


def test_a_mark_moved_to_other_music_is_read_and_told_apart_by_its_sound(
    run: tuple[Journal, Row, Path],
) -> None:
    entries = _entries(run[1])
    (row,) = [line for line in markdown(run[1]).splitlines() if line.startswith("| moved")]

    # The second clip's mark is moved onto silence, in which there is nothing to read.
    assert (entries["moved"]["named"], entries["moved"]["other_recording"]) == (1, 1)
    assert entries["moved"]["correct"] == 2
    assert "id carried over in 1 of 2 by the identity layer alone" in row
    assert "told apart by the fingerprint in 1 of 1" in row


def test_the_sound_of_a_genuine_copy_is_recognised_at_the_geometry_the_mark_tells(
    run: tuple[Journal, Row, Path],
) -> None:
    entries = _entries(run[1])
    text = markdown(run[1])

    assert entries["none"]["same_recording"] == 2
    assert entries["mean of 2"]["same_recording"] == 2
    assert "| same in 2 of 2 |" in text


def test_genuine_copies_that_the_sound_does_not_confirm_are_listed_as_failures(
    run: tuple[Journal, Row, Path],
) -> None:
    found = copy.deepcopy(run[1])
    _entries(found)["none"]["same_recording"] = 1

    assert "- small, none: the id is named in 2, and in 1 of them the fingerprint" in markdown(
        found
    )
    assert "does not confirm" not in markdown(run[1])


def test_what_is_refused_or_not_available_is_counted_and_said(
    run: tuple[Journal, Row, Path],
) -> None:
    entries = _entries(run[1])

    assert entries["silence"]["refused"] == 2
    assert entries["silence"]["correct"] == 0
    assert entries["missing"]["n"] == 0
    assert entries["missing"]["unavailable"] == ["the encoder is missing; install it"]
    assert [row["name"] for row in run[1]["refused"]] == ["silent"]


def test_the_average_counts_attacks_that_ask_for_one_id(
    run: tuple[Journal, Row, Path],
) -> None:
    entries = _entries(run[1])
    average = run[1]["suites"][0]["average"]

    asked = [entries[name]["rate"] for name in ("none", "crop 5 s", "silence", "MP3 64 kb/s")]
    assert average["attacks"] == 4
    assert average["rate"] == pytest.approx(sum(asked) / 4, abs=1e-4)


def test_a_journal_that_is_whole_leaves_nothing_to_do(
    run: tuple[Journal, Row, Path],
) -> None:
    journal, _, _ = run
    rows = len(journal.rows)
    told: list[Step] = []
    clips = [*_clips(2), *_clips(1)]

    with MarkReader(Marker(bench.searching(IDS), NullModel.load())) as reader:
        plan = Plan([SUITE], seed=3, slow_clips=0)
        survey(clips, reader, lambda n: bench.ids_of(IDS, n), plan, journal, told.append)

    assert len(journal.rows) == rows
    assert [step.what for step in told] == ["done"]


def test_the_report_has_its_sections_and_says_what_was_not_run(
    run: tuple[Journal, Row, Path],
) -> None:
    text = markdown(run[1])

    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# What the mark survives",
        "## How quiet the mark is",
        "## small: a few attacks",
        "## Where it fails",
        "## Sources of strengths and published figures",
    ]
    assert "| EnCodec | **not run**: no weights |" in text
    assert "| missing | **not run**: the encoder is missing; install it |" in text
    assert "- small, silence: 0 of 2" in text
    assert "Could not be marked: silent (audio-silent" in text
    assert "AudioSeal 1.00 (1.00/0.00) [audioseal Q]" in text


def test_tables_are_well_formed(run: tuple[Journal, Row, Path]) -> None:
    columns: int | None = None
    for line in markdown(run[1]).splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        found = line.count("|")
        assert columns in (None, found), line
        columns = found


def test_pictures_are_drawn_for_what_was_measured(
    run: tuple[Journal, Row, Path], tmp_path: Path
) -> None:
    made = draw(run[1], run[0].rows, tmp_path)

    names = {path.name for path in made}
    assert names == {"small-attribution.png", "small-z.png", "quality.png", "roc.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in made)


def test_unmarked_clips_name_nobody_and_give_the_law_of_chance(
    run: tuple[Journal, Row, Path],
) -> None:
    rows = run[0].of_kind("unmarked")

    assert [row["named"] for row in rows] == [[], []]
    for row in rows:
        assert sum(row["decoy_z"].values()) == 2000
        assert max(float(z) for z in row["decoy_z"]) < 6


def test_the_committed_page_is_written_from_reports_alone(
    run: tuple[Journal, Row, Path],
) -> None:
    null = {
        "windows": 100, "foreign_marked": 25, "distinct": 90, "keys": 2, "ids": 1000,
        "false_attributions": 0, "upper_95": 0.037, "threshold_z": 8.0, "highest_z": 5.5,
        "fitted_rate": 1e-12, "seen": [{"z": 5.0, "calibrated": 0.1, "seen": 0.09}],
    }  # fmt: skip
    hour = {
        "mode": "dense", "marked": True, "heard_seconds": 3600, "wall_seconds": 9.0,
        "cpu_seconds": 16.0, "start_cpu_seconds": 3.0, "stock_ratio": 6.0,
        "peak_mib": 290.0, "before_mib": 200.0, "found": True,
    }  # fmt: skip
    cost = {
        "ids": 1000,
        "rows": [{"name": "ours", "cpu_seconds_per_audio_second": 0.001, "stock_ratio": 20}],
        "hour": [hour],
    }

    text = page({"synthesised": {"report": run[1], "null": null}, "": {"cost": cost}})

    assert "## Synthesised audio" in text
    assert "### small: a few attacks" in text
    assert "**0 false attributions** (95 % upper bound 3.7e-02)" in text
    assert "| ours | 0.00100 | 20.00 |" in text
    assert "| dense | two minutes | 3600 | 9.0 | 16.0 | 3.0 | 6.0 | 290 (200) | yes |" in text
    assert "Real music" not in text


def test_the_readmes_account_is_written_between_its_comments_alone(
    run: tuple[Journal, Row, Path],
) -> None:
    opening = begins(COMMAND)
    readme = f"before\n{opening}\nstale\n{ENDS}\nafter\n"

    text = with_headline(readme, {"music": {"report": run[1]}})

    assert text.startswith(f"before\n{opening}\n2 clips of 16 s")
    assert text.endswith(f"{ENDS}\nafter\n")
    assert "| clean; from 10 s; from 5 s | 2 of 2 | 34% .. 100% |" in text
    assert "stale" not in text
    with pytest.raises(ValueError, match="needs the lines"):
        with_headline("no place for it", {"music": {"report": run[1]}})


def test_suites_of_one_form_share_their_marked_clips() -> None:
    narrow = Suite("narrow", "", (), rate_hz=16_000, mono=True)

    assert form_of(SUITE) == "own rate"
    assert form_of(narrow) == "16000 Hz, mono"


def test_a_stretched_copy_is_measured_at_its_own_geometry() -> None:
    marker = Marker(bench.searching(IDS), NullModel.load())
    (clip,) = _clips(1, 24)
    suite = Suite("tempo", "", (Attack("speed", "tempo", tempo.played_at(1.1), "antiphon"),))
    out: list[Step] = []

    with MarkReader(marker) as reader:
        journal = _MemoryJournal()
        plan = Plan([suite], seed=1, slow_clips=0)
        survey([clip, clip], reader, lambda n: bench.ids_of(IDS, n), plan, journal, out.append)

    (row,) = journal.of_kind("attempt")
    assert row["agreement"]["z"] > 10
    assert row["notes"] == {}


class _MemoryJournal(Journal):
    def __init__(self) -> None:
        self.rows = []

    def _append(self, row: Row) -> None:
        pass


def test_a_null_run_goes_on_where_it_was_and_names_nobody(tmp_path: Path) -> None:
    null = NullModel.load()
    plan = NullPlan(8, 500, 9, (), foreign=0.5, seek_every=0, chunk=4)

    first = null_run(plan, null, tmp_path, lambda done, of: None)
    again = null_run(plan, null, tmp_path, lambda done, of: None)

    assert first == again
    assert first["windows"] == 8
    assert first["distinct"] == 8
    assert first["false_attributions"] == 0
    assert 0 < first["foreign_marked"] < 8
    assert first["highest_z"] < first["threshold_z"]
    assert first["keys"] == 2
    with pytest.raises(JournalMismatch, match="ids"):
        null_run(NullPlan(8, 600, 9, (), 0.5, 0, chunk=4), null, tmp_path, lambda done, of: None)


class _Page(HTMLParser):
    """Collects what a page refers to and what its controls are called."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.labels: dict[str, str] = {}
        self.attributes: list[dict[str, str | None]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes.append(given)
        self.sources += [given[name] or "" for name in ("src", "href") if name in given]
        if tag == "audio":
            self.labels[given["id"] or ""] = given["aria-label"] or ""


def test_the_listening_page_plays_offline_and_names_its_controls(tmp_path: Path) -> None:
    ids = bench.ids_of(IDS, 0)
    silence = np.zeros((22_050 * 8, 1), np.float32)
    clips = [*_clips(2, 8), Clip("a <silent> tape", Sound(silence, 22_050))]

    with MarkReader(Marker(bench.searching(IDS), NullModel.load())) as reader:
        written = write_page(clips, reader, ids, tmp_path)

    text = written.read_text("utf-8")
    parsed = _Page()
    parsed.feed(text)
    sounds = sorted(path.name for path in tmp_path.glob("*.flac"))
    assert set(parsed.sources) == set(sounds)
    assert len(sounds) == 6
    assert not re.search(r"https?:|//[a-z]", text)
    assert len(set(parsed.labels.values())) == 6
    assert all("autoplay" not in given for given in parsed.attributes)
    assert {"lang": "en"} in parsed.attributes
    assert "a &lt;silent&gt; tape" in text
    assert "could not be marked" in text


def test_the_difference_is_ten_times_what_was_added(tmp_path: Path) -> None:
    with MarkReader(Marker(bench.searching(IDS), NullModel.load())) as reader:
        write_page(_clips(1, 8), reader, bench.ids_of(IDS, 0), tmp_path)

    before, after, difference = (
        soundfile.read(tmp_path / f"clip-01-{kind}.flac")[0]
        for kind in ("before", "after", "difference")
    )
    assert np.abs(difference - 10 * (after - before)).max() < 10 * 2 / 2**15 + 1e-4
    assert difference.std() > 0


def test_synthesised_clips_depend_on_seed_and_number_alone() -> None:
    first = taken(synthesised(2.0, seed=5, rate_hz=16_000), 3)
    (again,) = taken(synthesised(2.0, seed=5, first=2, rate_hz=16_000), 1)

    assert first[2].name == again.name
    assert np.array_equal(first[2].sound.samples, again.sound.samples)
    assert not np.array_equal(first[0].sound.samples, first[1].sound.samples)


def test_clips_come_from_as_many_files_as_there_are_before_any_repeats(tmp_path: Path) -> None:
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.wav", plucked_music(7, seed=ord(name)), 22_050)
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    soundfile.write(tmp_path / "quiet.wav", np.zeros((22_050 * 7, 1)), 22_050)

    found = taken(from_folders([tmp_path], 2.0, seed=1), 99)

    assert {one.name.split()[0] for one in found[:3]} == {"a.wav", "b.wav", "c.wav"}
    assert len(found) == 9  # three excerpts of each; the broken and the silent file give none
    assert len({one.name for one in found}) == 9


def test_folders_without_audio_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NoAudio, match="no WAV, FLAC"):
        taken(from_folders([tmp_path], 5.0, seed=1), 1)
    with pytest.raises(NoAudio, match="no such folder"):
        bench.clip_source([tmp_path / "absent"], 5.0, 1)


def test_the_measured_mark_is_named_by_its_code_and_weights() -> None:
    assert re.fullmatch("[0-9a-f]{16}", identification.mark_sha256())
    assert re.fullmatch("[0-9a-f]{16}", identification.fingerprint_sha256())
    assert identification.fingerprint_sha256() != identification.mark_sha256()
    assert any(path.name == "calibration.json" for path in identification._files())
    assert any(path.name == "embedder.py" for path in identification._files())


def test_registered_ids_depend_on_the_seed_and_clips_share_none() -> None:
    again = bench.registered(200, seed=3)

    assert np.array_equal(IDS, again)
    assert not set(bench.ids_of(IDS, 0)) & set(bench.ids_of(IDS, 1))
    assert json.dumps([str(one) for one in bench.ids_of(IDS, 0)])
