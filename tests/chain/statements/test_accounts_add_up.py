"""opening + earned - withheld - paid == closing: over random histories, against the contracts."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from tests.chain.statements.statement_worlds import (
    Desk,
    Disputed,
    check_contracts,
    check_identities,
    follow,
)
from tests.devnet import Devnet
from tests.heritage import Heritage

ACTIONS = 60
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_consecutive_statements_join_and_agree_with_the_contracts(
    devnet: Devnet, heritage: Heritage, follower: Follower, store: Store, seed: int
) -> None:
    lane = follow(devnet, heritage, follower, store)
    history = Disputed(devnet, heritage, lane, seed)
    taken = sum(history.step() for _ in range(ACTIONS))
    assert taken > ACTIONS // 2
    desk = Desk(devnet, lane)
    head = desk.pin()
    chosen = random.Random(seed)
    cuts = [1, *sorted(chosen.sample(range(60, head.number), 3)), head.number + 1]
    periods = [desk.period(first, end) for first, end in pairwise(cuts)]
    books = [desk.books(period.closing) for period in periods]
    last = books[-1]
    payees = sorted({s.payee for r in store.splits(at=head) for s in r.split.shares})

    seen = set()
    for payee in payees:
        whole = last.of_payee(payee, desk.period())
        check_identities(whole)
        parts = []
        for period, each in zip(periods, books, strict=True):
            if not each.knows(payee):
                continue
            part = each.of_payee(payee, period)
            check_identities(part)
            check_contracts(devnet, store, part)
            assert not parts or parts[-1].closing == part.opening
            parts.append(part)
        assert [e for part in parts for e in part.entries] == list(whole.entries)
        assert parts[-1].closing == whole.closing
        seen |= {entry.cause for entry in whole.entries}
    assert len(seen) >= 7, seen


def test_a_community_and_its_payees_come_to_the_same(
    devnet: Devnet, heritage: Heritage, follower: Follower, store: Store
) -> None:
    lane = follow(devnet, heritage, follower, store)
    history = Disputed(devnet, heritage, lane, 5)
    for _ in range(40):
        history.step()
    desk = Desk(devnet, lane)
    period = desk.period()
    books = desk.books(period.closing)
    by_work: dict[int, int] = {}
    for payee in sorted({s.payee for r in store.splits(at=period.closing) for s in r.split.shares}):
        for work, stocks in books.of_payee(payee, period).closing.items():
            by_work[work] = by_work.get(work, 0) + stocks.payable
    for community in heritage.communities:
        found = books.of_community(community, period)
        check_identities(found)
        for work, stocks in found.closing.items():
            assert stocks.payable == by_work[work]
        assert found.epochs == ()
