"""Who has to notice a mutant: first a pair of tests/differential, then tests of tests/contracts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from scripts.export_abi import ROOT
from tests.differential.machine import committed
from tests.differential.runs import run
from tests.mutation.mutants import WORKSHOP
from tests.mutation.subjects import Subject
from tests.mutation.verdicts import Verdicts, digest_of

SEEDS: Final = (1, 2)
STEPS: Final = 600
# Many times what the unchanged contract takes; a mutant can turn a loop into an endless one.
PAIR_SECONDS: Final = 240
TESTS_SECONDS: Final = 900
TRIES: Final = 3
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (tests/\S+)", re.MULTILINE)
_NODE_TROUBLE: Final = ("ANTIPHON_TEST_PORT", "ConnectionError", "ReadTimeout", "RPCProcessError")


class Judge(Protocol):
    """`name` and `version` say who judged; a mutant is told from the contract by its answers."""

    name: str
    version: str

    def notices(self, code: str, unit: str) -> str | None:
        """By what this bytecode (hex) is told from the contract's; None when it is not. `unit` is
        the changed source."""


class PairJudge:
    """The differential driver of one pair, some hundred acts by each of a few seeds."""

    def __init__(self, subject: Subject, pair: str) -> None:
        self.name = f"pair {pair}"
        self.version = digest_of((ROOT / "tests" / "differential", ROOT / "chain" / "ledger"))
        self._contract = subject.contract
        self._pair = pair

    def notices(self, code: str, unit: str) -> str | None:
        mutated = replace(committed(self._contract), bytecode=bytes.fromhex(code))
        before = signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(PAIR_SECONDS)
        try:
            for seed in SEEDS:
                run(self._pair, seed, steps=STEPS, code=mutated)
        except Exception as found:  # noqa: BLE001 (a mutant may break the pair in any way)
            return type(found).__name__
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        return None


class TestsJudge:
    """The tests of some folders of tests/contracts under Brownie, until the first that fails."""

    __test__ = False

    def __init__(self, subject: Subject, verdicts: Verdicts) -> None:
        self.name = "tests " + " ".join(subject.folders)
        folders = [ROOT / "tests" / "contracts" / folder for folder in subject.folders]
        stage = [*(ROOT / "tests" / "contracts").glob("*.py"), ROOT / "scripts"]
        self.version = digest_of([*folders, *sorted(stage)])
        self._contract = subject.contract
        self._files = [
            str(p.relative_to(ROOT)) for f in folders for p in sorted(f.glob("test_*.py"))
        ]
        self._verdicts = verdicts

    def notices(self, code: str, unit: str) -> str | None:
        WORKSHOP.mkdir(parents=True, exist_ok=True)
        swapped = WORKSHOP / f"swapped-{os.getpid()}.json"
        swapped.write_text(json.dumps({"name": self._contract, "bytecode": code}))
        try:
            return self._run(swapped, unit)
        finally:
            swapped.unlink()

    def _run(self, swapped: Path, unit: str) -> str | None:
        """What has noticed most changes of this source so far is asked first."""
        often = self._verdicts.files_that_noticed(self.name, unit)
        files = sorted(self._files, key=lambda file: -often[file])
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutation.swapped", "-x", "-q"]
        environment = os.environ | {"ANTIPHON_SWAPPED": str(swapped)}
        said = ""
        # On a busy machine a node is not always there in time: that notices nothing.
        for _ in range(TRIES):
            try:
                ran = subprocess.run(
                    [*command, "--tb=line", *files],
                    cwd=ROOT,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=TESTS_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return "no end"
            if ran.returncode == 0:
                return None
            said = ran.stdout + ran.stderr
            failed = _FAILED.search(said)
            if ran.returncode == 1 and failed and not any(word in said for word in _NODE_TROUBLE):
                return failed.group(1)
        raise RuntimeError(f"the tests did not run:\n{said[-3000:]}")


def judges_of(subject: Subject, verdicts: Verdicts) -> list[Judge]:
    """In the order in which they are asked."""
    pair: list[Judge] = [PairJudge(subject, subject.pair)] if subject.pair else []
    return [*pair, TestsJudge(subject, verdicts)]


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
