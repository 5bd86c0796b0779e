"""A ledger small enough to count by hand: the world of `tests.heritage`, two works with manifests,
a derivative of them with its log, one epoch posted and paid, and one transaction that failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.application import Application, Settings
from api.generating import DerivativeFiled, Generator, ParentUsed, Run, file_derivative
from api.licensing import take_licence
from api.registration import (
    TermsOffered,
    WorkDraft,
    WorkRegistered,
    approve_split,
    offer_terms,
    propose_consent,
    register_work,
    set_split,
)
from chain.client.signer import LocalSigner
from chain.indexer.follow import Follower
from chain.ledger.identifiers import CommunityId, LicenceId
from chain.ledger.rights import Terms, Tier
from tests.api.fake_watermark import URL, FakeWatermark
from tests.devnet import PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import YEAR_SECONDS, Heritage, build_heritage, terms_of

FUNDS = 10**9
GONG_USES = 17
CHANT_USES = 19
PRICE = 45_000_001
SHARE = 150_000_000
JAVANESE = "ꦭꦚ꧀ꦕꦫꦤ꧀"
SCRIPT = "<script>alert('royalties')</script>"
HOSTILE = f'{SCRIPT} "[/bold]" & [red]more[/red]'


@dataclass
class SmallLedger:
    """Works 1 to 4 are the heritage's; `javanese` and `hostile` are 5 and 6, `filed` is 7."""

    devnet: Devnet
    heritage: Heritage
    app: Application
    watermark: FakeWatermark
    javanese: WorkRegistered
    hostile: WorkRegistered
    licences: tuple[LicenceId, LicenceId]
    filed: DerivativeFiled
    lane: EpochLane

    @property
    def platform(self) -> LocalSigner:
        return self.devnet.signers[PLATFORM]

    def reopen(self, state: Path) -> Application:
        """The same chain and blocks, seen by another process with an index of its own."""
        app = open_application(self.devnet, state, self.watermark)
        app.__dict__["blocks"] = self.app.blocks
        return app


def open_application(
    devnet: Devnet, state: Path, watermark: FakeWatermark | None = None, *, rpc: str = ""
) -> Application:
    """An application over the development node; without `watermark`, over nobody at all."""
    state.mkdir(parents=True, exist_ok=True)
    deployment = devnet.deployment.write(state / "deployment.json")
    app = Application(Settings(state, rpc or devnet.node.endpoint, URL, deployment))
    if watermark is not None:
        app.__dict__["watermark"] = watermark.client()
    return app


def recording(folder: Path, name: str) -> Path:
    """Bytes that the stand-in takes for audio, different for every name."""
    path = folder / name
    path.write_bytes(f"sound of {name}".encode())
    return path


def generation_terms(devnet: Devnet, price: int = PRICE) -> Terms:
    return terms_of(devnet, Tier.GENERATION, price)


def offered_work(
    app: Application,
    devnet: Devnet,
    community: CommunityId,
    steward: int,
    path: Path,
    titles: tuple[tuple[str, str], ...],
    elders: tuple[int, ...] = (),
) -> tuple[WorkRegistered, TermsOffered]:
    """A work with a manifest, a split of two payees, which these elders approved, and consent to
    generation, which they are still asked for."""
    signer = devnet.signers[steward]
    draft = WorkDraft(path, titles, attribution=f"Played for {path.name}", genre="gamelan")
    work = register_work(app, draft, community, signer)
    bps = {devnet.address(24): 6_001, devnet.address(25): 3_999}
    for elder in elders:
        approve_split(app, work.work_id, bps, community, devnet.signers[elder])
    set_split(app, work.work_id, bps, signer)
    offer = offer_terms(app, generation_terms(devnet), [("en", "With thanks.")], signer)
    until = app.head().timestamp + YEAR_SECONDS
    propose_consent(app, work.work_id, offer, until, signer)
    return work, offer


def a_run(app: Application, output: Path, parents: list[ParentUsed], title: str) -> Run:
    now = datetime.fromtimestamp(app.head().timestamp, UTC)
    return Run(
        output=output,
        title=("en", title),
        parents=parents,
        generator=Generator("stand-in", "1", "5e" * 32),
        prompt=b"a quiet morning",
        started_at=now,
        ended_at=now,
    )


def build_small_ledger(devnet: Devnet, folder: Path) -> SmallLedger:
    """Some sixty transactions."""
    watermark = FakeWatermark()
    heritage = build_heritage(devnet)
    app = open_application(devnet, folder / "state", watermark)
    first, _, third = heritage.communities
    titles = (("jv", JAVANESE), ("jv-Latn", "Lancaran"))
    javanese, offer_one = offered_work(
        app, devnet, first, 11, recording(folder, "lancaran.wav"), titles
    )
    hostile, offer_two = offered_work(
        app, devnet, third, 13, recording(folder, "hostile.wav"), (("en", HOSTILE),)
    )
    platform = devnet.signers[PLATFORM]
    licences = (
        take_licence(app, javanese.work_id, offer_one.terms, platform).licence_id,
        take_licence(app, hostile.work_id, offer_two.terms, platform).licence_id,
    )
    parents = [
        ParentUsed(javanese.work_id, licences[0], javanese.manifest),
        ParentUsed(hostile.work_id, licences[1], hostile.manifest),
    ]
    run = a_run(app, recording(folder, "unmarked.flac"), parents, "Morning, arranged")
    filed = file_derivative(app, run, folder / "marked.flac", platform)
    lane = pay_an_epoch(app, devnet, heritage)
    fail_once(devnet)
    return SmallLedger(devnet, heritage, app, watermark, javanese, hostile, licences, filed, lane)


def pay_an_epoch(app: Application, devnet: Devnet, heritage: Heritage) -> EpochLane:
    """17 uses of the gong's licence and 19 of the chant's, posted and pushed."""
    app.refresh()
    follower = Follower(devnet.node, devnet.deployment, app.store._engine)
    lane = EpochLane(devnet, follower, app.store, blocks=app.blocks)  # type: ignore[arg-type]
    lane.fund(FUNDS)
    now = devnet.node.head().timestamp
    devnet.pass_time(60)
    gong, chant = heritage.generation
    lane.run(
        [
            uses(gong, heritage.generation_id, GONG_USES, at=now),
            uses(chant, heritage.generation_id, CHANT_USES, at=now),
        ]
    )
    return lane


def fail_once(devnet: Devnet) -> None:
    """A transaction that is mined and reverts, as a careless wallet sends it."""
    careless = {"from": devnet.address(12), "to": devnet.licences.address, "data": "0xdeadbeef"}
    devnet.rpc("eth_sendTransaction", {**careless, "gas": hex(100_000)})
