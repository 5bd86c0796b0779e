"""A report is thrown out by the council within its window, and by proof when an epoch counted it.

Whatever the reason: the licence has its use back, the platform its money, and the event stays
reported.
"""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.contracts.direct_reports.conftest import DEPOSIT, Report, leaf_of, node_of
from tests.contracts.rights import by, digest
from tests.contracts.royalty_ledger.stage import refusal_of

REJECTED = 3
REASON = digest("a false alarm")


def other_event(name: str) -> bytes:
    return bytes(keccak(text=name))


def assert_undone(direct_reports, desk, licences, stablecoin, platform, report: Report) -> None:
    assert direct_reports.stateOf(report.event_id) == REJECTED
    assert direct_reports.depositOf(platform, stablecoin) == DEPOSIT
    assert stablecoin.balanceOf(direct_reports) == DEPOSIT
    known = licences.licenceOf(desk.licence)
    assert (known[6], known[8]) == (0, 0)


def test_the_council_rejects_within_the_window(
    direct_reports, desk, licences, stablecoin, platform, council, now
):
    report = desk.report(now)
    _, held = desk.post(report)
    tx = direct_reports.reject(held, REASON, by(council))

    assert dict(tx.events["DirectReportRejected"]) == {
        "eventId": "0x" + report.event_id.hex(),
        "epoch": 0,
        "reason": "0x" + REASON.hex(),
        "free": DEPOSIT,
    }
    assert tx.events["UsageReturned"]["licenceId"] == desk.licence
    assert_undone(direct_reports, desk, licences, stablecoin, platform, report)


def test_a_rejected_event_is_neither_released_nor_reported_again(
    direct_reports, desk, council, relay, now, mine_at
):
    report = desk.report(now)
    _, held = desk.post(report)
    direct_reports.reject(held, REASON, by(council))

    again = refusal_of(direct_reports.post, *desk.posting(report), sender=relay)
    assert again == ("AlreadyReported", report.event_id)
    for method, given in (
        (direct_reports.release, (held,)),
        (direct_reports.rejectCounted, (held, [], [])),
    ):
        assert refusal_of(method, *given, sender=relay) == ("NotHeld", report.event_id)
    twice = refusal_of(direct_reports.reject, held, REASON, sender=council)
    assert twice == ("NotHeld", report.event_id)


def test_the_council_is_too_late_after_the_window(direct_reports, desk, council, now, mine_at):
    report = desk.report(now)
    _, held = desk.post(report)
    mine_at(held.releasable_from)

    refusal = refusal_of(direct_reports.reject, held, REASON, sender=council)

    assert refusal == ("WindowClosed", report.event_id, held.releasable_from)


def test_nobody_else_is_the_council(direct_reports, desk, platform, stranger, now):
    _, held = desk.post(desk.report(now))
    selector = bytes.fromhex(direct_reports.reject.signature[2:])

    for account in (platform, stranger):
        refusal = refusal_of(direct_reports.reject, held, REASON, sender=account)
        assert refusal == ("NotPermitted", account.address, selector)


def test_anybody_rejects_what_an_epoch_counted(
    direct_reports, desk, epochs, licences, stablecoin, platform, stranger, now
):
    report = desk.report(now)
    epoch, proof = epochs.count(report.event_id, other_event("another"))
    _, held = desk.post(report)
    tx = direct_reports.rejectCounted(held, [epoch], proof, by(stranger))

    assert dict(tx.events["DirectReportRejected"]) == {
        "eventId": "0x" + report.event_id.hex(),
        "epoch": 1,
        "reason": epochs.previous,
        "free": DEPOSIT,
    }
    assert_undone(direct_reports, desk, licences, stablecoin, platform, report)


def test_an_epoch_that_counts_it_later_has_it_rejected_too(
    direct_reports, desk, epochs, licences, stablecoin, platform, stranger, now, mine_at
):
    """Also after the window, as long as nobody released it: it is paid once."""
    report = desk.report(now)
    _, held = desk.post(report)
    epoch, proof = epochs.count(report.event_id, other_event("another"))
    mine_at(held.releasable_from + 1)
    direct_reports.rejectCounted(held, [epoch], proof, by(stranger))

    assert_undone(direct_reports, desk, licences, stablecoin, platform, report)


def test_an_old_epoch_is_reached_through_the_reports_after_it(
    direct_reports, desk, epochs, distributor, stablecoin, stranger, now, mine_at
):
    """Sixteen epochs on, the distributor has forgotten the first one; its successors name it."""
    report = desk.report(now)
    first, proof = epochs.count(report.event_id, other_event("another"))
    for number in range(16):
        mine_at(now + 7_300 * (number + 1))
        distributor.activate(stablecoin, by(stranger))
        epochs.count(other_event(f"one {number}"), other_event(f"two {number}"))
    later = now + 7_300 * 17
    mine_at(later)
    _, held = desk.post(report._replace(deadline=later + 60))

    forgotten = refusal_of(direct_reports.rejectCounted, held, [first], proof, sender=stranger)
    assert forgotten[:2] == ("NotStanding", 1)
    tx = direct_reports.rejectCounted(held, epochs.posted[::-1], proof, by(stranger))
    assert tx.events["DirectReportRejected"]["epoch"] == 1
    assert tx.events["DirectReportRejected"]["free"] == DEPOSIT


def test_a_gap_in_the_reports_is_named(direct_reports, desk, epochs, stranger, now):
    report = desk.report(now)
    first, proof = epochs.count(report.event_id, other_event("another"))
    hashes = [epochs.previous]
    for name in "ab":
        epochs.count(other_event(name), other_event(name + name))
        hashes.append(epochs.previous)
    _, held = desk.post(report)

    skipping = [epochs.posted[2], first]
    refusal = refusal_of(direct_reports.rejectCounted, held, skipping, proof, sender=stranger)

    expected = [bytes.fromhex(hashes[place][2:]) for place in (1, 0)]
    assert refusal == ("PreviousReportMismatch", *expected)


def test_an_epoch_that_did_not_count_it_proves_nothing(direct_reports, desk, epochs, stranger, now):
    report = desk.report(now)
    epoch, proof = epochs.count(other_event("one"), other_event("two"))
    _, held = desk.post(report)

    for shown in (proof, [], [leaf_of(report.event_id)]):
        refusal = refusal_of(direct_reports.rejectCounted, held, [epoch], shown, sender=stranger)
        assert refusal == ("NotCounted", report.event_id, 1)
    nothing = refusal_of(direct_reports.rejectCounted, held, [], [], sender=stranger)
    assert nothing == ("NotCounted", report.event_id, 0)


def test_an_inner_node_is_no_event(direct_reports, desk, epochs, stranger, now):
    """Leaves are hashed twice, so no 64 bytes of a tree pass for one."""
    report = desk.report(now)
    epoch, _ = epochs.count(report.event_id, other_event("another"))
    root = node_of(leaf_of(report.event_id), leaf_of(other_event("another")))
    _, held = desk.post(desk.report(now, "a second copy"))

    refusal = refusal_of(direct_reports.rejectCounted, held, [epoch], [root], sender=stranger)

    assert refusal[0] == "NotCounted"


@pytest.mark.parametrize("change", ["usageRoot", "epoch"])
def test_a_report_nobody_posted_proves_nothing(direct_reports, desk, epochs, stranger, now, change):
    report = desk.report(now)
    epoch, _ = epochs.count(other_event("one"), other_event("two"))
    _, held = desk.post(report)
    place, value = {"usageRoot": (3, leaf_of(report.event_id)), "epoch": (0, 9)}[change]
    forged = (*epoch[:place], value, *epoch[place + 1 :])

    refusal = refusal_of(direct_reports.rejectCounted, held, [forged], [], sender=stranger)

    assert refusal[0] == "NotStanding"


def test_a_rejected_epoch_proves_nothing(
    direct_reports, desk, epochs, distributor, stablecoin, council, stranger, now
):
    report = desk.report(now)
    epoch, proof = epochs.count(report.event_id, other_event("another"))
    _, held = desk.post(report)
    distributor.reject(stablecoin, 1, REASON, by(council))

    refusal = refusal_of(direct_reports.rejectCounted, held, [epoch], proof, sender=stranger)

    assert refusal[:2] == ("NotStanding", 1)
