"""Taking licences through the application: the price and nothing else, or a refusal for nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from api.application import Application
from api.licensing import PERMIT_SECONDS, balance, take_licence
from api.registration import TermsOffered, offer_terms, propose_consent, refuse_consent
from chain.client.errors import ContractRefused
from chain.ledger.identifiers import WorkId
from chain.ledger.rights import Terms, Tier
from tests.api.small_ledger import SmallLedger, generation_terms, offered_work, recording
from tests.devnet import CUSTOMER
from tests.heritage import YEAR_SECONDS, terms_of

PRICE = 7_000_019


@pytest.fixture
def offered(writable: Application, ledger: SmallLedger, tmp_path: Path) -> tuple[WorkId, Terms]:
    """A work of the third community with consent to generation under certain terms."""
    work, offer = offered_work(
        writable,
        ledger.devnet,
        ledger.heritage.communities[2],
        13,
        recording(tmp_path, "offered.wav"),
        (("qu", "Wayra"),),
    )
    return work.work_id, offer.terms


def refused_for_nothing(
    app: Application, ledger: SmallLedger, work_id: WorkId, terms: Terms
) -> ContractRefused:
    """Try to take a licence; make sure that nothing was charged, sent or allowed."""
    platform = ledger.platform
    before = (balance(app, platform.address), app.node.nonce(platform.address), app.head())
    count = app.licences.licence_count(at=app.head())

    with pytest.raises(ContractRefused) as refused:
        take_licence(app, work_id, terms, platform)

    after = (balance(app, platform.address), app.node.nonce(platform.address), app.head())
    assert after == before
    at = app.head()
    assert app.licences.licence_count(at=at) == count
    assert app.token.allowance(platform.address, app.ledger.address, at=at) == 0
    assert refused.value.tx_hash is None
    assert "Next:" in str(refused.value)
    return refused.value


def test_a_licence_costs_its_price_and_leaves_no_allowance(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, terms = offered
    platform = ledger.platform
    before = balance(writable, platform.address)
    held = balance(writable, writable.ledger.address)

    taken = take_licence(writable, work_id, terms, platform)

    at = writable.head()
    assert balance(writable, platform.address) == before - terms.price
    assert writable.token.allowance(platform.address, writable.ledger.address, at=at) == 0
    assert balance(writable, writable.ledger.address) == held + terms.price
    licence = writable.licences.licence_of(taken.licence_id, at=at)
    assert (licence.holder, licence.work_id) == (platform.address, work_id)
    assert licence.expiry == at.timestamp + terms.duration_seconds
    assert writable.licences.is_active(taken.licence_id, at=at)


def test_a_tier_that_its_community_refused_charges_nothing(
    writable: Application, ledger: SmallLedger
) -> None:
    flute = ledger.heritage.refused_work
    terms = terms_of(ledger.devnet, Tier.TRAINING, PRICE)

    refused = refused_for_nothing(writable, ledger, flute, terms)

    assert "community" in refused.plain.lower() or "refused" in refused.plain.lower()


def test_a_tier_that_nobody_consented_to_charges_nothing(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, terms = offered
    for tier in (Tier.TRAINING, Tier.DISTRIBUTION):
        refused_for_nothing(writable, ledger, work_id, replace(terms, tier=tier, royalty_share=0))


@pytest.mark.parametrize(
    "changed",
    [
        {"price": 0},
        {"royalty_share": 0},
        {"unit_price": 0},
        {"duration_seconds": 2 * YEAR_SECONDS},
        {"unit_cap": 2**40},
    ],
)
def test_terms_that_the_community_did_not_agree_to_charge_nothing(
    writable: Application,
    ledger: SmallLedger,
    offered: tuple[WorkId, Terms],
    changed: dict[str, int],
) -> None:
    work_id, terms = offered

    refused_for_nothing(writable, ledger, work_id, replace(terms, **changed))  # type: ignore[arg-type]


def test_consent_that_ran_out_charges_nothing(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    ledger.devnet.pass_time(YEAR_SECONDS + 1)

    refused_for_nothing(writable, ledger, *offered)


def test_consent_that_waits_for_elders_charges_nothing(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[12]
    work, offer = offered_work(
        writable,
        ledger.devnet,
        ledger.heritage.communities[1],
        12,
        recording(tmp_path, "bell.wav"),
        (("zh-Hant", "鐘"),),
        elders=(14, 15),
    )
    refused_for_nothing(writable, ledger, work.work_id, offer.terms)
    approve = writable.consents.approve_terms
    approve(work.work_id, Tier.GENERATION, offer.terms.hash(), signer=ledger.devnet.signers[14])
    refused_for_nothing(writable, ledger, work.work_id, offer.terms)
    approve(work.work_id, Tier.GENERATION, offer.terms.hash(), signer=ledger.devnet.signers[15])

    take_licence(writable, work.work_id, offer.terms, ledger.platform)

    refuse_consent(writable, work.work_id, Tier.TRAINING, steward)


def test_a_licensee_without_the_money_is_told_so(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    poor = ledger.devnet.signers[29]
    assert balance(writable, poor.address) < offered[1].price
    height = writable.head().number

    with pytest.raises(ContractRefused):
        take_licence(writable, *offered, poor)

    assert writable.head().number == height


def test_a_permit_pays_once(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, terms = offered
    platform, at = ledger.platform, writable.head()
    permit = writable.token.sign_permit(
        writable.ledger.address,
        terms.price,
        at.timestamp + PERMIT_SECONDS,
        at=at,
        signer=platform,
    )
    writable.licences.take_licence(work_id, terms, permit=permit, signer=platform)
    before = balance(writable, platform.address)

    with pytest.raises(ContractRefused):
        writable.licences.take_licence(work_id, terms, permit=permit, signer=platform)

    assert balance(writable, platform.address) == before


def test_a_permit_of_somebody_else_pays_nothing(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, terms = offered
    at = writable.head()
    permit = writable.token.sign_permit(
        writable.ledger.address,
        terms.price,
        at.timestamp + PERMIT_SECONDS,
        at=at,
        signer=ledger.platform,
    )
    thief = ledger.devnet.signers[CUSTOMER]
    before = [balance(writable, s.address) for s in (ledger.platform, thief)]

    with pytest.raises(ContractRefused):
        writable.licences.take_licence(work_id, terms, permit=permit, signer=thief)

    assert [balance(writable, s.address) for s in (ledger.platform, thief)] == before


def test_an_expired_permit_pays_nothing(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, terms = offered
    at = writable.head()
    permit = writable.token.sign_permit(
        writable.ledger.address, terms.price, at.timestamp, at=at, signer=ledger.platform
    )
    ledger.devnet.pass_time(5)
    before = balance(writable, ledger.platform.address)

    with pytest.raises(ContractRefused):
        writable.licences.take_licence(work_id, terms, permit=permit, signer=ledger.platform)

    assert balance(writable, ledger.platform.address) == before


def test_changed_terms_need_consent_of_their_own(
    writable: Application, ledger: SmallLedger, offered: tuple[WorkId, Terms]
) -> None:
    work_id, _ = offered
    steward = ledger.devnet.signers[13]
    dearer: TermsOffered = offer_terms(
        writable, generation_terms(ledger.devnet, PRICE * 2), [("en", "Dearer.")], steward
    )
    refused_for_nothing(writable, ledger, work_id, dearer.terms)
    until = writable.head().timestamp + YEAR_SECONDS
    propose_consent(writable, work_id, dearer, until, steward)

    take_licence(writable, work_id, dearer.terms, ledger.platform)
