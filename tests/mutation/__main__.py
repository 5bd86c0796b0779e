"""Mutation testing: do the tests notice every small change of a contract?

    python -m tests.mutation                              all subjects, custody contracts whole
    python -m tests.mutation RoyaltyLedger --sample 100 --seed 1
    python -m tests.mutation --minutes 20                 as many as there is time for

A mutant with the bytecode of the original, or of an earlier mutant, is not counted. Verdicts are
kept in var/mutation: a run that ended goes on where it was, and survivors alone are asked again
after tests were added. Survivors are listed in reports/mutation-<contract>.json, and those that
change nothing in tests/mutation/equivalents.py, with the reason. Exits 1 when the unchanged
contract fails or a score is below its subject's least.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from scripts.export_abi import ROOT
from tests.mutation.judges import Judge, judges_of
from tests.mutation.mutants import Compiler, Mutant, drawn
from tests.mutation.reasons import reason_for
from tests.mutation.report import Score, table
from tests.mutation.subjects import SUBJECTS, Subject
from tests.mutation.verdicts import Verdicts

PROGRESS_SECONDS = 60


def main() -> int:
    names = [subject.name for subject in SUBJECTS]
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("contracts", nargs="*", choices=[*names, []], default=names)
    parser.add_argument("--sample", type=int, help="so many distinct mutants of each, by lot")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="for each contract")
    parser.add_argument("--pairs-only", action="store_true", help="do not ask Brownie's tests")
    arguments = parser.parse_args()
    verdicts = Verdicts()
    scores = []
    for subject in SUBJECTS:
        if subject.name not in arguments.contracts:
            continue
        hunt = Hunt(subject, verdicts, arguments.seed, arguments.sample or subject.sample)
        scores.append(hunt.score)
        hunt.run(time.monotonic() + 60 * arguments.minutes, pairs_only=arguments.pairs_only)
        (ROOT / "reports").mkdir(exist_ok=True)
        report = ROOT / "reports" / f"mutation-{subject.name}.json"
        report.write_text(json.dumps(hunt.score.report(), indent=1) + "\n")
        for mutant in hunt.score.survivors:
            say(f"  {mutant.unit}:{mutant.line}  {mutant.was}  ->  {mutant.now}")
    say(table(scores))
    return 0 if all(score.is_enough for score in scores) else 1


class Hunt:
    """All mutants of one contract, one after the other, before each of its judges."""

    def __init__(self, subject: Subject, verdicts: Verdicts, seed: int, sample: int | None) -> None:
        self._verdicts = verdicts
        self._mutants = drawn(subject, seed)
        self._sample = sample
        self._subject = subject
        self._judges: list[Judge] = []
        self._sound: set[str] = set()
        self.score = Score(subject, seed, len(self._mutants))

    def run(self, until: float, *, pairs_only: bool) -> None:
        """Every judge sees all mutants before the next one does: the first is much the fastest."""
        self._judges = judges_of(self._subject, self._verdicts)
        if pairs_only and self._subject.pair:
            self._judges = self._judges[:1]
        score, seen, told = self.score, set[str](), time.monotonic()
        waiting: list[tuple[Mutant, str]] = []
        with Compiler(self._subject) as compiler:
            unchanged = compiler.unchanged()
            seen.add(unchanged)
            for mutant in self._mutants:
                if time.monotonic() > until or len(seen) - 1 == self._sample:
                    break
                score.looked += 1
                code = None
                if not mutant.is_hopeless:
                    code = compiler.code(mutant.unit, mutant.content)
                if code is None:
                    score.invalid += 1
                elif code in seen:
                    score.same += 1
                else:
                    seen.add(code)
                    if not self._is_noticed(self._judges[0], mutant, code, unchanged):
                        waiting.append((mutant, code))
                if time.monotonic() > told + PROGRESS_SECONDS:
                    told = time.monotonic()
                    say(f"{score.line()}, {len(waiting)} waiting")
        for judge in self._judges[1:]:
            still = waiting
            waiting = []
            for mutant, code in still:
                # Slower judges are spared what nobody can notice.
                if reason_for(mutant) or not self._is_noticed(judge, mutant, code, unchanged):
                    waiting.append((mutant, code))
                say(f"{score.line()}, {mutant.unit}:{mutant.line} {mutant.was} -> {mutant.now}")
        for mutant, _ in waiting:
            score.let_pass(mutant)

    def _is_noticed(self, judge: Judge, mutant: Mutant, code: str, unchanged: str) -> bool:
        verdict = self._verdicts.of(code, judge.name, judge.version)
        if verdict is None:
            if judge.name not in self._sound:
                reason = judge.notices(unchanged, self._subject.unit)
                assert reason is None, f"the unchanged {self._subject.name} fails: {reason}"
                self._sound.add(judge.name)
            noticed = judge.notices(code, mutant.unit)
            verdict = self._verdicts.add(code, judge.name, judge.version, noticed, mutant.unit)
        if verdict.noticed is None:
            return False
        self.score.notice(judge.name)
        return True


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
