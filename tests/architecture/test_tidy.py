"""House rules: names, sizes, and what the repository must not speak of."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {".py", ".sol", ".js", ".html", ".css", ".md", ".toml", ".yaml", ".sql"}
CODE = {".py", ".sol", ".js", ".html"}
LINES_MAX = 500
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler", "models"}
# Joined from parts, so that this file does not contain what it looks for.
FORBIDDEN_TEXT = [
    re.compile("".join(parts))
    for parts in (
        ("/wo", "rk/"),
        ("/tm", "p/w/"),
        (r"\bpypi\.", r"org\b"),
        (r"registry\.npm", r"js\.org"),
        (r"\bTO", r"DO\b"),
        (r"\bFIX", r"ME\b"),
    )
]


def tracked() -> list[Path]:
    listing = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    return [ROOT / line for line in listing.splitlines() if (ROOT / line).exists()]


@pytest.mark.parametrize("path", tracked(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_keeps_the_house_rules(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES, "name the idea, not the drawer"
    if path.suffix in CODE:
        lines = path.read_text().splitlines()
        assert len(lines) <= LINES_MAX, f"{len(lines)} lines; split it"
    if path.suffix in SOURCES and path != Path(__file__):
        text = path.read_text()
        for pattern in FORBIDDEN_TEXT:
            assert not pattern.search(text), f"{pattern.pattern} in {path.relative_to(ROOT)}"


def test_no_key_is_in_the_repository() -> None:
    private_key = re.compile(r"(?i)private.?key.{0,8}[\"']0x[0-9a-f]{64}")
    for path in tracked():
        if path.suffix in CODE:
            assert not private_key.search(path.read_text()), path
