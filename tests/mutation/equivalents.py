"""Mutants that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

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


_QUEUE: Final = "contracts/epoch/RootQueue.sol"
_FAULTS: Final = "contracts/epoch/RootFaults.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_PUSH: Final = "contracts/libraries/SafePush.sol"
_DISTRIBUTOR: Final = "contracts/EpochDistributor.sol"

EQUIVALENTS: Final = (
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
        _QUEUE,
        "uint40 public immutable windowSeconds;",
        ("uint40 public  windowSeconds;",),
        "read from storage, for more gas, and never written again",
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
    for known in EQUIVALENTS:
        if (mutant.unit, mutant.was) == (known.unit, known.was) and mutant.now in known.now:
            return known.why
    return None
