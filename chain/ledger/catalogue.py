"""Catalogues: any number of works under one root, each registered on its first use.

A leaf is OpenZeppelin's double hash of (position, kind, content commitment, manifest digest), so
that its standard Merkle tools build and check the same tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chain.ledger.errors import Malformed, ProofInvalid
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    Digest,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.registration import Registration
from chain.ledger.rights import WorkKind
from chain.ledger.standard_tree import StandardTree, standard_leaf
from chain.ledger.words import address_word, uint_word


@dataclass(frozen=True, slots=True)
class CatalogueWork:
    """One leaf. Raises Malformed."""

    position: int
    kind: WorkKind
    content_commitment: Digest
    manifest_digest: Digest

    def __post_init__(self) -> None:
        checked_uint(self.position, 32, "position")
        checked_digest(self.content_commitment, "content commitment")
        checked_digest(self.manifest_digest, "manifest digest")

    def as_tuple(self) -> tuple[int, int, bytes, bytes]:
        """The fields in Solidity's order."""
        return (self.position, self.kind, self.content_commitment, self.manifest_digest)

    def leaf(self) -> Digest:
        """What the tree holds of this work."""
        return standard_leaf(
            uint_word(self.position)
            + uint_word(self.kind)
            + self.content_commitment
            + self.manifest_digest
        )


@dataclass(frozen=True)
class Catalogue:
    """What is registered of a catalogue; `community_id` zero for works of a single account."""

    owner: Address
    community_id: CommunityId
    count: int
    root: Digest
    manifest_digest: Digest

    def as_tuple(self) -> tuple[str, int, int, bytes, bytes]:
        """The fields in Solidity's order."""
        return (self.owner, self.community_id, self.count, self.root, self.manifest_digest)

    def hash(self) -> Digest:
        """What the register knows the catalogue by."""
        return Digest(
            keccak256(
                address_word(self.owner)
                + uint_word(self.community_id)
                + uint_word(self.count)
                + self.root
                + self.manifest_digest
            )
        )

    def registration_of(self, work: CatalogueWork) -> Registration:
        """What materialising a leaf registers; a commitment to it has `root` as its salt."""
        return Registration(
            self.community_id, work.kind, work.content_commitment, work.manifest_digest
        )


class CatalogueTree:
    """The works of a catalogue and the proofs of its leaves.

    Raises Malformed when there are no works, when positions are not 0, 1, 2, … or when two works
    have one content: only one of them could ever be registered.
    """

    def __init__(self, works: Sequence[CatalogueWork]) -> None:
        if not works:
            raise Malformed("catalogue", "it holds no works")
        first_at: dict[Digest, int] = {}
        for position, work in enumerate(works):
            if work.position != position:
                raise Malformed("catalogue", f"position {work.position} follows {position - 1}")
            earlier = first_at.setdefault(work.content_commitment, position)
            if earlier != position:
                raise Malformed("catalogue", f"works {earlier} and {position} have one content")
        self.works = tuple(works)
        self._tree = StandardTree(work.leaf() for work in self.works)

    @property
    def root(self) -> Digest:
        return self._tree.root

    def proof(self, position: int) -> tuple[Digest, ...]:
        """The siblings from a work's leaf to the root; raises ProofInvalid beyond the last work."""
        if not 0 <= position < len(self.works):
            raise ProofInvalid(f"work {position}", f"the catalogue holds {len(self.works)}")
        return self._tree.proof(self.works[position].leaf())
