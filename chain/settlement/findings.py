"""What a verification finds: how much it compared, and each place where two accounts differ."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chain.client.blocks import BlockPin
from chain.indexer.records import RootFault
from chain.ledger.identifiers import Address, Digest, EpochNumber

RAW_CODEC: Final = 0x55
DAG_CBOR_CODEC: Final = 0x71
_CID_VERSION: Final = 1
_SHA2_256: Final = 0x12
_DIGEST_LENGTH: Final = 0x20


class Check(StrEnum):
    """What was compared with what."""

    LOGS = "logs"
    """The index's raw logs with the node's."""
    PROJECTION = "projection"
    """The index's tables with what the node's logs say."""
    REGISTERS = "registers"
    """Works, consents, licences and links with the contracts' own views."""
    DIRECT_LANE = "direct lane"
    """Replayed books with the RoyaltyLedger's."""
    DIRECT_REPORTS = "direct reports"
    """Single reports' prices, deposits and ends with the contract's, and with the epochs."""
    EPOCH_LANE = "epoch lane"
    """Replayed funds, roots and payouts with the EpochDistributor's."""
    CUSTODY = "custody"
    """What the contracts that hold money have with what the tokens say they hold."""
    REPORTS = "reports"
    """Posted reports with each other and with a recomputation from their segments."""
    LEAVES = "leaves"
    """Payout by payout: what was published or paid with the recomputation."""
    SEGMENTS = "segments"
    """Segment sets and segments with the digests that name them."""
    MANIFESTS = "manifests"
    """Manifests of works, communities and licences with the digests on chain."""
    FILES = "files"
    """Exported files with the digests that they came with."""


@dataclass(frozen=True)
class Discrepancy:
    """Two accounts of one fact differ at `place`. `units` is the amount of money in it."""

    check: Check
    place: str
    expected: str
    found: str
    units: int = 0

    def __str__(self) -> str:
        return f"{self.check}: {self.place}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class RejectedReport:
    """A report whose root was thrown out, and why; it pays nobody."""

    epoch: EpochNumber
    token: Address
    fault: RootFault

    def __str__(self) -> str:
        return f"the report of epoch {self.epoch} was rejected ({self.fault.name.lower()})"


@dataclass(frozen=True)
class TokenTotals:
    """Base units of one token, over both lanes."""

    paid_in: int
    paid_out: int
    funded: int
    claimed: int


@dataclass(frozen=True)
class VerificationReport:
    """The outcome of one verification at one block.

    `checks` counts comparisons; `unread` names blocks that nobody here holds and that are not
    needed to recompute money (a community may keep its manifests to itself).
    """

    at: BlockPin
    checks: dict[Check, int]
    discrepancies: tuple[Discrepancy, ...]
    unread: tuple[str, ...]
    rejected: tuple[RejectedReport, ...]
    totals: dict[Address, TokenTotals]

    @property
    def difference_units(self) -> int:
        """All money found in the wrong place, in base units; zero when everything is right."""
        return sum(abs(found.units) for found in self.discrepancies)

    @property
    def is_clean(self) -> bool:
        return not self.discrepancies


@dataclass
class Findings:
    """Collects comparisons while a verification runs."""

    checks: Counter[Check] = field(default_factory=Counter)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    rejected: list[RejectedReport] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def compare(self, check: Check, place: str, expected: object, found: object) -> bool:
        """Count one comparison; a difference is kept. Returns whether the two are equal."""
        self.checks[check] += 1
        if expected == found:
            return True
        self.differ(check, place, shown(expected), shown(found))
        return False

    def compare_units(self, check: Check, place: str, expected: int, found: int) -> bool:
        """As `compare`, for amounts in base units."""
        self.checks[check] += 1
        if expected == found:
            return True
        self.differ(check, place, str(expected), str(found), units=found - expected)
        return False

    def differ(
        self, check: Check, place: str, expected: str, found: str, *, units: int = 0
    ) -> None:
        """Keep a difference."""
        self.discrepancies.append(Discrepancy(check, place, expected, found, units))


def shown(value: object) -> str:
    """A value as a reader compares it: bytes in hexadecimal."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def cid_text(digest: Digest, codec: int) -> str:
    """The content id (version 1, base32) of a block named by its sha2-256 digest."""
    head = bytes([_CID_VERSION, codec, _SHA2_256, _DIGEST_LENGTH])
    return "b" + base64.b32encode(head + digest).decode().rstrip("=").lower()
