"""ConsentRegistry: communities, and what they agree to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.errors import TermsReplaced
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import ZERO_DIGEST, Address, CommunityId, Digest, WorkId
from chain.ledger.labels import Label, encode_labels
from chain.ledger.rights import ConsentState, Tier
from chain.ledger.signed import DecisionApproval, ElderApproval


@dataclass(frozen=True)
class Community:
    """`council` counts the councils the community has had, from 1."""

    steward: Address
    approvals_required: int
    elder_count: int
    council: int
    profile_digest: Digest


@dataclass(frozen=True)
class Consent:
    """Times in Unix seconds; `offer` names the terms last put forward, zero when none were."""

    state: ConsentState
    approvals: int
    until: int
    terms_hash: Digest
    offer: int
    live_until: int
    reaffirm_seconds: int
    by_voucher: bool
    labels: bytes


@dataclass(frozen=True)
class Sustained:
    """How a consent is given beyond its terms and its end.

    It lapses when nobody reaffirms it for `reaffirm_seconds` (zero: it need not be). `by_voucher`:
    licences only to whom the controller gives a voucher.
    """

    reaffirm_seconds: int = 0
    by_voucher: bool = False
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class CouncilChange:
    """Another steward, elders and quorum for a community."""

    community_id: CommunityId
    steward: Address
    elders: tuple[Address, ...]
    approvals_required: int

    def as_tuple(self) -> tuple[Any, ...]:
        return (self.community_id, self.steward, list(self.elders), self.approvals_required)


PLAINLY: Final = Sustained()


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

    # --- decisions and councils ---

    def approve_decision(
        self, community_id: CommunityId, decision_hash: Digest, *, signer: LocalSigner
    ) -> Receipt:
        return self._write("approveDecision", community_id, decision_hash, signer=signer)

    def approve_decision_signed(
        self, approval: DecisionApproval, signature: bytes, *, signer: LocalSigner
    ) -> Receipt:
        """Send an elder's signed word; the signer pays the gas."""
        return self._write("approveDecisionSigned", *approval.as_tuple(), signature, signer=signer)

    def is_decided(self, community_id: CommunityId, decision_hash: Digest, *, at: BlockPin) -> bool:
        return bool(self._read("isDecided", community_id, decision_hash, at=at))

    def council_decision(self, council: CouncilChange, *, at: BlockPin) -> Digest:
        """What the present council approves for this one to take its place."""
        return Digest(self._read("councilDecision", *council.as_tuple(), at=at))

    def annulment(self, decision_hash: Digest, *, at: BlockPin) -> Digest:
        return Digest(self._read("annulment", decision_hash, at=at))

    def seat_council(self, council: CouncilChange, *, signer: LocalSigner) -> Receipt:
        """Seat a council that was decided on seven days ago; anybody may."""
        return self._write("seatCouncil", *council.as_tuple(), signer=signer)

    # --- consent ---

    def propose_consent(
        self,
        work_id: WorkId,
        tier: Tier,
        terms_hash: Digest,
        until: int,
        *,
        sustained: Sustained = PLAINLY,
        signer: LocalSigner,
    ) -> Receipt:
        """Put terms forward until a Unix time; granted at once when nobody need approve."""
        proposal = (
            terms_hash,
            until,
            sustained.reaffirm_seconds,
            sustained.by_voucher,
            encode_labels(sustained.labels),
        )
        return self._write("proposeConsent", work_id, tier, proposal, signer=signer)

    def approve_consent(
        self, work_id: WorkId, tier: Tier, offer: int, *, signer: LocalSigner
    ) -> Receipt:
        """Approve exactly that offer; `consent_of` says which one stands."""
        return self._write("approveConsent", work_id, tier, offer, signer=signer)

    def approve_terms(
        self, work_id: WorkId, tier: Tier, terms_hash: Digest, *, signer: LocalSigner
    ) -> Receipt:
        """Approve the offer that stands, if it has these terms. Raises TermsReplaced."""
        stands = self.consent_of(work_id, tier, at=self.node.head())
        if stands.terms_hash != terms_hash:
            raise TermsReplaced(work_id, terms_hash, stands.terms_hash)
        return self.approve_consent(work_id, tier, stands.offer, signer=signer)

    def reaffirm_consent(
        self, work_id: WorkId, tier: Tier, offer: int, *, signer: LocalSigner
    ) -> Receipt:
        return self._write("reaffirmConsent", work_id, tier, offer, signer=signer)

    def approve_consent_signed(
        self, approval: ElderApproval, signature: bytes, *, signer: LocalSigner
    ) -> Receipt:
        """Send an elder's signed word; the signer pays the gas."""
        return self._write("approveConsentSigned", approval.as_tuple(), signature, signer=signer)

    def refuse_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("refuseConsent", work_id, tier, signer=signer)

    def suspend_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("suspendConsent", work_id, tier, signer=signer)

    def resume_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("resumeConsent", work_id, tier, signer=signer)

    def withdraw_consent(self, work_id: WorkId, tier: Tier, *, signer: LocalSigner) -> Receipt:
        return self._write("withdrawConsent", work_id, tier, signer=signer)

    def revoke_nonce(self, nonce: int, *, signer: LocalSigner) -> Receipt:
        """Strike out what the signer signed under a nonce."""
        return self._write("revokeNonce", nonce, signer=signer)

    def consent_of(self, work_id: WorkId, tier: Tier, *, at: BlockPin) -> Consent:
        found = self._read("consentOf", work_id, tier, at=at)
        return Consent(
            ConsentState(found["state"]),
            found["approvals"],
            found["until"],
            Digest(found["termsHash"]),
            found["offer"],
            found["liveUntil"],
            found["reaffirmSeconds"],
            found["byVoucher"],
            found["labels"],
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
            found["council"],
            Digest(found["profileDigest"]),
        )

    def steward_of(self, community_id: CommunityId, *, at: BlockPin) -> Address:
        return Address(self._read("stewardOf", community_id, at=at))

    def is_elder(self, community_id: CommunityId, account: Address, *, at: BlockPin) -> bool:
        return bool(self._read("isElder", community_id, account, at=at))
