"""No contract runs another's code on its own storage, or ends itself: what is deployed stays.

So there is no storage layout that a later version could break.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "contracts").rglob("*.sol"))
ARTEFACTS = sorted((ROOT / "chain" / "client" / "abi").glob("*.json"))
WORDS = re.compile(
    r"delegatecall|functionDelegateCall|callcode|selfdestruct|upgrade|initializer|\bProxy", re.I
)
PUSH1, PUSH32 = 0x60, 0x7F
# What the compiler puts behind every contract's code, also of one that another one deploys.
METADATA = re.compile(rb"\xa2\x64ipfs\x58\x22\x12\x20.{32}\x64solc\x43.{3}\x00\x33", re.S)
FORBIDDEN = {0xF2: "CALLCODE", 0xF4: "DELEGATECALL", 0xFF: "SELFDESTRUCT"}
# OpenZeppelin's AccessManager batches calls to itself by DELEGATECALL to its own address, and holds
# no money.
ALLOWED = {"Authority": {"DELEGATECALL"}}


def code_of(text: str) -> str:
    """A source without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_source_speaks_of_it(source: Path) -> None:
    assert not WORDS.search(code_of(source.read_text()))


def test_the_words_are_found_where_they_are() -> None:
    assert WORDS.search(code_of("(bool ok,) = to.delegatecall(data); // quietly"))
    assert not WORDS.search(code_of("// nothing is upgradeable"))


@pytest.mark.parametrize("artefact", ARTEFACTS, ids=lambda path: path.stem)
def test_no_bytecode_can(artefact: Path) -> None:
    bytecode = json.loads(artefact.read_text())["bytecode"]

    assert opcodes_of(bytes.fromhex(bytecode.removeprefix("0x"))) <= ALLOWED.get(
        artefact.stem, set()
    )


def test_an_opcode_is_found_and_data_is_not_taken_for_one() -> None:
    metadata = bytes.fromhex("a26469706673") + b"\x00\x06"

    assert opcodes_of(bytes([PUSH1, 0xF4, 0xF4]) + metadata) == {"DELEGATECALL"}
    assert opcodes_of(bytes([PUSH1, 0xF4, 0x50]) + metadata) == set()
    inner = b"\xa2\x64ipfs\x58\x22\x12\x20" + b"\xf4" * 32 + b"\x64solc\x43\x00\x08\x25\x00\x33"
    assert opcodes_of(inner + bytes([PUSH1, 0xF4, 0x50]) + metadata) == set()
    assert opcodes_of(inner + b"\xf4" + metadata) == {"DELEGATECALL"}


def opcodes_of(creation: bytes) -> set[str]:
    """Names of the forbidden opcodes in a contract's creation code, which holds its runtime code.

    The compiler's metadata is no code: at the end, whose length its last two bytes say, and behind
    what the contract deploys itself.
    """
    code = creation[: len(creation) - 2 - int.from_bytes(creation[-2:], "big")]
    code = METADATA.sub(b"", code)
    found, place = set(), 0
    while place < len(code):
        opcode = code[place]
        found |= {FORBIDDEN[opcode]} if opcode in FORBIDDEN else set()
        place += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)
    return found
