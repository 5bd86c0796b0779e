"""What was said is never changed: what is wrong is taken back in a row that names the old one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chain.client.dispute_court import CaseStatus
from chain.indexer.case_store import CaseStep
from chain.indexer.records import DirectPayout, EpochPayout
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Digest, WorkId
from chain.statements.amending import amended
from chain.statements.comparing import added_up, differences, read_statement
from chain.statements.document import document_of
from chain.statements.entries import Cause
from chain.statements.errors import (
    EpochUnreadable,
    EpochUnsound,
    StatementsApart,
)
from chain.statements.payee_book import PayeeBook
from chain.statements.stocks import total
from tests.chain.statements.made_up import OTHER, PAYEE, made_up, payment, place
from tests.chain.statements.statement_worlds import (
    BOND_MAX,
    DAY_SECONDS,
    Desk,
    check_contracts,
    check_identities,
)
from tests.devnet import COUNCIL, CUSTOMER, RELAY, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import UNIT_PRICE, Heritage, digest_of, pay, push_all

UNIT = 10**13


def untitled(_work: int) -> tuple[()]:
    return ()


def document(desk: Desk, payee: Any, first: int = 1, end: int | None = None) -> dict[str, Any]:
    return document_of(desk.statement(payee, first, end), untitled)


def test_a_rejected_epoch_is_taken_back_line_by_line(
    devnet: Devnet, heritage: Heritage, lane: EpochLane, desk: Desk
) -> None:
    payee, now = devnet.address(22), devnet.node.head().timestamp
    events = uses(heritage.generation[1], heritage.generation_id, 7, at=now, name="third")
    outcome, manifest = lane.settle([events])
    before = (lane.previous, lane.carried, set(lane.counted))
    lane.post(outcome, outcome.report(Digest(manifest.digest)))
    pending = desk.statement(payee)
    middle = desk.pin().number + 1
    token, council = devnet.deployment.token, devnet.signers[COUNCIL]
    devnet.distributor.reject(token, outcome.epoch, digest_of("wrong"), signer=council)
    rejected = desk.statement(payee, middle)
    lane.previous, lane.carried, lane.counted = before
    lane.run([events])
    after = desk.statement(payee, middle)

    earned = 7 * UNIT_PRICE * UNIT // 2
    assert total(pending.closing.values()).pending == earned
    posted = pending.entries[-1]
    (back,) = rejected.entries
    assert (posted.cause, back.cause) == (Cause.EPOCH_POSTED, Cause.ROOT_REJECTED)
    assert back.corrects == posted.name
    assert [line.numerator for line in back.lines] == [-line.numerator for line in posted.lines]
    assert rejected.change.earned == -earned
    assert total(rejected.closing.values()).pending == 0
    # Counted again, it is earned once.
    assert after.change.earned == 0
    text = document_of(rejected, untitled)["entries"][0]["lines"][0]["why"]
    assert "is taken back since the payout root was rejected on" in text
    for statement in (pending, rejected, after):
        check_identities(statement)
        check_contracts(devnet, desk.lane.store, statement)


def test_a_freeze_holds_and_lets_go_in_rows_that_name_each_other(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    work, payee = heritage.works[0], devnet.address(17)
    split = heritage.splits[work]
    customer = devnet.signers[CUSTOMER]
    devnet.token.approve(devnet.court.address, BOND_MAX, signer=customer)
    push_all(devnet, work, split)
    pay(devnet, work, 10_000)
    first = desk.pin().number + 1
    matter = devnet.court.open(work, payee, digest_of("mine"), split, BOND_MAX, signer=customer)
    pay(devnet, work, 30_000)
    push_all(devnet, work, split)
    frozen = desk.statement(payee, first)
    second = desk.pin().number + 1
    devnet.court.concede(matter, signer=customer)
    push_all(devnet, work, split)
    freed = desk.statement(payee, second)

    opened = frozen.entries[0]
    assert (opened.cause, opened.case_status) == (Cause.CASE_OPENED, CaseStatus.OPEN)
    assert opened.change.frozen >= 3_333 * UNIT
    assert total(frozen.closing.values()).payable == total(frozen.opening.values()).payable - (
        opened.change.frozen
    )
    assert frozen.change.paid == 0
    ended, paid = freed.entries
    assert (ended.cause, ended.case_status) == (Cause.CASE_ENDED, CaseStatus.DISMISSED)
    assert ended.corrects == opened.name
    assert ended.change.frozen == -total(frozen.closing.values()).frozen
    assert (paid.cause, paid.amount) == (Cause.PAID, ended.change.payable // UNIT)
    for statement in (frozen, freed):
        check_identities(statement)
        check_contracts(devnet, desk.lane.store, statement)


def test_a_freeze_that_nobody_ended_ends_by_the_clock(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    work, payee = heritage.works[0], devnet.address(17)
    customer = devnet.signers[CUSTOMER]
    devnet.token.approve(devnet.court.address, BOND_MAX, signer=customer)
    pay(devnet, work, 10_000)
    split = heritage.splits[work]
    devnet.court.open(work, payee, digest_of("mine"), split, BOND_MAX, signer=customer)
    first = desk.pin().number + 1
    assert desk.statement(payee, first).entries == ()
    devnet.pass_time(45 * DAY_SECONDS)

    statement = desk.statement(payee, first)

    (over,) = statement.entries
    assert (over.cause, over.place) == (Cause.FREEZE_OVER, None)
    assert over.change.payable == -over.change.frozen > 0
    assert over.time <= statement.period.closing.timestamp
    check_contracts(devnet, desk.lane.store, statement)


def test_what_a_payee_cannot_take_is_deferred_and_claimable(
    heritage: Heritage, devnet: Devnet, desk: Desk
) -> None:
    statement = desk.statement(heritage.rejecting_payee)
    closing = total(statement.closing.values())

    assert {e.cause for e in statement.entries} >= {Cause.DEFERRED, Cause.EPOCH_POSTED}
    assert closing.deferred > 0
    assert closing.paid == 0
    check_contracts(devnet, desk.lane.store, statement)


def test_a_dropped_event_is_put_right_in_the_next_statement(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    work, payee = heritage.works[2], devnet.address(22)
    devnet.mine(2)
    pay(devnet, work, 50_000)
    devnet.mine(2)
    published = document(desk, payee)
    end = published["period"]["to_block"]
    devnet.reorganise(4)
    pay(devnet, work, 70_000)
    devnet.mine(6)
    again = document(desk, payee, 1, end)
    after = document(desk, payee, end)

    put_right = amended(published, again, after)

    count, wrong = differences(published, again)
    assert count > len(wrong) > 0
    assert any(d.place == "period, closing, hash" for d in wrong)
    assert put_right["corrects"] == published["digest"]
    assert put_right["account"]["opening"] == published["account"]["closing"]
    assert put_right["account"]["closing"] == after["account"]["closing"]
    corrected = [e for e in put_right["entries"] if e["cause"] == Cause.CORRECTED]
    dropped = [e["name"] for e in published["entries"]][-1]
    assert [e["corrects"] for e in corrected] == [dropped]
    assert int(corrected[0]["change"]["earned"]) == -25_000 * UNIT
    earned = int(put_right["account"]["earned"]["numerator"])
    assert earned == (35_000 - 25_000) * UNIT
    _, unsound = added_up(put_right)
    assert unsound == []


def test_nothing_is_put_right_where_nothing_was_wrong(devnet: Devnet, desk: Desk) -> None:
    payee, end = devnet.address(22), desk.pin().number - 5
    published = document(desk, payee, 1, end)
    after = document(desk, payee, end)

    put_right = amended(published, document(desk, payee, 1, end), after)

    assert put_right["corrects"] is None
    assert put_right["account"] == after["account"]
    assert put_right["entries"] == after["entries"]


def test_statements_that_do_not_follow_each_other_are_refused(devnet: Devnet, desk: Desk) -> None:
    one, other = devnet.address(22), devnet.address(23)
    first, second = document(desk, one, 1, 40), document(desk, one, 41)
    with pytest.raises(StatementsApart, match="begins with block 41"):
        amended(first, first, second)
    with pytest.raises(StatementsApart, match="they differ in for"):
        amended(document(desk, other, 1, 41), first, second)


def test_an_epoch_without_its_segments_makes_no_statement(
    devnet: Devnet, lane: EpochLane, desk: Desk
) -> None:
    lane.blocks._blocks.clear()

    with pytest.raises(EpochUnreadable, match=r"epoch 1 cannot be computed again.*Next: "):
        desk.statement(devnet.address(22))


def test_a_report_that_is_not_its_segments_earns_nothing_and_may_not_be_paid(
    devnet: Devnet, heritage: Heritage, lane: EpochLane, desk: Desk
) -> None:
    now = devnet.node.head().timestamp
    batch = uses(heritage.generation[1], heritage.generation_id, 9, at=now, name="third")
    outcome, _ = lane.settle([batch])
    # Signed over a set that holds one event fewer.
    other = lane.put_segments([batch[:-1]])
    lane.post(outcome, outcome.report(Digest(other.digest)))
    statement = desk.statement(devnet.address(22))

    assert statement.unsound == (3,)
    assert statement.entries[-1].epoch != 3
    notice = "Epoch 3 is not what its segments come to, and earned nothing here."
    assert document_of(statement, untitled)["notices"] == [notice]

    devnet.pass_time(devnet.deployment.window_seconds + 1)
    devnet.distributor.activate(devnet.deployment.token, signer=devnet.signers[RELAY])
    with pytest.raises(EpochUnsound, match="Next: antiphon verify-epoch 3"):
        desk.statement(devnet.address(22))


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("digest",), "00" * 32, "digest"),
        (("account", "paid", "text"), "9.000000", "account"),
        (("works", 0, "closing", "paid"), "1", "work 1, closing"),
        (("entries", 0, "change", "earned"), "1", "change"),
        (("entries", 0, "lines", 0, "gross_units"), "1", "gross × share × bps"),
        (("entries", 0, "lines", 0, "share"), "1000000001", "share and bps in bounds"),
        (("entries", 0, "lines", 0, "amount", "text"), "1.0", "amount"),
    ],
)
def test_every_doctored_figure_is_found_without_a_chain(
    path: tuple[Any, ...], value: str, place: str
) -> None:
    said = json.loads(json.dumps(made_up([[("en", "one")]], count=9)))
    count, sound = added_up(said)
    assert sound == []
    assert count > 30
    inner = said
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value

    _, found = added_up(read_statement(json.dumps(said).encode()))

    assert any(place in difference.place for difference in found), found


def test_a_missing_and_a_made_up_entry_are_named(devnet: Devnet, desk: Desk) -> None:
    again = document(desk, devnet.address(22))
    said = json.loads(json.dumps(again))
    gone = said["entries"].pop(1)["name"]
    said["entries"].append({**said["entries"][0], "name": "f" * 24})

    _, found = differences(said, again)

    places = {d.place: str(d) for d in found}
    assert places[f"entry {gone}"].endswith("expected there, found missing")
    assert "none such on the chain" in places["entry " + "f" * 24]


def test_freezes_that_end_in_one_second_have_a_row_each() -> None:
    book = PayeeBook(PAYEE)
    for block, work in ((1, WorkId(1)), (2, WorkId(2))):
        line = payment(work, 10_000, 5_000, block)
        book.earn(line.booked, [line])
    end = place(9).timestamp
    for block, work in ((3, WorkId(1)), (4, WorkId(2))):
        case = CaseStep(Digest(bytes(32)), work, PAYEE, CaseStatus.OPEN, end, place(block))
        book.dispute(case)
    book.reach(end - 1)
    assert [entry.cause for entry in book.entries[2:]] == [Cause.CASE_OPENED] * 2

    book.reach(end)

    first, second = book.entries[4:]
    assert (first.cause, second.cause) == (Cause.FREEZE_OVER, Cause.FREEZE_OVER)
    assert (list(first.by_work), list(second.by_work)) == ([1], [2])
    assert first.change.frozen == second.change.frozen == -5_000 * UNIT
    assert (first.time, second.time) == (end, end)
    assert first.name != second.name


def test_a_payout_of_more_than_was_due_is_no_statement() -> None:
    book, line = PayeeBook(PAYEE), payment(1, 10_000, 5_000, 1)
    book.earn(line.booked, [line])
    too_much = DirectPayout(WorkId(1), OTHER, PAYEE, 1, PAYEE, 5_001, 5_001, place(2))

    with pytest.raises(Inconsistent, match="payout of work 1"):
        book.pay_direct(too_much)
    with pytest.raises(Inconsistent, match="payout of the epoch lane"):
        book.pay_epoch(EpochPayout(OTHER, PAYEE, PAYEE, 1, 1, place(3)))
