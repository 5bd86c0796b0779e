"""The royalty book replays tests/vectors/royalty_accrual.json, and no way there loses a unit."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.accrual import Custody, Due, Flow, RoyaltyBook
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, WorkId, address, address_from_bytes
from chain.ledger.rights import Share, Split
from chain.ledger.vectors import AncestorShare, AncestorVector

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "royalty_accrual.json").read_text())
TOKEN = address_from_bytes(b"\x77" * 20)
OTHER_TOKEN = address_from_bytes(b"\x88" * 20)


def account(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


def split(*bps: int) -> Split:
    return Split(tuple(Share(account(i + 1), part) for i, part in enumerate(bps)))


def vector(*entries: tuple[int, int]) -> AncestorVector:
    return AncestorVector(tuple(AncestorShare(WorkId(work), share) for work, share in entries))


ORIGINAL, SECOND, DERIVED = WorkId(1), WorkId(2), WorkId(3)
LINEAGE = vector((1, 150_000_000), (2, 333_333_333))


def new_book() -> RoyaltyBook:
    book = RoyaltyBook()
    book.linked(DERIVED, LINEAGE)
    for work in (ORIGINAL, SECOND, DERIVED):
        book.split_set(work, 1, split(3_333, 6_667))
    return book


# --- the shared vector -------------------------------------------------------------------------


def replay_step(book: RoyaltyBook, step: dict[str, Any]) -> None:
    work = WorkId(step["workId"])
    if step["do"] == "pay":
        amount = int(step["amount"])
        book.paid(work, TOKEN, amount, book.flow(work, TOKEN).gross + amount)
    elif step["do"] == "settle":
        amount = int(step["amount"])
        if amount == 0:
            # A second settle changes nothing, and the contract says nothing about it.
            return
        book.settled(work, TOKEN, amount, book.flow(work, TOKEN).settled + amount)
    elif step["do"] == "setSplit":
        shares = tuple(Share(address(s["payee"]), s["bps"]) for s in step["shares"])
        book.split_set(work, step["version"], Split(shares))
    else:
        for payout in step.get("paid", [step]):
            payee, amount = address(payout["payee"]), int(payout["amount"])
            if amount == 0:
                # A push with nothing due passes the payee over, without an event.
                continue
            before = book.paid_to(work, TOKEN, step["version"], payee)
            book.paid_out(work, TOKEN, payee, step["version"], amount, before + amount)


def state_of(book: RoyaltyBook, after: dict[str, Any]) -> dict[str, Any]:
    """The book's state in the vector's own form, for the places the vector names."""
    works = {text: WorkId(int(text)) for text in after["accrued"]}
    return {
        "accrued": {text: str(book.accrued(work, TOKEN)) for text, work in works.items()},
        "flow": {
            text: {k: str(v) for k, v in vars(book.flow(work, TOKEN)).items()}
            for text, work in works.items()
        },
        "shares": [
            line
            | {
                "due": str(book.due(*place)),
                "paid": str(book.paid_to(*place)),
            }
            for line in after["shares"]
            for place in [
                (WorkId(line["workId"]), TOKEN, line["version"], address(line["payee"])),
            ]
        ],
        "custody": {
            "paidIn": str(book.custody(TOKEN).paid_in),
            "paidOut": str(book.custody(TOKEN).paid_out),
        },
    }


def test_every_step_of_the_vector_leaves_the_state_it_names() -> None:
    book = RoyaltyBook()
    for work in VECTOR["works"]:
        if work["kind"] == "DERIVATIVE":
            decoded = AncestorVector.decode(bytes.fromhex(work["vectorBytes"][2:]))
            book.linked(WorkId(work["workId"]), decoded)

    for number, step in enumerate(VECTOR["steps"]):
        replay_step(book, step)
        assert state_of(book, step["after"]) == step["after"], f"step {number}: {step['do']}"
        book.check_identity(TOKEN)


# --- properties --------------------------------------------------------------------------------

PAYMENTS = st.lists(
    st.tuples(st.sampled_from([ORIGINAL, SECOND, DERIVED]), st.integers(1, 2**100)),
    min_size=1,
    max_size=12,
)


def pay_all(book: RoyaltyBook, payments: list[tuple[WorkId, int]], settle_each: bool) -> None:
    for work, amount in payments:
        book.paid(work, TOKEN, amount, book.flow(work, TOKEN).gross + amount)
        if settle_each:
            settle(book)
    settle(book)


def settle(book: RoyaltyBook) -> None:
    flow = book.flow(DERIVED, TOKEN)
    if flow.gross > flow.settled:
        book.settled(DERIVED, TOKEN, flow.gross - flow.settled, flow.gross)


def pay_out_everything(book: RoyaltyBook) -> dict[Address, int]:
    received: dict[Address, int] = {}
    for due in list(book.dues()):
        before = book.paid_to(due.work_id, due.token, due.version, due.payee)
        book.paid_out(
            due.work_id, due.token, due.payee, due.version, due.amount, before + due.amount
        )
        received[due.payee] = received.get(due.payee, 0) + due.amount
    return received


@given(PAYMENTS, st.data())
def test_chunks_and_order_change_nobodys_payout(
    payments: list[tuple[WorkId, int]], data: st.DataObject
) -> None:
    chunks = []
    for work, amount in payments:
        cut = data.draw(st.integers(0, amount))
        chunks += [(work, part) for part in (cut, amount - cut) if part]
    whole, chunked = new_book(), new_book()

    pay_all(whole, payments, settle_each=False)
    pay_all(chunked, data.draw(st.permutations(chunks)), settle_each=True)

    for book in (whole, chunked):
        book.check_identity(TOKEN)
    assert pay_out_everything(whole) == pay_out_everything(chunked)
    assert list(whole.dues()) == list(chunked.dues()) == []


@given(PAYMENTS)
def test_payouts_are_the_floors_of_exact_fractions(payments: list[tuple[WorkId, int]]) -> None:
    book = new_book()
    pay_all(book, payments, settle_each=False)

    income = {work: Fraction(0) for work in (ORIGINAL, SECOND, DERIVED)}
    for work, amount in payments:
        if work != DERIVED:
            income[work] += amount
        else:
            income[ORIGINAL] += amount * Fraction(15, 100)
            income[SECOND] += amount * Fraction(333_333_333, 10**9)
            income[DERIVED] += amount * Fraction(516_666_667, 10**9)
    for work, total in income.items():
        assert book.accrued(work, TOKEN) == total * 10**9
        for payee, bps in ((1, 3_333), (2, 6_667)):
            due = total * Fraction(bps, 10_000)
            assert book.due(work, TOKEN, 1, account(payee)) == due.numerator // due.denominator
    paid_in = sum(amount for _, amount in payments)
    paid_out = sum(pay_out_everything(book).values())
    assert 0 <= paid_in - paid_out < 6
    assert book.custody(TOKEN) == Custody(paid_in, paid_out)
    assert book.custody(TOKEN).held == paid_in - paid_out


def test_a_new_split_leaves_earlier_income_with_the_old_one() -> None:
    book = new_book()
    book.paid(ORIGINAL, TOKEN, 100, 100)
    book.split_set(ORIGINAL, 2, split(10_000))
    book.paid(ORIGINAL, TOKEN, 7, 107)

    assert list(book.dues()) == [
        Due(ORIGINAL, TOKEN, 1, account(1), 33),
        Due(ORIGINAL, TOKEN, 1, account(2), 66),
        Due(ORIGINAL, TOKEN, 2, account(1), 7),
    ]
    assert book.segment_start(ORIGINAL, TOKEN, 2) == 100 * 10**9
    assert (book.split_count(ORIGINAL), book.split(ORIGINAL, 2)) == (2, split(10_000))


def test_the_first_split_owns_income_from_before_it() -> None:
    book = RoyaltyBook()
    book.paid(ORIGINAL, TOKEN, 100, 100)
    book.split_set(ORIGINAL, 1, split(10_000))

    assert book.due(ORIGINAL, TOKEN, 1, account(1)) == 100


def test_tokens_are_kept_apart() -> None:
    book = new_book()
    book.paid(ORIGINAL, TOKEN, 100, 100)
    book.paid(ORIGINAL, OTHER_TOKEN, 5, 5)

    assert (book.custody(TOKEN), book.custody(OTHER_TOKEN)) == (Custody(100, 0), Custody(5, 0))
    assert book.due(ORIGINAL, OTHER_TOKEN, 1, account(2)) == 3
    assert book.unsettled(TOKEN) == 0


# --- every contradiction is named, and changes nothing -----------------------------------------


def ready_book() -> RoyaltyBook:
    book = new_book()
    book.paid(ORIGINAL, TOKEN, 100, 100)
    book.paid(DERIVED, TOKEN, 50, 50)
    return book


CONTRADICTIONS: dict[str, tuple[Callable[[RoyaltyBook], None], str, object, object]] = {
    "a second link": (
        lambda b: b.linked(DERIVED, LINEAGE),
        "links of work 3",
        "one for good",
        "a second one",
    ),
    "a link after income": (
        lambda b: b.linked(ORIGINAL, LINEAGE),
        "link of work 1",
        "no income before it",
        "income",
    ),
    "a skipped split version": (
        lambda b: b.split_set(ORIGINAL, 3, split(10_000)),
        "split version of work 1",
        2,
        3,
    ),
    "a split over unsettled income": (
        lambda b: b.split_set(DERIVED, 2, split(10_000)),
        "settled before the split of work 3",
        50,
        0,
    ),
    "a gross that jumps": (
        lambda b: b.paid(ORIGINAL, TOKEN, 5, 106),
        f"payment for work 1 in {TOKEN}: gross",
        105,
        106,
    ),
    "a payment of nothing": (
        lambda b: b.paid(ORIGINAL, TOKEN, 0, 100),
        f"payment for work 1 in {TOKEN}",
        "a positive amount",
        0,
    ),
    "a settlement of part of the income": (
        lambda b: b.settled(DERIVED, TOKEN, 49, 49),
        f"settlement of work 3 in {TOKEN}: amount",
        50,
        49,
    ),
    "a settlement with another sum": (
        lambda b: b.settled(DERIVED, TOKEN, 50, 51),
        f"settlement of work 3 in {TOKEN}: settled",
        50,
        51,
    ),
    "a settlement of an original": (
        lambda b: b.settled(ORIGINAL, TOKEN, 1, 101),
        f"settlement of work 1 in {TOKEN}: amount",
        0,
        1,
    ),
    "a payout one unit too high": (
        lambda b: b.paid_out(ORIGINAL, TOKEN, account(1), 1, 34, 34),
        f"payout from work 1 version 1 to {account(1)} in {TOKEN}: amount",
        33,
        34,
    ),
    "a payout with another sum": (
        lambda b: b.paid_out(ORIGINAL, TOKEN, account(1), 1, 33, 34),
        f"payout from work 1 version 1 to {account(1)} in {TOKEN}: paid",
        33,
        34,
    ),
    "a payout to a stranger": (
        lambda b: b.paid_out(ORIGINAL, TOKEN, account(9), 1, 1, 1),
        f"payout from work 1 version 1 to {account(9)} in {TOKEN}: amount",
        0,
        1,
    ),
    "a payout of an unknown version": (
        lambda b: b.paid_out(ORIGINAL, TOKEN, account(1), 2, 1, 1),
        "split versions of work 1",
        "up to 1",
        2,
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_named_and_changes_nothing(name: str) -> None:
    act, place, expected, found = CONTRADICTIONS[name]
    book = ready_book()

    with pytest.raises(Inconsistent) as refusal:
        act(book)

    error = refusal.value
    assert (error.place, error.expected, error.found) == (place, expected, found)
    assert list(book.dues()) == list(ready_book().dues())
    assert book.flow(DERIVED, TOKEN) == Flow(50, 0)
    assert book.custody(TOKEN) == Custody(150, 0)
    book.check_identity(TOKEN)


def test_books_that_do_not_balance_say_so() -> None:
    book = ready_book()
    book._accrued[ORIGINAL, TOKEN] += 1

    with pytest.raises(Inconsistent, match="accrued and unsettled numerators"):
        book.check_identity(TOKEN)
