"""Mutants of a contract: every small change of its sources that compiles to other bytecode."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from scripts import export_abi
from scripts.export_abi import ROOT

VENV: Final = Path(os.environ.get("ANTIPHON_MUTATE", ROOT / ".tools" / "mutation"))
WORKSHOP: Final = ROOT / "var" / "mutation"
WARM_SOLC: Final = ROOT / "tests" / "mutation" / "warm_solc.js"


@dataclass(frozen=True)
class Subject:
    """A contract, the sources that are its own, and the pair that has to notice every mutant."""

    name: str
    pair: str
    units: tuple[str, ...]
    score_min: float

    @property
    def unit(self) -> str:
        return self.units[0]


@dataclass(frozen=True)
class Mutant:
    """One change: `was` and `now` are the changed line."""

    unit: str
    line: int
    was: str
    now: str
    content: str


def drawn(subject: Subject, sample: int | None, seed: int) -> list[Mutant]:
    """All mutants of the subject's sources, or a sample drawn without looking at them."""
    found = [mutant for unit in subject.units for mutant in _of_source(unit)]
    if sample is not None and sample < len(found):
        found = Random(seed).sample(found, sample)
    return found


def compiled(subject: Subject, mutants: list[Mutant]) -> Iterator[tuple[Mutant | None, str | None]]:
    """First the unchanged contract as (None, bytecode), then each mutant's; None: not valid."""
    settings = {
        "evmVersion": export_abi.EVM_VERSION,
        "optimizer": {"enabled": True, "runs": export_abi.OPTIMIZER_RUNS},
        # Without a digest of the source in it, equal bytecode means an equal program.
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        "outputSelection": {subject.unit: {subject.name: ["evm.bytecode.object"]}},
    }
    sources = export_abi.closure([subject.unit])
    task = {"language": "Solidity", "sources": sources, "settings": settings}
    lines = [{"input": task, "unit": subject.unit, "name": subject.name}]
    lines.append({"id": -1, "unit": subject.unit, "content": sources[subject.unit]["content"]})
    for at, mutant in enumerate(mutants):
        lines.append({"id": at, "unit": mutant.unit, "content": mutant.content})
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    waiting = WORKSHOP / f"{subject.name}.jsonl"
    waiting.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with (
        waiting.open() as questions,
        subprocess.Popen(
            ["node", str(WARM_SOLC)], stdin=questions, stdout=subprocess.PIPE, text=True
        ) as compiler,
    ):
        assert compiler.stdout is not None
        for line in compiler.stdout:
            answer = json.loads(line)
            yield (mutants[answer["id"]] if answer["id"] >= 0 else None, answer["code"])


def _of_source(unit: str) -> Iterator[Mutant]:
    folder = WORKSHOP / Path(unit).stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(
        [VENV / "bin" / "mutate", ROOT / unit, "solidity", "--noCheck", "--mutantDir", folder],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    before = (ROOT / unit).read_text().splitlines()
    for path in sorted(folder.glob("*.sol")):
        content = path.read_text()
        after = content.splitlines()
        changes = [
            change
            for change in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
            if change[0] != "equal"
        ]
        if not changes:
            continue
        _, start, end, new_start, new_end = changes[0]
        was = " ".join(line.strip() for line in before[start:end])
        now = " ".join(line.strip() for line in after[new_start:new_end])
        if was.startswith(("//", "///", "*", "import ", "pragma ")):
            continue
        yield Mutant(unit, start + 1, was, now, content)
