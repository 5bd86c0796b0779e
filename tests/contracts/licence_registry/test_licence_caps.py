"""Caps: counted by the usage oracle alone, never exceeded, and counted on after expiry."""

from __future__ import annotations

import brownie
import pytest

from chain.ledger.rights import Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, Terms, by

UNIT_CAP, REVENUE_CAP = 1_000, 5_000_000


@pytest.fixture
def oracle(licences, accounts):
    """The usage oracle's own account: the only one that may record usage."""
    account = accounts.at(licences.usageOracle(), force=True)
    yield account
    accounts.remove(account)


@pytest.fixture
def licence(stablecoin, register_work, grant, take_licence, customer, platform):
    terms = Terms(
        Tier.DISTRIBUTION,
        stablecoin.address,
        unit_cap=UNIT_CAP,
        revenue_cap=REVENUE_CAP,
        duration_seconds=DAY,
    )
    work = register_work(customer)
    grant(customer, work, terms)
    return take_licence(platform, work, terms, stablecoin)


def used(licences, licence):
    known = licences.licenceOf(licence)
    return known[6], known[8]


def test_usage_adds_up(licences, licence, oracle):
    licences.recordUsage([(licence, 10, 15_000)], by(oracle))
    tx = licences.recordUsage([(licence, 5, 7_500)], by(oracle))

    assert dict(tx.events["UsageRecorded"]) == {
        "licenceId": licence,
        "units": 5,
        "revenue": 7_500,
        "unitsUsed": 15,
        "revenueUsed": 22_500,
    }
    assert used(licences, licence) == (15, 22_500)


def test_both_caps_may_be_reached(licences, licence, oracle):
    licences.recordUsage([(licence, UNIT_CAP, REVENUE_CAP)], by(oracle))

    assert used(licences, licence) == (UNIT_CAP, REVENUE_CAP)


def test_each_licence_of_a_batch_has_the_caps_of_the_terms(
    licences, stablecoin, register_work, grant, customer, platform, oracle
):
    terms = Terms(
        Tier.DISTRIBUTION, stablecoin.address, price=0, unit_cap=UNIT_CAP, revenue_cap=REVENUE_CAP
    )
    work = register_work(customer)
    grant(customer, work, terms)
    tx = licences.takeLicences(work, terms, [platform] * 2, NO_PERMIT, by(platform))
    first, second = (event["licenceId"] for event in tx.events["LicenceTaken"])

    licences.recordUsage([(first, UNIT_CAP, 0), (second, 1, REVENUE_CAP)], by(oracle))

    assert [licences.licenceOf(each)[5] for each in (first, second)] == [UNIT_CAP] * 2
    assert [used(licences, each) for each in (first, second)] == [(UNIT_CAP, 0), (1, REVENUE_CAP)]
    with refused("UnitCapExceeded", first, UNIT_CAP + 1, UNIT_CAP):
        licences.recordUsage([(first, 1, 0)], by(oracle))


def test_no_unit_more_than_the_cap_is_counted(licences, licence, oracle):
    licences.recordUsage([(licence, UNIT_CAP, 0)], by(oracle))

    with refused("UnitCapExceeded", licence, UNIT_CAP + 1, UNIT_CAP):
        licences.recordUsage([(licence, 1, 0)], by(oracle))


def test_no_income_over_the_cap_is_counted(licences, licence, oracle):
    with refused("RevenueCapExceeded", licence, REVENUE_CAP + 1, REVENUE_CAP):
        licences.recordUsage([(licence, 1, REVENUE_CAP + 1)], by(oracle))


def test_numbers_too_large_for_their_types_do_not_wrap_around(licences, licence, oracle):
    licences.recordUsage([(licence, 1, 1)], by(oracle))

    with refused("UnitCapExceeded", licence, 2**64, UNIT_CAP):
        licences.recordUsage([(licence, 2**64 - 1, 0)], by(oracle))
    with refused("RevenueCapExceeded", licence, 2**128, REVENUE_CAP):
        licences.recordUsage([(licence, 0, 2**128 - 1)], by(oracle))


def test_the_same_licence_twice_in_a_report_counts_twice(licences, licence, oracle):
    half = (licence, UNIT_CAP // 2, 0)

    with refused("UnitCapExceeded", licence, UNIT_CAP + 1, UNIT_CAP):
        licences.recordUsage([half, half, (licence, 1, 0)], by(oracle))

    assert used(licences, licence) == (0, 0)


def test_usage_of_a_licence_nobody_took_is_refused(licences, licence, oracle):
    with refused("LicenceUnknown", 99):
        licences.recordUsage([(licence, 1, 1), (99, 1, 1)], by(oracle))

    assert used(licences, licence) == (0, 0)


def test_usage_is_counted_after_the_licence_ran_out(licences, licence, oracle, devnet, mine_at):
    mine_at(devnet[-1]["timestamp"] + 2 * DAY)
    assert not licences.isActive(licence)

    licences.recordUsage([(licence, 1, 1)], by(oracle))

    assert used(licences, licence) == (1, 1)


def test_only_the_usage_oracle_records_usage(licences, licence, platform, deployer):
    for outsider in (platform, deployer):
        with refused("NotRecorder", outsider):
            licences.recordUsage([(licence, 1, 1)], by(outsider))


def test_usage_of_a_rejected_report_is_given_back(licences, licence, oracle):
    licences.recordUsage([(licence, 10, 15_000)], by(oracle))

    tx = licences.returnUsage([(licence, 4, 6_000)], by(oracle))

    assert dict(tx.events["UsageReturned"]) == {
        "licenceId": licence,
        "units": 4,
        "revenue": 6_000,
        "unitsUsed": 6,
        "revenueUsed": 9_000,
    }
    assert used(licences, licence) == (6, 9_000)


def test_no_more_is_given_back_than_was_counted(licences, licence, oracle):
    licences.recordUsage([(licence, 1, 1)], by(oracle))

    for too_much in ((licence, 2, 0), (licence, 0, 2)):
        with brownie.reverts("Integer overflow"):
            licences.returnUsage([too_much], by(oracle))


def test_only_the_usage_oracle_gives_usage_back(licences, licence, platform):
    with refused("NotRecorder", platform):
        licences.returnUsage([(licence, 0, 0)], by(platform))
