"""What a hunt for mutants came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final

from tests.mutation.mutants import Mutant
from tests.mutation.reasons import reason_for
from tests.mutation.subjects import Subject

_Z: Final = 1.959964


@dataclass
class Score:
    """`looked` of `written` mutants were tried; those `invalid` or the `same` are not counted."""

    subject: Subject
    seed: int
    written: int
    looked: int = 0
    invalid: int = 0
    same: int = 0
    noticed: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)
    equivalent: list[tuple[Mutant, str]] = field(default_factory=list)

    def notice(self, judge: str) -> None:
        self.noticed[judge] += 1

    def let_pass(self, mutant: Mutant) -> None:
        """One that no judge noticed: a survivor, unless it changes nothing."""
        reason = reason_for(mutant)
        if reason:
            self.equivalent.append((mutant, reason))
        else:
            self.survivors.append(mutant)

    @property
    def killed(self) -> int:
        return self.noticed.total()

    @property
    def counted(self) -> int:
        """Equivalent ones are no part of it."""
        return self.killed + len(self.survivors)

    @property
    def share(self) -> float:
        return self.killed / self.counted if self.counted else 0.0

    @property
    def is_whole(self) -> bool:
        return self.looked == self.written

    @property
    def is_enough(self) -> bool:
        return self.share >= self.subject.score_min

    def line(self) -> str:
        return (
            f"{self.subject.name}: {self.looked} of {self.written} looked at, "
            f"{self.killed} noticed, {self.invalid} invalid, {self.same} the same"
        )

    def report(self) -> dict[str, Any]:
        low, high = wilson(self.killed, self.counted)
        return {
            "contract": self.subject.name,
            "seed": self.seed,
            "written": self.written,
            "looked_at": self.looked,
            "invalid": self.invalid,
            "same_bytecode": self.same,
            "noticed_by": dict(self.noticed),
            "survived": len(self.survivors),
            "equivalent": [{**_place(m), "why": why} for m, why in self.equivalent],
            "score": round(self.share, 4),
            "interval": None if self.is_whole else [round(low, 4), round(high, 4)],
            "survivors": [_place(mutant) for mutant in self.survivors],
        }


def table(scores: list[Score]) -> str:
    """The rows of docs/contracts/MUTATION.md."""
    rows = [
        "| contract | looked at | distinct | noticed by its pair | by its tests | equivalent "
        "| survived | score |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for score in scores:
        low, high = wilson(score.killed, score.counted)
        share = f"{score.share:.1%}"
        if not score.is_whole:
            share += f" ({low:.1%} to {high:.1%})"
        pair = sum(n for judge, n in score.noticed.items() if judge.startswith("pair"))
        rows.append(
            f"| {score.subject.name} | {score.looked} of {score.written}, seed {score.seed} "
            f"| {score.counted + len(score.equivalent)} | {pair} | {score.killed - pair} "
            f"| {len(score.equivalent)} | {len(score.survivors)} | {share} |"
        )
    return "\n".join(rows)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson's score."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    middle = share + square / (2 * of)
    width = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return (middle - width) / (1 + square / of), (middle + width) / (1 + square / of)


def _place(mutant: Mutant) -> dict[str, Any]:
    return {"unit": mutant.unit, "line": mutant.line, "was": mutant.was, "now": mutant.now}
