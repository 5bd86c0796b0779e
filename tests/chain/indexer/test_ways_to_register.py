"""Works that came by catalogue, by signature or by commitment are in the index as on chain."""

from __future__ import annotations

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.catalogue import Catalogue, CatalogueTree, CatalogueWork
from chain.ledger.identifiers import CommunityId, Digest, WorkId
from chain.ledger.registration import (
    COMMITMENT_AGE_MIN,
    Registration,
    commitment_of,
    order_digest,
    registration_domain,
)
from chain.ledger.rights import WorkKind
from tests.devnet import CUSTOMER, PLATFORM, Devnet
from tests.heritage import digest_of

SALT = Digest(b"\x5a" * 32)
FOREVER = 2**40 - 1


def song(name: str, kind: WorkKind = WorkKind.RECORDING) -> Registration:
    return Registration(CommunityId(0), kind, digest_of(f"sound {name}"), digest_of(f"card {name}"))


def test_a_displaced_work_names_the_one_that_has_its_content(
    devnet: Devnet, follower: Follower, store: Store
) -> None:
    owner, watcher = devnet.signers[CUSTOMER], devnet.signers[PLATFORM]
    domain = registration_domain(devnet.deployment.chain_id, devnet.works.address)
    first = song("first")
    commitment = commitment_of(domain, owner.address, [first], SALT)
    devnet.works.commit(commitment, signer=owner)
    devnet.pass_time(COMMITMENT_AGE_MIN)
    devnet.works.register(first, signer=watcher)
    devnet.works.reveal([first], SALT, signer=owner)

    follower.catch_up()

    at = store.head()
    assert [work.displaced_by for work in store.works(at=at)] == [WorkId(2), None]
    assert devnet.works.displaced_by(WorkId(1), at=at) == 2
    assert devnet.works.displaced_by(WorkId(2), at=at) is None
    by_content = store.work_by_content(first.content_commitment, at=at)
    assert by_content is not None
    assert by_content.work_id == devnet.works.work_by_content(first.content_commitment, at=at) == 2


def test_a_catalogue_tells_which_of_its_works_are_real(
    devnet: Devnet, follower: Follower, store: Store
) -> None:
    owner, relay = devnet.signers[CUSTOMER], devnet.signers[PLATFORM]
    tree = CatalogueTree(
        [
            CatalogueWork(i, WorkKind.STEM, digest_of(f"reel {i}"), digest_of("card"))
            for i in range(5)
        ]
    )
    catalogue = Catalogue(owner.address, CommunityId(0), 5, tree.root, digest_of("finding aid"))
    devnet.works.register_catalogue(catalogue, signer=owner)
    devnet.works.materialise(catalogue, tree.works[3], tree.proof(3), signer=relay)

    follower.catch_up()

    at = store.head()
    (record,) = store.catalogues(at=at)
    assert record.catalogue == catalogue
    assert record.materialised == {3: WorkId(1)}
    assert devnet.works.catalogue_registered_at(catalogue, at=at) == record.place.timestamp
    (work,) = store.works(at=at)
    assert work.owner == owner.address


def test_signed_works_and_recordings_are_indexed(
    devnet: Devnet, follower: Follower, store: Store
) -> None:
    owner, relay = devnet.signers[CUSTOMER], devnet.signers[PLATFORM]
    domain = registration_domain(devnet.deployment.chain_id, devnet.works.address)
    written = song("written", WorkKind.COMPOSITION)
    order = order_digest(domain, owner.address, [written], 7, FOREVER)
    signature = owner.sign_digest(order, chain_id=devnet.deployment.chain_id)
    devnet.works.register_signed(owner.address, [written], 7, FOREVER, signature, signer=relay)
    devnet.works.register_recording(WorkId(1), song("played", WorkKind.DERIVATIVE), signer=relay)

    follower.catch_up()

    at = store.head()
    assert [work.owner for work in store.works(at=at)] == [owner.address, relay.address]
    composition, master = devnet.works.share_books_of(WorkId(2), at=at)
    assert (composition.kind, composition.work_id) == (WorkKind.COMPOSITION, 1)
    assert (master.kind, master.controller) == (WorkKind.RECORDING, relay.address)
