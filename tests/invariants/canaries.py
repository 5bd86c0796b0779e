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


CANARIES = (
    Canary(
        bug="a new split begins before what came in is settled to the old one",
        file="contracts/RoyaltyLedger.sol",
        sound="            _settle(workId, token, vector);\n            uint256 accrued",
        broken="            uint256 accrued",
        suite="LedgerInvariants",
        says="I9",
    ),
    Canary(
        bug="income is rounded before it is divided",
        file="contracts/RoyaltyLedger.sol",
        sound="return income * bps / (SHARE_SCALE * BPS_WHOLE);",
        broken="return income / SHARE_SCALE * bps / BPS_WHOLE;",
        suite="PaymentFuzz",
        says="assertion",
    ),
    Canary(
        bug="a transfer that burned all its gas counts as paid",
        file="contracts/libraries/SafePush.sol",
        sound="            if delivered {\n",
        broken="            {\n",
        suite="HostileLedgerInvariants",
        says="I22",
    ),
    Canary(
        bug="a transfer that burned all its gas counts as paid",
        file="contracts/libraries/SafePush.sol",
        sound="            if delivered {\n",
        broken="            {\n",
        suite="HostileEpochInvariants",
        says="I8",
    ),
    Canary(
        bug="a unit of an odd share is owed to nobody",
        file="contracts/libraries/AncestorVectors.sol",
        sound="                kept -= part;\n",
        broken="                kept -= part + (part & 1);\n",
        suite="GraphInvariants",
        says="I4",
    ),
    Canary(
        bug="a unit of an odd share is owed to nobody",
        file="contracts/libraries/AncestorVectors.sol",
        sound="                kept -= part;\n",
        broken="                kept -= part + (part & 1);\n",
        suite="VectorFuzz",
        says="I4",
    ),
    Canary(
        bug="a root is active before its window has passed",
        file="contracts/epoch/RootQueue.sol",
        sound="if (block.timestamp < root.claimableFrom) revert WindowOpen",
        broken="if (root.claimableFrom == 0) revert WindowOpen",
        suite="EpochInvariants",
        says="I13",
    ),
    Canary(
        bug="a freeze of a hundred days",
        file="contracts/libraries/Freezes.sol",
        sound="STRETCH_MAX = 90 days;",
        broken="STRETCH_MAX = 100 days;",
        suite="CourtInvariants",
        says="I17",
    ),
    Canary(
        bug="a rejected report may be released",
        file="contracts/DirectReports.sol",
        sound="        _held[held.eventId] = _REJECTED;\n",
        broken="",
        suite="DirectInvariants",
        says="I1",
    ),
    Canary(
        bug="sums that wrap around",
        file="contracts/libraries/SumTree.sol",
        sound="if (wrapped) revert IEpochDistributor.InvalidProof();\n        return",
        broken="return",
        suite="SumTreeFuzz",
        says="assertion",
    ),
)


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
    seeded: set[str] = set()
    for canary in CANARIES:
        path = tree / canary.file
        source = path.read_text()
        if canary.file in seeded and canary.sound not in source:
            continue
        if source.count(canary.sound) != 1:
            raise CanaryGone(f"{canary.file} has no single {canary.sound!r}")
        path.write_text(source.replace(canary.sound, canary.broken))
        seeded.add(canary.file)
    return tree
