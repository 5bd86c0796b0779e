"""Compiles the contracts through py-solc-x and writes what the services need to talk to them.

    python -m scripts.export_abi            write chain/client/abi/<Name>.json
    python -m scripts.export_abi --check    exit 1 and name each committed file that differs

The committed files let users of the services run without a compiler. Source names, not paths, go
into the compiler, so the bytecode is the same wherever the checkout lies.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".tools" / "solcx"))

import solcx  # noqa: E402  (reads the variable on import)

from scripts import descriptors  # noqa: E402  (after what had to come first)

SOLC_VERSION: Final = "0.8.37"
EVM_VERSION: Final = "cancun"
OPTIMIZER_RUNS: Final = 800
ABI_FOLDER: Final = ROOT / "chain" / "client" / "abi"
NAMES: Final = (
    "Authority",
    "ConsentRegistry",
    "CouncilArbiter",
    "DerivativeGraph",
    "DevStablecoin",
    "DirectReports",
    "DisputeCourt",
    "ElderArbiter",
    "EpochDistributor",
    "LicenceRegistry",
    "RejectingPayee",
    "RoyaltyLedger",
    "SharingRules",
    "UsageOracle",
    "WorkRegistry",
)
LIBRARY_PREFIX: Final = "@openzeppelin/"
IMPORT: Final = re.compile(r"""^\s*import\s[^;]*?["']([^"']+)["']\s*;""", re.MULTILINE)


def source_of(unit: str) -> Path:
    """Where a source unit lies: the library's in node_modules, ours in the checkout."""
    return ROOT / ("node_modules" if unit.startswith(LIBRARY_PREFIX) else "") / unit


def imports_of(unit: str, text: str) -> list[str]:
    """The source units that `text` imports, relative ones resolved against `unit`."""
    return [
        os.path.normpath(Path(unit).parent / name) if name.startswith(".") else name
        for name in IMPORT.findall(text)
    ]


def closure(units: list[str]) -> dict[str, dict[str, str]]:
    """`units` and all they import, as the compiler's `sources`."""
    found: dict[str, dict[str, str]] = {}
    waiting = list(units)
    while waiting:
        unit = waiting.pop()
        if unit in found:
            continue
        text = source_of(unit).read_text()
        found[unit] = {"content": text}
        waiting.extend(imports_of(unit, text))
    return dict(sorted(found.items()))


def unit_of(name: str) -> str:
    """The source unit of a contract of ours. Exits when there is none."""
    for folder in ("contracts", "contracts/access", "contracts/arbiters", "contracts/testing"):
        unit = f"{folder}/{name}.sol"
        if (ROOT / unit).is_file():
            return unit
    raise SystemExit(f"contracts/{name}.sol is missing. Next: restore it, or edit NAMES")


def compile_all(names: tuple[str, ...]) -> dict[str, str]:
    """The text of each `<Name>.json`: sorted keys, one trailing newline."""
    units = {name: unit_of(name) for name in names}
    output: dict[str, Any] = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": closure(list(units.values())),
            "settings": {
                "evmVersion": EVM_VERSION,
                "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
                "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
            },
        },
        solc_version=SOLC_VERSION,
    )
    texts = {}
    for name, unit in units.items():
        contract = output["contracts"][unit][name]
        artifact = {
            "abi": contract["abi"],
            "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
            "compiler": f"{SOLC_VERSION}, {EVM_VERSION}, {OPTIMIZER_RUNS} runs",
            "name": name,
        }
        texts[name] = json.dumps(artifact, indent=1, sort_keys=True) + "\n"
    return texts


def drift(texts: dict[str, str]) -> list[str]:
    """One line per committed file that is not what the compiler says."""
    lines = []
    for name, text in texts.items():
        path = ABI_FOLDER / f"{name}.json"
        if not path.is_file():
            lines.append(f"{path.relative_to(ROOT)} is missing")
        elif path.read_text() != text:
            committed = json.loads(path.read_text())
            parts = [k for k, v in json.loads(text).items() if committed.get(k) != v]
            lines.append(f"{path.relative_to(ROOT)} differs in {', '.join(parts) or 'layout'}")
    strays = {p.stem for p in ABI_FOLDER.glob("*.json")} - set(texts)
    lines += [f"chain/client/abi/{name}.json belongs to no contract" for name in sorted(strays)]
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.export_abi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    arguments = parser.parse_args(argv)
    texts = compile_all(NAMES)
    if arguments.check:
        lines = drift(texts)
        print("\n".join(lines) or f"{len(texts)} ABIs are in sync")
        if lines:
            print("Next: python -m scripts.export_abi, and commit chain/client/abi")
        return 1 if lines else 0
    ABI_FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (ABI_FOLDER / f"{name}.json").write_text(text)
        print(f"chain/client/abi/{name}.json")
    descriptors.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
