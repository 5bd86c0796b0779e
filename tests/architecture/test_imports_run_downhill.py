"""The import rule of docs/ARCHITECTURE.md, read from the code's own imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chain", "watermark", "oracle", "api", "scripts")

# Torch-free modules of `watermark`, open to other packages; the rest lives in its own process.
WATERMARK_FACE = {"watermark.payload", "watermark.detection", "watermark.client"}

MAY_IMPORT = {
    "chain": {"chain"},
    "watermark": {"watermark"},
    "oracle": {"oracle", "chain", "watermark"},
    "api": {"api", "oracle", "chain", "watermark"},
    "scripts": {"scripts", "chain"},
}
INSIDE_CHAIN = {
    "ledger": {"ledger"},
    "columns": {"columns", "ledger"},
    "provenance": {"provenance", "ledger"},
    "client": {"client", "ledger", "settings"},
    "settings": {"settings", "ledger"},
    "indexer": {"indexer", "client", "ledger", "settings"},
    "settlement": {"settlement", "columns", "indexer", "client", "ledger", "settings"},
    "statements": {"statements", "settlement", "indexer", "client", "ledger", "settings"},
    "audit": {"audit", "settlement", "provenance", "indexer", "client", "ledger"},
    "metrics": {"metrics", "columns", "indexer", "client", "ledger", "settings"},
}
LEDGER_MAY_USE = {
    "eth_hash",
    "sha3",
}  # keccak; everything else in chain.ledger is the standard library


def modules() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def imported_names(path: Path) -> set[str]:
    """Absolute dotted names; `from a import b` is read as `a.b` when that is a module of ours."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; say where from"
            assert node.module is not None
            found.add(node.module)
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                target = ROOT / dotted.replace(".", "/")
                if target.with_suffix(".py").exists() or (target / "__init__.py").exists():
                    found.add(dotted)
    return found


def ours(names: set[str]) -> set[str]:
    return {n for n in names if n.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_downhill(path: Path) -> None:
    here = path.relative_to(ROOT).with_suffix("").parts
    for name in ours(imported_names(path)):
        parts = name.split(".")
        assert parts[0] in MAY_IMPORT[here[0]], f"{'/'.join(here)} imports {name}"
        if parts[0] == "watermark" and here[0] != "watermark" and name != "watermark":
            assert name in WATERMARK_FACE, (
                f"{'/'.join(here)} reaches into the watermark process: {name}"
            )
        if here[0] == "chain" and len(parts) > 1 and here[1] != "__init__":
            assert parts[1] in INSIDE_CHAIN[here[1]], f"{'/'.join(here)} imports {name}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "chain" / "ledger").rglob("*.py")), ids=lambda p: p.name
)
def test_the_ledger_package_is_pure(path: Path) -> None:
    for name in imported_names(path):
        top = name.split(".")[0]
        assert top == "chain" or top in LEDGER_MAY_USE or top in sys.stdlib_module_names, name
    forbidden = {"os", "socket", "time", "random", "subprocess", "pathlib"}
    assert not forbidden & {n.split(".")[0] for n in imported_names(path)}, (
        "no I/O, no clock, no environment"
    )


def test_torch_lives_in_the_watermark_process_alone() -> None:
    for path in modules():
        if {n.split(".")[0] for n in imported_names(path)} & {"torch", "audioseal"}:
            assert path.relative_to(ROOT).parts[0] == "watermark", path
    for name in WATERMARK_FACE:
        path = ROOT / (name.replace(".", "/") + ".py")
        reached = {path}
        while True:
            more = {
                ROOT / (n.replace(".", "/") + ".py")
                for p in reached
                for n in imported_names(p)
                if n.startswith("watermark.")
            } - reached
            if not more:
                break
            reached |= more
        for p in reached:
            assert not {n.split(".")[0] for n in imported_names(p)} & {"torch", "audioseal"}, (
                name,
                p,
            )


def test_brownie_is_used_by_scripts_alone() -> None:
    for path in modules():
        if "brownie" in {n.split(".")[0] for n in imported_names(path)}:
            assert path.relative_to(ROOT).parts[0] == "scripts", path
