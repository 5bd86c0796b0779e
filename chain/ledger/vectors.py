"""Ancestor vectors: what a derivative's income owes to every work it comes from, flattened once.

A vector is the ancestors ascending by id, each with its share of `SHARE_SCALE`; as bytes, 8 of id
and 4 of share an entry. Parent p licensed at share r passes floor(r * V(p)[j] / SHARE_SCALE) on to
each of its own ancestors j and keeps the rest of r. So the shares sum to exactly what was licensed,
whatever the number of paths, and settling is one pass over at most `ANCESTORS_MAX` entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chain.ledger.errors import BadLink, BadVector
from chain.ledger.identifiers import UINT64_MAX, ZERO_DIGEST, Digest, WorkId
from chain.ledger.keccak import keccak256
from chain.ledger.rights import MAX_STACK, SHARE_SCALE

PARENTS_MAX: Final = 16
ANCESTORS_MAX: Final = 32
DEPTH_MAX: Final = 32
_ID_BYTES: Final = 8
_SHARE_BYTES: Final = 4
ENTRY_BYTES: Final = _ID_BYTES + _SHARE_BYTES


@dataclass(frozen=True)
class AncestorShare:
    """One ancestor and its share of a derivative's income, of `SHARE_SCALE`."""

    work_id: WorkId
    share: int


@dataclass(frozen=True)
class AncestorVector:
    """All ancestors of a work with their shares; empty for a work without parents.

    Raises BadVector for entries out of order, too many, or over the limit that may be licensed.
    """

    entries: tuple[AncestorShare, ...] = ()

    def __post_init__(self) -> None:
        if len(self.entries) > ANCESTORS_MAX:
            raise BadVector(f"{len(self.entries)} ancestors, at most {ANCESTORS_MAX}")
        before = 0
        for entry in self.entries:
            if not before < entry.work_id <= UINT64_MAX:
                raise BadVector(f"work {entry.work_id} is out of order, zero or no 64-bit id")
            if entry.share < 0:
                raise BadVector(f"work {entry.work_id} has the negative share {entry.share}")
            before = entry.work_id
        if self.stack > MAX_STACK:
            raise BadVector(f"the shares sum to {self.stack}, over {MAX_STACK}")

    @property
    def stack(self) -> int:
        """What all ancestors together get of the derivative's income, of `SHARE_SCALE`."""
        return sum(entry.share for entry in self.entries)

    def share_of(self, work_id: WorkId) -> int:
        """The share of one ancestor; zero for any other work."""
        return next((entry.share for entry in self.entries if entry.work_id == work_id), 0)

    def divide(self, own: WorkId, amount: int) -> Iterator[tuple[WorkId, int]]:
        """Divide income of `own` into numerators of `SHARE_SCALE`, ancestors first, the rest last.

        The numerators sum to exactly `amount * SHARE_SCALE`; nothing is rounded.
        """
        for entry in self.entries:
            yield entry.work_id, amount * entry.share
        yield own, amount * (SHARE_SCALE - self.stack)

    def encode(self) -> bytes:
        """The bytes of the DerivativeLinked event, and what `settle` wants back."""
        return b"".join(
            entry.work_id.to_bytes(_ID_BYTES, "big") + entry.share.to_bytes(_SHARE_BYTES, "big")
            for entry in self.entries
        )

    @classmethod
    def decode(cls, encoded: bytes) -> AncestorVector:
        """Inverse of `encode`; raises BadVector for bytes that are no vector."""
        if len(encoded) % ENTRY_BYTES:
            raise BadVector(f"{len(encoded)} bytes, not a multiple of {ENTRY_BYTES}")
        if len(encoded) > ANCESTORS_MAX * ENTRY_BYTES:
            raise BadVector(f"{len(encoded) // ENTRY_BYTES} ancestors, at most {ANCESTORS_MAX}")
        return cls(
            tuple(
                AncestorShare(
                    WorkId(int.from_bytes(encoded[at : at + _ID_BYTES], "big")),
                    int.from_bytes(encoded[at + _ID_BYTES : at + ENTRY_BYTES], "big"),
                )
                for at in range(0, len(encoded), ENTRY_BYTES)
            )
        )

    def hash(self) -> Digest:
        """keccak256 of the bytes; zero for the empty vector of a work without parents."""
        return Digest(keccak256(self.encode())) if self.entries else ZERO_DIGEST


@dataclass(frozen=True)
class LicensedParent:
    """A parent, the share of a derivative's income its licence names, and its own ancestors."""

    work_id: WorkId
    royalty_share: int
    vector: AncestorVector = AncestorVector()
    depth: int = 0


def flatten(parents: Sequence[LicensedParent]) -> AncestorVector:
    """The ancestor vector of a derivative of `parents`, which ascend by id.

    Raises BadLink, naming the contract's refusal, when no derivative can have these parents.
    """
    _check_parents(parents)
    shares: dict[WorkId, int] = {}
    for parent in parents:
        kept = parent.royalty_share
        for entry in parent.vector.entries:
            passed_on = parent.royalty_share * entry.share // SHARE_SCALE
            kept -= passed_on
            shares[entry.work_id] = shares.get(entry.work_id, 0) + passed_on
        shares[parent.work_id] = shares.get(parent.work_id, 0) + kept
    if len(shares) > ANCESTORS_MAX:
        raise BadLink("TooManyAncestors", f"{len(shares)}, at most {ANCESTORS_MAX}")
    vector = AncestorVector(tuple(AncestorShare(work, shares[work]) for work in sorted(shares)))
    assert vector.stack == sum(parent.royalty_share for parent in parents)
    return vector


def depth_under(parents: Sequence[LicensedParent]) -> int:
    """How many links lie between a derivative of `parents` and its furthest ancestor.

    Raises BadLink over `DEPTH_MAX`.
    """
    depth = 1 + max((parent.depth for parent in parents), default=0)
    if depth > DEPTH_MAX:
        raise BadLink("TooDeep", f"{depth} links, at most {DEPTH_MAX}")
    return depth


def _check_parents(parents: Sequence[LicensedParent]) -> None:
    if not 1 <= len(parents) <= PARENTS_MAX:
        raise BadLink("BadParentCount", f"{len(parents)} parents, not 1 to {PARENTS_MAX}")
    before = 0
    for parent in parents:
        if parent.work_id <= before:
            raise BadLink(
                "ParentsOutOfOrder", f"work {parent.work_id} does not come after {before}"
            )
        if parent.vector.entries and parent.vector.entries[-1].work_id >= parent.work_id:
            raise BadLink("ParentsOutOfOrder", f"work {parent.work_id} is older than its ancestor")
        before = parent.work_id
    stack = sum(parent.royalty_share for parent in parents)
    if min(parent.royalty_share for parent in parents) < 0 or stack > MAX_STACK:
        raise BadLink("StackTooLarge", f"shares of {stack} together, at most {MAX_STACK}")
