"""`antiphon scan` hands its options and the state on to the watermark process's own command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.__main__ import app


def test_options_state_and_exit_status_pass_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **how: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", run)

    done = CliRunner().invoke(app, ["scan", "songs", "--coarse", "--state", str(tmp_path)])

    assert done.exit_code == 3
    expected = [sys.executable, "-m", "watermark", "scan", "songs", "--coarse"]
    assert ran == [[*expected, "--state", str(tmp_path / "watermark")]]
