"""Which reports are taken: in order, chained, once, and whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contracts.royalty_ledger.stage import by, refusal_of
from tests.contracts.usage_oracle.conftest import DAY, NO_HASH, WINDOW, usage_hash
from tests.vectors.make_epoch_report import FIELDS

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "epoch_report.json").read_text())


def as_tuple(report):
    return tuple(int(v) if k == "cumulativeTotal" else v for k, v in report.items())


def test_a_report_is_posted_by_anyone_with_a_quorum(
    oracle, distributor, licences, token, quorum, roles
):
    report = quorum.report()

    tx = oracle.postEpoch(*quorum.posting(report), by(roles.relay))

    report_hash = "0x" + quorum.message(report).body.hex()
    posted = tx.events["EpochPosted"]
    assert (posted["epoch"], posted["reportHash"]) == (1, report_hash)
    assert posted["report"] == tuple(report[name] for _, name in FIELDS)
    assert posted["licenceUsage"] == ((1, 2, 30),)
    assert oracle.lastEpoch() == 1
    assert distributor.standingReport(token, 1) == report_hash
    assert licences.unitsUsed(1) == 2
    assert distributor.pendingRoots(token) == ((report_hash, 30, 2, 1, tx.timestamp + WINDOW),)


def test_the_same_report_again_changes_nothing(oracle, licences, quorum, roles):
    posting = quorum.posting(quorum.report())
    oracle.postEpoch(*posting, by(roles.relay))

    tx = oracle.postEpoch(*posting, by(roles.platform))

    assert len(tx.events) == 0
    assert licences.unitsUsed(1) == 2
    assert oracle.lastEpoch() == 1


def test_an_older_report_again_changes_nothing(oracle, distributor, token, quorum, roles, chain):
    first = quorum.report()
    oracle.postEpoch(*quorum.posting(first), by(roles.relay))
    chain.sleep(WINDOW)
    distributor.activate(token, by(roles.relay))
    second = quorum.report(epoch=2, previousReport=distributor.standingReport(token, 1))
    oracle.postEpoch(*quorum.posting(second), by(roles.relay))

    tx = oracle.postEpoch(*quorum.posting(first), by(roles.relay))

    assert len(tx.events) == 0
    assert oracle.lastEpoch() == 2


def test_other_content_for_a_posted_epoch_is_a_conflict(oracle, distributor, token, quorum, roles):
    oracle.postEpoch(*quorum.posting(quorum.report()), by(roles.relay))
    other = quorum.report(eventCount=3)

    refused = refusal_of(oracle.postEpoch, *quorum.posting(other), sender=roles.relay)

    given = bytes(quorum.message(other).body)
    posted = bytes.fromhex(str(distributor.standingReport(token, 1))[2:])
    assert refused == ("EpochConflict", 1, posted, given)


def test_an_epoch_before_the_first_is_none(oracle, quorum, roles):
    report = quorum.report(epoch=0)

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report), sender=roles.relay)

    assert refused == ("EpochConflict", 0, bytes(32), bytes(quorum.message(report).body))


@pytest.mark.parametrize("epoch", [2, 2**64 - 1])
def test_no_epoch_is_skipped(oracle, quorum, roles, epoch):
    report = quorum.report(epoch=epoch)

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report), sender=roles.relay)

    assert refused == ("EpochOutOfOrder", 1, epoch)


def test_reports_are_chained(oracle, distributor, token, quorum, roles, chain):
    wrong = quorum.report(previousReport="0x" + "01" * 32)
    assert refusal_of(oracle.postEpoch, *quorum.posting(wrong), sender=roles.relay) == (
        "PreviousReportMismatch",
        bytes(32),
        b"\x01" * 32,
    )
    oracle.postEpoch(*quorum.posting(quorum.report()), by(roles.relay))
    chain.sleep(WINDOW)
    distributor.activate(token, by(roles.relay))
    unchained = quorum.report(epoch=2)

    refused = refusal_of(oracle.postEpoch, *quorum.posting(unchained), sender=roles.relay)

    posted = bytes.fromhex(str(distributor.standingReport(token, 1))[2:])
    assert refused == ("PreviousReportMismatch", posted, bytes(32))


@pytest.mark.parametrize("field", ["eventCount", "leafCount"])
def test_an_empty_report_is_refused(oracle, quorum, roles, field):
    report = quorum.report(**{field: 0})

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report), sender=roles.relay)

    assert refused == ("EmptyReport",)


def test_the_usage_given_is_the_usage_signed(oracle, quorum, roles):
    report = quorum.report()

    for usage in ([], [(1, 2, 31)], [(1, 2, 30), (2, 1, 1)]):
        posting = quorum.posting(report, usage=usage)
        assert refusal_of(oracle.postEpoch, *posting, sender=roles.relay) == (
            "LicenceUsageMismatch",
        )


def test_sixty_four_licences_fit_and_one_more_does_not(oracle, licences, quorum, roles):
    usage = [(i, 1, 1) for i in range(1, 66)]
    one_more = quorum.report(usage=usage)
    fits = quorum.report(usage=usage[:64])

    refused = refusal_of(
        oracle.postEpoch, *quorum.posting(one_more, usage=usage), sender=roles.relay
    )
    oracle.postEpoch(*quorum.posting(fits, usage=usage[:64]), by(roles.relay))

    assert refused == ("TooManyLicences", 65)
    assert licences.unitsUsed(64) == 1


def test_a_report_without_licences_is_taken(oracle, quorum, roles):
    report = quorum.report(usage=[], payouts={f"0x{1:040x}": 0})

    oracle.postEpoch(*quorum.posting(report, usage=[]), by(roles.relay))

    assert oracle.lastEpoch() == 1


def test_what_a_cap_does_not_cover_stops_the_whole_report(
    oracle, distributor, licences, token, quorum, roles
):
    licences.setUnitCap(1, by(roles.deployer))

    refused = refusal_of(oracle.postEpoch, *quorum.posting(quorum.report()), sender=roles.relay)

    assert refused == ("UnitCapExceeded", 1, 2, 1)
    assert distributor.standingReport(token, 1) == NO_HASH
    assert distributor.pendingRoots(token) == ()


def test_what_was_not_charged_stops_the_whole_report(oracle, licences, quorum, roles):
    """A report that pays out more than it names the use of."""
    report = quorum.report(payouts={f"0x{1:040x}": 31})

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report), sender=roles.relay)

    assert refused == ("NotCharged", 31, 30)
    assert licences.unitsUsed(1) == 0


def test_reports_queue_behind_one_another(oracle, distributor, token, quorum, roles):
    oracle.postEpoch(*quorum.posting(quorum.report()), by(roles.relay))
    second = quorum.report(epoch=2, previousReport=distributor.standingReport(token, 1))

    oracle.postEpoch(*quorum.posting(second), by(roles.relay))

    assert [root[3] for root in distributor.pendingRoots(token)] == [1, 2]


def test_a_report_knows_nothing_of_the_future(oracle, quorum, roles, chain):
    ahead = chain[-1].timestamp + 10_000
    report = quorum.report(stateTime=ahead)

    refused = refusal_of(oracle.postEpoch, *quorum.posting(report), sender=roles.relay)

    assert refused == ("StateAhead", ahead)


def test_no_report_is_taken_during_a_pause(oracle, quorum, roles):
    posting = quorum.posting(quorum.report())
    tx = oracle.pause(by(roles.guardian))

    refused = refusal_of(oracle.postEpoch, *posting, sender=roles.relay)
    oracle.unpause(by(roles.guardian))
    oracle.postEpoch(*posting, by(roles.relay))

    assert refused == ("NewMoneyPaused", tx.timestamp + 14 * DAY)
    assert oracle.lastEpoch() == 1


def test_after_a_rejection_the_lane_goes_on_from_the_last_report_that_stands(
    oracle, distributor, licences, token, quorum, roles
):
    oracle.postEpoch(*quorum.posting(quorum.report()), by(roles.relay))
    standing = distributor.standingReport(token, 1)
    second = quorum.report(epoch=2, previousReport=standing)
    oracle.postEpoch(*quorum.posting(second), by(roles.relay))
    distributor.reject(token, 2, NO_HASH, by(roles.council))
    assert licences.unitsUsed(1) == 4

    tx = oracle.returnUsage(*quorum.posting(second)[:2], by(roles.relay))

    assert tx.events["RejectedUsageReturned"]["epoch"] == 2
    assert oracle.isUsageReturned(2)
    assert licences.unitsUsed(1) == 2
    unaware = quorum.report(epoch=3, previousReport=distributor.rejectedReport(2))
    refused = refusal_of(oracle.postEpoch, *quorum.posting(unaware), sender=roles.relay)
    assert refused[0] == "PreviousReportMismatch"
    third = quorum.report(epoch=3, previousReport=standing)
    oracle.postEpoch(*quorum.posting(third), by(roles.relay))
    assert [root[3] for root in distributor.pendingRoots(token)] == [1, 3]
    again = oracle.postEpoch(*quorum.posting(second), by(roles.relay))
    assert len(again.events) == 0


def test_usage_is_returned_once_and_only_of_what_was_rejected(
    oracle, distributor, token, quorum, roles
):
    report = quorum.report()
    given = quorum.posting(report)[:2]
    oracle.postEpoch(*quorum.posting(report), by(roles.relay))
    body = bytes(quorum.message(report).body)
    assert refusal_of(oracle.returnUsage, *given, sender=roles.relay) == ("NotRejected", 1, body)

    distributor.reject(token, 1, NO_HASH, by(roles.council))
    wrong = (given[0], [(1, 2, 31)])
    assert refusal_of(oracle.returnUsage, *wrong, sender=roles.relay) == ("LicenceUsageMismatch",)
    other = quorum.posting(quorum.report(eventCount=3))[:2]
    assert refusal_of(oracle.returnUsage, *other, sender=roles.relay)[0] == "NotRejected"
    oracle.returnUsage(*given, by(roles.relay))

    assert refusal_of(oracle.returnUsage, *given, sender=roles.relay) == (
        "UsageAlreadyReturned",
        1,
    )


def test_a_frozen_share_that_is_not_withheld_throws_the_root_out(
    oracle, distributor, licences, token, quorum, roles
):
    payee, other = (f"0x{i:040x}" for i in (1, 2))
    withheld = [(7, other, 0)]
    report = quorum.report(withheld=withheld)
    signed = quorum.posting(report)[0]
    oracle.postEpoch(*quorum.posting(report), by(roles.relay))
    omitted = (signed, withheld, 7, payee)
    time = report["stateTime"]
    assert refusal_of(oracle.rejectOmission, *omitted, sender=roles.relay) == (
        "NotFrozen",
        7,
        payee,
        time,
    )
    licences.freeze(7, payee, True, by(roles.deployer))
    licences.freeze(7, other, True, by(roles.deployer))
    kept = (signed, withheld, 7, other)
    assert refusal_of(oracle.rejectOmission, *kept, sender=roles.relay) == ("NotOmitted", 7, other)
    forged = (signed, [(7, payee, 0)], 7, other)
    assert refusal_of(oracle.rejectOmission, *forged, sender=roles.relay) == ("WithheldMismatch",)
    unknown = (quorum.posting(quorum.report())[0], [], 7, payee)
    assert refusal_of(oracle.rejectOmission, *unknown, sender=roles.relay)[0] == "NotStanding"

    tx = oracle.rejectOmission(*omitted, by(roles.relay))

    told = tx.events["RootRejected"]
    assert (told["epoch"], told["fault"]) == (1, 4)
    assert told["reason"] == "0x" + int(payee, 16).to_bytes(32, "big").hex()
    assert distributor.pendingRoots(token) == ()


def test_digests_are_those_of_the_vectors(oracle, web3):
    where = VECTORS["domain"]["verifyingContract"]
    code = web3.to_hex(web3.eth.get_code(oracle.address))
    web3.provider.make_request("anvil_setCode", [where, code])

    for epoch in VECTORS["epochs"]:
        call = {"to": where, "data": oracle.reportDigest.encode_input(as_tuple(epoch["report"]))}
        assert web3.to_hex(web3.eth.call(call)) == epoch["digest"]
        usage = [(u["licenceId"], u["units"], int(u["revenue"])) for u in epoch["licenceUsage"]]
        assert "0x" + usage_hash(usage).hex() == epoch["report"]["licenceUsageHash"]
