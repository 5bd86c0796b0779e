"""Taking a licence with one permit signature, and paying the work's payees at once."""

from __future__ import annotations

from dataclasses import dataclass

from api.application import Application
from chain.client.blocks import Receipt
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, LicenceId, WorkId
from chain.ledger.rights import Terms

PERMIT_SECONDS = 20 * 60


@dataclass(frozen=True)
class LicenceTaken:
    licence_id: LicenceId
    receipt: Receipt


def take_licence(
    app: Application, work_id: WorkId, terms: Terms, platform: LocalSigner
) -> LicenceTaken:
    """One ERC-2612 signature, one transaction, no approval left behind.

    Raises ContractRefused in plain words; a refusal charges nothing, for the permit is spent in the
    same transaction or not at all.
    """
    at = app.head()
    permit = app.token.sign_permit(
        app.ledger.address, terms.price, at.timestamp + PERMIT_SECONDS, at=at, signer=platform
    )
    receipt = app.licences.take_licence(work_id, terms, permit=permit, signer=platform)
    return LicenceTaken(app.licences.licence_taken(receipt), receipt)


def balance(app: Application, account: Address) -> int:
    """Base units of the payment token, in the newest block."""
    return app.token.balance_of(account, at=app.head())
