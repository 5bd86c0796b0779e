"""DerivativeGraph: which works a derivative comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, Digest, GenerationId, WorkId
from chain.ledger.rights import Parent


class DerivativeGraph(Contract):
    """Parents and ancestor vectors, append-only."""

    NAME: ClassVar[str] = "DerivativeGraph"

    def link(
        self,
        child: WorkId,
        salt: Digest,
        parents: Sequence[Parent],
        vectors: Sequence[bytes],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Link a derivative for good; parents ascend by id. Raises ContractRefused.

        Its generation is the one of the signer and `salt` (`chain.ledger.generations`).
        `vectors` are the parents' own ancestor vectors, empty for works without parents.
        """
        given = [(parent.work_id, parent.licence_id) for parent in parents]
        return self._write("link", child, salt, given, list(vectors), signer=signer)

    def vector_linked(self, receipt: Receipt) -> bytes:
        """The ancestor vector that a link stored, 12 bytes an entry."""
        return bytes(self._one_event(receipt, "DerivativeLinked")["vector"])

    def declare_floor(self, root: WorkId, floor: int, *, signer: LocalSigner) -> Receipt:
        """Put a floor, of SHARE_SCALE, under a root's share; declared again, only lower.

        It binds a week later, or at once where nobody was ever asked to consent to derivatives.
        """
        return self._write("declareFloor", root, floor, signer=signer)

    def vector_hash_of(self, work_id: WorkId, *, at: BlockPin) -> bytes | None:
        """The 30 bytes of `AncestorVector.hash`; None for a work without parents."""
        found: bytes = self._read("vectorHashOf", work_id, at=at)
        return found if any(found) else None

    def depth_of(self, work_id: WorkId, *, at: BlockPin) -> int:
        return int(self._read("depthOf", work_id, at=at))

    def floor_of(self, root: WorkId, *, at: BlockPin) -> tuple[int, int]:
        """The floor under a root's share, of SHARE_SCALE, and the Unix time from which it binds.

        Zeros when none was declared.
        """
        floor, binds_from = self._read("floorOf", root, at=at)
        return int(floor), int(binds_from)

    def generation_of(self, linker: Address, salt: Digest, *, at: BlockPin) -> GenerationId:
        """The generation that `linker` links with `salt`."""
        return GenerationId(self._read("generationOf", linker, salt, at=at))

    def child_of_generation(self, generation_id: GenerationId, *, at: BlockPin) -> WorkId | None:
        """The derivative that a watermark's payload names, if it is linked."""
        found = self._read("childOfGeneration", generation_id, at=at)
        return WorkId(found) if found else None
