"""A small world on the development node: communities, works, consents, splits, licences, a
derivative, and money that moved; for tests of whoever reads or continues it.

Numbers are chosen so that splitting them leaves remainders.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chain.client.royalty_ledger import shares_list
from chain.client.sharing_rules import SharingRules
from chain.ledger.identifiers import Address, CommunityId, Digest, GenerationId, LicenceId, WorkId
from chain.ledger.registration import Registration
from chain.ledger.rights import Parent, Split, Terms, Tier, WorkKind
from chain.ledger.sharing import Announcement
from tests.devnet import CUSTOMER, PLATFORM, Devnet

STEWARDS = (11, 12, 13)
ELDERS = (14, 15, 16)
PAYEES = tuple(range(17, 30))
YEAR_SECONDS = 365 * 24 * 3600
SALT = Digest(hashlib.sha256(b"the salt of the remix").digest())
ROYALTY_SHARE = 150_000_000
TRAINING_PRICE = 120_000_001
GENERATION_PRICE = 70_000_003
DISTRIBUTION_PRICE = 9_999_999
UNIT_PRICE = 1_237
UNIT_CAP = 1_000_000
REVENUE_CAP = 10**12
DERIVATIVE_INCOME = 33_333_337
FUNDS = 10**12


@dataclass(frozen=True)
class Heritage:
    """The ids of everything built. `works` are the two communities' own, without parents."""

    communities: tuple[CommunityId, ...]
    works: tuple[WorkId, ...]
    refused_work: WorkId
    derivative: WorkId
    salt: Digest
    generation_id: GenerationId
    training: LicenceId
    generation: tuple[LicenceId, LicenceId]
    distribution: LicenceId
    splits: dict[WorkId, Split]
    rejecting_payee: Address


def digest_of(text: str) -> Digest:
    """A stand-in for a content or manifest digest."""
    return Digest(hashlib.sha256(text.encode()).digest())


def terms_of(devnet: Devnet, tier: Tier, price: int) -> Terms:
    """Terms as communities of this world offer them."""
    return Terms(
        tier=tier,
        token=devnet.deployment.token,
        price=price,
        unit_price=0 if tier is Tier.TRAINING else UNIT_PRICE,
        royalty_share=ROYALTY_SHARE if tier is Tier.GENERATION else 0,
        duration_seconds=YEAR_SECONDS,
        unit_cap=UNIT_CAP,
        revenue_cap=REVENUE_CAP,
        text_digest=digest_of(f"licence text {tier.name}"),
    )


def register(
    devnet: Devnet, signer: int, name: str, community: CommunityId, kind: WorkKind
) -> WorkId:
    """Register one work for a community, or for the signer when the community is zero."""
    registration = Registration(
        community, kind, digest_of(f"sound of {name}"), digest_of(f"manifest of {name}")
    )
    receipt = devnet.works.register(registration, signer=devnet.signers[signer])
    return devnet.works.works_registered(receipt)[0]


def consent(devnet: Devnet, steward: int, work: WorkId, terms: Terms, approvals: int = 0) -> None:
    """Propose terms for a year and let as many elders approve as are needed."""
    until = devnet.node.head().timestamp + YEAR_SECONDS
    devnet.consents.propose_consent(
        work, terms.tier, terms.hash(), until, signer=devnet.signers[steward]
    )
    for elder in ELDERS[:approvals]:
        devnet.consents.approve_terms(work, terms.tier, terms.hash(), signer=devnet.signers[elder])


def take(devnet: Devnet, work: WorkId, terms: Terms) -> LicenceId:
    """The platform takes a licence with one permit."""
    platform = devnet.signers[PLATFORM]
    head = devnet.node.head()
    permit = devnet.token.sign_permit(
        devnet.ledger.address, terms.price, head.timestamp + 3600, at=head, signer=platform
    )
    receipt = devnet.licences.take_licence(work, terms, permit=permit, signer=platform)
    return devnet.licences.licence_taken(receipt)


def pay(devnet: Devnet, work: WorkId, amount: int) -> None:
    """The customer pays a work."""
    customer = devnet.signers[CUSTOMER]
    devnet.token.approve(devnet.ledger.address, amount, signer=customer)
    devnet.ledger.pay(work, devnet.deployment.token, amount, signer=customer)


def push_all(devnet: Devnet, work: WorkId, split: Split, version: int = 1) -> None:
    devnet.ledger.push(
        work, devnet.deployment.token, version, split, signer=devnet.signers[PLATFORM]
    )


def change_split(
    devnet: Devnet, work: WorkId, present: Split, split: Split, vector: bytes = b"", *, signer: int
) -> None:
    """The next split at once: proposed, agreed to by every payee of the present one, enacted."""
    devnet.ledger.propose_split(work, split, signer=devnet.signers[signer])
    given = (work, split.hash(), shares_list(present))
    data = "0x" + devnet.ledger.call("consentToSplit", *given).data.hex()
    for share in present.shares:
        # Payees that are contracts agree too.
        devnet.rpc("anvil_impersonateAccount", share.payee)
        devnet.rpc("anvil_setBalance", share.payee, hex(10**22))
        consent = {"from": share.payee, "to": devnet.ledger.address, "data": data}
        sent = bytes.fromhex(devnet.rpc("eth_sendTransaction", consent)[2:])
        while devnet.node.receipt(sent) is None:  # anvil mines a burst a moment later
            time.sleep(0.01)
    devnet.ledger.enact_split(work, split, vector, signer=devnet.signers[signer])


def announce_rule(
    devnet: Devnet,
    community: CommunityId,
    announced: Announcement,
    *,
    steward: int,
    approvers: Sequence[int] = (),
) -> None:
    """The elders decide on a rule (the steward, where there are none), and it is announced."""
    rules = SharingRules.of(devnet.node, devnet.deployment)
    decision = announced.decision_hash(devnet.deployment.chain_id, rules.address, community)
    for approver in approvers or (steward,):
        devnet.consents.approve_decision(community, decision, signer=devnet.signers[approver])
    rules.announce(community, announced, signer=devnet.signers[steward])


def _found_communities(devnet: Devnet) -> tuple[CommunityId, ...]:
    founded = []
    for steward, elders, needed in ((11, (), 0), (12, ELDERS, 2), (13, (), 0)):
        receipt = devnet.consents.found_community(
            [devnet.address(elder) for elder in elders],
            approvals_required=needed,
            profile_digest=digest_of(f"community of {steward}"),
            signer=devnet.signers[steward],
        )
        founded.append(devnet.consents.community_founded(receipt))
    return tuple(founded)


def _splits(devnet: Devnet, works: tuple[WorkId, ...], rejecting: Address) -> dict[WorkId, Split]:
    payee = [devnet.address(index) for index in PAYEES]
    return {
        works[0]: Split.of({payee[0]: 3_333, payee[1]: 3_333, payee[2]: 3_334}),
        works[1]: Split.of({payee[3]: 7_001, payee[4]: 2_999}),
        works[2]: Split.of({payee[5]: 5_000, payee[6]: 4_999, rejecting: 1}),
        works[3]: Split.of({devnet.address(PLATFORM): 10_000}),
    }


def build_heritage(devnet: Devnet) -> Heritage:
    """Build the world; about forty transactions."""
    communities = _found_communities(devnet)
    gong = register(devnet, 11, "gong", communities[0], WorkKind.RECORDING)
    flute = register(devnet, 11, "flute", communities[0], WorkKind.ARCHIVE_ITEM)
    chant = register(devnet, 12, "chant", communities[1], WorkKind.RECORDING)
    derivative = register(devnet, PLATFORM, "remix", CommunityId(0), WorkKind.DERIVATIVE)
    rejecting = devnet.deploy("RejectingPayee")
    splits = _splits(devnet, (gong, flute, chant, derivative), rejecting)
    deciders = {gong: 11, flute: 11, chant: 12, derivative: PLATFORM}
    decision = devnet.ledger.split_decision(chant, 1, splits[chant], at=devnet.node.head())
    for elder in ELDERS[:2]:
        devnet.consents.approve_decision(communities[1], decision, signer=devnet.signers[elder])
    for work, split in splits.items():
        devnet.ledger.set_split(work, split, signer=devnet.signers[deciders[work]])

    training = terms_of(devnet, Tier.TRAINING, TRAINING_PRICE)
    generation = terms_of(devnet, Tier.GENERATION, GENERATION_PRICE)
    distribution = terms_of(devnet, Tier.DISTRIBUTION, DISTRIBUTION_PRICE)
    consent(devnet, 11, gong, training)
    consent(devnet, 11, gong, generation)
    consent(devnet, 11, gong, distribution)
    consent(devnet, 12, chant, generation, approvals=2)
    devnet.consents.refuse_consent(flute, Tier.TRAINING, signer=devnet.signers[11])

    for account in (PLATFORM, CUSTOMER):
        devnet.token.mint(devnet.address(account), FUNDS, signer=devnet.signers[account])
    taken_training = take(devnet, gong, training)
    taken_generation = (take(devnet, gong, generation), take(devnet, chant, generation))
    taken_distribution = take(devnet, gong, distribution)
    parents = [Parent(gong, taken_generation[0]), Parent(chant, taken_generation[1])]
    linked = devnet.graph.link(
        derivative, SALT, parents, [b"", b""], signer=devnet.signers[PLATFORM]
    )

    pay(devnet, derivative, DERIVATIVE_INCOME)
    devnet.ledger.settle(
        derivative,
        devnet.deployment.token,
        devnet.graph.vector_linked(linked),
        signer=devnet.signers[CUSTOMER],
    )
    for work in (gong, chant):
        push_all(devnet, work, splits[work])
    return Heritage(
        communities,
        (gong, flute, chant),
        flute,
        derivative,
        SALT,
        devnet.graph.generation_of(devnet.address(PLATFORM), SALT, at=devnet.node.head()),
        taken_training,
        taken_generation,
        taken_distribution,
        splits,
        rejecting,
    )
