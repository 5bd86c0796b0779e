"""Mutants that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tests.mutation.mutants import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Lines of `unit` that are `was` and become one of `now`."""

    unit: str
    was: str
    now: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Rule:
    """Two ways to write one thing: lines that `pattern` makes equal are equivalent."""

    pattern: re.Pattern[str]
    instead: str
    why: str

    def applies_to(self, mutant: Mutant) -> bool:
        was, now = (self.pattern.sub(self.instead, line) for line in (mutant.was, mutant.now))
        return was == now


RULES: Final = (
    Rule(
        re.compile(r"\bpublic (?:immutable|constant)? ?(?=\w)"),
        "public ",
        "read from storage, for more gas, and never written again",
    ),
    Rule(re.compile(r"(?:<=|==) 0\b"), "== 0", "no number of ours is below zero"),
    Rule(re.compile(r"(?:>|!=) 0\b"), "!= 0", "no number of ours is below zero"),
    Rule(
        re.compile(r"(for \(uint256 i; i )(?:<|!=)( [\w.]+; \+\+i\))"),
        r"\1<\2",
        "what counts on by one reaches its end",
    ),
)

_LEDGER: Final = "contracts/RoyaltyLedger.sol"
_GRAPH: Final = "contracts/DerivativeGraph.sol"
_VECTORS: Final = "contracts/libraries/AncestorVectors.sol"
_QUEUE: Final = "contracts/epoch/RootQueue.sol"
_FAULTS: Final = "contracts/epoch/RootFaults.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_PUSH: Final = "contracts/libraries/SafePush.sol"
_DISTRIBUTOR: Final = "contracts/EpochDistributor.sol"

EQUIVALENTS: Final = (
    Equivalent(
        _LEDGER,
        "function _entitlement(uint256 income, uint256 bps) private pure returns (uint256) {",
        ("function _entitlement ( uint256 bps,uint256 income) private pure returns (uint256) {",),
        "a product the other way round",
    ),
    Equivalent(
        _LEDGER,
        "uint256 amount = _entitlement(income, share.bps) - before;",
        ("uint256 amount = _entitlement ( share.bps,income) - before;",),
        "a product the other way round",
    ),
    Equivalent(
        _LEDGER,
        "if (lineage == Lineage.DERIVED) {",
        ("if (lineage >= Lineage.DERIVED) {",),
        "the last of its kind",
    ),
    Equivalent(
        _SUMS,
        "return keccak256(abi.encodePacked(sumRoot, total, depth));",
        ("return keccak256(abi.encodePacked ( total,sumRoot, depth));",),
        "the same words in another order, in a hash that nobody outside ever sees",
    ),
    Equivalent(
        _SUMS,
        "let first := add(nodes, 0x20)",
        ("let first := add ( 0x20,nodes)",),
        "a sum the other way round",
    ),
    Equivalent(
        _SUMS,
        "let siblingSum := calldataload(add(step, 0x20))",
        ("let siblingSum := calldataload(add ( 0x20,step))",),
        "a sum the other way round",
    ),
    Equivalent(
        _PUSH,
        "mstore(0x00, 0)",
        ("/*mstore(0x00, 0)*/",),
        "the word is looked at only when at least 32 bytes came back over it",
    ),
    Equivalent(
        _PUSH,
        "default { delivered := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)) }",
        ("default { delivered := and(gt(returndatasize(), 0x0f), eq(mload(0x00), 1)) }",),
        "fewer than 32 bytes leave the last byte of the cleared word zero, and the word is not 1",
    ),
    Equivalent(
        _DISTRIBUTOR,
        "uint256 private constant _RANGE_MAX = 512;",
        ("uint256 private constant _RANGE_MAX = (512+1);",),
        "lengths are powers of two: none lies between",
    ),
    Equivalent(
        _DISTRIBUTOR,
        "uint256 private constant _IS_REDIRECTED = 1 << 255;",
        ("uint256 private constant _IS_REDIRECTED = 1 << (255-1);",),
        "another bit above all amounts, which are below 2^120",
    ),
    Equivalent(
        _FAULTS,
        "if (level == 1) {",
        ("if (true) {",),
        "wrong on level 0 already, and above level 1 no node lies beyond the leaves",
    ),
    Equivalent(
        _FAULTS,
        "bool isInside = path.length <= root.depth && position >> path.length == 0;",
        ("bool isInside = (1==1) && position >> path.length == 0;",),
        "a longer path leads to the root of a tree of its depth only if two inputs have one hash",
    ),
)


def reason_for(mutant: Mutant) -> str | None:
    for rule in RULES:
        if rule.applies_to(mutant):
            return rule.why
    for known in EQUIVALENTS:
        if (mutant.unit, mutant.was) == (known.unit, known.was) and mutant.now in known.now:
            return known.why
    return None
