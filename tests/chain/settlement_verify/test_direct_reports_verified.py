"""Single reports are verified to the unit, and an event is paid in one lane alone."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import Engine, update

from chain.client.direct_reports import DirectReportState
from chain.client.errors import ContractRefused
from chain.indexer import tables
from chain.indexer.database import writing
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest
from chain.ledger.standard_tree import standard_leaf
from chain.ledger.usage import usage_tree
from chain.settlement.verify import Check, VerificationReport, verify
from tests.devnet import COUNCIL, PLATFORM, Devnet
from tests.direct_reports import DirectReporter, found_copy
from tests.epochs import EpochLane
from tests.heritage import UNIT_PRICE, Heritage, push_all


@pytest.fixture
def direct(devnet: Devnet, heritage: Heritage) -> DirectReporter:
    lane = DirectReporter(devnet, heritage)
    lane.deposit(10 * UNIT_PRICE)
    return lane


@pytest.fixture
def epochs(devnet: Devnet, follower: Follower, store: Store) -> EpochLane:
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    return lane


def verified(lane: EpochLane) -> VerificationReport:
    lane.follower.catch_up()
    devnet = lane.devnet
    return verify(lane.store, devnet.node, devnet.deployment, lane.read_block)


def test_hash_and_id_are_the_contracts(devnet: Devnet, direct: DirectReporter) -> None:
    chant, head = direct.heritage.generation[1], devnet.node.head()
    report = direct.report(found_copy(chant, direct.heritage, at=head.timestamp, name="x"))
    contract = devnet.direct_reports

    assert contract.event_id_of(report, at=head) == report.event.event_id
    assert contract.report_digest(report, at=head) == report.digest(31337, contract.address)
    assert contract.window_seconds(at=head) == devnet.deployment.window_seconds


def test_a_released_report_is_income_of_the_licences_work(
    devnet: Devnet, direct: DirectReporter, store: Store, follower: Follower
) -> None:
    heritage, chant = direct.heritage, direct.heritage.works[2]
    payee = heritage.splits[chant].shares[0]
    now = devnet.node.head().timestamp
    held = direct.post(found_copy(heritage.generation[1], heritage, at=now, name="x"))
    devnet.pass_time(devnet.deployment.window_seconds + 5)
    before = devnet.token.balance_of(payee.payee, at=devnet.node.head())
    direct.release(held)
    push_all(devnet, chant, heritage.splits[chant])
    follower.catch_up()

    (record,) = store.direct_reports(at=store.head())
    assert record.state is DirectReportState.RELEASED
    assert (record.held, record.held.work_id) == (held, chant)
    assert store.payments(at=store.head())[-1].amount == UNIT_PRICE
    gained = devnet.token.balance_of(payee.payee, at=devnet.node.head()) - before
    assert gained in {UNIT_PRICE * payee.bps // 10_000, UNIT_PRICE * payee.bps // 10_000 + 1}


def test_what_a_platform_takes_back_is_told(
    devnet: Devnet, direct: DirectReporter, store: Store, follower: Follower
) -> None:
    token = devnet.deployment.token
    devnet.direct_reports.take_back(token, 7, signer=devnet.signers[PLATFORM])
    follower.catch_up()

    put_down, taken = store.deposits(at=store.head())
    assert (put_down.amount, taken.amount) == (10 * UNIT_PRICE, -7)
    platform = devnet.address(PLATFORM)
    assert taken.free == devnet.direct_reports.deposit_of(platform, token, at=devnet.node.head())


def test_an_epoch_refuses_what_was_reported_directly_until_that_is_rejected(
    devnet: Devnet, direct: DirectReporter, epochs: EpochLane
) -> None:
    heritage = direct.heritage
    now = devnet.node.head().timestamp
    event = found_copy(heritage.generation[1], heritage, at=now, name="x")
    held = direct.post(event)

    refused, _ = epochs.settle([[event]])
    reason = Digest(hashlib.sha256(b"why").digest())
    devnet.direct_reports.reject(held, reason, signer=devnet.signers[COUNCIL])
    counted, _ = epochs.settle([[event]])

    assert [refusal.reason for refusal in refused.refused] == ["directly-reported"]
    assert counted.counted == (event.event_id,)


def test_an_event_that_an_epoch_counted_is_thrown_out_by_proof(
    devnet: Devnet, direct: DirectReporter, epochs: EpochLane
) -> None:
    """Also by way of a later report, which names the one that counted it."""
    heritage, relay = direct.heritage, devnet.signers[9]
    now = devnet.node.head().timestamp
    events = [found_copy(heritage.generation[1], heritage, at=now, name=name) for name in "abcdefg"]
    first = epochs.run([events[:5]])
    epochs.run([events[5:]])
    epochs.follower.catch_up()
    reports = [record.report for record in epochs.store.epochs(at=epochs.store.head())][::-1]
    proof = usage_tree(first.counted).proof(standard_leaf(events[2].event_id))

    held = direct.post(events[2])
    with pytest.raises(ContractRefused, match="does not show"):
        devnet.direct_reports.reject_counted(held, reports[:1], proof, signer=relay)
    devnet.direct_reports.reject_counted(held, reports, proof, signer=relay)
    assert verified(epochs).discrepancies == ()

    (record,) = epochs.store.direct_reports(at=epochs.store.head())
    assert (record.state, record.counted_in) == (DirectReportState.REJECTED, 1)
    assert record.free_again == 10 * UNIT_PRICE


def test_an_event_paid_in_both_lanes_is_found(
    devnet: Devnet, direct: DirectReporter, epochs: EpochLane
) -> None:
    """Operators who sign an epoch of an old state and a report both pay for one event."""
    heritage = direct.heritage
    now = devnet.node.head().timestamp
    event = found_copy(heritage.generation[1], heritage, at=now, name="x")
    outcome, manifest = epochs.settle([[event]])
    held = direct.post(event)
    epochs.post(outcome, outcome.report(Digest(manifest.digest)))
    devnet.pass_time(devnet.deployment.window_seconds + 5)
    assert verified(epochs).is_clean, "as long as it can be thrown out by proof"

    direct.release(held)

    (found,) = verified(epochs).discrepancies
    assert found.check is Check.DIRECT_REPORTS
    assert found.units == UNIT_PRICE
    assert f"0x{event.event_id.hex()}" in found.place


@pytest.mark.parametrize(
    ("column", "value", "place"),
    [
        ("amount", UNIT_PRICE + 1, "price"),
        ("source_key", b"\7" * 32, "id"),
        ("work_id", 1, "work, platform and token"),
        ("licence_id", 99, "licence"),
        ("free", 5, "deposit of"),
    ],
)
def test_an_altered_row_is_named(
    direct: DirectReporter,
    epochs: EpochLane,
    engine: Engine,
    column: str,
    value: object,
    place: str,
) -> None:
    heritage, now = direct.heritage, direct.devnet.node.head().timestamp
    direct.post(found_copy(heritage.generation[1], heritage, at=now, name="x"))
    assert verified(epochs).is_clean
    with writing(engine) as connection:
        table = tables.direct_report_posted
        connection.execute(update(table).values({column: value}))

    found = verified(epochs).discrepancies

    assert any(place in d.place and d.check is Check.DIRECT_REPORTS for d in found)
    assert any(d.check is Check.PROJECTION for d in found)
