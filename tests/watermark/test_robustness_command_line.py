"""The command line: what it prints, leaves behind and refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from watermark.robustness import __main__ as command_line


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["watermark.robustness", *arguments])
    try:
        return command_line.main()
    except SystemExit as ended:  # how typer ends
        return int(ended.code or 0)


def test_a_small_run_leaves_report_pictures_and_journal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small = ("--clips", "1", "--seconds", "8", "--ids", "200", "--layers", "identity")

    status = _run(monkeypatch, *small, "--attack", "mix to mono", "--out", str(tmp_path), "--json")

    assert status == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "report.json").read_text("utf-8"))
    (table,) = printed["suites"]
    assert [(row["attack"], row["n"]) for row in table["attacks"]] == [("mix to mono", 1)]
    names = {path.name for path in tmp_path.iterdir()}
    assert {"report.md", "journal.jsonl", "quality.png", "antiphon-z.png"} <= names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--audio", "nowhere at all"), "no such folder"),
        (("--attack", "no such thing"), "no attack is called"),
        (("--generator-weights", "one.pth"), "Name both"),
    ],
)
def test_a_refusal_is_one_sentence_and_status_one(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    status = _run(
        monkeypatch, *arguments, "--layers", "identity", "--ids", "200", "--out", str(tmp_path)
    )

    assert status == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_folder_of_another_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "journal.jsonl").write_text('{"kind": "run", "seed": 99}\n', "utf-8")

    status = _run(monkeypatch, "--layers", "identity", "--ids", "200", "--out", str(tmp_path))

    assert status == 1
    assert "other settings" in capsys.readouterr().err


def test_help_teaches_by_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--help") == 0

    told = capsys.readouterr().out
    assert "python -m watermark.robustness --clips 4 --ids 10000" in told
    assert "null" in told
    assert "listen" in told
