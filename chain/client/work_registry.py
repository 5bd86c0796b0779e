"""WorkRegistry: who registered which recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.rights import WorkKind


@dataclass(frozen=True)
class Registration:
    """`community_id` zero registers a work of a single account."""

    community_id: CommunityId
    kind: WorkKind
    content_commitment: Digest
    manifest_digest: Digest

    def as_tuple(self) -> tuple[int, int, bytes, bytes]:
        return (self.community_id, self.kind, self.content_commitment, self.manifest_digest)


@dataclass(frozen=True)
class RegisteredWork:
    """`registered_at` is in Unix seconds."""

    community_id: CommunityId
    kind: WorkKind
    registered_at: int
    content_commitment: Digest
    manifest_digest: Digest


class WorkRegistry(Contract):
    """Works and who decides for them."""

    NAME: ClassVar[str] = "WorkRegistry"

    def register(self, registration: Registration, *, signer: LocalSigner) -> Receipt:
        """Register one work; its id is `works_registered(receipt)[0]`. Raises ContractRefused."""
        return self._write("register", registration.as_tuple(), signer=signer)

    def register_batch(
        self, registrations: Sequence[Registration], *, signer: LocalSigner
    ) -> Receipt:
        """Register several works, all or none. Raises ContractRefused."""
        given = [registration.as_tuple() for registration in registrations]
        return self._write("registerBatch", given, signer=signer)

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
            Digest(found["contentCommitment"]),
            Digest(found["manifestDigest"]),
        )

    def controller_of(self, work_id: WorkId, *, at: BlockPin) -> Address:
        """Who decides for a work. Raises ContractRefused (WorkUnknown)."""
        return Address(self._read("controllerOf", work_id, at=at))

    def work_by_content(self, content_commitment: Digest, *, at: BlockPin) -> WorkId | None:
        """The work registered for a recording, if any."""
        found = self._read("workByContent", content_commitment, at=at)
        return WorkId(found) if found else None

    def work_count(self, *, at: BlockPin) -> int:
        return int(self._read("workCount", at=at))
