"""Chapter 2: three communities register recordings and decide what may be done with them."""

from __future__ import annotations

from api.demo.cast import COMMUNITIES, OFFERS, YEAR_SECONDS, CommunityRole, Offer
from api.demo.world import CommunityFounded, WorkInPlay, World
from api.registration import (
    WorkDraft,
    approve_split,
    offer_terms,
    propose_consent,
    refuse_consent,
    register_work,
    set_split,
)
from chain.client.blocks import Call
from chain.client.interfaces import interface
from chain.client.sending import send
from chain.client.signer import dev_signer
from chain.ledger.identifiers import Address, Digest
from chain.ledger.rights import BPS_WHOLE, Terms, Tier

UNBOUND = Digest(bytes(32))


def register_everything(world: World) -> None:
    for role in COMMUNITIES:
        world.communities.append(found(world, role))
    total = len(world.recordings.works)
    for at in range(total):
        community = world.communities[at * len(world.communities) // total]
        # The last work is the one whose community never lets a machine learn from it.
        register(world, source_index=at, community=community, never_train=at == total - 1)


def found(world: World, role: CommunityRole) -> CommunityFounded:
    app = world.app
    steward = dev_signer(role.steward)
    receipt = app.consents.found_community(
        [dev_signer(i).address for i in role.elders],
        approvals_required=role.approvals_required,
        signer=steward,
    )
    bps = {dev_signer(i).address: part for i, part in role.payees}
    if role.rejecting_bps:
        world.rejecting_payee = deploy_rejecting_payee(world)
        bps[world.rejecting_payee] = role.rejecting_bps
    rest = BPS_WHOLE - sum(bps.values())
    first = dev_signer(role.payees[0][0]).address
    bps[first] += rest
    community = CommunityFounded(role, app.consents.community_founded(receipt), steward, bps)
    elders = (
        f", grants need {role.approvals_required} of {len(role.elders)} elders"
        if role.approvals_required
        else ""
    )
    world.narrator.fact(
        f"community {community.community_id}: {role.name}, {len(bps)} payees{elders}"
    )
    return community


def deploy_rejecting_payee(world: World) -> Address:
    """A payee whose account always reverts: the worst neighbour one can have in a split."""
    code = interface("RejectingPayee").creation_data([])
    receipt = send(world.app.node, Call(None, code), signer=dev_signer(0))
    assert receipt.contract is not None
    return receipt.contract


def register(
    world: World, *, source_index: int, community: CommunityFounded, never_train: bool
) -> None:
    app, narrator = world.app, world.narrator
    source = world.recordings.works[source_index]
    draft = WorkDraft(
        source.path,
        source.titles,
        attribution=f"{source.titles[0][1]}, {community.role.name}",
        genre=source.tradition,
    )
    registered = register_work(app, draft, community.community_id, community.steward)
    for elder in community.role.elders[: community.role.approvals_required]:
        approve_split(
            app,
            registered.work_id,
            community.split_bps,
            community.community_id,
            dev_signer(elder),
        )
    split = set_split(app, registered.work_id, community.split_bps, community.steward)
    work = WorkInPlay(
        registered.work_id, source, registered.manifest, community, split, never_train
    )
    world.works.append(work)
    titles = " · ".join(text for _, text in source.titles[:2])
    narrator.fact(f"work {work.work_id}: {titles}, manifest {registered.manifest}")
    for offer in OFFERS:
        consent(world, work, offer)
    if never_train:
        narrator.fact(f"work {work.work_id}: its community says never to TRAINING")
    if community.role.approvals_required:
        have_elders_approve(world, work)


def terms_of(world: World, offer: Offer) -> Terms:
    return Terms(
        tier=offer.tier,
        token=world.app.token.address,
        price=offer.price,
        unit_price=offer.unit_price,
        royalty_share=offer.royalty_share,
        duration_seconds=offer.duration_seconds,
        unit_cap=offer.unit_cap,
        revenue_cap=offer.revenue_cap,
        text_digest=UNBOUND,
    )


def consent(world: World, work: WorkInPlay, offer: Offer) -> None:
    """Put terms forward for one tier, or say never."""
    steward = work.community.steward
    text = (("en", f"{offer.tier.name.capitalize()} under the terms of this manifest."),)
    offered = offer_terms(world.app, terms_of(world, offer), text, steward)
    work.offers[offer.tier] = offered
    if work.never_train and offer.tier is Tier.TRAINING:
        refuse_consent(world.app, work.work_id, offer.tier, steward)
        return
    until = world.app.head().timestamp + YEAR_SECONDS
    propose_consent(world.app, work.work_id, offered, until, steward)


def have_elders_approve(world: World, work: WorkInPlay) -> None:
    role = work.community.role
    for elder in role.elders[: role.approvals_required]:
        for tier, offered in work.offers.items():
            if not (work.never_train and tier is Tier.TRAINING):
                world.app.consents.approve_terms(
                    work.work_id, tier, offered.terms.hash(), signer=dev_signer(elder)
                )
    world.narrator.fact(
        f"work {work.work_id}: {role.approvals_required} of {len(role.elders)} elders approved "
        "its payees and its terms; only now is consent live"
    )
