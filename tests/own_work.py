"""Somebody who licenses its own work to itself, at a price of its choice."""

from __future__ import annotations

from dataclasses import dataclass

from chain.client.licence_registry import Sublicence
from chain.ledger.identifiers import Address, CommunityId, GenerationId, LicenceId
from chain.ledger.rights import Parent, Split, Terms, Tier, WorkKind
from tests.devnet import Devnet
from tests.heritage import YEAR_SECONDS, consent, digest_of, register

OWNER = 13
UNIT_CAP, REVENUE_CAP = 2**48 - 1, 2**104 - 1


@dataclass(frozen=True)
class OwnWork:
    """A work, a derivative of it, and the licences for both, all of one account."""

    devnet: Devnet
    account: int
    distribution: LicenceId
    generation_id: GenerationId
    terms: Terms

    @property
    def owner(self) -> Address:
        return self.devnet.address(self.account)

    def fund(self, amount: int, *, payer: int | None = None) -> None:
        """Put money into the lane for the owner; by somebody else, if one is named."""
        signer = self.devnet.signers[self.account if payer is None else payer]
        token, distributor = self.devnet.deployment.token, self.devnet.distributor
        self.devnet.token.mint(signer.address, amount, signer=signer)
        self.devnet.token.approve(distributor.address, amount, signer=signer)
        if payer is None:
            distributor.fund(token, amount, signer=signer)
        else:
            distributor.fund_for(token, self.owner, amount, signer=signer)

    def sublicense(self, holder: Address, unit_cap: int = UNIT_CAP) -> LicenceId:
        """Let somebody else use the licence, within all of its bounds."""
        licences, signer = self.devnet.licences, self.devnet.signers[self.account]
        until = self.devnet.node.head().timestamp + 1_000_000
        asked = Sublicence(holder, until, unit_cap, REVENUE_CAP)
        receipt = licences.sublicense(self.distribution, self.terms, asked, signer=signer)
        return licences.licence_taken(receipt)


def own_work(
    devnet: Devnet, unit_price: int, account: int = OWNER, unit_cap: int = UNIT_CAP
) -> OwnWork:
    """Everything registered, consented, taken and linked by one account."""
    signer = devnet.signers[account]
    work = register(devnet, account, f"noise {account}", CommunityId(0), WorkKind.RECORDING)
    remix = register(devnet, account, f"remix {account}", CommunityId(0), WorkKind.DERIVATIVE)
    for each in (work, remix):
        devnet.ledger.set_split(each, Split.of({signer.address: 10_000}), signer=signer)
    licences = {}
    for tier in (Tier.GENERATION, Tier.DISTRIBUTION):
        terms = _terms(devnet, tier, unit_price, unit_cap)
        consent(devnet, account, work, terms)
        receipt = devnet.licences.take_licence(work, terms, signer=signer)
        licences[tier] = devnet.licences.licence_taken(receipt)
    salt = digest_of(f"salt {account}")
    parents = [Parent(work, licences[Tier.GENERATION])]
    devnet.graph.link(remix, salt, parents, [b""], signer=signer)
    generation_id = devnet.graph.generation_of(signer.address, salt, at=devnet.node.head())
    # Licences are taken before anything happens under them.
    devnet.pass_time(60)
    return OwnWork(devnet, account, licences[Tier.DISTRIBUTION], generation_id, terms)


def _terms(devnet: Devnet, tier: Tier, unit_price: int, unit_cap: int) -> Terms:
    return Terms(
        tier=tier,
        token=devnet.deployment.token,
        price=0,
        unit_price=unit_price if tier is Tier.DISTRIBUTION else 0,
        royalty_share=1 if tier is Tier.GENERATION else 0,
        duration_seconds=YEAR_SECONDS,
        unit_cap=unit_cap,
        revenue_cap=REVENUE_CAP,
        text_digest=digest_of("text of its own"),
        sublicensable=tier is Tier.DISTRIBUTION,
    )
