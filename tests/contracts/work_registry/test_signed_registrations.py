"""Registering for who signed: keys and contracts sign, anyone sends, once, here, in time."""

from __future__ import annotations

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MIN, commitment_of, order_digest
from tests.contracts.refusals import refused
from tests.contracts.rights import FOREVER, by
from tests.contracts.work_registry.conftest import registration, tuples

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SONGS = [registration("one"), registration("two")]
NONCE = 0xA1B2
REVOKED = 2**256 - 1


@pytest.fixture
def signed(sign_order, customer, key_for):
    """The customer's order to register the songs, as `registerSigned` takes it."""

    def signed(registrations=tuple(SONGS), nonce=NONCE, deadline=FOREVER, signer=None, **domain):
        key = key_for(signer or customer)
        signature = sign_order(key, customer, registrations, nonce, deadline, **domain)
        return customer, tuples(registrations), nonce, deadline, signature

    return signed


def test_anyone_sends_what_an_owner_signed(works, signed, customer, relay):
    tx = works.registerSigned(*signed(), by(relay))

    assert tx.return_value == 1
    assert [works.ownerOf(work) for work in (1, 2)] == [customer, customer]
    assert works.usesOf(customer, NONCE) == 1


def test_our_own_hash_is_what_wallets_sign(domain, customer, key_for, signed):
    from eth_account import Account

    digest = order_digest(domain, customer.address, SONGS, NONCE, FOREVER)

    recovered = Account._recover_hash(digest, signature=signed()[4])
    assert recovered == customer.address


def test_a_steward_registers_for_its_community_by_signature(
    works, found_community, steward, key_for, sign_order, relay
):
    community = found_community(steward)
    songs = [registration("ours", community)]
    signature = sign_order(key_for(steward), steward, songs, 1, FOREVER)

    works.registerSigned(steward, tuples(songs), 1, FOREVER, signature, by(relay))

    assert works.locked(1)
    assert works.controllerOf(1) == steward


def test_a_signature_does_not_make_one_a_steward(
    works, found_community, steward, customer, signed, relay
):
    community = found_community(steward)

    with refused("NotSteward", community, customer):
        works.registerSigned(*signed([registration("theirs", community)]), by(relay))


def test_a_contract_signs_too(works, SigningAccount, customer, key_for, sign_order, relay):
    account = SigningAccount.deploy(customer, by(relay))
    signature = sign_order(key_for(customer), account, SONGS, NONCE, FOREVER)

    works.registerSigned(account, tuples(SONGS), NONCE, FOREVER, signature, by(relay))

    assert works.ownerOf(2) == account


def test_a_contract_that_did_not_sign_is_refused(
    works, SigningAccount, customer, stranger, key_for, sign_order, relay
):
    account = SigningAccount.deploy(customer, by(relay))
    signature = sign_order(key_for(stranger), account, SONGS, NONCE, FOREVER)

    with refused("NotSignedBy", account):
        works.registerSigned(account, tuples(SONGS), NONCE, FOREVER, signature, by(relay))


def test_a_contract_registers_for_itself(works, SigningAccount, customer, relay):
    account = SigningAccount.deploy(customer, by(relay))

    account.call(works, works.register.encode_input(SONGS[0].as_tuple()), by(customer))

    assert works.controllerOf(1) == account


def test_an_order_is_carried_out_once(works, signed, customer, relay):
    works.registerSigned(*signed([SONGS[0]]), by(relay))

    with refused("NonceSpent", customer, NONCE):
        works.registerSigned(*signed([SONGS[1]]), by(relay))


def test_nonces_need_no_order(works, signed, relay):
    for number, nonce in enumerate((2**256 - 1, 0, 7)):
        works.registerSigned(*signed([registration(f"song {number}")], nonce), by(relay))

    assert works.workCount() == 3


def test_a_signer_strikes_an_order_out(works, signed, customer, relay):
    tx = works.revokeNonce(NONCE, by(customer))
    works.revokeNonce(NONCE, by(customer))

    assert dict(tx.events["NonceRevoked"]) == {"signer": customer, "nonce": NONCE}
    assert works.usesOf(customer, NONCE) == REVOKED
    with refused("NonceSpent", customer, NONCE):
        works.registerSigned(*signed(), by(relay))


def test_an_order_ends_at_its_deadline(works, signed, devnet, mine_at, relay):
    deadline = devnet.time() + 1_000
    order = signed(deadline=deadline)
    mine_at(deadline + 1)

    with refused("SignatureExpired", deadline):
        works.registerSigned(*order, by(relay))


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"name": "Antiphon Usage Oracle"},
        {"version": "2"},
    ],
)
def test_an_order_for_elsewhere_is_refused(works, signed, customer, relay, elsewhere):
    with refused("NotSignedBy", customer):
        works.registerSigned(*signed(**elsewhere), by(relay))


@pytest.mark.parametrize("changed", range(4))
def test_an_order_is_for_exactly_what_was_signed(works, signed, customer, relay, changed):
    owner, registrations, nonce, deadline, signature = signed()
    order = [owner, registrations, nonce, deadline, signature]
    order[changed] = [relay, registrations[:1], nonce + 1, deadline - 1][changed]

    with refused("NotSignedBy", order[0]):
        works.registerSigned(*order, by(relay))


def test_anothers_signature_is_refused(works, signed, customer, stranger, relay):
    with refused("NotSignedBy", customer):
        works.registerSigned(*signed(signer=stranger), by(relay))


def test_the_other_signature_of_the_same_key_is_refused(works, signed, customer, relay):
    *order, signature = signed()
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    mirrored = r + (SECP256K1_ORDER - s).to_bytes(32, "big") + bytes([55 - v])

    with refused("NotSignedBy", customer):
        works.registerSigned(*order, mirrored, by(relay))


@pytest.mark.parametrize("signature", [b"", b"\x01" * 64, b"\x01" * 66])
def test_what_is_no_signature_is_refused(works, signed, customer, relay, signature):
    *order, _ = signed()

    with refused("NotSignedBy", customer):
        works.registerSigned(*order, signature, by(relay))


def test_an_empty_order_registers_nothing(works, signed, relay):
    with refused("EmptyRegistration"):
        works.registerSigned(*signed([]), by(relay))


def test_an_order_that_was_committed_to_displaces_a_watcher(
    works, domain, signed, customer, stranger, relay, mine_at
):
    salt = NONCE.to_bytes(32, "big")
    commitment = commitment_of(domain, customer.address, SONGS, salt)
    committed = works.commit(commitment, by(relay)).timestamp
    mine_at(committed + COMMITMENT_AGE_MIN)
    works.register(SONGS[1].as_tuple(), by(stranger))

    tx = works.registerSigned(*signed(), by(relay))

    assert dict(tx.events["WorkDisplaced"]) == {"displaced": 1, "by": 3}
    assert works.workOf(2)[2] == works.workOf(3)[2] == committed


def test_a_commitment_too_young_counts_for_nothing(works, domain, signed, customer, relay):
    salt = NONCE.to_bytes(32, "big")
    commitment = commitment_of(domain, customer.address, SONGS, salt)
    committed = works.commit(commitment, by(relay)).timestamp

    tx = works.registerSigned(*signed(), by(relay))

    assert works.workOf(1)[2] == tx.timestamp
    assert works.committedAt(commitment) == committed
