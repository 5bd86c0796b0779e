"""Batches: in order, all or none, at most 128."""

from __future__ import annotations

from chain.ledger.rights import WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import by, digest

MOST = 128


def batch(length, community=0):
    return [
        (community, WorkKind.ARCHIVE_ITEM, digest(f"item {i}"), digest(f"its manifest {i}"))
        for i in range(length)
    ]


def test_a_batch_is_registered_in_order(works, found_community, steward, register_work):
    community = found_community(steward)
    register_work(steward)
    items = batch(3, community)

    tx = works.registerBatch(items, by(steward))

    assert tx.return_value == 2
    assert [event["workId"] for event in tx.events["WorkRegistered"]] == [2, 3, 4]
    assert [event["tokenId"] for event in tx.events["Locked"]] == [2, 3, 4]
    assert [works.workByContent(item[2]) for item in items] == [2, 3, 4]
    assert works.workCount() == 4
    assert works.balanceOf(steward) == 4


def test_works_registered_after_a_batch_go_on_counting(works, customer, register_work):
    works.registerBatch(batch(2), by(customer))

    assert register_work(customer) == 3


def test_one_bad_work_keeps_the_whole_batch_out(works, customer):
    items = batch(3)
    items[2] = items[0]

    with refused("ContentAlreadyRegistered", items[0][2], 1):
        works.registerBatch(items, by(customer))

    assert works.workCount() == 0
    assert works.balanceOf(customer) == 0


def test_a_batch_holds_at_most_128_works(works, customer):
    with refused("TooManyRegistrations", MOST + 1):
        works.registerBatch(batch(MOST + 1), by(customer))

    works.registerBatch(batch(MOST), by(customer))

    assert works.workCount() == MOST


def test_an_empty_batch_is_refused(works, customer):
    with refused("EmptyRegistration"):
        works.registerBatch([], by(customer))
