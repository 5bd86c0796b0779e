"""Works as tokens: communal ones stay, others move and take control along; standards are kept."""

from __future__ import annotations

import base64

import pytest

from tests.contracts.refusals import refused
from tests.contracts.rights import ZERO, by, digest

ERC165, ERC721, ERC721_METADATA, ERC4906, ERC5192 = (
    "0x01ffc9a7",
    "0x80ac58cd",
    "0x5b5e139f",
    "0x49064906",
    "0xb45a3c0e",
)


@pytest.fixture
def communal(found_community, register_work, steward):
    return register_work(steward, found_community(steward))


@pytest.fixture
def private(register_work, customer):
    return register_work(customer)


def test_a_communal_work_is_locked_from_birth(works, found_community, steward):
    community = found_community(steward)

    tx = works.register((community, 1, digest("a"), digest("b")), by(steward))

    assert dict(tx.events["Locked"]) == {"tokenId": 1}
    assert works.locked(1)


def test_a_communal_work_cannot_be_handed_over(works, communal, steward, stranger):
    with refused("WorkIsCommunal", communal):
        works.transferFrom(steward, stranger, communal, by(steward))
    with refused("WorkIsCommunal", communal):
        works.safeTransferFrom(steward, stranger, communal, by(steward))

    assert works.ownerOf(communal) == steward


def test_not_even_an_approved_account_moves_a_communal_work(works, communal, steward, stranger):
    works.approve(stranger, communal, by(steward))
    works.setApprovalForAll(stranger, True, by(steward))

    with refused("WorkIsCommunal", communal):
        works.transferFrom(steward, stranger, communal, by(stranger))


def test_a_work_of_one_account_moves_and_takes_control_along(works, private, customer, stranger):
    tx = works.transferFrom(customer, stranger, private, by(customer))

    assert dict(tx.events["Transfer"]) == {"from": customer, "to": stranger, "tokenId": private}
    assert works.ownerOf(private) == stranger
    assert works.controllerOf(private) == stranger
    assert (works.balanceOf(customer), works.balanceOf(stranger)) == (0, 1)
    assert not works.locked(private)


def test_a_permission_to_move_a_work_ends_when_it_moved(works, private, customer, stranger):
    works.approve(stranger, private, by(customer))
    works.transferFrom(customer, stranger, private, by(stranger))
    works.transferFrom(stranger, customer, private, by(stranger))

    assert works.getApproved(private) == ZERO
    with refused("ERC721InsufficientApproval", stranger, private):
        works.transferFrom(customer, stranger, private, by(stranger))


def test_strangers_move_nothing(works, private, customer, stranger):
    with refused("ERC721InsufficientApproval", stranger, private):
        works.transferFrom(customer, stranger, private, by(stranger))


def test_nothing_is_moved_to_nobody(works, private, customer):
    with refused("ERC721InvalidReceiver", ZERO):
        works.transferFrom(customer, ZERO, private, by(customer))


def test_a_work_is_moved_from_its_owner_only(works, private, customer, stranger):
    with refused("ERC721IncorrectOwner", stranger, private, customer):
        works.transferFrom(stranger, customer, private, by(customer))


@pytest.mark.parametrize("question", ["ownerOf", "locked", "tokenURI", "getApproved"])
@pytest.mark.parametrize("token", [0, 1, 2**64 + 1])
def test_tokens_that_were_never_minted_have_no_answers(works, question, token):
    with refused("ERC721NonexistentToken", token):
        getattr(works, question)(token)


def test_an_id_wider_than_a_work_is_not_mistaken_for_one(works, private):
    with refused("ERC721NonexistentToken", 2**64 + private):
        works.ownerOf(2**64 + private)


def test_nobody_has_no_balance(works):
    with refused("ERC721InvalidOwner", ZERO):
        works.balanceOf(ZERO)


def test_the_token_points_to_its_manifest_by_cid(works, customer):
    manifest = digest("a manifest")

    works.register((0, 1, digest("samples"), manifest), by(customer))

    cid = b"\x01\x71\x12\x20" + manifest
    expected = "b" + base64.b32encode(cid).decode().lower().rstrip("=")
    assert works.tokenURI(1) == f"ipfs://{expected}"


@pytest.mark.parametrize("interface", [ERC165, ERC721, ERC721_METADATA, ERC4906, ERC5192])
def test_the_register_says_which_standards_it_keeps(works, interface):
    assert works.supportsInterface(interface)
    assert not works.supportsInterface("0xffffffff")
