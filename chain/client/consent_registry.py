"""ConsentRegistry: communities, and what they agree to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import ZERO_DIGEST, Address, CommunityId, Digest, WorkId
from chain.ledger.rights import ConsentState, Tier


@dataclass(frozen=True)
class Community:
    steward: Address
    approvals_required: int
    elder_count: int
    profile_digest: Digest


@dataclass(frozen=True)
class Consent:
    """`until` is in Unix seconds."""

    state: ConsentState
    approvals: int
    until: int
    terms_hash: Digest


class ConsentRegistry(Contract):
    """Consent per work and tier. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "ConsentRegistry"

    def found_community(
        self,
        elders: Sequence[Address],
        *,
        approvals_required: int,
        profile_digest: Digest = ZERO_DIGEST,
        signer: LocalSigner,
    ) -> Receipt:
        """Found a community with the signer as its steward; see `community_founded`."""
        return self._write(
            "foundCommunity", list(elders), approvals_required, profile_digest, signer=signer
        )

    def community_founded(self, receipt: Receipt) -> CommunityId:
        return CommunityId(self._one_event(receipt, "CommunityFounded")["communityId"])

    def offer_stewardship(
        self, community_id: CommunityId, to: Address, *, signer: LocalSigner
    ) -> Receipt:
        return self._write("offerStewardship", community_id, to, signer=signer)

    def accept_stewardship(self, community_id: CommunityId, *, signer: LocalSigner) -> Receipt:
        return self._write("acceptStewardship", community_id, signer=signer)

    def propose_consent(
        self, work_id: WorkId, tier: Tier, terms_hash: Digest, until: int, *, signer: LocalSigner
    ) -> Receipt:
        """Put terms forward until a Unix time; granted at once when nobody need approve."""
        return self._write("proposeConsent", work_id, tier, terms_hash, until, signer=signer)

    def approve_consent(
        self, work_id: WorkId, tier: Tier, terms_hash: Digest, *, signer: LocalSigner
    ) -> Receipt:
        return self._write("approveConsent", work_id, tier, terms_hash, signer=signer)

    def refuse_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("refuseConsent", work_id, tier, signer=signer)

    def suspend_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("suspendConsent", work_id, tier, signer=signer)

    def resume_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("resumeConsent", work_id, tier, signer=signer)

    def withdraw_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("withdrawConsent", work_id, tier, signer=signer)

    def consent_of(self, work_id: WorkId, tier: Tier, *, at: BlockPin) -> Consent:
        found = self._read("consentOf", work_id, tier, at=at)
        return Consent(
            ConsentState(found["state"]),
            found["approvals"],
            found["until"],
            Digest(found["termsHash"]),
        )

    def live_terms_hash(self, work_id: WorkId, tier: Tier, *, at: BlockPin) -> Digest | None:
        """The terms under which a licence may be taken in that block, if one may."""
        found = self._read("liveTermsHash", work_id, tier, at=at)
        return Digest(found) if found != ZERO_DIGEST else None

    def community_of(self, community_id: CommunityId, *, at: BlockPin) -> Community:
        """Raises ContractRefused (CommunityUnknown)."""
        found = self._read("communityOf", community_id, at=at)
        return Community(
            Address(found["steward"]),
            found["approvalsRequired"],
            found["elderCount"],
            Digest(found["profileDigest"]),
        )

    def steward_of(self, community_id: CommunityId, *, at: BlockPin) -> Address:
        return Address(self._read("stewardOf", community_id, at=at))

    def is_elder(self, community_id: CommunityId, account: Address, *, at: BlockPin) -> bool:
        return bool(self._read("isElder", community_id, account, at=at))
