"""Mutants of a contract: every small change of its sources that compiles to other bytecode."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from scripts import export_abi
from scripts.export_abi import ROOT
from tests.mutation.hopeless import Vocabulary
from tests.mutation.subjects import Subject

VENV: Final = Path(os.environ.get("ANTIPHON_MUTATE", ROOT / ".tools" / "mutation"))
WORKSHOP: Final = ROOT / "var" / "mutation"
WARM_SOLC: Final = ROOT / "tests" / "mutation" / "warm_solc.js"
_COMMENTS: Final = ("//", "///", "*", "import ", "pragma ")


@dataclass(frozen=True)
class Mutant:
    """One change: `was` and `now` are the changed line. A hopeless one does not compile."""

    unit: str
    line: int
    was: str
    now: str
    content: str
    is_hopeless: bool


def drawn(subject: Subject, seed: int) -> list[Mutant]:
    """All mutants of the subject's sources, each text once, in an order drawn without looking at
    them: whatever a run has done when it ends is a sample."""
    found: dict[tuple[str, str], Mutant] = {}
    for unit in subject.units:
        for mutant in _of_source(unit):
            found.setdefault((unit, mutant.content), mutant)
    mutants = list(found.values())
    Random(seed).shuffle(mutants)
    return mutants


class Compiler:
    """One warm compiler for the mutants of one contract. What it said is remembered on disk by all
    that went in, so that a run which ended goes on where it was."""

    def __init__(self, subject: Subject) -> None:
        self._unit = subject.unit
        settings = {
            "evmVersion": export_abi.EVM_VERSION,
            "optimizer": {"enabled": True, "runs": export_abi.OPTIMIZER_RUNS},
            # Without a digest of the source in it, equal bytecode means an equal program.
            "metadata": {"bytecodeHash": "none", "appendCBOR": False},
            "outputSelection": {subject.unit: {subject.contract: ["evm.bytecode.object"]}},
        }
        sources = export_abi.closure([subject.unit])
        task: dict[str, Any] = {"language": "Solidity", "sources": sources, "settings": settings}
        self._sources = sources
        self._first = {"input": task, "unit": subject.unit, "name": subject.contract}
        self._digest = hashlib.sha256(json.dumps(self._first, sort_keys=True).encode())
        self._process: subprocess.Popen[str] | None = None
        self._folder = WORKSHOP / "compiled"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._memory = self._folder / f"{subject.name}.jsonl"
        self._known: dict[str, str | None] = {}
        if self._memory.is_file():
            for line in self._memory.read_text().splitlines():
                key, code = json.loads(line)
                self._known[key] = code

    def __enter__(self) -> Compiler:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def unchanged(self) -> str:
        """The contract's own bytecode in hex, without the compiler's signature."""
        code = self.code(self._unit, self._sources[self._unit]["content"])
        assert code is not None, f"{self._unit} does not compile"
        return code

    def code(self, unit: str, content: str) -> str | None:
        """The bytecode with `content` in the place of one source, in hex; None: not valid."""
        key = self._digest.copy()
        key.update(f"{unit}\0{content}".encode())
        name = key.hexdigest()[:32]
        if name not in self._known:
            code = self._compile(unit, content)
            digest = None
            if code is not None:
                digest = hashlib.sha256(code.encode()).hexdigest()[:32]
                (self._folder / f"{digest}.hex").write_text(code)
            self._known[name] = digest
            with self._memory.open("a") as memory:
                memory.write(json.dumps([name, digest]) + "\n")
        found = self._known[name]
        return None if found is None else (self._folder / f"{found}.hex").read_text()

    def _compile(self, unit: str, content: str) -> str | None:
        if self._process is None:
            self._process = subprocess.Popen(
                ["node", str(WARM_SOLC)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._ask(self._first)
        self._ask({"unit": unit, "content": content})
        assert self._process.stdout is not None
        code: str | None = json.loads(self._process.stdout.readline())["code"]
        return code

    def _ask(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def _of_source(unit: str) -> Iterator[Mutant]:
    folder = WORKSHOP / "sources" / Path(unit).stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(
        [VENV / "bin" / "mutate", ROOT / unit, "solidity", "--noCheck", "--mutantDir", folder],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    text = (ROOT / unit).read_text()
    before, words = text.splitlines(), Vocabulary(text)
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
        if was.startswith(_COMMENTS):
            continue
        yield Mutant(unit, start + 1, was, now, content, words.is_hopeless(start + 1, was, now))
