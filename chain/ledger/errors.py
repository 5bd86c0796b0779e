"""Everything that the pure ledger refuses, as one tree.

LedgerError
├── Malformed          a value or bytes from outside that cannot be what they claim to be
│   ├── BadAddress     no 20-byte account, or its EIP-55 checksum is wrong
│   ├── BadSplit       payees or basis points that are no split
│   └── BadVector      bytes or entries that are no ancestor vector
├── Refused            well formed, but against a rule of the ledger
│   ├── BadLink        parents a derivative cannot have: order, number, depth, shares
│   └── CurrencyMismatch  amounts of two currencies were mixed
├── ProofInvalid       a Merkle proof that does not lead to the root it was given
└── Inconsistent       two accounts of one fact differ; says where, and what each of them holds
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every refusal of this package."""


class Malformed(LedgerError):
    """`what` cannot be what it claims to be, because of `reason`."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason


class BadAddress(Malformed):
    """Not an account: give 0x and 40 hex digits, with the EIP-55 capitals or with none."""

    def __init__(self, value: object, reason: str) -> None:
        super().__init__("address", f"{reason}: {str(value)[:60]!r}")
        self.value = value


class BadSplit(Malformed):
    """Payees must ascend, be 1 to 64, and their basis points sum to exactly 10,000."""

    def __init__(self, reason: str) -> None:
        super().__init__("split", reason)


class BadVector(Malformed):
    """An ancestor vector is 12 bytes an entry, ids ascending, shares within the stack limit."""

    def __init__(self, reason: str) -> None:
        super().__init__("ancestor vector", reason)


class Refused(LedgerError):
    """The values are well formed, but a rule of the ledger says no."""


class BadLink(Refused):
    """A derivative cannot be linked so; `rule` is the name of the contract's own refusal."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


class CurrencyMismatch(Refused):
    """Amounts of two currencies cannot be added or compared."""

    def __init__(self, expected: str, given: str) -> None:
        super().__init__(f"an amount in {given} where {expected} is counted")
        self.expected = expected
        self.given = given


class ProofInvalid(LedgerError):
    """The proof of `what` does not lead to the root: fetch the proof of the active epoch again."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"proof of {what}: {reason}")
        self.what = what
        self.reason = reason


class Inconsistent(LedgerError):
    """Two accounts of one fact differ at `place`: `expected` by our books, `found` elsewhere."""

    def __init__(self, place: str, expected: object, found: object) -> None:
        super().__init__(f"{place}: {expected} expected, {found} found")
        self.place = place
        self.expected = expected
        self.found = found
