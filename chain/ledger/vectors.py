"""Ancestor vectors: what a derivative's income owes to every work it comes from, flattened once.

A vector is the ancestors ascending by id, each with its share of `SHARE_SCALE`; as bytes, 8 of id
and 4 of share an entry. Parent p licensed at share r passes floor(r * V(p)[j] / SHARE_SCALE) on to
each of its own ancestors j and keeps the rest of r. So the shares sum to exactly what was licensed,
whatever the number of paths, and settling is one pass over at most `ANCESTORS_MAX` entries. Who is
owed nothing is not in it.

A root, a work without parents, may have a floor under its share, which binds `FLOOR_NOTICE` seconds
after it was declared: what is passed on to it does not thin out below the floor. Of too many
ancestors the smallest are folded into the parents through which they came. Both are written here as
contracts/libraries/AncestorVectors.sol has them, to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from chain.ledger.errors import BadLink, BadVector
from chain.ledger.identifiers import UINT64_MAX, WorkId
from chain.ledger.keccak import keccak256
from chain.ledger.rights import MAX_STACK, SHARE_SCALE

PARENTS_MAX: Final = 16
ANCESTORS_MAX: Final = 32
DEPTH_MAX: Final = 32
# From a floor's declaration until it binds, in seconds, where derivatives were ever consented to.
FLOOR_NOTICE: Final = 7 * 86_400
_ID_BYTES: Final = 8
_SHARE_BYTES: Final = 4
ENTRY_BYTES: Final = _ID_BYTES + _SHARE_BYTES
# The highest bit of a share's bytes: the ancestor is protected by a floor.
_PROTECTED_BIT: Final = 1 << 31
# The contract keeps this much of a hash, and the depth beside it.
HASH_BYTES: Final = 30
NO_FLOORS: Final[Mapping[WorkId, int]] = MappingProxyType({})


@dataclass(frozen=True)
class AncestorShare:
    """One ancestor and its share of a derivative's income, of `SHARE_SCALE`.

    `is_protected` when a floor under its share was binding as the line from it began.
    """

    work_id: WorkId
    share: int
    is_protected: bool = False


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
            if entry.share <= 0:
                raise BadVector(f"work {entry.work_id} has the share {entry.share}, not above zero")
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
            entry.work_id.to_bytes(_ID_BYTES, "big")
            + (entry.share | _PROTECTED_BIT * entry.is_protected).to_bytes(_SHARE_BYTES, "big")
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
                    WorkId(number >> 8 * _SHARE_BYTES),
                    number % _PROTECTED_BIT,
                    bool(number & _PROTECTED_BIT),
                )
                for number in (
                    int.from_bytes(encoded[at : at + ENTRY_BYTES], "big")
                    for at in range(0, len(encoded), ENTRY_BYTES)
                )
            )
        )

    def hash(self) -> bytes:
        """The first 30 bytes of keccak256 of the bytes: what the contract stores of a vector."""
        return keccak256(self.encode())[:HASH_BYTES]


@dataclass(frozen=True)
class LicensedParent:
    """A parent, the share of a derivative's income its licence names, and its own ancestors."""

    work_id: WorkId
    royalty_share: int
    vector: AncestorVector = AncestorVector()
    depth: int = 0


@dataclass
class _Entry:
    """An ancestor of a vector in the making.

    `through` is the oldest parent through which it came, None for a parent that came only as such;
    `need` what its floor asks for.
    """

    share: int
    through: WorkId | None
    is_parent: bool = False
    is_protected: bool = False
    need: int = 0


_Entries = dict[WorkId, _Entry]


def flatten(
    parents: Sequence[LicensedParent], floors: Mapping[WorkId, int] = NO_FLOORS
) -> AncestorVector:
    """The ancestor vector of a derivative of `parents`, which ascend by id.

    `floors` are the shares that roots are owed at least, of `SHARE_SCALE`, by the floors that bind
    at the time of the link.
    Raises BadLink, naming the contract's refusal, when no derivative can have these parents.
    """
    _check_parents(parents)
    entries: _Entries = {}
    for parent in parents:
        _add_through(parent, entries, floors)
    stack = sum(parent.royalty_share for parent in parents) + _raise_to_floors(entries)
    if stack > MAX_STACK:
        raise BadLink("StackTooLarge", f"shares of {stack} together, at most {MAX_STACK}")
    _fold(entries)
    vector = AncestorVector(
        tuple(
            AncestorShare(work, entries[work].share, entries[work].is_protected)
            for work in sorted(entries)
            if entries[work].share
        )
    )
    assert vector.stack == stack
    return vector


def _add_through(parent: LicensedParent, entries: _Entries, floors: Mapping[WorkId, int]) -> None:
    kept = parent.royalty_share
    for ancestor in parent.vector.entries:
        passed_on = parent.royalty_share * ancestor.share // SHARE_SCALE
        kept -= passed_on
        entry = entries.setdefault(ancestor.work_id, _Entry(0, None))
        entry.share += passed_on
        entry.through = entry.through or parent.work_id
        if ancestor.is_protected:
            entry.is_protected = True
            entry.need = max(entry.need, min(floors.get(ancestor.work_id, 0), ancestor.share))
    is_protected = parent.work_id in floors
    entries[parent.work_id] = _Entry(kept, None, is_parent=True, is_protected=is_protected)


def _raise_to_floors(entries: _Entries) -> int:
    """Raise who is below its floor, from its parent's share and then from the child's own.

    Returns what the child owes beyond the licensed shares.
    """
    from_child = 0
    for work in sorted(entries):
        entry = entries[work]
        short = entry.need - entry.share
        if short <= 0:
            continue
        assert entry.through is not None
        parent = entries[entry.through]
        taken = min(short, parent.share)
        parent.share -= taken
        entry.share += short
        from_child += short - taken
    return from_child


def _fold(entries: _Entries) -> None:
    """Fold the smallest unprotected ancestors into their parents until not too many are left.

    Raises BadLink when parents and protected ancestors alone are too many.
    """
    while (owed := sum(1 for entry in entries.values() if entry.share)) > ANCESTORS_MAX:
        foldable = [
            (entry.share, -work)
            for work, entry in entries.items()
            if entry.share and not entry.is_parent and not entry.is_protected
        ]
        if not foldable:
            raise BadLink("TooManyAncestors", f"{owed}, at most {ANCESTORS_MAX}")
        entry = entries[WorkId(-min(foldable)[1])]
        assert entry.through is not None
        entries[entry.through].share += entry.share
        entry.share = 0


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
