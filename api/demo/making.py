"""Chapter 4: derivatives from a labelled stand-in are marked, logged and linked."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import soundfile as sf

from api.demo import arrangement
from api.demo.cast import CUSTOMER, UNIT
from api.demo.taking import payouts_after
from api.demo.world import WorkInPlay, World
from api.generating import DerivativeFiled, Generator, ParentUsed, Run, file_derivative
from api.registration import set_split
from chain.client.signer import dev_signer
from chain.ledger.rights import BPS_WHOLE, Tier

DERIVATIVES = 3
SECONDS = 32.0
SEED = 20_260
SALE = 200 * UNIT


def make_derivatives(world: World) -> None:
    narrator = world.narrator
    narrator.fact(f"the generator is a {arrangement.DESCRIPTION}; no model is trained or run")
    across = [p for p in combinations(world.works, 2) if p[0].community is not p[1].community]
    for number, pair in enumerate(across[::2][:DERIVATIVES], start=1):
        filed = make(world, list(pair), number)
        world.derivatives.append(filed)
        world.parents[filed.work_id] = list(pair)
        names = " and ".join(f"work {w.work_id}" for w in pair)
        narrator.fact(
            f"derivative {filed.work_id} of {names}: mark {filed.generation_id:#018x} at "
            f"{filed.embed.snr_db:.1f} dB SNR, log {filed.manifest}"
        )
    sell(world, world.derivatives[0])


def make(world: World, parents: list[WorkInPlay], number: int) -> DerivativeFiled:
    app = world.app
    started = app.chain_time()
    arranged = arrangement.arrange(
        [p.source.path for p in parents], seconds=SECONDS, seed=SEED + number
    )
    unmarked = unmarked_path(world, number)
    sf.write(unmarked, arranged.samples, arrangement.OUTPUT_RATE_HZ, subtype="PCM_16")
    run = Run(
        output=unmarked,
        title=("en", f"Stand-in arrangement {number}"),
        parents=[ParentUsed(p.work_id, p.licences[Tier.GENERATION], p.manifest) for p in parents],
        generator=Generator("antiphon stand-in arranger", "1", program_digest()),
        prompt=f"seed {SEED + number}".encode(),
        started_at=started,
        ended_at=max(started, datetime.fromtimestamp(app.head().timestamp, UTC)),
    )
    target = world.folder / f"derivative-{number}.flac"
    with world.narrator.working(f"marking derivative {number}"):
        filed = file_derivative(app, run, target, world.platform)
    assert world.oracle is not None
    world.oracle.file_generation_log(filed.log)
    set_split(app, filed.work_id, {world.platform.address: BPS_WHOLE}, world.platform)
    return filed


def unmarked_path(world: World, number: int) -> Path:
    """Where the output of the numbered derivative lies as it was before it was marked."""
    return world.folder / f"derivative-{number}-unmarked.flac"


def program_digest() -> str:
    """The stand-in has no weights; its program stands in for them."""
    return hashlib.sha256(Path(arrangement.__file__).read_bytes()).hexdigest()


def sell(world: World, derivative: DerivativeFiled) -> None:
    """A customer pays for a derivative; the keeper settles it and pays its parents' payees."""
    app, customer = world.app, dev_signer(CUSTOMER)
    assert world.oracle is not None
    app.token.approve(app.ledger.address, SALE, signer=customer)
    paid = app.ledger.pay(derivative.work_id, app.token.address, SALE, signer=customer)
    started = world.narrator.seconds()
    world.oracle.keep_direct_lane()
    seconds = world.narrator.seconds() - started
    reached = payouts_after(world, paid.block)
    kept = sum(p.amount for p in reached if p.work_id == derivative.work_id)
    parents = sum(p.amount for p in reached) - kept
    world.narrator.fact(
        f"a customer pays {world.money(SALE)} for derivative {derivative.work_id}; "
        f"{seconds:.1f} s later {world.money(parents)} is with its parents' payees and "
        f"{world.money(kept)} with the platform"
    )
