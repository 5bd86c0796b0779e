"""What was found out about mutants, on disk: a run that ended goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.export_abi import ROOT
from tests.mutation.mutants import WORKSHOP


@dataclass(frozen=True)
class Verdict:
    """`noticed` says by what a judge told a mutant from the contract; None when it did not.

    `version` is a digest of the judge: what it let pass is asked again once it has changed, and
    what it noticed stays noticed. `unit` is the changed source."""

    mutant: str
    judge: str
    version: str
    noticed: str | None
    unit: str = ""


class Verdicts:
    """All verdicts so far, by bytecode and judge; one line each in var/mutation."""

    def __init__(self) -> None:
        self._path = WORKSHOP / "verdicts.jsonl"
        self._found: dict[tuple[str, str], Verdict] = {}
        if self._path.is_file():
            for line in self._path.read_text().splitlines():
                verdict = Verdict(**json.loads(line))
                self._found[verdict.mutant, verdict.judge] = verdict

    def of(self, code: str, judge: str, version: str) -> Verdict | None:
        """The verdict that still stands."""
        found = self._found.get((name_of(code), judge))
        return found if found and (found.noticed or found.version == version) else None

    def add(self, code: str, judge: str, version: str, noticed: str | None, unit: str) -> Verdict:
        verdict = Verdict(name_of(code), judge, version, noticed, unit)
        self._found[verdict.mutant, judge] = verdict
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as lines:
            lines.write(json.dumps(asdict(verdict)) + "\n")
        return verdict

    def files_that_noticed(self, judge: str, unit: str) -> Counter[str]:
        """How many changes of this source the tests of a file noticed, and somewhat those of others
        of the same contract."""
        often = Counter[str]()
        for (_, by), verdict in self._found.items():
            if by == judge and verdict.noticed:
                often[verdict.noticed.split("::")[0]] += 100 if verdict.unit == unit else 1
        return often


def name_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:32]


def digest_of(folders: Iterable[Path]) -> str:
    """One name for all sources below these folders, and files."""
    digest = hashlib.sha256()
    for folder in folders:
        paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        for path in paths:
            if path.suffix in {".py", ".sol"}:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
