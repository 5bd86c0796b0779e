"""Chapter 3: a platform takes licences, everyone is paid, and a refusal costs nothing."""

from __future__ import annotations

from api.demo.cast import CUSTOMER, PLATFORM, RELAY, UNIT
from api.demo.world import FIRST_SPLIT, WorkInPlay, World, money
from api.licensing import balance, take_licence
from chain.client.errors import ContractRefused
from chain.client.signer import dev_signer
from chain.ledger.rights import Tier

PLATFORM_MONEY = 50_000 * UNIT
CUSTOMER_MONEY = 5_000 * UNIT


def take_licences(world: World) -> None:
    app, narrator = world.app, world.narrator
    for account, amount in ((PLATFORM, PLATFORM_MONEY), (CUSTOMER, CUSTOMER_MONEY)):
        app.token.mint(dev_signer(account).address, amount, signer=dev_signer(0))
    narrator.fact(f"the platform holds {money(balance(app, world.platform.address))} (dev coin)")
    for work in world.works:
        tiers = [Tier.GENERATION, Tier.DISTRIBUTION]
        if work is world.works[0]:
            tiers.insert(0, Tier.TRAINING)
        for tier in tiers:
            buy(world, work, tier)
    refused = next(work for work in world.works if work.never_train)
    meet_refusal(world, refused)


def buy(world: World, work: WorkInPlay, tier: Tier) -> None:
    """Take one licence, then push the money on; say how long both took."""
    app = world.app
    started = world.narrator.seconds()
    taken = take_licence(app, work.work_id, work.offers[tier].terms, world.platform)
    work.licences[tier] = taken.licence_id
    pushed = app.ledger.push(
        work.work_id, app.token.address, FIRST_SPLIT, work.split, signer=dev_signer(RELAY)
    )
    paid = app.ledger.events(pushed, "PaidOut")
    deferred = app.ledger.events(pushed, "PayoutDeferred")
    seconds = world.narrator.seconds() - started
    waiting = f", {len(deferred)} waits ({money(deferred[0]['amount'])})" if deferred else ""
    world.narrator.fact(
        f"licence {taken.licence_id}: {tier.name} of work {work.work_id} for "
        f"{money(work.offers[tier].terms.price)}, one permit signature; "
        f"{len(paid)} payees paid{waiting} after {seconds:.1f} s"
    )


def meet_refusal(world: World, work: WorkInPlay) -> None:
    app = world.app
    before = balance(app, world.platform.address)
    try:
        take_licence(app, work.work_id, work.offers[Tier.TRAINING].terms, world.platform)
    except ContractRefused as refused:
        after = balance(app, world.platform.address)
        assert after == before, "a refusal charged money"
        world.narrator.fact(f"TRAINING of work {work.work_id} refused: {refused}")
        world.narrator.fact(f"charged for it: {money(before - after)}")
        return
    raise AssertionError("a refused tier was licensed")
