"""Catalogues: every leaf is proven, none twice, and the tree is OpenZeppelin's."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.catalogue import Catalogue, CatalogueTree, CatalogueWork
from chain.ledger.errors import Malformed, ProofInvalid
from chain.ledger.identifiers import Address, CommunityId, Digest
from chain.ledger.keccak import keccak256
from chain.ledger.registration import Registration
from chain.ledger.rights import WorkKind
from chain.ledger.standard_tree import verify_standard

OWNER = Address("0x00000000000000000000000000000000000000AA")


def works(count: int) -> list[CatalogueWork]:
    return [
        CatalogueWork(i, WorkKind.STEM, Digest(keccak256(b"%d" % i)), Digest(keccak256(b"card")))
        for i in range(count)
    ]


@given(st.integers(1, 70))
def test_every_work_is_proven(count: int) -> None:
    tree = CatalogueTree(works(count))

    for position, work in enumerate(tree.works):
        verify_standard(tree.root, work.leaf(), tree.proof(position))


def test_a_leaf_is_the_double_hash_of_its_abi_encoding() -> None:
    work = works(3)[2]

    encoded = encode(["uint32", "uint8", "bytes32", "bytes32"], work.as_tuple())
    assert work.leaf() == keccak256(keccak256(encoded))


def test_a_catalogue_is_known_by_all_that_is_said_of_it() -> None:
    catalogue = Catalogue(OWNER, CommunityId(7), 3, Digest(b"\1" * 32), Digest(b"\2" * 32))

    types = ["address", "uint32", "uint32", "bytes32", "bytes32"]
    assert catalogue.hash() == keccak256(encode(types, catalogue.as_tuple()))


def test_a_leaf_registers_what_it_says_for_the_catalogues_community() -> None:
    catalogue = Catalogue(OWNER, CommunityId(7), 3, Digest(b"\1" * 32), Digest(b"\2" * 32))
    work = works(1)[0]

    assert catalogue.registration_of(work) == Registration(
        CommunityId(7), work.kind, work.content_commitment, work.manifest_digest
    )


def test_a_catalogue_holds_works_in_order_and_each_content_once() -> None:
    first, second = works(2)
    with pytest.raises(Malformed, match="holds no works"):
        CatalogueTree([])
    with pytest.raises(Malformed, match="position 1 follows -1"):
        CatalogueTree([second])
    copy = CatalogueWork(1, WorkKind.STEM, first.content_commitment, second.manifest_digest)
    with pytest.raises(Malformed, match="works 0 and 1 have one content"):
        CatalogueTree([first, copy])


@pytest.mark.parametrize("position", [-1, 2])
def test_works_beyond_the_catalogue_have_no_proof(position: int) -> None:
    with pytest.raises(ProofInvalid, match="the catalogue holds 2"):
        CatalogueTree(works(2)).proof(position)


@pytest.mark.parametrize(
    ("position", "content"), [(2**32, b"\1" * 32), (-1, b"\1" * 32), (0, b"short")]
)
def test_a_malformed_leaf_is_refused(position: int, content: bytes) -> None:
    with pytest.raises(Malformed):
        CatalogueWork(position, WorkKind.STEM, Digest(content), Digest(b"\2" * 32))
