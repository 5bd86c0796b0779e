"""Decoding in a process of its own: the same facts, and a crash there is a refusal here."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark import decoder_fuzz
from tests.watermark.conftest import plucked_music
from watermark.audio.errors import (
    AudioMislabelled,
    AudioRefused,
    AudioSilent,
    AudioTooCostly,
    AudioUnreadable,
)
from watermark.audio.examination import Examiner
from watermark.audio.files import AudioFile, AudioLimits

DAMAGED_FILES = 250


@pytest.fixture
def examiner() -> Iterator[Examiner]:
    made = Examiner()
    yield made
    made.close()


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.flac"
    soundfile.write(path, plucked_music(3, channels=2), 22_050)
    return path


def test_the_facts_are_those_of_an_examination_here(examiner: Examiner, song: Path) -> None:
    audio = examiner.open(song, AudioLimits())

    assert examiner.examine(audio) == AudioFile(song, AudioLimits()).examine()


def test_a_refusal_there_is_the_same_refusal_here(examiner: Examiner, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(88_200), 22_050)

    with pytest.raises(AudioSilent, match="below -80 dBFS"):
        examiner.examine(examiner.open(silent, AudioLimits()))
    with pytest.raises(AudioMislabelled, match=r"named \.mp3"):
        examiner.open(silent, AudioLimits(), name="a.mp3")


def test_a_process_that_ends_is_a_refusal_and_the_next_file_is_read(
    examiner: Examiner, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = examiner.open(song, AudioLimits())
    assert examiner._process is not None
    os.kill(examiner._process.pid, signal.SIGSTOP)
    monkeypatch.setattr("watermark.audio.examination._WALL_FACTOR", 0.01)

    with pytest.raises(AudioUnreadable, match="ended over this file"):
        examiner.examine(audio)

    monkeypatch.undo()
    assert examiner.examine(audio).frames == 66_150


def test_a_fork_killed_by_a_signal_is_a_refusal() -> None:
    from watermark.audio.examination import _refusal_of

    assert isinstance(_refusal_of(signal.SIGSEGV), AudioUnreadable)
    assert isinstance(_refusal_of(signal.SIGABRT), AudioUnreadable)
    assert isinstance(_refusal_of(signal.SIGKILL), AudioTooCostly)
    assert isinstance(_refusal_of(signal.SIGALRM), AudioTooCostly)


def test_a_path_that_is_gone_is_a_refusal(examiner: Examiner, song: Path) -> None:
    audio = AudioFile(song, AudioLimits())
    song.unlink()

    with pytest.raises(AudioRefused):
        examiner.examine(audio)


def test_damaged_files_never_end_the_decoder(examiner: Examiner, tmp_path: Path) -> None:
    rng, files = random.Random(20261121), decoder_fuzz.corpus(2.2)
    seen = set()

    for _ in range(DAMAGED_FILES):
        kind = rng.choice(sorted(files))
        path = tmp_path / f"damaged.{kind}"
        path.write_bytes(decoder_fuzz.damaged(files[kind], rng))
        seen.add(decoder_fuzz.outcome(examiner, path))

    assert {"read", "audio-unreadable"} <= seen
    assert not [one for one in seen if one.endswith("*")]
