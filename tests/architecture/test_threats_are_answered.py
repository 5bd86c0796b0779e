"""The page of threats names only tests that are there, and contracts keep its general promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chain.client.interfaces import CORE_CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for path in (ROOT / "contracts").rglob("*.sol") if "testing" not in path.parts
)
COMMENT = re.compile(r"//.*?$|/\*.*?\*/", re.DOTALL | re.MULTILINE)
DELEGATECALL, SELFDESTRUCT = 0xF4, 0xFF
PUSHES = range(0x60, 0x80)


def code_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


def opcodes(bytecode: bytes) -> set[int]:
    """The opcodes before the metadata; data that is pushed is passed over."""
    length = int.from_bytes(bytecode[-2:], "big") + 2
    found, at = set(), 0
    while at < len(bytecode) - length:
        found.add(bytecode[at])
        at += 1 + (bytecode[at] - 0x5F if bytecode[at] in PUSHES else 0)
    return found


def test_every_test_named_as_an_answer_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "THREATS.md").read_text()))
    written = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        written |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))

    assert named - written == set()
    assert len(named) > 40


def test_every_finding_and_every_key_has_an_answer() -> None:
    text = (ROOT / "docs" / "THREATS.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]

    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 27))
    assert all("`test_" in row for row in rows)


@pytest.mark.parametrize("name", CORE_CONTRACTS)
def test_nothing_is_upgradeable(name: str) -> None:
    """No delegated code, so no storage of ours is ever written by another contract's layout."""
    held = json.loads((ROOT / "chain" / "client" / "abi" / f"{name}.json").read_text())
    functions = {entry["name"].lower() for entry in held["abi"] if entry["type"] == "function"}

    assert 0xF4 not in opcodes(bytes.fromhex(held["bytecode"][2:]))
    assert 0xFF not in opcodes(bytes.fromhex(held["bytecode"][2:])), "self-destruction"
    assert not [
        f for f in functions if "upgrade" in f or "initialize" in f or "implementation" in f
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_contract_runs_code_that_is_not_its_own(path: Path) -> None:
    assert "delegatecall" not in code_of(path)
