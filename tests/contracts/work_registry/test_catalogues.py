"""Catalogues: one root for all works, a leaf made real on first use, content registered once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.ledger.catalogue import Catalogue, CatalogueTree, CatalogueWork
from chain.ledger.identifiers import Address, CommunityId, Digest
from chain.ledger.keccak import keccak256
from chain.ledger.registration import COMMITMENT_AGE_MIN, commitment_of
from chain.ledger.rights import WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import ZERO, by, digest
from tests.contracts.work_registry.conftest import registration

WORKS = [
    CatalogueWork(
        position, WorkKind.ARCHIVE_ITEM, Digest(digest(f"reel {position}")), Digest(digest("card"))
    )
    for position in range(11)
]
TREE = CatalogueTree(WORKS)
DESCRIPTION = Digest(digest("finding aid"))


def catalogue_of(owner, community=0, tree=TREE):
    return Catalogue(
        Address(owner.address), CommunityId(community), len(tree.works), tree.root, DESCRIPTION
    )


@pytest.fixture
def catalogue(works, customer):
    found = catalogue_of(customer)
    works.registerCatalogue(found.as_tuple(), by(customer))
    return found


@pytest.fixture
def materialise(works, relay):
    def materialise(catalogue, position, sender=relay, work=None, proof=None):
        return works.materialise(
            catalogue.as_tuple(),
            (work or WORKS[position]).as_tuple(),
            TREE.proof(position) if proof is None else proof,
            by(sender),
        )

    return materialise


def test_a_catalogue_is_registered_under_its_root(works, customer):
    catalogue = catalogue_of(customer)

    tx = works.registerCatalogue(catalogue.as_tuple(), by(customer))

    assert tx.return_value == "0x" + catalogue.hash().hex()
    assert dict(tx.events["CatalogueRegistered"]) == {
        "catalogueHash": "0x" + catalogue.hash().hex(),
        "communityId": 0,
        "owner": customer,
        "count": 11,
        "root": "0x" + TREE.root.hex(),
        "manifestDigest": "0x" + DESCRIPTION.hex(),
    }
    assert works.catalogueRegisteredAt(catalogue.hash()) == tx.timestamp
    assert works.workCount() == 0


@pytest.mark.parametrize("position", range(len(WORKS)))
def test_anyone_makes_a_leaf_real_and_its_owner_gets_it(
    works, catalogue, customer, materialise, position
):
    leaf = WORKS[position]

    tx = materialise(catalogue, position)

    assert tx.return_value == 1
    assert works.ownerOf(1) == works.controllerOf(1) == customer
    assert works.workOf(1) == (
        0,
        leaf.kind,
        tx.timestamp,
        "0x" + leaf.manifest_digest.hex(),
    )
    assert works.workByContent(leaf.content_commitment) == 1
    assert dict(tx.events["WorkMaterialised"]) == {
        "workId": 1,
        "catalogueHash": "0x" + catalogue.hash().hex(),
        "position": position,
    }
    assert dict(tx.events["MetadataUpdate"]) == {"_tokenId": 1}


def test_works_of_a_communal_catalogue_are_the_communitys(
    works, found_community, steward, materialise, stewards, consents
):
    community = found_community(steward)
    catalogue = catalogue_of(steward, community)
    works.registerCatalogue(catalogue.as_tuple(), by(steward))
    consents.offerStewardship(community, stewards[1], by(steward))
    consents.acceptStewardship(community, by(stewards[1]))

    tx = materialise(catalogue, 3, sender=stewards[1])

    assert works.locked(1)
    assert dict(tx.events["Locked"]) == {"tokenId": 1}
    assert works.controllerOf(1) == stewards[1]


def test_what_a_former_steward_listed_is_the_present_ones_to_make_real(
    works, found_community, steward, materialise, stewards, consents, relay
):
    community = found_community(steward)
    catalogue = catalogue_of(steward, community)
    works.registerCatalogue(catalogue.as_tuple(), by(steward))
    materialise(catalogue, 0)
    consents.offerStewardship(community, stewards[1], by(steward))
    consents.acceptStewardship(community, by(stewards[1]))

    for former in (steward, relay):
        with refused("NotSteward", community, former):
            materialise(catalogue, 3, sender=former)
    assert materialise(catalogue, 3, sender=stewards[1]).return_value == 2


def test_only_its_steward_catalogues_for_a_community(works, found_community, steward, stranger):
    community = found_community(steward)

    with refused("NotSteward", community, stranger):
        works.registerCatalogue(catalogue_of(stranger, community).as_tuple(), by(stranger))


def test_a_catalogue_is_registered_by_the_owner_it_names(works, customer, stranger):
    with refused("NotCatalogueOwner", customer, stranger):
        works.registerCatalogue(catalogue_of(customer).as_tuple(), by(stranger))


def test_a_catalogue_is_registered_once(works, catalogue, customer):
    with refused("CatalogueAlreadyRegistered", catalogue.hash()):
        works.registerCatalogue(catalogue.as_tuple(), by(customer))


def test_a_root_that_another_registered_first_can_still_be_registered(
    works, customer, stranger, materialise
):
    works.registerCatalogue(catalogue_of(stranger).as_tuple(), by(stranger))

    works.registerCatalogue(catalogue_of(customer).as_tuple(), by(customer))
    materialise(catalogue_of(customer), 0)

    assert works.ownerOf(1) == customer


@pytest.mark.parametrize(
    "empty", [{"count": 0}, {"root": bytes(32)}, {"manifest_digest": bytes(32)}]
)
def test_an_empty_catalogue_is_refused(works, customer, empty):
    with refused("EmptyRegistration"):
        works.registerCatalogue(replace(catalogue_of(customer), **empty).as_tuple(), by(customer))


def test_leaves_of_a_catalogue_nobody_registered_stay_unreal(customer, materialise):
    catalogue = catalogue_of(customer)

    with refused("CatalogueUnknown", catalogue.hash()):
        materialise(catalogue, 0)


@pytest.mark.parametrize("field", ["count", "community_id"])
def test_a_catalogue_said_differently_is_another(catalogue, materialise, field):
    other = replace(catalogue, **{field: getattr(catalogue, field) + 1})

    with refused("CatalogueUnknown", other.hash()):
        materialise(other, 0)


def test_a_leaf_that_is_not_in_the_tree_is_refused(catalogue, materialise):
    changed = replace(WORKS[2], content_commitment=Digest(digest("a song of ours")))

    with refused("NotInCatalogue", catalogue.hash(), 2):
        materialise(catalogue, 2, work=changed)
    with refused("NotInCatalogue", catalogue.hash(), 2):
        materialise(catalogue, 2, proof=TREE.proof(3))
    with refused("NotInCatalogue", catalogue.hash(), 2):
        materialise(catalogue, 2, proof=())
    with refused("NotInCatalogue", catalogue.hash(), 2):
        materialise(catalogue, 2, proof=(*TREE.proof(2), bytes(32)))


def test_a_catalogue_ends_where_it_says(works, customer, materialise):
    short = replace(catalogue_of(customer), count=4)
    works.registerCatalogue(short.as_tuple(), by(customer))

    materialise(short, 3)
    with refused("NotInCatalogue", short.hash(), 4):
        materialise(short, 4)


def test_no_more_works_come_of_a_catalogue_than_it_says(works, customer, materialise):
    """Whoever builds a tree by hand can give several leaves one position."""
    leaves = [replace(WORKS[i], position=0) for i in range(2)]
    first, second = (leaf.leaf() for leaf in leaves)
    root = Digest(keccak256(min(first, second) + max(first, second)))
    one = replace(catalogue_of(customer), count=1, root=root)
    works.registerCatalogue(one.as_tuple(), by(customer))

    materialise(one, 0, work=leaves[0], proof=(second,))
    with refused("CatalogueFull", one.hash(), 1):
        materialise(one, 0, work=leaves[1], proof=(first,))


def test_a_leaf_without_sound_is_refused(works, customer, materialise):
    silent = CatalogueWork(0, WorkKind.STEM, Digest(bytes(32)), Digest(digest("card")))
    tree = CatalogueTree([silent])
    catalogue = catalogue_of(customer, tree=tree)
    works.registerCatalogue(catalogue.as_tuple(), by(customer))

    with refused("EmptyRegistration"):
        materialise(catalogue, 0, work=silent, proof=tree.proof(0))


def test_a_leaf_becomes_one_work_only(catalogue, materialise):
    materialise(catalogue, 5)

    with refused("ContentAlreadyRegistered", WORKS[5].content_commitment, 1):
        materialise(catalogue, 5)


def test_a_leaf_whose_content_somebody_registered_meanwhile_stays_theirs(
    works, catalogue, materialise, stranger
):
    leaf = WORKS[5]
    meanwhile = works.register(
        (0, leaf.kind, leaf.content_commitment, digest("other card")), by(stranger)
    )

    with refused("ContentAlreadyRegistered", leaf.content_commitment, 1):
        materialise(catalogue, 5)

    # The root is older, which is evidence for a dispute; the other leaves are not touched.
    assert works.catalogueRegisteredAt(catalogue.hash()) <= meanwhile.timestamp
    assert works.controllerOf(1) == stranger
    assert materialise(catalogue, 6).return_value == 2


def test_an_owner_who_committed_to_a_leaf_displaces_a_watcher(
    works, domain, catalogue, materialise, customer, stranger, mine_at
):
    leaf = WORKS[5]
    commitment = commitment_of(
        domain, customer.address, [catalogue.registration_of(leaf)], catalogue.root
    )
    committed = works.commit(commitment, by(customer)).timestamp
    mine_at(committed + COMMITMENT_AGE_MIN)
    works.register((0, leaf.kind, leaf.content_commitment, digest("other card")), by(stranger))

    tx = materialise(catalogue, 5)

    assert dict(tx.events["WorkDisplaced"]) == {"displaced": 1, "by": 2}
    assert works.workOf(2)[2] == committed
    assert works.controllerOf(1) == customer


def test_works_registered_one_by_one_and_from_a_catalogue_count_on(
    works, catalogue, materialise, customer
):
    works.register(registration("before").as_tuple(), by(customer))
    materialise(catalogue, 0)
    works.register(registration("after").as_tuple(), by(customer))

    assert works.workCount() == 3
    assert works.balanceOf(customer) == 3
    assert works.ownerOf(3) == customer != ZERO
