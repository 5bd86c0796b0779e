"""Bugs put into a copy of the contracts, one for each suite to find."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """`broken` in the place of `sound` in `file`; `suite` must then fail, saying `says`."""

    bug: str
    file: str
    sound: str
    broken: str
    suite: str
    says: str


CANARIES = ()


class CanaryGone(RuntimeError):
    """A canary's sound line is not in its file any more: write the canary anew."""


def broken_tree(root: Path) -> Path:
    """A copy of contracts and suites with every canary in it, beside what forge has built."""
    tree = root / "var" / "forge" / "broken"
    for part in ("contracts", "tests/invariants"):
        shutil.rmtree(tree / part, ignore_errors=True)
        shutil.copytree(root / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "foundry.toml", tree / "foundry.toml")
    for linked in ("node_modules", ".tools"):
        if not (tree / linked).exists():
            (tree / linked).symlink_to(root / linked)
    for canary in CANARIES:
        path = tree / canary.file
        source = path.read_text()
        if source.count(canary.sound) != 1 and canary.broken not in source:
            raise CanaryGone(f"{canary.file} has no single {canary.sound!r}")
        path.write_text(source.replace(canary.sound, canary.broken))
    return tree
