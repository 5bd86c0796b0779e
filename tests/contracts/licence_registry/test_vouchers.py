"""Vouchers: issued by a signature, redeemed while consent lives, counted, struck out by nonce."""

from __future__ import annotations

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import SCALE, ConsentProposal, Terms, by
from tests.contracts.signing import Voucher, digest_of, mirrored, sign_for_wallet

PRICE = 25_000_000
REVOKED = 2**256 - 1


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.TRAINING, stablecoin.address, price=PRICE)


@pytest.fixture
def invite(consents):
    """Consent for those only to whom the controller gives a voucher."""

    def invite(controller, work, terms):
        proposal = ConsentProposal(terms.hash(), by_voucher=True)
        consents.proposeConsent(work, terms.tier, proposal, by(controller))

    return invite


@pytest.fixture
def work(register_work, found_community, invite, terms, steward):
    work = register_work(steward, found_community(steward))
    invite(steward, work, terms)
    return work


@pytest.fixture
def redeem(licences, royalty_ledger, stablecoin, terms):
    def redeem(voucher, signature, holder, terms=terms):
        stablecoin.mint(holder, terms.price, by(holder))
        stablecoin.approve(royalty_ledger, terms.price, by(holder))
        return licences.redeemVoucher(voucher, signature, terms, NO_PERMIT, by(holder))

    return redeem


def test_nobody_takes_without_a_voucher_what_is_given_by_voucher(licences, work, terms, platform):
    with refused("VoucherNeeded", work, Tier.TRAINING):
        licences.takeLicence(work, terms, NO_PERMIT, by(platform))
    with refused("VoucherNeeded", work, Tier.TRAINING):
        licences.takeLicences(work, terms, [platform], NO_PERMIT, by(platform))


def test_a_voucher_is_worth_a_licence_at_its_price(
    licences, royalty_ledger, stablecoin, work, terms, signed, redeem, steward, platform
):
    voucher = Voucher(work, terms.hash(), platform.address)

    tx = redeem(voucher, signed(voucher, steward), platform)

    assert dict(tx.events["VoucherRedeemed"]) == {
        "licenceId": 1,
        "issuer": steward,
        "nonce": voucher.nonce,
        "uses": 1,
    }
    assert licences.holderOf(1) == platform
    assert royalty_ledger.accruedOf(work, stablecoin) == PRICE * SCALE
    assert licences.usesOf(steward, voucher.nonce) == 1


def test_the_hash_of_a_voucher_is_what_a_wallet_signs(licences, work, terms, words):
    voucher = Voucher(work, terms.hash())

    assert licences.hashVoucher(voucher) == "0x" + digest_of(words(voucher)).hex()


def test_a_bearers_voucher_serves_anybody_and_as_often_as_it_says(
    licences, work, terms, signed, redeem, steward, platform, customer, stranger
):
    voucher = Voucher(work, terms.hash(), count=2)
    signature = signed(voucher, steward)

    redeem(voucher, signature, platform)
    redeem(voucher, signature, customer)

    with refused("NonceSpent", steward, voucher.nonce):
        redeem(voucher, signature, stranger)
    assert [licences.holderOf(i) for i in (1, 2)] == [platform, customer]


def test_a_voucher_serves_its_holder_only(work, terms, signed, redeem, steward, platform, stranger):
    voucher = Voucher(work, terms.hash(), platform.address)

    with refused("NotVoucherHolder", platform, stranger):
        redeem(voucher, signed(voucher, steward), stranger)


def test_a_voucher_taken_back_is_worth_nothing(
    licences, work, terms, signed, redeem, steward, platform
):
    voucher = Voucher(work, terms.hash(), count=5)
    redeem(voucher, signed(voucher, steward), platform)

    for _ in range(2):
        tx = licences.revokeNonce(voucher.nonce, by(steward))

    assert dict(tx.events["NonceRevoked"]) == {"signer": steward, "nonce": voucher.nonce}
    assert licences.usesOf(steward, voucher.nonce) == REVOKED
    with refused("NonceSpent", steward, voucher.nonce):
        redeem(voucher, signed(voucher, steward), platform)


def test_others_cannot_take_a_voucher_back(
    licences, work, terms, signed, redeem, steward, platform, stranger
):
    voucher = Voucher(work, terms.hash())
    licences.revokeNonce(voucher.nonce, by(stranger))

    redeem(voucher, signed(voucher, steward), platform)


def test_a_voucher_is_good_in_the_second_of_its_deadline_and_not_after(
    work, terms, signed, redeem, steward, platform, devnet, mine_at
):
    now = devnet[-1]["timestamp"]
    voucher = Voucher(work, terms.hash(), count=2, deadline=now + 100)
    signature = signed(voucher, steward)
    devnet.sleep(0)
    mine_at(now + 101)

    with refused("SignatureExpired", now + 100):
        redeem(voucher, signature, platform)


@pytest.mark.parametrize(
    "domain",
    [
        {"chainId": 1},
        {"verifyingContract": "0x000000000000000000000000000000000000dEaD"},
        {"name": "Antiphon Consent Registry"},
        {"version": "2"},
    ],
)
def test_a_voucher_for_another_chain_or_contract_is_worth_nothing(
    work, terms, signed, redeem, steward, platform, domain
):
    voucher = Voucher(work, terms.hash())

    with refused("NotSignedBy", steward):
        redeem(voucher, signed(voucher, steward, **domain), platform)


@pytest.mark.parametrize(
    "change",
    [
        {"work": 1},
        {"holder": "0x0000000000000000000000000000000000000000"},
        {"count": 9},
        {"deadline": 2**40 - 2},
        {"nonce": 8},
    ],
)
def test_a_voucher_is_good_for_exactly_what_it_says(
    register_work, invite, terms, signed, redeem, steward, customer, platform, change
):
    first = register_work(customer)
    invite(customer, first, terms)
    second = register_work(customer)
    invite(customer, second, terms)
    voucher = Voucher(second, terms.hash(), platform.address)
    signature = signed(voucher, customer)
    change = {**change, "work": first} if "work" in change else change

    with refused("NotSignedBy", customer):
        redeem(voucher._replace(**change), signature, platform)


def test_a_voucher_of_other_terms_than_it_names_is_refused(
    work, terms, signed, redeem, steward, platform
):
    voucher = Voucher(work, terms.hash())
    dearer = terms._replace(price=PRICE + 1)

    with refused("TermsNotConsented", work, terms.hash(), dearer.hash()):
        redeem(voucher, signed(voucher, steward), platform, dearer)


def test_the_mirrored_signature_is_refused(work, terms, signed, redeem, steward, platform):
    voucher = Voucher(work, terms.hash())

    with refused("NotSignedBy", steward):
        redeem(voucher, mirrored(signed(voucher, steward)), platform)


def test_only_who_decides_for_the_work_issues(
    work, terms, signed, redeem, steward, platform, stranger
):
    voucher = Voucher(work, terms.hash())

    for account in (platform, stranger):
        with refused("NotSignedBy", steward):
            redeem(voucher, signed(voucher, account), platform)


def test_a_voucher_of_a_former_steward_is_worth_nothing(
    consents, register_work, found_community, invite, terms, signed, redeem, stewards, platform
):
    old, new = stewards[:2]
    community = found_community(old)
    work = register_work(old, community)
    invite(old, work, terms)
    voucher = Voucher(work, terms.hash())
    signature = signed(voucher, old)
    consents.offerStewardship(community, new, by(old))
    consents.acceptStewardship(community, by(new))

    with refused("NotSignedBy", new):
        redeem(voucher, signature, platform)


def test_consent_must_still_live_when_a_voucher_is_redeemed(
    consents, licences, work, terms, signed, redeem, steward, platform
):
    voucher = Voucher(work, terms.hash())
    signature = signed(voucher, steward)
    consents.suspendConsent(work, Tier.TRAINING, by(steward))

    with refused("ConsentNotLive", work, Tier.TRAINING, ConsentState.SUSPENDED):
        redeem(voucher, signature, platform)

    assert licences.usesOf(steward, voucher.nonce) == 0


def test_a_wallet_that_is_a_contract_issues_vouchers(
    consents, works, licences, terms, words, redeem, key_for, steward, platform, SignerWallet
):
    wallet = SignerWallet.deploy(steward, by(steward))

    def act(contract, call):
        return wallet.execute(contract, call, by(steward))

    act(consents, consents.foundCommunity.encode_input([], 0, bytes(32)))
    registration = (1, 1, b"\x01" * 32, b"\x02" * 32)
    work = act(works, works.register.encode_input(registration)).events["WorkRegistered"]["workId"]
    proposal = ConsentProposal(terms.hash(), by_voucher=True)
    act(consents, consents.proposeConsent.encode_input(work, terms.tier, proposal))
    voucher = Voucher(work, terms.hash())

    redeem(voucher, sign_for_wallet(key_for(steward), wallet, words(voucher)), platform)

    assert licences.holderOf(1) == platform
    with refused("NotSignedBy", wallet):
        stranger_key = b"\x07" * 32
        redeem(voucher, sign_for_wallet(stranger_key, wallet, words(voucher)), platform)
