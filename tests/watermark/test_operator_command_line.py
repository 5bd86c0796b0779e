"""`python -m watermark scan | keys | tokens | serve`: exit codes, and what goes where."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from tests.watermark.conftest import plucked_music
from watermark import __main__ as command_line
from watermark.audio.files import AudioFile, AudioLimits
from watermark.payload import GenerationId
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench

ID = GenerationId(0xFEED)


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watermark", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state, and a folder: a marked recording, one without a mark, one that is no audio."""
    place = tmp_path_factory.mktemp("place")
    (place / "songs").mkdir()
    soundfile.write(place / "songs" / "plain.wav", plucked_music(20, rate_hz=16_000), 16_000)
    workbench = Workbench(WatermarkSettings(state=place / "state"))
    workbench.marker.presence = None
    source = AudioFile(place / "songs" / "plain.wav", AudioLimits())
    workbench.embed(source, ID, place / "songs" / "marked.flac")
    workbench.close()
    (place / "songs" / "page.mp3").write_text("<html>")
    return place


def test_a_scan_finds_skips_and_says_what_it_could_not_read(place: Path, tmp_path: Path) -> None:
    given = ("scan", place / "songs", "--state", place / "state", "--out", tmp_path / "out.ndjson")

    first = _run(*given, "--json")
    second = _run(*given)

    lines = {Path(line["path"]).name: line for line in map(json.loads, first.stdout.splitlines())}
    assert {name: line["outcome"] for name, line in lines.items()} == {
        "plain.wav": "unmarked",
        "marked.flac": "marked",
        "page.mp3": "refused",
    }
    assert lines["marked.flac"]["identities"][0]["generation_id"] == str(ID)
    assert (first.returncode, second.returncode) == (5, 5)
    assert "3 files to search for 1 ids; 0 done before" in first.stderr
    assert "0 files to search for 1 ids; 3 done before" in second.stderr
    assert str(ID) in second.stdout
    assert "1 could not be read:" in second.stdout


@pytest.mark.parametrize(("name", "expected"), [("marked.flac", 0), ("plain.wav", 3)])
def test_the_exit_status_says_whether_a_mark_was_found(
    place: Path, tmp_path: Path, name: str, expected: int
) -> None:
    given = ["scan", str(place / "songs" / name), "--state", str(place / "state")]

    done = CliRunner().invoke(command_line.app, [*given, "--out", str(tmp_path / "out.ndjson")])

    assert done.exit_code == expected


def test_a_scan_without_keys_or_files_is_refused(tmp_path: Path) -> None:
    runner = CliRunner()
    (tmp_path / "a.wav").touch()

    no_keys = runner.invoke(
        command_line.app, ["scan", str(tmp_path / "a.wav"), "--state", str(tmp_path / "none")]
    )
    no_file = runner.invoke(command_line.app, ["scan", str(tmp_path / "b.wav")])
    no_speed = runner.invoke(
        command_line.app, ["scan", str(tmp_path / "a.wav"), "--speeds", "fast"]
    )

    assert "has no keys" in str(no_keys.exception)
    assert (no_file.exit_code, no_speed.exit_code) == (2, 2)


def test_keys_are_listed_rotated_and_retired(place: Path) -> None:
    runner, state = CliRunner(), ["--state", str(place / "state")]

    before = runner.invoke(command_line.app, ["keys", "list", *state]).stdout.split()
    rotated = runner.invoke(command_line.app, ["keys", "rotate", *state])
    after = Workbench(WatermarkSettings(state=place / "state"))
    retired = runner.invoke(command_line.app, ["keys", "retire", before[0], *state])

    assert before[1:] == ["current"]
    assert rotated.stdout.split()[0] == after.key.key_id != before[0]
    found = after.detect(after.open(place / "songs" / "marked.flac"), seek_geometry=False)
    assert found.detector.registered_ids == 0, "its key was retired while the process ran"
    after.close()
    assert retired.stdout.split() == [before[0], "retired"]
    refused = runner.invoke(command_line.app, ["keys", "retire", before[0], *state])
    assert "keys list" in str(refused.exception)


def test_a_token_is_printed_once_and_serving_others_needs_one(tmp_path: Path) -> None:
    file = tmp_path / "tokens"

    made = CliRunner().invoke(command_line.app, ["tokens", "add", "oracle", "--file", str(file)])
    bold = CliRunner().invoke(command_line.app, ["serve", "--host", "0.0.0.0"])  # noqa: S104 - refused

    assert made.stdout.strip()
    assert made.stdout.strip() not in file.read_text()
    assert "tokens add" in str(bold.exception)


def test_a_listener_that_is_none_is_named(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        served = CliRunner().invoke(
            command_line.app, ["serve", "--listener", str(file.fileno())], catch_exceptions=False
        )

    assert served.exit_code == 2
    assert "is no open socket" in served.stderr


def test_a_listener_for_everybody_needs_tokens_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - refused
        number = os.dup(listener.fileno())
        bold = CliRunner().invoke(command_line.app, ["serve", "--listener", str(number)])

    assert "tokens add" in str(bold.exception)
