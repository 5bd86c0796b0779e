"""`python -m watermark`: exit codes, and what goes where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark.conftest import plucked_music

NOTHING_FOUND = 3


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watermark", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, plucked_music(10, seed=31), 22_050)
    return path


def test_embed_then_detect_then_the_original(song: Path, tmp_path: Path) -> None:
    state, copy = tmp_path / "state", tmp_path / "copy.flac"

    embedded = _run("embed", song, copy, "--state", state)
    found = _run("detect", copy, "--state", state)
    original = _run("detect", song, "--state", state)

    report = json.loads(embedded.stdout)
    assert json.loads(found.stdout)["identities"][0]["generation_id"] == report["generation_id"]
    assert found.returncode == 0
    assert original.returncode == NOTHING_FOUND
    assert json.loads(original.stdout)["identities"] == []


def test_whoever_lost_the_register_but_not_the_key_reads_the_id_in_open_mode(
    song: Path, tmp_path: Path
) -> None:
    state, copy = tmp_path / "state", tmp_path / "copy.flac"
    report = json.loads(_run("embed", song, copy, "--state", state).stdout)
    (state / "registry.sqlite").unlink()

    by_registry = _run("detect", copy, "--state", state)
    by_code = _run("detect", copy, "--state", state, "--open")

    assert by_registry.returncode == NOTHING_FOUND
    (identity,) = json.loads(by_code.stdout)["identities"]
    assert identity["generation_id"] == report["generation_id"]
    assert json.loads(by_code.stdout)["detector"]["registered_ids"] == 0


def test_a_refusal_is_one_sentence_and_a_failing_exit(tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(88_200), 22_050)

    done = _run("detect", silent, "--state", tmp_path / "state")

    assert done.returncode == 1
    assert done.stderr.startswith("audio-silent: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
