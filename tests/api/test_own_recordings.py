"""A folder of the user's own recordings: whatever it holds, the story starts or says why not."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from api.demo.recordings import (
    WORKS_MAX,
    TooFewRecordings,
    candidates,
    of_folder,
    title_of,
)
from api.errors import ApplicationError
from tests.api.fake_watermark import FakeWatermark


def filled(folder: Path, *names: str | bytes) -> Path:
    """A folder with files of different content."""
    folder.mkdir()
    for name in names:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))  # noqa: PTH118
        Path(os.fsdecode(path)).write_bytes(b"sound of " + os.fsencode(name))
    return folder


def test_all_but_the_last_are_works_and_the_last_stays_unmarked(tmp_path: Path) -> None:
    folder = filled(tmp_path / "own", "b.FLAC", "a_slow-air.wav", "c.mp3", "d.ogg", "notes.txt")

    found = of_folder(folder, FakeWatermark().client())

    assert [s.titles for s in found.works] == [
        (("und", "a slow air"),),
        (("und", "b"),),
        (("und", "c"),),
    ]
    assert found.control.name == "d.ogg"
    assert (found.synthesised, found.skipped) == (False, ())


def test_files_in_folders_below_are_found_and_folders_named_like_files_are_not(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path / "own", "a.wav", "b.wav", "c.wav")
    (folder / "disc 2").mkdir()
    (folder / "disc 2" / "d.opus").write_bytes(b"d")
    (folder / "live.mp3").mkdir()

    assert [p.name for p in candidates(folder)] == ["a.wav", "b.wav", "c.wav", "d.opus"]


def test_no_more_files_are_listened_to_than_the_story_needs(tmp_path: Path) -> None:
    watermark = FakeWatermark()
    folder = filled(tmp_path / "own", *(f"{number:03}.wav" for number in range(40)))

    found = of_folder(folder, watermark.client())

    assert len(found.works) == WORKS_MAX
    assert len(watermark.names) == WORKS_MAX + 1


def test_the_same_sound_twice_is_one_work(tmp_path: Path) -> None:
    folder = filled(tmp_path / "own", "a.wav", "b.wav", "c.wav", "d.wav")
    (folder / "copy of a.wav").write_bytes((folder / "a.wav").read_bytes())

    found = of_folder(folder, FakeWatermark().client())

    assert len(found.works) == 3
    assert found.skipped == ("copy of a: the same sound as a.wav",)


def test_names_become_titles_that_a_manifest_takes(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Café Ñandú")

    assert title_of(Path(f"{decomposed}.wav")) == "Café Ñandú"
    assert title_of(Path("__--.wav")) == "untitled"
    assert title_of(Path(os.fsdecode(b"caf\xe9.wav"))) == "caf\ufffd"


def test_a_name_that_is_no_utf_8_is_no_obstacle(tmp_path: Path) -> None:
    try:
        folder = filled(tmp_path / "own", b"a\xff.wav", "b.wav", "c.wav", "d.wav")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    watermark = FakeWatermark()

    found = of_folder(folder, watermark.client())

    assert found.works[0].titles == (("und", "a\ufffd"),)
    assert watermark.names[0] == "a\ufffd.wav"


def test_refused_files_are_listed_with_the_reason(tmp_path: Path) -> None:
    watermark = FakeWatermark(refusal=(422, "audio-silent", "the file is silent; check the level"))
    folder = filled(tmp_path / "own", "a.wav", "b.wav", "c.wav", "d.wav")

    with pytest.raises(TooFewRecordings) as few:
        of_folder(folder, watermark.client())

    told = str(few.value)
    assert "holds 0 usable recordings; the story needs" in told
    assert told.count("the file is silent") == 4
    assert "Next: add files" in told


def test_what_is_no_folder_is_said_to_be_that(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    for path in (tmp_path / "none", tmp_path / "a.wav"):
        with pytest.raises(ApplicationError, match="is no folder"):
            candidates(path)
