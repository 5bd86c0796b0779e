"""Sublicences: within a licence, never longer, never more, and only while consent lives."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chain.ledger.rights import ConsentState, Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, ZERO, Terms, by

UNITS, REVENUE, SHARE = 1_000, 5_000_000, 100_000_000
PATH_MAX = 8
# A report names so many licences, and a transaction may cost so much (EIP-7825).
LINES_MAX, TRANSACTION_GAS_MAX = 64, 2**24


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


@pytest.fixture
def path(licences, parent, terms, expiry, accounts, platform):
    """Makes a path of so many licences, the community's first, and the licences in between."""

    def path(length):
        holders = [platform, *accounts[20 : 19 + length]]
        for holder, heir in pairwise(holders):
            part = (heir.address, expiry, UNITS, REVENUE)
            licences.sublicense(licences.licenceCount(), terms, part, by(holder))
        return list(range(parent, parent + length))

    return path


def used(licences, licence):
    known = licences.licenceOf(licence)
    return known[6], known[8]


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


def test_a_sublicence_takes_nothing_from_what_its_parent_may_report(
    licences, parent, terms, expiry, platform, stranger, oracle
):
    """Or whoever holds a licence could pass on what operators have signed a report of already."""
    licences.sublicense(parent, terms, (stranger.address, expiry, UNITS, REVENUE), by(platform))

    licences.recordUsage([(parent, UNITS, REVENUE)], by(oracle))

    assert used(licences, parent) == (UNITS, REVENUE)
    assert used(licences, 2) == (0, 0)


def test_use_under_a_sublicence_counts_for_every_licence_above_it(licences, path, oracle):
    """And for no other: neither for those below it, nor for those beside it."""
    top, middle, lowest = path(3)

    tx = licences.recordUsage([(lowest, 3, 30), (middle, 5, 50), (top, 7, 70)], by(oracle))

    totals = {lowest: (3, 30), middle: (8, 80), top: (15, 150)}
    assert {licence: used(licences, licence) for licence in totals} == totals
    assert [tuple(event.values()) for event in tx.events["UsageRecorded"]] == [
        (lowest, 3, 30, 3, 30),
        (middle, 3, 30, 3, 30),
        (top, 3, 30, 3, 30),
        (middle, 5, 50, 8, 80),
        (top, 5, 50, 8, 80),
        (top, 7, 70, 15, 150),
    ]


def test_what_is_given_back_is_given_back_along_the_path(licences, path, oracle):
    top, middle, lowest = path(3)
    licences.recordUsage([(lowest, 3, 30), (middle, 5, 50)], by(oracle))

    tx = licences.returnUsage([(lowest, 2, 20), (middle, 5, 50)], by(oracle))

    totals = {lowest: (1, 10), middle: (1, 10), top: (1, 10)}
    assert {licence: used(licences, licence) for licence in totals} == totals
    assert [tuple(event.values()) for event in tx.events["UsageReturned"]] == [
        (lowest, 2, 20, 1, 10),
        (middle, 2, 20, 6, 60),
        (top, 2, 20, 6, 60),
        (middle, 5, 50, 1, 10),
        (top, 5, 50, 1, 10),
    ]


def test_both_directions_say_whose_use_it_was(licences, path, oracle):
    top, middle, lowest = path(3)
    lines = [(lowest, 1, 1), (top, 1, 1), (middle, 1, 1)]
    holders = [licences.holderOf(line[0]) for line in lines]

    assert licences.recordUsage(lines, by(oracle)).return_value == holders
    assert licences.returnUsage(lines, by(oracle)).return_value == holders
    assert len(set(holders)) == 3


def test_use_needs_room_on_the_whole_path(
    licences, parent, terms, expiry, platform, stranger, oracle
):
    licences.sublicense(parent, terms, (stranger.address, expiry, 400, 4_000_000), by(platform))

    with refused("UnitCapExceeded", 2, 401, 400):
        licences.recordUsage([(2, 401, 0)], by(oracle))
    with refused("RevenueCapExceeded", 2, 4_000_001, 4_000_000):
        licences.recordUsage([(2, 1, 4_000_001)], by(oracle))
    licences.recordUsage([(parent, 700, 3_000_000)], by(oracle))
    with refused("UnitCapExceeded", parent, UNITS + 1, UNITS):
        licences.recordUsage([(2, 301, 0)], by(oracle))
    with refused("RevenueCapExceeded", parent, REVENUE + 1, REVENUE):
        licences.recordUsage([(2, 1, 2_000_001)], by(oracle))
    assert used(licences, 2) == (0, 0)
    licences.recordUsage([(2, 300, 2_000_000)], by(oracle))
    assert used(licences, parent) == (UNITS, REVENUE)


def test_sublicences_side_by_side_share_what_their_parent_has_left(
    licences, parent, terms, expiry, platform, stranger, customer, oracle
):
    for holder in (stranger, customer):
        licences.sublicense(parent, terms, (holder.address, expiry, 600, REVENUE), by(platform))
    licences.recordUsage([(2, 600, 0)], by(oracle))

    with refused("UnitCapExceeded", parent, UNITS + 1, UNITS):
        licences.recordUsage([(3, 401, 0)], by(oracle))
    licences.recordUsage([(3, 400, 0)], by(oracle))


def test_no_higher_caps_are_passed_on_than_the_parents(
    licences, parent, terms, expiry, platform, stranger
):
    for units, revenue in ((UNITS + 1, REVENUE), (UNITS, REVENUE + 1)):
        with refused("SublicenceCapsUnfit", units, revenue, UNITS, REVENUE):
            part = (stranger.address, expiry, units, revenue)
            licences.sublicense(parent, terms, part, by(platform))
    licences.sublicense(parent, terms, (stranger.address, expiry, 400, 40), by(platform))

    for units, revenue in ((401, 40), (400, 41)):
        with refused("SublicenceCapsUnfit", units, revenue, 400, 40):
            part = (platform.address, expiry, units, revenue)
            licences.sublicense(2, terms, part, by(stranger))


def test_a_path_has_eight_licences_at_most(licences, path, terms, expiry, oracle, accounts):
    """So that counting one use has a bounded cost."""
    licences_on_it = path(PATH_MAX)
    lowest = licences_on_it[-1]
    holder = accounts.at(licences.holderOf(lowest))

    with refused("SublicenceTooDeep", lowest):
        licences.sublicense(lowest, terms, (holder.address, expiry, 1, 1), by(holder))
    licences.recordUsage([(lowest, 1, 2)], by(oracle))
    assert [used(licences, licence) for licence in licences_on_it] == [(1, 2)] * PATH_MAX


@pytest.mark.gas
def test_a_report_of_licences_at_the_end_of_their_paths_can_be_posted(
    licences, register_work, grant, terms, expiry, customer, platform, oracle
):
    """Every licence is used for the first time; a tenth is left for the rest of the report."""
    paths, free = 4, terms._replace(price=0)
    work = register_work(customer)
    grant(customer, work, free)
    lowest = []
    for _ in range(paths):
        licences.takeLicence(work, free, NO_PERMIT, by(platform))
        for _ in range(PATH_MAX - 1):
            part = (platform.address, expiry, UNITS, REVENUE)
            licences.sublicense(licences.licenceCount(), free, part, by(platform))
        lowest.append(licences.licenceCount())

    tx = licences.recordUsage([(licence, 1, 1) for licence in lowest], by(oracle))

    assert len(tx.events["UsageRecorded"]) == paths * PATH_MAX
    assert tx.gas_used * LINES_MAX // paths < TRANSACTION_GAS_MAX * 9 // 10


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
