"""Mutants that change nothing anyone could notice, line by line, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Equivalent:
    """Lines of `unit` that are `was` and become one of `now`."""

    unit: str
    was: str
    now: tuple[str, ...]
    why: str


_LEDGER: Final = "contracts/RoyaltyLedger.sol"
_GRAPH: Final = "contracts/DerivativeGraph.sol"
_VECTORS: Final = "contracts/libraries/AncestorVectors.sol"
_COURT: Final = "contracts/DisputeCourt.sol"
_QUEUE: Final = "contracts/epoch/RootQueue.sol"
_FAULTS: Final = "contracts/epoch/RootFaults.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_PUSH: Final = "contracts/libraries/SafePush.sol"
_OPERATORS: Final = "contracts/oracle/OperatorSet.sol"
_DISTRIBUTOR: Final = "contracts/EpochDistributor.sol"

EQUIVALENTS: Final = (
    Equivalent(
        "contracts/splits/SplitVersions.sol",
        "Book memory book = _books[workId];",
        ("Book storage book = _books[workId];",),
        "only read, and before anybody writes it",
    ),
    Equivalent(
        "contracts/splits/SplitVersions.sol",
        "uint32 splits = _books[workId].splits;",
        ("uint16 splits = _books[workId].splits;",),
        "it is counted in as many bits",
    ),
    Equivalent(
        _LEDGER,
        "if (held != before + amount) "
        "revert AmountMismatch(amount, held > before ? held - before : 0);",
        (
            "if (held != before + amount) "
            "revert AmountMismatch(amount, held >= before ? held - before : 0);",
        ),
        "the difference of equals is zero",
    ),
    Equivalent(
        "contracts/licences/LicenceBook.sol",
        "Record storage record = _records[parent];",
        ("Record memory record = _records[parent];",),
        "a copy of what is only read",
    ),
    Equivalent(
        _QUEUE,
        "Root storage root = _rootAt(token, place);",
        ("Root memory root = _rootAt(token, place);",),
        "a copy of what is only read",
    ),
    Equivalent(
        _QUEUE,
        "Book storage book = _books[token];",
        ("Book memory book = _books[token];",),
        "a copy of what is only read",
    ),
    Equivalent(
        "contracts/access/Managed.sol",
        "bool private transient _isConsuming;",
        ("bool private  _isConsuming;",),
        "set back in the call that sets it",
    ),
    Equivalent(
        _COURT,
        "if (status == Status.OPEN && block.timestamp < answerEnds) "
        "revert RulingTooEarly(caseId, answerEnds);",
        (
            "if (status <= Status.OPEN && block.timestamp < answerEnds) "
            "revert RulingTooEarly(caseId, answerEnds);",
        ),
        "only open and answered cases come here",
    ),
    Equivalent(
        _COURT,
        "if (ledger.splitCountOf(workId) == splitVersion) "
        "revert NotCorrected(workId, splitVersion);",
        (
            "if (ledger.splitCountOf(workId) <= splitVersion) "
            "revert NotCorrected(workId, splitVersion);",
        ),
        "splits are never fewer than they were",
    ),
    Equivalent(
        _COURT,
        "return bond < type(uint96).max ? uint96(bond) : type(uint96).max;",
        ("return bond <= type(uint96).max ? uint96(bond) : type(uint96).max;",),
        "both ways say the largest bond",
    ),
    Equivalent(
        _VECTORS,
        "uint256 kept = found > count - limit ? found - (count - limit) : 0;",
        ("uint256 kept = found >= count - limit ? found - (count - limit) : 0;",),
        "the difference of equals is zero",
    ),
    Equivalent(
        _VECTORS,
        "for (uint256 i = kept / 2; i > 0;) {",
        ("for (uint256 i = kept / (2-1); i > 0;) {",),
        "what has nothing below it sinks nowhere",
    ),
    Equivalent(
        "contracts/libraries/Freezes.sol",
        "function covers(History storage history, uint40 time) internal view returns (bool) {",
        ("function covers(History memory history, uint40 time) internal view returns (bool) {",),
        "only read",
    ),
    Equivalent(
        _VECTORS,
        "vector = new bytes((self.end - self.first) * ENTRY_BYTES + 32);",
        ("vector = new bytes((self.end - self.first) * ENTRY_BYTES + 1);",),
        "what is written beyond the end is free memory, and written over before it is read",
    ),
    Equivalent(
        _VECTORS,
        "uint256 present = source > first ? entries[source - 1] : 0;",
        ("uint256 present = source > first ? entries[source - 1] : (0+1);",),
        "below the bits of an id; no work has the id zero",
    ),
    Equivalent(
        _VECTORS,
        "present = --source > first ? entries[source - 1] : 0;",
        ("present = --source > first ? entries[source - 1] : (0+1);",),
        "below the bits of an id; no work has the id zero",
    ),
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
        "amount = _entitlement(income, bps) - before;",
        ("amount = _entitlement ( bps,income) - before;",),
        "a product the other way round",
    ),
    Equivalent(
        _LEDGER,
        "for (uint256 from; from < vector.length; from += AncestorVectors.ENTRY_BYTES) {",
        ("for (uint256 from; from != vector.length; from += AncestorVectors.ENTRY_BYTES) {",),
        "a stored vector is whole entries",
    ),
    Equivalent(
        _LEDGER,
        "return version == 1 ? end : end - _segmentStart[workId][token][version];",
        ("return version == 0 ? end : end - _segmentStart[workId][token][version];",),
        "the first segment's start is stored nowhere, and so zero",
    ),
    Equivalent(
        _LEDGER,
        "if (!book.wasDisputed) book.wasDisputed = true;",
        ("if (true) book.wasDisputed = true;",),
        "what is true is written again",
    ),
    Equivalent(
        _LEDGER,
        "if (_tokens.length == _TOKENS_MAX) revert TooManyTokens(_TOKENS_MAX + 1);",
        ("if (_tokens.length >= _TOKENS_MAX) revert TooManyTokens(_TOKENS_MAX + 1);",),
        "one is added at a time, and none beyond the largest number",
    ),
    Equivalent(
        _LEDGER,
        "if (accrued != 0) _segmentStart[workId][token][version] = accrued;",
        (
            "if (true) _segmentStart[workId][token][version] = accrued;",
            "if (accrued > 0) _segmentStart[workId][token][version] = accrued;",
        ),
        "zero is written where a new version has zero",
    ),
    Equivalent(
        "contracts/splits/SplitVersions.sol",
        "proposal.isUnanimous = consented == type(uint64).max >> (_PAYEES_MAX - present.length);",
        (
            "proposal.isUnanimous = "
            "consented >= type(uint64).max >> (_PAYEES_MAX - present.length);",
        ),
        "no more payees consent than there are",
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
        "function provenBy(bytes32 sumRoot, uint256 total, uint256 depth) "
        "internal pure returns (bytes32) {",
        (
            "function provenBy(bytes32 sumRoot , uint256 depth, uint256 total) "
            "internal pure returns (bytes32) {",
        ),
        "the same words in another order, in a hash that nobody outside ever sees",
    ),
    Equivalent(
        _SUMS,
        "if (payee == address(0) && cumulative == 0) continue;",
        ("if (payee <= address(0) && cumulative == 0) continue;",),
        "no address is below zero",
    ),
    Equivalent(
        _QUEUE,
        "Root storage previous = _rootAt(token, last);",
        ("Root memory previous = _rootAt(token, last);",),
        "a copy of what is only read",
    ),
    Equivalent(
        _DISTRIBUTOR,
        "if (claimed != before) _books[token].claimed = uint120(claimed);",
        ("if (claimed > before) _books[token].claimed = uint120(claimed);",),
        "what was claimed is never less than before",
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
    Equivalent(
        _OPERATORS,
        "if (stored == address(0) || stored.code.length != packed.length) revert BadOperators();",
        ("if (stored == address(0) || stored.code.length < packed.length) revert BadOperators();",),
        "what is made is never longer than what it is made of",
    ),
    Equivalent(
        _OPERATORS,
        "if (place >= packed.length || _addressAt(packed, place) != signer) "
        "revert NotOperator(signer);",
        ("if ((0==1) || _addressAt(packed, place) != signer) revert NotOperator(signer);",),
        "behind the list lies a digest: nobody has the key of an address that it spells",
    ),
    Equivalent(
        "contracts/UsageOracle.sol",
        "if (licenceUsage.length != 0) {",
        ("if (licenceUsage.length >= 0) {",),
        "of no usage nothing is recorded or charged, for more gas",
    ),
)
