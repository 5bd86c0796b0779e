"""Whose money a report takes: that of the holders whose licences it counts, and no more of it."""

from __future__ import annotations

import pytest

from tests.contracts.royalty_ledger.stage import by, refusal_of
from tests.contracts.usage_oracle.conftest import FUNDS, NO_HASH

OTHERS = 7  # a licence that the platform does not hold


@pytest.fixture
def other(accounts, licences, roles):
    """Holds a licence of its own, and has funded nothing."""
    holder = accounts[6]
    licences.hold["uint64,address"](OTHERS, holder, by(roles.deployer))
    return holder


@pytest.fixture
def credited(distributor, token, roles, other):
    """The other one, with a credit of a hundred."""
    token.mint(roles.platform, 100, by(roles.deployer))
    distributor.fundFor(token, other, 100, by(roles.platform))
    return other


def charged(tx, name="Charged"):
    return [(str(e["holder"]), e["amount"], e["credit"]) for e in tx.events[name]]


def test_each_line_is_charged_to_its_licences_holder(
    oracle, distributor, token, quorum, roles, credited
):
    usage = [(1, 2, 20), (OTHERS, 1, 4), (2, 5, 0), (3, 1, 6)]
    report = quorum.report(usage=usage)

    tx = oracle.postEpoch(*quorum.posting(report, usage=usage), by(roles.relay))

    assert charged(tx) == [
        (roles.platform.address, 20, FUNDS - 20),
        (credited.address, 4, 96),
        (roles.platform.address, 6, FUNDS - 26),
    ]
    assert distributor.chargedOf(token) == report["cumulativeTotal"] == 30
    assert distributor.laneOf(token) == (FUNDS + 100, 0, 0)


def test_who_licenses_its_own_work_dearly_pays_for_it_itself(
    oracle, distributor, licences, token, quorum, roles, other
):
    """The lane is full of another platform's money, and none of it moves."""
    usage = [(OTHERS, 1, 10**6)]
    report = quorum.report(usage=usage, payouts={other.address: 10**6})

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report, usage=usage), sender=roles.relay)

    assert refused == ("CreditExceeded", token.address, other.address, 10**6, 0)
    assert distributor.creditOf(token, roles.platform) == FUNDS
    assert licences.unitsUsed(OTHERS) == 0


def test_use_that_earned_nothing_costs_nothing(oracle, distributor, token, quorum, roles, other):
    usage = [(1, 2, 30), (OTHERS, 3, 0)]
    report = quorum.report(usage=usage)

    tx = oracle.postEpoch(*quorum.posting(report, usage=usage), by(roles.relay))

    assert charged(tx) == [(roles.platform.address, 30, FUNDS - 30)]
    free = [(OTHERS, 3, 0)]
    following = quorum.report(
        epoch=2, previousReport=distributor.standingReport(token, 1), usage=free
    )
    tx = oracle.postEpoch(*quorum.posting(following, usage=free), by(roles.relay))
    assert "Charged" not in tx.events


def test_a_rejected_reports_charges_come_back_with_its_usage(
    oracle, distributor, token, quorum, roles, credited
):
    usage = [(1, 2, 20), (OTHERS, 1, 4), (2, 5, 0), (3, 1, 6)]
    report = quorum.report(usage=usage)
    oracle.postEpoch(*quorum.posting(report, usage=usage), by(roles.relay))
    distributor.reject(token, 1, NO_HASH, by(roles.council))
    assert distributor.chargedOf(token) == 30

    tx = oracle.returnUsage(*quorum.posting(report, usage=usage)[:2], by(roles.relay))

    assert charged(tx, "ChargeReturned") == [
        (roles.platform.address, 20, FUNDS - 6),
        (credited.address, 4, 100),
        (roles.platform.address, 6, FUNDS),
    ]
    assert distributor.chargedOf(token) == 0
    again = quorum.report(epoch=2, usage=usage)
    oracle.postEpoch(*quorum.posting(again, usage=usage), by(roles.relay))
    assert distributor.creditOf(token, credited) == 96
