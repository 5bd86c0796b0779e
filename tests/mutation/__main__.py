"""Mutation testing: does the differential driver notice every small change of a contract?

    python -m tests.mutation                        every mutant of every subject
    python -m tests.mutation RoyaltyLedger --sample 100 --seed 1

A mutant with the bytecode of the original, or of an earlier mutant, is not counted. Survivors are
listed in reports/mutation-<contract>.json; docs/contracts/MUTATION.md says of each why it lives.
Exits 1 when the unchanged contract fails or a score is below its subject's least.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from typing import Any, Final

from scripts.export_abi import ROOT
from tests.differential.machine import committed
from tests.differential.runs import run
from tests.mutation.mutants import Mutant, Subject, compiled, drawn

SUBJECTS: Final = (
    Subject(
        "RoyaltyLedger",
        "royalties",
        ("contracts/RoyaltyLedger.sol", "contracts/splits/SplitVersions.sol"),
        0.95,
    ),
    Subject(
        "EpochDistributor",
        "epochs",
        (
            "contracts/EpochDistributor.sol",
            "contracts/epoch/RootQueue.sol",
            "contracts/epoch/RootFaults.sol",
            "contracts/libraries/SumTree.sol",
        ),
        0.95,
    ),
    Subject(
        "DerivativeGraph",
        "links",
        ("contracts/DerivativeGraph.sol", "contracts/libraries/AncestorVectors.sol"),
        0.90,
    ),
    Subject(
        "DisputeCourt",
        "disputes",
        ("contracts/DisputeCourt.sol", "contracts/libraries/Freezes.sol"),
        0.90,
    ),
)
SEEDS: Final = (1, 2)


def main() -> int:
    names = [subject.name for subject in SUBJECTS]
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("contracts", nargs="*", choices=[*names, []], default=names)
    parser.add_argument("--sample", type=int, help="so many mutants of each contract, by lot")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=600, help="acts in which it must be noticed")
    arguments = parser.parse_args()
    scores = [
        hunt(subject, arguments.sample, arguments.seed, arguments.steps)
        for subject in SUBJECTS
        if subject.name in arguments.contracts
    ]
    return 0 if all(scores) else 1


def hunt(subject: Subject, sample: int | None, seed: int, steps: int) -> bool:
    """Whether enough mutants were noticed; the report says which were not."""
    begin = time.time()
    mutants = drawn(subject, sample, seed)
    seen: set[str] = set()
    killed: list[Mutant] = []
    survivors: list[Mutant] = []
    invalid = same = 0
    for mutant, code in compiled(subject, mutants):
        if mutant is None:
            assert code is not None, f"{subject.name} does not compile"
            seen.add(code)
            reason = noticed(subject, code, steps)
            assert reason is None, f"the unchanged {subject.name} fails: {reason}"
        elif code is None:
            invalid += 1
        elif code in seen:
            same += 1
        else:
            seen.add(code)
            (survivors if noticed(subject, code, steps) is None else killed).append(mutant)
    distinct = len(killed) + len(survivors)
    score = len(killed) / distinct if distinct else 0.0
    report: dict[str, Any] = {
        "contract": subject.name,
        "drawn": len(mutants),
        "sampled": sample is not None,
        "seed": seed,
        "invalid": invalid,
        "same_bytecode": same,
        "killed": len(killed),
        "survived": len(survivors),
        "score": round(score, 4),
        "seconds": round(time.time() - begin),
        "survivors": [
            {"unit": m.unit, "line": m.line, "was": m.was, "now": m.now} for m in survivors
        ],
    }
    (ROOT / "reports").mkdir(exist_ok=True)
    target = ROOT / "reports" / f"mutation-{subject.name}.json"
    target.write_text(json.dumps(report, indent=1) + "\n")
    say(
        f"{subject.name}: {len(killed)} of {distinct} noticed ({score:.1%}), "
        f"{same} with equal bytecode, {invalid} invalid, {report['seconds']} s"
    )
    for mutant in survivors:
        say(f"  {mutant.unit}:{mutant.line}  {mutant.was}  ->  {mutant.now}")
    return score >= subject.score_min


def noticed(subject: Subject, code: str, steps: int) -> str | None:
    """What the pair stumbled over with this bytecode; None when it ran to the end."""
    mutated = replace(committed(subject.name), bytecode=bytes.fromhex(code))
    for seed in SEEDS:
        try:
            run(subject.pair, seed, steps=steps, code=mutated)
        except Exception as found:  # noqa: BLE001 (a mutant may break the pair in any way)
            return type(found).__name__
    return None


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
