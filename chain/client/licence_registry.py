"""LicenceRegistry: licences taken under the terms a community agreed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.client.stablecoin import NO_PERMIT, Authorization, Permit
from chain.ledger.identifiers import Address, Digest, LicenceId, WorkId
from chain.ledger.rights import Terms, Tier
from chain.ledger.signed import LicenceOrder, LicenceVoucher


@dataclass(frozen=True)
class Licence:
    """A licence as stored; `expiry` is in Unix seconds, money in the token's base units. What was
    used includes what was used under its sublicences."""

    holder: Address
    expiry: int
    tier: Tier
    work_id: WorkId
    royalty_share: int
    unit_cap: int
    units_used: int
    revenue_cap: int
    revenue_used: int
    terms_hash: Digest
    offer: int
    parent: LicenceId | None


@dataclass(frozen=True)
class Sublicence:
    """What a holder lets somebody else use: no longer, and under no higher caps, than its own
    licence, which that use counts against too."""

    holder: Address
    expiry: int
    unit_cap: int
    revenue_cap: int


def terms_tuple(terms: Terms) -> tuple[Any, ...]:
    """Terms in the order of the contract's struct."""
    return (
        terms.tier,
        terms.token,
        terms.price,
        terms.unit_price,
        terms.royalty_share,
        terms.duration_seconds,
        terms.unit_cap,
        terms.revenue_cap,
        terms.sublicensable,
        terms.text_digest,
    )


def terms_from(values: Mapping[str, Any]) -> Terms:
    """Terms from a decoded struct."""
    return Terms(
        tier=Tier(values["tier"]),
        token=Address(values["token"]),
        price=values["price"],
        unit_price=values["unitPrice"],
        royalty_share=values["royaltyShare"],
        duration_seconds=values["durationSeconds"],
        unit_cap=values["unitCap"],
        revenue_cap=values["revenueCap"],
        text_digest=Digest(values["textDigest"]),
        sublicensable=values["sublicensable"],
    )


class LicenceRegistry(Contract):
    """Licences and the use made of them."""

    NAME: ClassVar[str] = "LicenceRegistry"

    def take_licence(
        self,
        work_id: WorkId,
        terms: Terms,
        *,
        permit: Permit = NO_PERMIT,
        signer: LocalSigner,
    ) -> Receipt:
        """Take a licence and pay its price, all or nothing. Raises ContractRefused.

        `permit` is for the RoyaltyLedger; its id is `licence_taken(receipt)`.
        """
        return self._write(
            "takeLicence", work_id, terms_tuple(terms), permit.as_tuple(), signer=signer
        )

    def take_licences(
        self,
        work_id: WorkId,
        terms: Terms,
        holders: Sequence[Address],
        *,
        permit: Permit = NO_PERMIT,
        signer: LocalSigner,
    ) -> Receipt:
        """A licence for each holder, the signer pays for all; their ids ascend as the holders."""
        return self._write(
            "takeLicences",
            work_id,
            terms_tuple(terms),
            list(holders),
            permit.as_tuple(),
            signer=signer,
        )

    def redeem_voucher(
        self,
        voucher: LicenceVoucher,
        signature: bytes,
        terms: Terms,
        *,
        permit: Permit = NO_PERMIT,
        signer: LocalSigner,
    ) -> Receipt:
        """Take a licence for the signer with a voucher of the work's controller."""
        return self._write(
            "redeemVoucher",
            voucher.as_tuple(),
            signature,
            terms_tuple(terms),
            permit.as_tuple(),
            signer=signer,
        )

    def take_licence_for(
        self,
        order: LicenceOrder,
        signature: bytes,
        terms: Terms,
        *,
        permit: Permit = NO_PERMIT,
        signer: LocalSigner,
    ) -> Receipt:
        """Send somebody's signed order; they pay the price, the signer the gas."""
        return self._write(
            "takeLicenceFor",
            order.as_tuple(),
            signature,
            terms_tuple(terms),
            permit.as_tuple(),
            signer=signer,
        )

    def take_licence_authorized(
        self,
        order: LicenceOrder,
        terms: Terms,
        authorization: Authorization,
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Send an order that is paid by an ERC-3009 authorization, whose nonce is its hash."""
        return self._write(
            "takeLicenceAuthorized",
            order.as_tuple(),
            terms_tuple(terms),
            authorization.as_tuple(),
            signer=signer,
        )

    def sublicense(
        self, parent: LicenceId, terms: Terms, sublicence: Sublicence, *, signer: LocalSigner
    ) -> Receipt:
        """Let somebody else use the signer's licence; `terms` are those it was taken under."""
        return self._write(
            "sublicense", parent, terms_tuple(terms), astuple(sublicence), signer=signer
        )

    def revoke_nonce(self, nonce: int, *, signer: LocalSigner) -> Receipt:
        """Strike out what the signer signed under a nonce: a voucher, or an order."""
        return self._write("revokeNonce", nonce, signer=signer)

    def sign_voucher(self, voucher: LicenceVoucher, *, at: BlockPin, signer: LocalSigner) -> bytes:
        """The signature that makes a voucher good; sends nothing."""
        domain = self.signing_domain(at=at)
        return signer.sign_digest(domain.digest(voucher.struct_hash()), chain_id=domain.chain_id)

    def sign_order(self, order: LicenceOrder, *, at: BlockPin, signer: LocalSigner) -> bytes:
        """The signature that makes an order good; sends nothing."""
        domain = self.signing_domain(at=at)
        return signer.sign_digest(domain.digest(order.struct_hash()), chain_id=domain.chain_id)

    def licence_taken(self, receipt: Receipt) -> LicenceId:
        return LicenceId(self._one_event(receipt, "LicenceTaken")["licenceId"])

    def licence_of(self, licence_id: LicenceId, *, at: BlockPin) -> Licence:
        """Raises ContractRefused (LicenceUnknown)."""
        found = self._read("licenceOf", licence_id, at=at)
        return Licence(
            holder=Address(found["holder"]),
            expiry=found["expiry"],
            tier=Tier(found["tier"]),
            work_id=WorkId(found["workId"]),
            royalty_share=found["royaltyShare"],
            unit_cap=found["unitCap"],
            units_used=found["unitsUsed"],
            revenue_cap=found["revenueCap"],
            revenue_used=found["revenueUsed"],
            terms_hash=Digest(found["termsHash"]),
            offer=found["offer"],
            parent=LicenceId(found["parent"]) if found["parent"] else None,
        )

    def is_active(self, licence_id: LicenceId, *, at: BlockPin) -> bool:
        return bool(self._read("isActive", licence_id, at=at))

    def hash_terms(self, terms: Terms, *, at: BlockPin) -> Digest:
        return Digest(self._read("hashTerms", terms_tuple(terms), at=at))

    def licence_count(self, *, at: BlockPin) -> int:
        return int(self._read("licenceCount", at=at))
