"""The story of `antiphon demo`, small: three recordings, one derivative, one found copy, one day.

Everything in it is real: a node, the watermark process, the oracle over its own stores. Figures
are kept where a test can count them again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import soundfile

from api.application import Application, Settings
from api.demo.arrangement import OUTPUT_RATE_HZ, arrange, found_copy
from api.generating import DerivativeFiled, Generator, ParentUsed, Run, file_derivative
from api.licensing import take_licence
from api.registration import (
    WorkDraft,
    WorkRegistered,
    offer_terms,
    propose_consent,
    register_work,
    set_split,
)
from api.reporting import report_detection
from api.tracing import Trace, trace
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.rights import Terms, Tier
from oracle.answers import Payday
from oracle.service import OracleService
from tests.devnet import CUSTOMER, DEPLOYER, FIRST_OPERATOR, PLATFORM, Devnet

SECONDS, RATE_HZ, SEED = 20, 16_000, 5
DAY = 24 * 60 * 60
YEAR = 365 * DAY
UNIT = 1_000_000
PRICES = {Tier.GENERATION: 45_000_019, Tier.DISTRIBUTION: 30_000_007}
UNIT_PRICES = {Tier.GENERATION: 2_500, Tier.DISTRIBUTION: 1_237}
ROYALTY_SHARE = 150_000_000
SALE = 200 * UNIT + 3
PLAYS = (197, 101)
FUNDS = 10 * UNIT
STEWARDS = (11, 12, 13)


def open_story_application(devnet: Devnet, state: Path, watermark_url: str) -> Application:
    state.mkdir(parents=True, exist_ok=True)
    deployment = devnet.deployment.write(state / "deployment.json")
    return Application(Settings(state, devnet.node.endpoint, watermark_url, deployment))


@dataclass
class Story:
    """What has happened so far. Indices of `works` and `splits` agree; the third is unlicensed."""

    devnet: Devnet
    app: Application
    oracle: OracleService
    folder: Path
    rejecting: Address
    recordings: list[Path] = field(default_factory=list)
    control: Path = Path()
    works: list[WorkRegistered] = field(default_factory=list)
    splits: list[dict[Address, int]] = field(default_factory=list)
    licences: list[dict[Tier, LicenceId]] = field(default_factory=list)
    filed: DerivativeFiled | None = None
    found: Trace | None = None
    unmarked: Trace | None = None
    payday: Payday | None = None

    @property
    def derivative(self) -> DerivativeFiled:
        assert self.filed is not None
        return self.filed


def synthesise(story: Story) -> None:
    folder = story.folder / "recordings"
    command = [sys.executable, "-m", "watermark.synthesis", str(folder)]
    command += ["--seconds", str(SECONDS), "--rate", str(RATE_HZ), "--seed", str(SEED)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    catalogue = json.loads((folder / "catalogue.json").read_text("utf-8"))["recordings"]
    # One of each tradition, and one to stay unmarked.
    paths = [folder / entry["file"] for entry in catalogue]
    story.recordings, story.control = [paths[0], paths[2], paths[4]], paths[5]


def register_works(story: Story) -> None:
    """A community each; the second names a payee whose account refuses money."""
    app, devnet = story.app, story.devnet
    payee = devnet.address
    story.splits = [
        {payee(17): 6_667, payee(18): 3_333},
        {payee(19): 4_999, payee(20): 3_000, story.rejecting: 2_001},
        {payee(21): 10_000},
    ]
    for path, steward, split in zip(story.recordings, STEWARDS, story.splits, strict=True):
        signer = devnet.signers[steward]
        receipt = app.consents.found_community([], approvals_required=0, signer=signer)
        community = app.consents.community_founded(receipt)
        draft = WorkDraft(path, (("und", path.stem),), f"Played for {path.stem}", "invented")
        work = register_work(app, draft, community, signer)
        set_split(app, work.work_id, split, signer)
        story.works.append(work)


def license_works(story: Story) -> None:
    """Both tiers of the first two works; the keeper passes the money on."""
    app, devnet = story.app, story.devnet
    platform = devnet.signers[PLATFORM]
    for account in (PLATFORM, CUSTOMER):
        app.token.mint(devnet.address(account), 1_000 * UNIT, signer=devnet.signers[DEPLOYER])
    for work, steward in zip(story.works[:2], STEWARDS, strict=False):
        taken = {}
        for tier, price in PRICES.items():
            terms = Terms(
                tier=tier,
                token=app.token.address,
                price=price,
                unit_price=UNIT_PRICES[tier],
                royalty_share=ROYALTY_SHARE if tier is Tier.GENERATION else 0,
                duration_seconds=YEAR,
                unit_cap=10_000,
                revenue_cap=10**12,
                text_digest=Digest(bytes(32)),
            )
            signer = devnet.signers[steward]
            offer = offer_terms(app, terms, [("en", "With thanks.")], signer)
            until = app.head().timestamp + YEAR
            propose_consent(app, work.work_id, offer, until, signer)
            taken[tier] = take_licence(app, work.work_id, offer.terms, platform).licence_id
        story.licences.append(taken)
    story.oracle.keep_direct_lane()


def make_derivative(story: Story) -> None:
    """Arranged, marked, logged, linked, and sold once."""
    app, platform = story.app, story.devnet.signers[PLATFORM]
    arranged = arrange(story.recordings[:2], seconds=26.0, seed=SEED)
    output = story.folder / "unmarked.flac"
    soundfile.write(output, arranged.samples, OUTPUT_RATE_HZ, subtype="PCM_16")
    now = app.chain_time()
    run = Run(
        output=output,
        title=("en", "Arrangement"),
        parents=[
            ParentUsed(work.work_id, taken[Tier.GENERATION], work.manifest)
            for work, taken in zip(story.works[:2], story.licences, strict=True)
        ],
        generator=Generator("stand-in arranger", "1", "ab" * 32),
        prompt=b"seed 5",
        started_at=now,
        ended_at=now,
    )
    story.filed = file_derivative(app, run, story.folder / "marked.flac", platform)
    story.oracle.file_generation_log(story.filed.log)
    set_split(app, story.filed.work_id, {platform.address: 10_000}, platform)
    customer = story.devnet.signers[CUSTOMER]
    app.token.approve(app.ledger.address, SALE, signer=customer)
    app.ledger.pay(story.filed.work_id, app.token.address, SALE, signer=customer)
    story.oracle.keep_direct_lane()


def find_copies(story: Story) -> None:
    """A crop in MP3 under another name, and a file that was never marked."""
    crop = story.folder / "clip(2).mp3"
    found_copy(story.derivative.marked, crop, start_seconds=4.7, seconds=19.0)
    story.found = trace(story.app, crop)
    if story.found.generations:
        operator = story.devnet.signers[FIRST_OPERATOR]
        story.oracle.file_detection(report_detection(story.app, story.found, crop, operator))
    control = story.folder / "control.mp3"
    found_copy(story.control, control, start_seconds=0.0, seconds=float(SECONDS))
    story.unmarked = trace(story.app, control)


def plays(story: Story, start: int) -> Iterator[str]:
    """A day's log of the platform: 298 lines over two licences."""
    for taken, count in zip(story.licences, PLAYS, strict=True):
        for number in range(count):
            yield json.dumps(
                {
                    "licence": taken[Tier.DISTRIBUTION],
                    "generation": f"{story.derivative.generation_id:#018x}",
                    "line": f"{taken[Tier.DISTRIBUTION]}-{number}",
                    "occurredAt": start + 1 + number * 17,
                }
            )


def pay_the_day(story: Story) -> None:
    """Usage in, epoch sealed, signed, posted, its window passed, everybody pushed."""
    app, devnet, oracle = story.app, story.devnet, story.oracle
    platform = devnet.signers[PLATFORM]
    start = app.head().timestamp
    devnet.pass_time(DAY)
    oracle.import_usage(plays(story, start), platform)
    app.token.approve(app.distributor.address, FUNDS, signer=platform)
    app.distributor.fund(app.token.address, FUNDS, signer=platform)
    row = oracle.seal_epoch()
    oracle.collect_signatures(row.number)
    oracle.post_epoch(row.number)
    oracle.activate_and_push()
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    story.payday = oracle.activate_and_push()


def tell(story: Story) -> Story:
    for chapter in (
        synthesise,
        register_works,
        license_works,
        make_derivative,
        find_copies,
        pay_the_day,
    ):
        chapter(story)
    return story
