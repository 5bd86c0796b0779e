"""Chapter 3: a platform takes licences, everyone is paid, and a refusal costs nothing."""

from __future__ import annotations

from api.demo.cast import CUSTOMER, PLATFORM, UNIT
from api.demo.world import WorkInPlay, World
from api.licensing import balance, take_licence
from chain.client.blocks import BlockPin
from chain.client.errors import ContractRefused
from chain.client.signer import dev_signer
from chain.indexer.records import DirectPayout
from chain.ledger.rights import Tier

PLATFORM_MONEY = 50_000 * UNIT
CUSTOMER_MONEY = 5_000 * UNIT


def take_licences(world: World) -> None:
    app, narrator = world.app, world.narrator
    for account, amount in ((PLATFORM, PLATFORM_MONEY), (CUSTOMER, CUSTOMER_MONEY)):
        app.token.mint(dev_signer(account).address, amount, signer=dev_signer(0))
    narrator.fact(
        f"the platform holds {world.money(balance(app, world.platform.address))} (dev coin)"
    )
    for work in world.works:
        tiers = [Tier.GENERATION, Tier.DISTRIBUTION]
        if work is world.works[0]:
            tiers.insert(0, Tier.TRAINING)
        for tier in tiers:
            buy(world, work, tier)
    refused = next(work for work in world.works if work.never_train)
    meet_refusal(world, refused)


def buy(world: World, work: WorkInPlay, tier: Tier) -> None:
    """Take one licence; the keeper pushes the money on. Say how long both took."""
    assert world.oracle is not None
    started = world.narrator.seconds()
    terms = work.offers[tier].terms
    taken = take_licence(world.app, work.work_id, terms, world.platform)
    work.licences[tier] = taken.licence_id
    world.oracle.keep_direct_lane()
    seconds = world.narrator.seconds() - started
    paid = payouts_after(world, taken.receipt.block)
    waits = len(work.split.shares) - len(paid)
    waiting = f", {waits} waits for an account that reverts" if waits else ""
    world.narrator.fact(
        f"licence {taken.licence_id}: {tier.name} of work {work.work_id} for "
        f"{world.money(terms.price)}, one permit signature; {len(paid)} payees paid after "
        f"{seconds:.1f} s{waiting}"
    )


def payouts_after(world: World, block: BlockPin) -> list[DirectPayout]:
    """What the direct lane has paid out since a block."""
    at = world.app.refresh()
    every = world.app.store.direct_payouts(at=at)
    return [payout for payout in every if payout.place.block_number > block.number]


def meet_refusal(world: World, work: WorkInPlay) -> None:
    app = world.app
    before = balance(app, world.platform.address)
    try:
        take_licence(app, work.work_id, work.offers[Tier.TRAINING].terms, world.platform)
    except ContractRefused as refused:
        after = balance(app, world.platform.address)
        assert after == before, "a refusal charged money"
        world.narrator.fact(f"TRAINING of work {work.work_id} refused: {refused}")
        world.narrator.fact(f"charged for it: {world.money(before - after)}")
        return
    raise AssertionError("a refused tier was licensed")
