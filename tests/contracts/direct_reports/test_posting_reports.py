"""What a quorum signs of a single use is locked at the licence's own price, once for ever."""

from __future__ import annotations

import pytest

from tests.contracts.direct_reports.conftest import (
    DEPOSIT,
    GENERATION,
    HOUR,
    PLAY,
    UNIT_PRICE,
    WINDOW,
    Held,
)
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, Terms, by, digest
from tests.contracts.royalty_ledger.stage import refusal_of
from tests.contracts.signing import digest_of

UNREPORTED, HELD = 0, 1


def refusal(direct_reports, desk, report, **others):
    return refusal_of(direct_reports.post, *desk.posting(report, **others), sender=desk.relay)


def test_a_report_locks_the_licences_price_for_the_window(
    direct_reports, desk, licences, stablecoin, platform, now
):
    report = desk.report(now)
    tx, held = desk.post(report)

    assert held == Held(
        report.event_id, desk.licence, desk.work, platform.address,
        stablecoin.address, UNIT_PRICE, tx.timestamp + WINDOW,
    )  # fmt: skip
    posted = tx.events["DirectReportPosted"]
    assert posted["eventId"] == "0x" + report.event_id.hex()
    assert tuple(posted["report"])[1:3] == (desk.licence, 77)
    assert posted["free"] == DEPOSIT - UNIT_PRICE
    assert direct_reports.depositOf(platform, stablecoin) == DEPOSIT - UNIT_PRICE
    assert direct_reports.stateOf(report.event_id) == HELD
    assert stablecoin.balanceOf(direct_reports) == DEPOSIT
    known = licences.licenceOf(desk.licence)
    assert (known[6], known[8]) == (1, UNIT_PRICE)
    recorded = tx.events["UsageRecorded"]
    assert (recorded["units"], recorded["revenue"]) == (1, UNIT_PRICE)


def test_id_and_digest_are_what_others_compute(direct_reports, desk, now):
    report = desk.report(now)

    assert direct_reports.eventIdOf(tuple(report)) == "0x" + report.event_id.hex()
    signed = digest_of(desk.message(report))
    assert direct_reports.reportDigest(tuple(report)) == "0x" + signed.hex()
    assert direct_reports.windowSeconds() == WINDOW
    assert direct_reports.stateOf(report.event_id) == UNREPORTED


def test_an_event_is_reported_once_for_ever(direct_reports, desk, now):
    """Evidence, time and deadline are not what makes it another event."""
    report = desk.report(now - DAY, deadline=now + HOUR)
    desk.post(report)
    again = report._replace(occurred_at=now, evidence=digest("more"))

    for repeated in (report, again):
        with refused("AlreadyReported"):
            direct_reports.post(*desk.posting(repeated), by(desk.relay))


@pytest.mark.parametrize(
    "changes",
    [
        {"usage_kind": PLAY},
        {"generation": 78},
        {"source_key": digest("another copy")},
        {"usage_kind": GENERATION},
    ],
)
def test_another_use_is_another_event(direct_reports, desk, now, changes):
    desk.post(desk.report(now))
    desk.post(desk.report(now, **changes))

    assert direct_reports.stateOf(desk.report(now, **changes).event_id) == HELD


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_the_threshold_lock_nothing(direct_reports, desk, now, count):
    report = desk.report(now)
    few = desk.signatures(report)[:count]

    assert refusal(direct_reports, desk, report, signatures=few) == ("QuorumNotReached", count, 3)


def test_all_operators_may_sign(direct_reports, desk, now):
    report = desk.report(now)
    every = desk.signatures(report, signers=(0, 1, 2, 3, 4))

    direct_reports.post(*desk.posting(report, signatures=every), by(desk.relay))

    assert direct_reports.stateOf(report.event_id) == HELD


def test_nobody_signs_twice_or_out_of_order(direct_reports, desk, operator_keys, now):
    report = desk.report(now)
    for signers, named in (((0, 1, 1), 1), ((2, 0, 4), 0)):
        signatures = desk.signatures(report, signers=signers)
        expected = ("SignersOutOfOrder", operator_keys[named].address)
        assert refusal(direct_reports, desk, report, signatures=signatures) == expected


@pytest.mark.parametrize(
    "domain",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"name": "Antiphon Usage Oracle"},
        {"version": "2"},
    ],
    ids=lambda domain: next(iter(domain)),
)
def test_a_signature_holds_for_one_chain_and_one_contract(direct_reports, desk, now, domain):
    report = desk.report(now)
    signatures = desk.signatures(report, **domain)

    refused_with = refusal(direct_reports, desk, report, signatures=signatures)

    assert refused_with[0] in {"NotOperator", "SignersOutOfOrder"}


@pytest.mark.parametrize(
    "field",
    [
        "usage_kind",
        "licence",
        "generation",
        "source_key",
        "occurred_at",
        "evidence",
        "program",
        "deadline",
    ],
)
def test_a_signature_covers_every_field(direct_reports, desk, now, field):
    report = desk.report(now)
    value = getattr(report, field)
    signed = report._replace(**{field: digest("x") if isinstance(value, bytes) else value - 1})

    refused_with = refusal(direct_reports, desk, report, signatures=desk.signatures(signed))

    assert refused_with[0] in {"NotOperator", "SignersOutOfOrder"}


def test_a_report_is_posted_until_its_deadline_to_the_second(direct_reports, desk, now, mine_at):
    report = desk.report(now)
    mine_at(report.deadline)
    direct_reports.post.call(*desk.posting(report), by(desk.relay))
    mine_at(report.deadline + 1)

    assert refusal(direct_reports, desk, report) == ("ReportExpired", now + HOUR)


def test_a_use_to_come_is_refused(direct_reports, desk, now):
    report = desk.report(now, occurred_at=now + HOUR)

    assert refusal(direct_reports, desk, report) == ("UseAhead", now + HOUR)


def test_a_use_after_the_licence_is_refused_and_one_before_its_end_is_not(
    direct_reports, desk, licences, now, mine_at
):
    expiry = licences.licenceOf(desk.licence)[1]
    mine_at(expiry + 10)
    late = desk.report(expiry, deadline=expiry + HOUR)
    assert refusal(direct_reports, desk, late) == ("LicenceExpired", desk.licence, expiry)

    desk.post(desk.report(expiry - 1, deadline=expiry + HOUR))


def test_the_price_is_the_one_that_the_licence_froze(direct_reports, desk, now):
    report, frozen = desk.report(now), desk.terms.hash()
    cheaper = desk.terms._replace(unit_price=1)

    expected = ("TermsMismatch", frozen, cheaper.hash())
    assert refusal(direct_reports, desk, report, terms=cheaper) == expected


def test_a_licence_nobody_took_is_refused(direct_reports, desk, now):
    report = desk.report(now, licence=2**63)

    assert refusal(direct_reports, desk, report) == ("LicenceUnknown", 2**63)


def test_a_licence_without_a_price_per_use_is_refused(
    direct_reports, desk, register_work, grant, take_licence, steward, platform, stablecoin, now
):
    free = Terms(1, stablecoin.address, unit_cap=5)
    work = register_work(steward)
    grant(steward, work, free)
    licence = take_licence(platform, work, free, stablecoin)
    report = desk.report(now, licence=licence)

    assert refusal(direct_reports, desk, report, terms=free) == ("NoUnitPrice", licence)


def test_caps_hold_in_this_lane_too(
    direct_reports, desk, register_work, grant, take_licence, steward, platform, stablecoin, now
):
    """A cap on units, and one on income, each reached by a first report."""
    for caps, error in (
        ({"unit_cap": 1, "revenue_cap": 9 * UNIT_PRICE}, "UnitCapExceeded"),
        ({"unit_cap": 9, "revenue_cap": UNIT_PRICE}, "RevenueCapExceeded"),
    ):
        narrow = desk.terms._replace(**caps)
        work = register_work(steward)
        grant(steward, work, narrow)
        licence = take_licence(platform, work, narrow, stablecoin)
        first = desk.report(now, licence=licence)
        direct_reports.post(*desk.posting(first, terms=narrow), by(desk.relay))
        second = desk.report(now, "another", licence=licence)

        found = refusal(direct_reports, desk, second, terms=narrow)
        expected = {"UnitCapExceeded": (2, 1), "RevenueCapExceeded": (2 * UNIT_PRICE, UNIT_PRICE)}
        assert found == (error, licence, *expected[error])


def test_more_than_the_deposit_is_never_locked(direct_reports, desk, stablecoin, platform, now):
    direct_reports.takeBack(stablecoin, DEPOSIT - UNIT_PRICE + 1, by(platform))

    expected = ("DepositTooSmall", platform.address, stablecoin.address, UNIT_PRICE - 1, UNIT_PRICE)
    assert refusal(direct_reports, desk, desk.report(now)) == expected


def test_a_sublicences_holder_pays_for_its_own_use(
    direct_reports, desk, licences, register_work, grant, take_licence, steward, platform,
    customer, stablecoin, now,
):  # fmt: skip
    passed_on = desk.terms._replace(sublicensable=True)
    work = register_work(steward)
    grant(steward, work, passed_on)
    parent = take_licence(platform, work, passed_on, stablecoin)
    expiry = licences.licenceOf(parent)[1]
    part = (customer.address, expiry, 2, 2 * UNIT_PRICE)
    tx = licences.sublicense(parent, passed_on, part, by(platform))
    licence = tx.events["LicenceTaken"]["licenceId"]
    report = desk.report(now, licence=licence)

    expected = ("DepositTooSmall", customer.address, stablecoin.address, 0, UNIT_PRICE)
    assert refusal(direct_reports, desk, report, terms=passed_on) == expected
    direct_reports.deposit(customer, stablecoin, UNIT_PRICE, by(platform))
    tx = direct_reports.post(*desk.posting(report, terms=passed_on), by(desk.relay))

    assert Held(*tx.events["DirectReportPosted"]["held"]).platform == customer.address
    assert direct_reports.depositOf(customer, stablecoin) == 0
    assert direct_reports.depositOf(platform, stablecoin) == DEPOSIT
    # Their use is use of the licence above theirs too.
    assert [licences.licenceOf(each)[6] for each in (parent, licence)] == [1, 1]


def test_a_pause_stops_new_reports_and_nothing_else(
    direct_reports, desk, council, stablecoin, platform, payees, now, mine_at
):
    _, held = desk.post(desk.report(now))
    _, rejected = desk.post(desk.report(now, "another"))
    until = direct_reports.pause(by(council)).timestamp + 14 * DAY
    waiting = desk.report(now, "a third", deadline=until + HOUR)

    assert refusal(direct_reports, desk, waiting) == ("NewMoneyPaused", until)
    direct_reports.reject(rejected, digest("a mistake"), by(council))
    direct_reports.deposit(platform, stablecoin, 1, by(platform))
    direct_reports.takeBack(stablecoin, 1, by(platform))
    mine_at(held.releasable_from)
    direct_reports.release(held, by(payees[3]))
    mine_at(until)
    desk.post(waiting)
