"""WorkRegistry: who registered which recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.catalogue import Catalogue, CatalogueWork
from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.registration import Registration
from chain.ledger.rights import WorkKind


@dataclass(frozen=True)
class RegisteredWork:
    """`registered_at`, in Unix seconds: its block's time, or that of the commitment to it.

    The content commitment is in the event and in the index; `work_by_content` leads back.
    """

    community_id: CommunityId
    kind: WorkKind
    registered_at: int
    manifest_digest: Digest


@dataclass(frozen=True)
class ShareBook:
    """One of the books in which a recording earns: the split of `work_id`."""

    kind: WorkKind
    work_id: WorkId
    controller: Address


class WorkRegistry(Contract):
    """Works and who decides for them. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "WorkRegistry"

    def register(self, registration: Registration, *, signer: LocalSigner) -> Receipt:
        """Register one work; its id is `works_registered(receipt)[0]`."""
        return self._write("register", registration.as_tuple(), signer=signer)

    def register_batch(
        self, registrations: Sequence[Registration], *, signer: LocalSigner
    ) -> Receipt:
        """Register several works, all or none."""
        given = [registration.as_tuple() for registration in registrations]
        return self._write("registerBatch", given, signer=signer)

    def register_recording(
        self, composition: WorkId, registration: Registration, *, signer: LocalSigner
    ) -> Receipt:
        """Register a recording that owes a composition; it is a DERIVATIVE, linked later."""
        return self._write("registerRecording", composition, registration.as_tuple(), signer=signer)

    def commit(self, commitment: Digest, *, signer: LocalSigner) -> Receipt:
        """Put a commitment down; reveal it a minute to a day later."""
        return self._write("commit", commitment, signer=signer)

    def reveal(
        self, registrations: Sequence[Registration], salt: Digest, *, signer: LocalSigner
    ) -> Receipt:
        """Register what the signer committed to; it counts from the commitment."""
        given = [registration.as_tuple() for registration in registrations]
        return self._write("reveal", given, salt, signer=signer)

    def register_signed(
        self,
        owner: Address,
        registrations: Sequence[Registration],
        nonce: int,
        deadline: int,
        signature: bytes,
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Register for `owner`, who signed the order; `signer` only pays the transaction."""
        given = [registration.as_tuple() for registration in registrations]
        return self._write(
            "registerSigned", owner, given, nonce, deadline, signature, signer=signer
        )

    def register_catalogue(self, catalogue: Catalogue, *, signer: LocalSigner) -> Receipt:
        """Register all works of a catalogue under its root; the signer must be its owner."""
        return self._write("registerCatalogue", catalogue.as_tuple(), signer=signer)

    def materialise(
        self,
        catalogue: Catalogue,
        work: CatalogueWork,
        proof: Sequence[Digest],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Make a leaf of a catalogue a work of the catalogue's owner. Anyone may."""
        return self._write(
            "materialise", catalogue.as_tuple(), work.as_tuple(), list(proof), signer=signer
        )

    def works_registered(self, receipt: Receipt) -> tuple[WorkId, ...]:
        """The ids given out in a transaction, in the order of registration."""
        found = self.events(receipt, "WorkRegistered")
        return tuple(WorkId(values["workId"]) for values in found)

    def work_of(self, work_id: WorkId, *, at: BlockPin) -> RegisteredWork:
        """Raises ContractRefused (WorkUnknown)."""
        found = self._read("workOf", work_id, at=at)
        return RegisteredWork(
            CommunityId(found["communityId"]),
            WorkKind(found["kind"]),
            found["registeredAt"],
            Digest(found["manifestDigest"]),
        )

    def controller_of(self, work_id: WorkId, *, at: BlockPin) -> Address:
        """Who decides for a work. Raises ContractRefused (WorkUnknown)."""
        return Address(self._read("controllerOf", work_id, at=at))

    def work_by_content(self, content_commitment: Digest, *, at: BlockPin) -> WorkId | None:
        """The work registered for a recording, if any."""
        found = self._read("workByContent", content_commitment, at=at)
        return WorkId(found) if found else None

    def displaced_by(self, work_id: WorkId, *, at: BlockPin) -> WorkId | None:
        """The work that has this one's content by now, if it was displaced."""
        found = self._read("displacedBy", work_id, at=at)
        return WorkId(found) if found else None

    def share_books_of(self, work_id: WorkId, *, at: BlockPin) -> tuple[ShareBook, ...]:
        """Composition and master of a recording, or the work's own book."""
        return tuple(
            ShareBook(WorkKind(b["kind"]), WorkId(b["workId"]), Address(b["controller"]))
            for b in self._read("shareBooksOf", work_id, at=at)
        )

    def catalogue_registered_at(self, catalogue: Catalogue, *, at: BlockPin) -> int | None:
        """When a catalogue was registered, in Unix seconds, if it was."""
        return int(self._read("catalogueRegisteredAt", catalogue.hash(), at=at)) or None

    def work_count(self, *, at: BlockPin) -> int:
        return int(self._read("workCount", at=at))
