"""Sublicences: a part of a licence, never longer, never more, and only while consent lives."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, ZERO, Terms, by

UNITS, REVENUE, SHARE = 1_000, 5_000_000, 100_000_000


@pytest.fixture
def terms(stablecoin):
    return Terms.generation(
        stablecoin,
        share=SHARE,
        price=1,
        unit_cap=UNITS,
        revenue_cap=REVENUE,
        duration_seconds=30 * DAY,
        sublicensable=True,
    )


@pytest.fixture
def work(register_work, grant, customer, terms):
    work = register_work(customer)
    grant(customer, work, terms)
    return work


@pytest.fixture
def parent(work, terms, take_licence, platform, stablecoin):
    return take_licence(platform, work, terms, stablecoin)


@pytest.fixture
def expiry(licences, parent):
    return licences.licenceOf(parent)[1]


@pytest.fixture
def oracle(licences, accounts):
    account = accounts.at(licences.usageOracle(), force=True)
    yield account
    accounts.remove(account)


def test_a_sublicence_is_a_licence_of_its_own(
    licences, parent, terms, work, expiry, platform, stranger
):
    part = (stranger.address, expiry, 400, 1_000_000)

    tx = licences.sublicense(parent, terms, part, by(platform))

    assert dict(tx.events["LicenceSublicensed"]) == {
        "licenceId": 2,
        "parent": parent,
        "unitCap": 400,
        "revenueCap": 1_000_000,
        "unitsUsed": 400,
        "revenueUsed": 1_000_000,
    }
    assert dict(tx.events["LicenceTaken"]) == {
        "licenceId": 2,
        "workId": work,
        "holder": stranger,
        "offer": 1,
        "expiry": expiry,
    }
    assert licences.licenceOf(2) == (
        stranger,
        expiry,
        Tier.GENERATION,
        work,
        SHARE,
        400,
        0,
        1_000_000,
        0,
        "0x" + terms.hash().hex(),
        1,
        parent,
    )
    assert licences.parentLicenceOf(2) == parent
    assert licences.parentLicenceOf(parent) == 0
    assert licences.isActive(2)
    assert licences.revokerOf(2) == licences.revokerOf(parent) == ZERO
    assert licences.royaltyShareFor(2, stranger, work) == SHARE


def test_what_was_passed_on_is_gone_from_the_parent(
    licences, parent, terms, expiry, platform, stranger, oracle
):
    licences.sublicense(parent, terms, (stranger.address, expiry, 400, 0), by(platform))
    licences.recordUsage([(parent, 600, 0), (2, 400, 0)], by(oracle))

    with refused("UnitCapExceeded", parent, UNITS + 1, UNITS):
        licences.recordUsage([(parent, 1, 0)], by(oracle))
    with refused("UnitCapExceeded", 2, 401, 400):
        licences.recordUsage([(2, 1, 0)], by(oracle))


def test_no_more_is_passed_on_than_is_left(
    licences, parent, terms, expiry, platform, stranger, oracle
):
    licences.recordUsage([(parent, 700, REVENUE)], by(oracle))

    with refused("UnitCapExceeded", parent, UNITS + 1, UNITS):
        licences.sublicense(parent, terms, (stranger.address, expiry, 301, 0), by(platform))
    with refused("RevenueCapExceeded", parent, REVENUE + 1, REVENUE):
        licences.sublicense(parent, terms, (stranger.address, expiry, 300, 1), by(platform))


def test_a_sublicence_ends_no_later_than_its_parent(
    licences, parent, terms, expiry, platform, stranger
):
    with refused("SublicenceExpiryUnfit", expiry + 1, expiry):
        licences.sublicense(parent, terms, (stranger.address, expiry + 1, 1, 0), by(platform))


def test_a_sublicence_does_not_begin_when_it_has_ended(
    licences, parent, terms, expiry, platform, stranger, devnet
):
    now = devnet[-1]["timestamp"]

    with refused("SublicenceExpiryUnfit", now, expiry):
        licences.sublicense(parent, terms, (stranger.address, now, 1, 0), by(platform))


def test_expiry_is_the_least_along_a_path(licences, parent, terms, expiry, accounts, platform):
    holders, licence = [platform, *accounts[20:24]], parent
    for step, (holder, heir) in enumerate(pairwise(holders), start=1):
        part = (heir.address, expiry - step, UNITS - step, REVENUE - step)
        with refused("SublicenceExpiryUnfit", expiry - step + 2, expiry - step + 1):
            longer = (heir.address, expiry - step + 2, 1, 1)
            licences.sublicense(licence, terms, longer, by(holder))
        licences.sublicense(licence, terms, part, by(holder))
        licence = licences.licenceCount()

    path = [licence]
    while licences.parentLicenceOf(path[-1]):
        path.append(licences.parentLicenceOf(path[-1]))
    assert path == [5, 4, 3, 2, 1]
    expiries = [licences.licenceOf(step)[1] for step in path]
    assert expiries == sorted(expiries)


def test_only_its_holder_passes_a_licence_on(licences, parent, terms, expiry, stranger, platform):
    with refused("NotHolder", parent, stranger):
        licences.sublicense(parent, terms, (stranger.address, expiry, 1, 0), by(stranger))
    with refused("LicenceUnknown", 99):
        licences.sublicense(99, terms, (stranger.address, expiry, 1, 0), by(platform))
    with refused("NotHolder", parent, ZERO):
        licences.sublicense(parent, terms, (ZERO, expiry, 1, 0), by(platform))


def test_terms_that_do_not_allow_it_are_not_passed_on(
    licences, register_work, grant, take_licence, stablecoin, terms, customer, platform, stranger
):
    closed = terms._replace(sublicensable=False)
    work = register_work(customer)
    grant(customer, work, closed)
    licence = take_licence(platform, work, closed, stablecoin)
    expiry = licences.licenceOf(licence)[1]

    with refused("NotSublicensable", licence):
        licences.sublicense(licence, closed, (stranger.address, expiry, 1, 0), by(platform))
    with refused("TermsNotConsented", work, closed.hash(), terms.hash()):
        licences.sublicense(licence, terms, (stranger.address, expiry, 1, 0), by(platform))


def test_no_sublicence_without_live_consent(
    licences, consents, parent, terms, work, expiry, platform, customer, stranger
):
    consents.withdrawConsent(work, Tier.GENERATION, by(customer))

    with refused("ConsentNotLive", work, Tier.GENERATION, ConsentState.WITHDRAWN):
        licences.sublicense(parent, terms, (stranger.address, expiry, 1, 0), by(platform))


def test_no_sublicence_of_terms_that_are_no_longer_offered(
    licences, parent, terms, work, expiry, grant, platform, customer, stranger
):
    newer = terms._replace(price=2)
    grant(customer, work, newer)

    with refused("TermsNotConsented", work, newer.hash(), terms.hash()):
        licences.sublicense(parent, terms, (stranger.address, expiry, 1, 0), by(platform))


def test_a_licence_is_fit_for_its_holder_work_and_time_alone(
    licences, parent, work, expiry, register_work, platform, stranger, customer, mine_at
):
    other = register_work(customer)

    assert licences.royaltyShareFor(parent, platform, work) == SHARE
    for licence, holder, of_work in (
        (parent, stranger, work),
        (parent, platform, other),
        (99, platform, work),
        (0, ZERO, 0),
    ):
        with refused("LicenceUnfit", licence, of_work):
            licences.royaltyShareFor(licence, holder, of_work)
    mine_at(expiry)
    with refused("LicenceUnfit", parent, work):
        licences.royaltyShareFor(parent, platform, work)


def test_only_generation_has_a_share_for_derivatives(
    licences, register_work, grant, take_licence, stablecoin, customer, platform
):
    terms = Terms(Tier.TRAINING, stablecoin.address, price=0)
    work = register_work(customer)
    grant(customer, work, terms)
    licence = take_licence(platform, work, terms, stablecoin)

    with refused("LicenceUnfit", licence, work):
        licences.royaltyShareFor(licence, platform, work)
