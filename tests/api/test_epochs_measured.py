"""Later epochs of the small ledger: a share under dispute, and a rule that begins to hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from api.application import Application
from api.measuring import Measuring
from chain.client.dispute_court import DisputeCourt
from chain.indexer.follow import Follower
from chain.ledger.identifiers import Digest, EpochNumber
from chain.ledger.sharing import NOTICE_EPOCHS, Announcement, SharingRule
from chain.metrics.period import Handover, Lane, Rule
from tests.api.small_ledger import SmallLedger
from tests.devnet import PLATFORM
from tests.epochs import EpochLane, uses
from tests.heritage import ELDERS, announce_rule

BOND_MAX = 10**9
FLOOR_BPS = 3_000


@pytest.fixture
def lane(writable: Application, ledger: SmallLedger) -> Iterator[EpochLane]:
    """The epoch lane of the small ledger, to go on from; what it stores is removed afterwards."""
    before = set(ledger.app.blocks.iterate())
    writable.refresh()
    devnet = ledger.devnet
    yield replace(
        ledger.lane,
        follower=Follower(devnet.node, devnet.deployment, writable.store._engine),
        store=writable.store,
        counted=set(ledger.lane.counted),
        settled=list(ledger.lane.settled),
    )
    for cid in set(ledger.app.blocks.iterate()) - before:
        ledger.app.blocks.path_of(cid).unlink()


def run(lane: EpochLane, ledger: SmallLedger, licence_number: int, count: int, name: str) -> int:
    """One more epoch of so many uses; the time of the first."""
    now = ledger.devnet.node.head().timestamp
    ledger.devnet.pass_time(60)
    licence = ledger.heritage.generation[licence_number]
    lane.run([uses(licence, ledger.heritage.generation_id, count, at=now, name=name)])
    return now


def test_what_a_frozen_share_earns_is_not_claimable(
    writable: Application, ledger: SmallLedger, lane: EpochLane
) -> None:
    devnet, gong = ledger.devnet, ledger.heritage.works[0]
    court = DisputeCourt.of(devnet.node, devnet.deployment)
    disputer, disputed = devnet.signers[PLATFORM], devnet.address(17)
    devnet.token.approve(court.address, BOND_MAX, signer=disputer)
    evidence = Digest(hashlib.sha256(b"an objection").digest())
    split = ledger.heritage.splits[gong]
    court.open(gong, disputed, evidence, split, BOND_MAX, signer=disputer)

    start = run(lane, ledger, 0, 3, "while frozen")
    record = Measuring(writable).report(writable.refresh()).record

    later = [use for use in record.uses if use.lane is Lane.EPOCH and use.times[0] >= start]
    reached = {(u.use_id.split("/")[-1], len(u.times), u.handover) for u in later}
    assert reached == {
        (disputed, 5, Handover.PENDING),
        (devnet.address(18), 7, Handover.PUSHED),
        (devnet.address(19), 7, Handover.PUSHED),
    }
    assert (record.disputes.disputed_shares, record.disputes.cases) == (1, {"open": 1})
    assert record.payouts.traced_units == record.payouts.units


def test_a_rule_that_holds_is_compared_with_the_splits(
    writable: Application, ledger: SmallLedger, lane: EpochLane
) -> None:
    community = ledger.heritage.communities[1]  # the chant's
    first = EpochNumber(1 + NOTICE_EPOCHS)
    rule = Announcement(SharingRule.FLOOR_PRO_RATA, FLOOR_BPS, 1, first)
    announce_rule(ledger.devnet, community, rule, steward=12, approvers=ELDERS[:2])

    run(lane, ledger, 1, 100, "under notice")
    run(lane, ledger, 1, 100, "under the rule")
    report = Measuring(writable).report(writable.refresh())

    told = Rule(f"community {community}", "FLOOR_PRO_RATA", FLOOR_BPS, first)
    assert report.record.rules == (told,)
    gains = report.rule_change
    assert gains is not None and gains.largest_loss is not None
    # The chant's split is 5000, 4999 and 1 of 10,000. In the third epoch a tenth of the whole goes
    # to each of the three: two lose a tenth of that epoch's part, the rejecting payee gains.
    assert (gains.gained, gains.lost) == (1, 2)
    assert gains.changes[-1].payee == ledger.heritage.rejecting_payee
    # Of 219 uses in three epochs, 100 were under the rule.
    assert float(gains.largest_loss) == pytest.approx(float(Fraction(100, 219) / 10), rel=0.001)
    assert abs(gains.created) <= len(gains.changes)
