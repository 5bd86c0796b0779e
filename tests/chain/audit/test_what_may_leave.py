"""What the publish gate keeps is not in a bundle, nor is anything of the machine that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.audit.export import Bundle, export
from chain.audit.publishing import publishable
from chain.client.consent_registry import ConsentRegistry
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import CommunityId, Digest, WorkId
from chain.ledger.registration import Registration
from chain.ledger.rights import Tier, WorkKind
from chain.provenance import (
    Cid,
    Codec,
    MemoryBlockStore,
    RestrictedBlockStore,
    WorkManifest,
    put_manifest,
)
from chain.provenance.manifests.work import AccessClass, TitleKind
from tests.chain.audit.audit_world import AuditWorld
from tests.chain.audit.checking import ENGINES, answer, opened, python_on
from tests.chain.provenance.manifest_samples import (
    AUDIO,
    AUDIO_CID,
    label,
    sealed,
    title,
    work_manifest,
)
from tests.devnet import Devnet
from tests.heritage import consent, digest_of, terms_of

STEWARD = 11
CANARY = "canary-name-of-the-song"
OPEN = work_manifest(titles=(title("a song for everybody"),))
STAND_IN = title("a song", TitleKind.PLACEHOLDER)
# Manifests that must stay, whatever consent there is.
KEPT = {
    "restricted": work_manifest(access_class=AccessClass.RESTRICTED, titles=(title(CANARY),)),
    "secret": work_manifest(access_class=AccessClass.SECRET, titles=(STAND_IN,)),
    "sacred": work_manifest(titles=(title(CANARY),), labels=(label("secret_sacred"),)),
    "labelled": work_manifest(
        access_class=AccessClass.RESTRICTED, titles=(STAND_IN,), labels=(label(CANARY),)
    ),
}


class Shelf:
    """A ledger with works whose manifests and audio are held here."""

    def __init__(self, devnet: Devnet, folder: Path) -> None:
        self.devnet, self.blocks = devnet, MemoryBlockStore()
        self.blocks.put(Codec.RAW, AUDIO)
        engine = open_database(f"sqlite:///{folder / 'shelf.sqlite'}")
        self.follower, self.store = Follower(devnet.node, devnet.deployment, engine), Store(engine)
        receipt = devnet.consents.found_community(
            [], approvals_required=0, profile_digest=digest_of("p"), signer=devnet.signers[STEWARD]
        )
        self.community: CommunityId = devnet.consents.community_founded(receipt)

    def work(
        self, manifest: WorkManifest, name: str, *, consented: bool = True
    ) -> tuple[WorkId, Cid]:
        """Registered, and consented to for generation."""
        cid = put_manifest(self.blocks, sealed(manifest))
        registration = Registration(
            self.community, WorkKind.RECORDING, digest_of(name), Digest(cid.digest)
        )
        steward = self.devnet.signers[STEWARD]
        receipt = self.devnet.works.register(registration, signer=steward)
        work = self.devnet.works.works_registered(receipt)[0]
        if consented:
            consent(self.devnet, STEWARD, work, terms_of(self.devnet, Tier.GENERATION, 11))
        return work, cid

    def read(self, digest: Digest, codec: int) -> bytes | None:
        cid = Cid(1, Codec(codec), bytes(digest))
        return self.blocks.get(cid) if self.blocks.has(cid) else None

    def bundle(self, restricted: RestrictedBlockStore | None = None) -> Bundle:
        self.follower.catch_up()
        return export(
            self.store, self.devnet.node, self.devnet.deployment, self.read, restricted=restricted
        )


@pytest.fixture
def shelf(devnet: Devnet, tmp_path: Path) -> Shelf:
    return Shelf(devnet, tmp_path)


def test_an_open_works_manifest_goes_in_and_its_audio_does_not(
    shelf: Shelf, tmp_path: Path
) -> None:
    _, cid = shelf.work(OPEN, "open")

    bundle = shelf.bundle()
    files = opened(bundle.content)

    assert f"blocks/{cid}" in files
    assert f"blocks/{AUDIO_CID}" not in files
    assert AUDIO not in bundle.content
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.content)
    for engine in ENGINES:
        code, found = answer(engine, path)
        assert (code, found["checks"]["content ids"]) == (0, [2, 0])


@pytest.mark.parametrize("name", KEPT)
def test_what_the_gate_keeps_is_counted_and_not_told(shelf: Shelf, name: str) -> None:
    _, cid = shelf.work(KEPT[name], name)

    bundle = shelf.bundle()

    assert f"blocks/{cid}" not in opened(bundle.content)
    assert CANARY.encode() not in bundle.content
    assert name.encode() not in opened(bundle.content)["MANIFEST.json"]
    assert "1 manifests are kept back by the publish gate" in python_on(bundle.content)["notes"]


@pytest.mark.parametrize("step", ["none", "suspended", "withdrawn"])
def test_without_live_consent_nothing_of_a_work_is_told(shelf: Shelf, step: str) -> None:
    work, cid = shelf.work(OPEN, step, consented=step != "none")
    steward = shelf.devnet.signers[STEWARD]
    consents: ConsentRegistry = shelf.devnet.consents
    if step == "suspended":
        consents.suspend_consent(work, Tier.GENERATION, signer=steward)
    if step == "withdrawn":
        consents.withdraw_consent(work, Tier.GENERATION, signer=steward)

    assert f"blocks/{cid}" not in opened(shelf.bundle().content)


def test_a_consent_that_lapsed_is_none(shelf: Shelf) -> None:
    _, cid = shelf.work(OPEN, "lapsing")
    assert f"blocks/{cid}" in opened(shelf.bundle().content)
    shelf.devnet.pass_time(400 * 24 * 3600)

    assert f"blocks/{cid}" not in opened(shelf.bundle().content)


def test_a_block_on_the_restricted_shelf_stays_and_so_does_its_work(
    shelf: Shelf, tmp_path: Path
) -> None:
    _, cid = shelf.work(OPEN, "open")
    restricted = RestrictedBlockStore(tmp_path / "restricted")
    restricted.put(Codec.RAW, AUDIO)

    assert f"blocks/{cid}" not in opened(shelf.bundle(restricted).content)


def test_altered_bytes_cannot_call_a_secret_work_open(shelf: Shelf) -> None:
    """The name is of the secret work's manifest, the bytes are of an open one."""
    _, cid = shelf.work(KEPT["secret"], "secret")
    other = sealed(OPEN).block
    shelf.follower.catch_up()

    found = publishable(shelf.store, lambda *_: other, shelf.store.head())

    assert cid.digest not in found.blocks
    assert found.blocks == {}


def test_nothing_of_the_machine_is_in_it(world: AuditWorld, bundle: Bundle) -> None:
    """No key of any account that signed, no address of the node, no path, no table."""
    keys = [signer._key.secret for signer in world.devnet.signers]
    endpoint = world.devnet.node.endpoint.split("//")[1]
    words = [endpoint, "127.0.0.1", "localhost", "sqlite", "SELECT ", "/home/", "/root/"]
    files = {n: c for n, c in opened(bundle.content).items() if not n.startswith("verify/")}
    for name, content in files.items():
        for key in keys:
            assert key not in content, name
            assert key.hex().encode() not in content, name
        for word in words:
            assert word.encode() not in content, (name, word)
