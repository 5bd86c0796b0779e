"""Proofs and refutations with halmos, cvc5 and yices.

    python -m tests.proofs [--only PushingProof a_claim_pays_once]

All statements and all their broken twins are built at once under var/proofs, decided in one run,
and printed with what was found and how long it took. Exits 1 unless every statement is proved and
every twin refuted. Figures go to reports/proofs.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from scripts import export_abi
from scripts.export_abi import ROOT
from tests.proofs.twins import STATEMENTS, Statement

WORKSHOP: Final = ROOT / "var" / "proofs"
TOOLS: Final = ROOT / ".tools"
VENV: Final = Path(os.environ.get("ANTIPHON_HALMOS", TOOLS / "proofs"))
SOLVER_SECONDS: Final = 60
# Loops over fixed lengths are followed to their end; the longest copies 384 bytes by words.
LOOP_BOUND: Final = 40
PROVED, REFUTED = 0, 1
# Products and quotients are quickest as integers, masks and hashes as bits.
BY_CVC5: Final = ("LedgerProof", "PassingProof")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("--only", nargs="*", help="these statements, or those of these contracts")
    only = parser.parse_args().only
    statements = [s for s in STATEMENTS if not only or {s.contract, s.name} & set(only)]
    shutil.rmtree(WORKSHOP, ignore_errors=True)
    for contract in sorted({s.contract for s in statements}):
        lay_out(contract)
    for statement in statements:
        lay_out(statement.contract, statement)
    prepare()
    found: dict[str, list[dict[str, Any]]] = {}
    own = {s.contract for s in statements}
    if own & set(BY_CVC5):
        found |= decide("cvc5", "|".join(BY_CVC5))
    if own - set(BY_CVC5):
        found |= decide("yices", "|".join(sorted(own - set(BY_CVC5))))
    rows = [judged(statement, found) for statement in statements]
    (ROOT / "reports").mkdir(exist_ok=True)
    (ROOT / "reports" / "proofs.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        say(
            f"{row['name']:75} {row['statement']:9} {row['seconds']:6.1f} s   "
            f"twin {row['twin']:9} {row['twin_seconds']:6.1f} s"
        )
    good = sum(row["holds"] for row in rows)
    say(f"{good} of {len(rows)} proved, with their twins refuted")
    return 0 if good == len(rows) else 1


def lay_out(contract: str, statement: Statement | None = None) -> None:
    """Copy a proof and all it imports; as a twin, with the defect, under a name of its own."""
    unit = f"tests/proofs/{contract}.sol"
    name = statement.twin_contract if statement else contract
    for source, entry in export_abi.closure([unit]).items():
        if source.startswith(export_abi.LIBRARY_PREFIX):
            continue
        text = entry["content"]
        if statement and source == statement.twin.unit:
            text = statement.twin.applied_to(text)
        if source == unit:
            text = text.replace(f"contract {contract} ", f"contract {name} ")
            if statement:
                text = narrowed(text, statement)
                text = re.sub(rf"check_(?!{statement.name}\b)", "skipped_", text)
            source = f"tests/proofs/{name}.sol"
        target = WORKSHOP / "src" / name / source
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def narrowed(proof: str, statement: Statement) -> str:
    """The proof's source with the twin's inputs held to where its defect is to be looked for."""
    if not statement.where:
        return proof
    begin = re.compile(rf"function check_{statement.name}\([^)]*\) external(?: view| pure)? {{")
    text, count = begin.subn(lambda found: f"{found[0]} vm.assume({statement.where});", proof)
    assert count == 1, f"{statement.contract} has {count} functions check_{statement.name}"
    return text


def prepare() -> None:
    """The settings of the compiler, those of the deployed contracts."""
    (WORKSHOP / "foundry.toml").write_text(
        f"""[profile.default]
src = "src"
test = "src"
script = "src"
libs = []
out = "out"
solc = "{ROOT}/.tools/solcx/solc-v{export_abi.SOLC_VERSION}"
auto_detect_solc = false
offline = true
ast = true
evm_version = "{export_abi.EVM_VERSION}"
optimizer = true
optimizer_runs = {export_abi.OPTIMIZER_RUNS}
remappings = ["@openzeppelin/={ROOT}/node_modules/@openzeppelin/"]
allow_paths = ["{ROOT}/node_modules"]
[lint]
lint_on_build = false
"""
    )


def decide(solver: str, contracts: str) -> dict[str, list[dict[str, Any]]]:
    """What halmos found with one solver, by contract. Raises RuntimeError when it is nothing."""
    answers = WORKSHOP / f"{solver}.json"
    program = {
        "cvc5": f"{VENV}/bin/python {ROOT}/tests/proofs/cvc5_command.py "
        "--produce-models --solve-bv-as-int=sum",
        "yices": f"{VENV}/bin/yices-smt2 --smt2-model-format",
    }[solver]
    command = [
        *(f"{VENV}/bin/halmos", "--root", str(WORKSHOP), "--match-contract", contracts),
        *("--loop", str(LOOP_BOUND), "--no-status", "--json-output", str(answers)),
        *("--solver-timeout-assertion", f"{SOLVER_SECONDS}s", "--solver-threads", "1"),
        *("--solver-command", program),
    ]
    log = WORKSHOP / f"{solver}.log"
    with log.open("w") as written:
        subprocess.run(command, check=False, stdout=written, stderr=subprocess.STDOUT)
    if not answers.is_file():
        raise RuntimeError(f"halmos answered nothing. Next: read {log.relative_to(ROOT)}")
    results = json.loads(answers.read_text())["test_results"]
    return {key.rsplit(":", 1)[-1]: tests for key, tests in results.items()}


def judged(statement: Statement, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """One row of the report: a statement holds when it is proved and its twin is refuted."""
    own, own_seconds = outcome(found, statement.contract, statement.name)
    twin, twin_seconds = outcome(found, statement.twin_contract, statement.name)
    return {
        "name": f"{statement.contract}: {statement.name}",
        "statement": {PROVED: "proved", REFUTED: "REFUTED"}.get(own, "UNDECIDED"),
        "seconds": own_seconds,
        "twin": {PROVED: "PROVED", REFUTED: "refuted"}.get(twin, "UNDECIDED"),
        "twin_seconds": twin_seconds,
        "holds": own == PROVED and twin == REFUTED,
    }


def outcome(
    found: dict[str, list[dict[str, Any]]], contract: str, name: str
) -> tuple[int | None, float]:
    """halmos's exit code for one function, None when it did not run it, and seconds."""
    for test in found.get(contract, []):
        if test["name"].startswith(f"check_{name}("):
            return test["exitcode"], float((test.get("time") or [0.0])[0])
    return None, 0.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
