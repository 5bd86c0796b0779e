"""Lines and branches of the contracts, and which places in compiled code belong to them.

A line is one where a statement begins. A branch is one way out of an `if`, a `require` or a
conditional value; the cases of a `switch` are lines of their own. The code is compiled without the
optimizer, which would merge what is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import solcx

from scripts import export_abi

STATEMENTS: Final = {
    "Break",
    "Continue",
    "DoWhileStatement",
    "EmitStatement",
    "ExpressionStatement",
    "ForStatement",
    "IfStatement",
    "Return",
    "RevertStatement",
    "TryStatement",
    "VariableDeclarationStatement",
    "WhileStatement",
    "YulAssignment",
    "YulBreak",
    "YulContinue",
    "YulExpressionStatement",
    "YulForLoop",
    "YulIf",
    "YulSwitch",
    "YulVariableDeclaration",
}
FORKS: Final = {"IfStatement", "Conditional", "YulIf"}
_PUSH1, _PUSH32, _JUMPI = 0x60, 0x7F, 0x57


@dataclass(frozen=True)
class Span:
    """Characters of one source, from `begin` up to `end`."""

    unit: str
    begin: int
    end: int


@dataclass
class Code:
    """One contract's runtime or creation code. Places are byte offsets in it."""

    name: str
    size: int
    hex: str
    lines: dict[int, tuple[str, int]] = field(default_factory=dict)
    forks: dict[int, Span] = field(default_factory=dict)


class Places:
    """All contracts of ours, compiled, with what belongs to each place in their code."""

    def __init__(self) -> None:
        output = _compiled()
        self._texts: dict[str, str] = {
            unit: (export_abi.ROOT / unit).read_text()
            for unit in output["sources"]
            if is_ours(unit)
        }
        self._units: dict[int, str] = {
            source["id"]: unit for unit, source in output["sources"].items()
        }
        self._statements: dict[str, list[Span]] = {}
        self._forks: dict[str, set[Span]] = {}
        self._lines: dict[Span, tuple[str, int] | None] = {}
        for unit in self._texts:
            self._read_tree(unit, output["sources"][unit]["ast"])
        self.runtime: dict[int, Code] = {}
        self.creation: list[Code] = []
        self.lines: set[tuple[str, int]] = set()
        self.branches: set[tuple[Span, bool]] = set()
        for unit, contracts in output["contracts"].items():
            for name, contract in contracts.items():
                self._read_code(unit, name, contract["evm"])

    def creation_of(self, which: str) -> Code | None:
        """The code of a constructor: by the size of what it created, or by its own beginning."""
        if which.isdecimal() and int(which) in self.runtime:
            name = self.runtime[int(which)].name
            return next((code for code in self.creation if code.name == name), None)
        return next((code for code in self.creation if code.hex.startswith(which)), None)

    def line_of(self, span: Span) -> int:
        return self._texts[span.unit].count("\n", 0, span.begin) + 1

    def _read_tree(self, unit: str, tree: dict[str, Any]) -> None:
        statements, forks = [], set()
        for node in _nodes(tree):
            begin, length, _ = map(int, node["src"].split(":"))
            # Offsets count bytes; our sources are ASCII, as tests/architecture sees to.
            span = Span(unit, begin, begin + length)
            if node["nodeType"] in STATEMENTS:
                statements.append(span)
            if node["nodeType"] in FORKS or _is_require(node):
                forks.add(span)
        self._statements[unit] = sorted(statements, key=lambda span: span.end - span.begin)
        self._forks[unit] = forks

    def _read_code(self, unit: str, name: str, evm: dict[str, Any]) -> None:
        for part, is_runtime in (("deployedBytecode", True), ("bytecode", False)):
            text = evm[part]["object"]
            if not text:
                continue
            code = Code(name, len(text) // 2, text)
            self._place(code, evm[part]["sourceMap"])
            if is_ours(unit):
                self.lines |= set(code.lines.values())
                self.branches |= {
                    (fork, way) for fork in code.forks.values() for way in (True, False)
                }
            if is_runtime:
                before = self.runtime.get(code.size)
                assert not (before and is_ours(unit) and before.lines), f"{name}: {before}"
                if before is None or is_ours(unit):
                    self.runtime[code.size] = code
            else:
                self.creation.append(code)

    def _place(self, code: Code, source_map: str) -> None:
        at, index, fields = 0, 0, ["0", "0", "-1", "-", "0"]
        content = bytes.fromhex(code.hex.replace("_", "0").replace("$", "0"))
        entries = source_map.split(";")
        while at < len(content) and index < len(entries):
            for number, value in enumerate(entries[index].split(":")):
                if value:
                    fields[number] = value
            begin, length, source = int(fields[0]), int(fields[1]), int(fields[2])
            operation = content[at]
            unit = self._units.get(source, "")
            if unit in self._texts:
                span = Span(unit, begin, begin + length)
                line = self._line_within(span)
                if line is not None:
                    code.lines[at] = line
                if operation == _JUMPI and span in self._forks[unit]:
                    code.forks[at] = span
            at += operation - _PUSH1 + 2 if _PUSH1 <= operation <= _PUSH32 else 1
            index += 1

    def _line_within(self, span: Span) -> tuple[str, int] | None:
        """Where the smallest statement around these characters begins."""
        if span not in self._lines:
            around = (
                statement
                for statement in self._statements[span.unit]
                if statement.begin <= span.begin and span.end <= statement.end
            )
            found = next(around, None)
            self._lines[span] = (span.unit, self.line_of(found)) if found else None
        return self._lines[span]


def is_ours(unit: str) -> bool:
    return unit.startswith("contracts/") and "/testing/" not in unit


def _compiled() -> dict[str, Any]:
    """Every contract of ours and of the tests, remembered nowhere: half a minute."""
    folder = export_abi.ROOT / "contracts"
    units = [str(path.relative_to(export_abi.ROOT)) for path in sorted(folder.rglob("*.sol"))]
    task = {
        "language": "Solidity",
        "sources": export_abi.closure(units),
        "settings": {
            "evmVersion": export_abi.EVM_VERSION,
            "optimizer": {"enabled": False, "runs": export_abi.OPTIMIZER_RUNS},
            "outputSelection": {
                "*": {
                    "": ["ast"],
                    "*": [
                        "evm.bytecode.object",
                        "evm.bytecode.sourceMap",
                        "evm.deployedBytecode.object",
                        "evm.deployedBytecode.sourceMap",
                    ],
                }
            },
        },
    }
    output: dict[str, Any] = solcx.compile_standard(task, solc_version=export_abi.SOLC_VERSION)
    return output


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "nodeType" in tree and "src" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _is_require(node: dict[str, Any]) -> bool:
    return bool(node["nodeType"] == "FunctionCall" and node["expression"].get("name") == "require")
