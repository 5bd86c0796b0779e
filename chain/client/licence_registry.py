"""LicenceRegistry: licences taken under the terms a community agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.client.stablecoin import NO_PERMIT, Permit
from chain.ledger.identifiers import Address, Digest, LicenceId, WorkId
from chain.ledger.rights import Terms, Tier


@dataclass(frozen=True)
class Licence:
    """A licence as stored; `expiry` is in Unix seconds, money in the token's base units."""

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
        )

    def is_active(self, licence_id: LicenceId, *, at: BlockPin) -> bool:
        return bool(self._read("isActive", licence_id, at=at))

    def hash_terms(self, terms: Terms, *, at: BlockPin) -> Digest:
        return Digest(self._read("hashTerms", terms_tuple(terms), at=at))

    def licence_count(self, *, at: BlockPin) -> int:
        return int(self._read("licenceCount", at=at))
