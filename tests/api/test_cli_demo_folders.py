"""`antiphon demo` makes its folder anew, and touches nobody else's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from api.cli.__main__ import main
from api.demo.story import MARKER, FolderInTheWay, clear


def run_demo(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["antiphon", "demo", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_folder_that_no_demo_wrote_is_refused_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    (home / "music").mkdir(parents=True)
    (home / "music" / "only copy.wav").write_bytes(b"irreplaceable")
    monkeypatch.chdir(tmp_path)
    before = everything_in(tmp_path)

    code = run_demo(monkeypatch, "--state", str(home))

    assert code == 1
    assert everything_in(tmp_path) == before
    assert capsys.readouterr().err == (
        f"{home} was not written by the demo. Next: give another --state\n"
    )


def test_the_folder_of_an_earlier_demo_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    clear(folder)
    (folder / "chain.json").write_text("old")

    clear(folder)

    assert [p.name for p in folder.iterdir()] == [MARKER]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    clear(tmp_path / "new" / "deep")
    (tmp_path / "empty").mkdir()
    clear(tmp_path / "empty")

    assert (tmp_path / "new" / "deep" / MARKER).exists()
    assert (tmp_path / "empty" / MARKER).exists()


def test_a_file_in_the_folders_place_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file")
    monkeypatch.chdir(tmp_path)

    assert run_demo(monkeypatch, "--state", "state") == 1
    assert "Traceback" not in capsys.readouterr().err
    assert (tmp_path / "state").read_text() == "a file"


def test_a_link_to_somebody_elses_folder_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    clear(theirs)
    (theirs / "kept.txt").write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(theirs)

    with pytest.raises((OSError, FolderInTheWay)):
        clear(link)

    assert (theirs / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, "is no folder"),
        ([], "0"),
        (["a.txt", "b.pdf", "c.wav"], "1"),
        (["a.wav", "b.wav", "c.mp3"], "3"),
    ],
)
def test_recordings_that_are_too_few_are_refused_before_anything_is_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: list[str] | None,
    words: str,
) -> None:
    own = tmp_path / "own"
    if files is not None:
        own.mkdir()
    for name in files or ():
        (own / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)

    code = run_demo(monkeypatch, "--audio", str(own), "--state", str(tmp_path / "state"))

    told = capsys.readouterr().err
    assert code == 1
    assert words in told
    assert "Next:" in told
    assert not (tmp_path / "state").exists()
