"""Communities, elders, platforms and payees that are Safes, whose owners sign two of three."""

from __future__ import annotations

import pytest
from brownie.exceptions import VirtualMachineError

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import ConsentProposal, Terms, by, digest
from tests.contracts.safes.conftest import DELEGATECALL
from tests.contracts.signing import ElderApproval, Voucher, digest_of, typed_data

SONG = (1, 1, digest("song of the safe"), digest("manifest of the safe"))


@pytest.fixture
def safe(make_safe, elders):
    """A community's Safe, or an elder's: two of three must sign."""
    return make_safe(elders, 2)


@pytest.fixture
def terms(stablecoin):
    return Terms(Tier.TRAINING, str(stablecoin), price=100)


@pytest.fixture
def work(safe, consents, works, elders):
    """A work of a community whose steward is the Safe."""
    safe.execute(consents.foundCommunity, [], 0, bytes(32), owners=elders[:2])
    tx = safe.execute(works.register, SONG, owners=elders[1:])
    return int(tx.events["WorkRegistered"]["workId"])


@pytest.fixture
def pay(royalty_ledger, stablecoin, platform):
    def pay(work, amount):
        stablecoin.approve(royalty_ledger, amount, by(platform))
        royalty_ledger.pay(work, stablecoin, amount, by(platform))

    return pay


def test_a_safe_leads_a_community(consents, works, safe, work, elders):
    assert consents.stewardOf(1) == works.controllerOf(work) == safe.address

    safe.execute(
        consents.proposeConsent,
        work,
        Tier.GENERATION,
        ConsentProposal(digest("terms")),
        owners=elders[:2],
    )

    assert consents.consentOf(work, Tier.GENERATION)[0] == ConsentState.GRANTED


def test_one_owner_alone_moves_nothing(consents, safe, work, elders):
    proposal = ConsentProposal(digest("terms"))

    # GS020: too few signatures (Safe's own word for it).
    with pytest.raises(VirtualMachineError, match="GS020"):
        safe.execute(consents.proposeConsent, work, Tier.GENERATION, proposal, owners=elders[:1])

    assert consents.consentOf(work, Tier.GENERATION)[0] != ConsentState.GRANTED


@pytest.fixture
def asked_elder(consents, register_work, safe, steward, devnet):
    """A proposal that only the Safe's approval is wanting to, as words to sign."""
    community = consents.foundCommunity([safe.address], 1, bytes(32), by(steward)).return_value
    work = register_work(steward, community)
    proposal = ConsentProposal(digest("terms"))
    offer = consents.proposeConsent(work, Tier.TRAINING, proposal, by(steward)).return_value
    approval = ElderApproval(safe.address, work, Tier.TRAINING, offer, digest("terms"))
    return approval, typed_data(consents, "ElderApproval", approval, chain_id=devnet.id)


def test_a_safe_is_an_elder_and_its_owners_sign(consents, asked_elder, safe, elders, relay):
    approval, words = asked_elder
    lone = safe.sign(digest_of(words), elders[:1])
    foreign = safe.sign(digest_of(words), [elders[0], relay])

    for short in (lone, foreign):
        with refused("NotSignedBy", safe.address):
            consents.approveConsentSigned(approval, short, by(relay))
    consents.approveConsentSigned(approval, safe.sign(digest_of(words), elders[1:]), by(relay))

    assert consents.consentOf(approval.work, Tier.TRAINING)[0] == ConsentState.GRANTED


def test_what_a_safe_signed_on_the_chain_needs_no_signature(
    consents, asked_elder, safe, safe_library, elders, relay
):
    approval, words = asked_elder
    with refused("NotSignedBy", safe.address):
        consents.approveConsentSigned(approval, b"", by(relay))

    safe.execute(
        safe_library["messages"].signMessage,
        digest_of(words),
        owners=elders[:2],
        operation=DELEGATECALL,
    )
    consents.approveConsentSigned(approval, b"", by(relay))

    assert consents.consentOf(approval.work, Tier.TRAINING)[0] == ConsentState.GRANTED


def test_a_safe_issues_a_voucher_and_another_takes_the_licence(
    consents,
    licences,
    royalty_ledger,
    stablecoin,
    safe,
    work,
    terms,
    elders,
    make_safe,
    payees,
    devnet,
    relay,
):
    proposal = ConsentProposal(terms.hash(), by_voucher=True)
    safe.execute(consents.proposeConsent, work, Tier.TRAINING, proposal, owners=elders[:2])
    voucher = Voucher(work, terms.hash())
    words = typed_data(licences, "LicenceVoucher", voucher, chain_id=devnet.id)
    signature = safe.sign(digest_of(words), elders[:2])
    buyer = make_safe(payees[:2], 2, salt=1)
    stablecoin.mint(buyer.address, terms.price, by(relay))
    buyer.execute(stablecoin.approve, royalty_ledger, terms.price, owners=payees[:2])

    tx = buyer.execute(
        licences.redeemVoucher, voucher, signature, terms, NO_PERMIT, owners=payees[:2]
    )

    assert licences.holderOf(tx.events["LicenceTaken"]["licenceId"]) == buyer.address
    assert stablecoin.balanceOf(buyer.address) == 0


def test_a_safe_sets_a_split_and_is_paid(
    royalty_ledger, stablecoin, safe, work, pay, elders, payees, relay
):
    shares = sorted(
        [(safe.address, 7_000), (payees[0].address, 3_000)], key=lambda share: int(share[0], 16)
    )
    tx = safe.execute(royalty_ledger.setSplit, work, shares, owners=elders[:2])
    version = tx.events["SplitSet"]["version"]
    pay(work, 1_000)

    royalty_ledger.claim(work, stablecoin, version, shares, safe.address, by(relay))
    assert stablecoin.balanceOf(safe.address) == 700
    safe.execute(stablecoin.transfer, relay, 700, owners=elders[:2])

    assert stablecoin.balanceOf(relay) == 700
