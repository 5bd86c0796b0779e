"""After the window the price is income of the licence's work, paid over the ledger, once."""

from __future__ import annotations

import pytest

from tests.contracts.direct_reports.conftest import DEPOSIT, UNIT_PRICE
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, SCALE, by, digest
from tests.contracts.royalty_ledger.stage import EVERYTHING, refusal_of

RELEASED = 2


def test_anybody_releases_after_the_window_and_the_payee_gets_it_all(
    direct_reports, desk, royalty_ledger, stablecoin, payees, stranger, now, mine_at
):
    report = desk.report(now)
    _, held = desk.post(report)
    income = royalty_ledger.accruedOf(desk.work, stablecoin)
    mine_at(held.releasable_from)
    tx = direct_reports.release(held, by(stranger))

    assert dict(tx.events["DirectReportReleased"]) == {
        "eventId": "0x" + report.event_id.hex(),
        "workId": desk.work,
        "token": stablecoin,
        "amount": UNIT_PRICE,
    }
    paid = tx.events["Paid"]
    assert (paid["workId"], paid["payer"], paid["amount"]) == (
        desk.work, direct_reports, UNIT_PRICE,
    )  # fmt: skip
    assert direct_reports.stateOf(report.event_id) == RELEASED
    assert stablecoin.balanceOf(direct_reports) == DEPOSIT - UNIT_PRICE
    assert stablecoin.allowance(direct_reports, royalty_ledger) == 0
    accrued = royalty_ledger.accruedOf(desk.work, stablecoin)
    assert accrued == income + UNIT_PRICE * SCALE

    before = stablecoin.balanceOf(payees[0])
    split = [(payees[0].address, 10_000)]
    royalty_ledger.claim(desk.work, stablecoin, 1, split, payees[0], by(stranger))
    assert stablecoin.balanceOf(payees[0]) == before + accrued // SCALE


def test_the_window_is_kept_to_the_second(direct_reports, desk, relay, now, mine_at):
    report = desk.report(now)
    _, held = desk.post(report)
    mine_at(held.releasable_from - 1)

    expected = ("WindowOpen", report.event_id, held.releasable_from)
    assert refusal_of(direct_reports.release, held, sender=relay) == expected


def test_nothing_is_released_twice(direct_reports, desk, relay, now, mine_at):
    report = desk.report(now)
    _, held = desk.post(report)
    mine_at(held.releasable_from)
    direct_reports.release(held, by(relay))

    expected = ("NotHeld", report.event_id)
    assert refusal_of(direct_reports.release, held, sender=relay) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": digest("none")},
        {"licence": 1_000},
        {"work": 10**6},
        {"platform": "0x" + "22" * 20},
        {"token": "0x" + "33" * 20},
        {"amount": UNIT_PRICE + 1},
        {"releasable_from": 0},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_only_what_was_locked_is_released(
    direct_reports, desk, relay, council, now, mine_at, changes
):
    _, held = desk.post(desk.report(now))
    forged = held._replace(**changes)

    expected = ("NotHeld", forged.event_id)
    assert refusal_of(direct_reports.reject, forged, digest("x"), sender=council) == expected
    mine_at(held.releasable_from)
    assert refusal_of(direct_reports.release, forged, sender=relay) == expected


def test_a_pause_of_the_ledger_delays_a_release_and_loses_nothing(
    direct_reports, desk, royalty_ledger, council, stablecoin, relay, now, mine_at
):
    """The ledger's guardian stops money that comes to it, from here too: fourteen days at most."""
    _, held = desk.post(desk.report(now))
    until = royalty_ledger.pause(by(council)).timestamp + 14 * DAY
    mine_at(held.releasable_from)
    assert refusal_of(direct_reports.release, held, sender=relay) == ("NewMoneyPaused", until)

    mine_at(until)
    direct_reports.release(held, by(relay))

    assert stablecoin.balanceOf(direct_reports) == DEPOSIT - UNIT_PRICE


def test_a_frozen_payee_is_not_paid_what_is_released(
    direct_reports, desk, ledger_contracts, royalty_ledger, stablecoin, payees, platform, now,
    mine_at,
):  # fmt: skip
    """The ledger freezes: a dispute holds the share, however the money came."""
    court, coin = ledger_contracts["DisputeCourt"], ledger_contracts["DevStablecoin"]
    coin.mint(platform, 10**12, by(platform))
    coin.approve(court, EVERYTHING, by(platform))
    split = [(payees[0].address, 10_000)]
    court.open(desk.work, payees[0], digest("evidence"), split, 10**12, by(platform))
    _, held = desk.post(desk.report(now))
    mine_at(held.releasable_from)
    direct_reports.release(held, by(platform))

    refusal = refusal_of(
        royalty_ledger.claim, desk.work, stablecoin, 1, split, payees[0], sender=platform
    )
    assert refusal == ("ShareFrozen", desk.work, payees[0].address)


def test_a_token_that_calls_back_releases_nothing_twice(
    direct_reports, desk, royalty_ledger, ReentrantToken, register_work, grant, licences,
    steward, platform, curator, deployer, relay, now, mine_at,
):  # fmt: skip
    token = ReentrantToken.deploy(by(deployer))
    royalty_ledger.acceptToken(token, by(curator))
    for spender in (direct_reports, royalty_ledger):
        token.approve(spender, EVERYTHING, by(platform))
    token.mint(platform, 10**12, by(deployer))
    direct_reports.deposit(platform, token, 2 * UNIT_PRICE, by(platform))
    terms = desk.terms._replace(token=token.address)
    work = register_work(steward)
    grant(steward, work, terms)
    tx = licences.takeLicence(work, terms, (0, 0, 0, bytes(32), bytes(32)), by(platform))
    report = desk.report(now, licence=tx.events["LicenceTaken"]["licenceId"])
    tx = direct_reports.post(*desk.posting(report, terms=terms), by(relay))
    held = tx.events["DirectReportPosted"]["held"]
    mine_at(held[6])
    token.arm(direct_reports, direct_reports.release.encode_input(held), by(deployer))

    with refused("ReentrancyGuardReentrantCall"):
        direct_reports.release(held, by(relay))
    token.arm("0x" + "00" * 20, b"", by(deployer))
    direct_reports.release(held, by(relay))

    assert token.balanceOf(direct_reports) == UNIT_PRICE
