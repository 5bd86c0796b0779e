"""A recording's two books: the composition's, which is its parent, and the master's."""

from __future__ import annotations

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MIN
from chain.ledger.rights import WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import Terms, by, digest
from tests.contracts.work_registry.conftest import registration

HALF = 500_000_000


def of_kind(name, kind, community=0):
    return registration(name, community, kind).as_tuple()


@pytest.fixture
def composition(works, found_community, steward):
    community = found_community(steward)
    works.register(of_kind("song", WorkKind.COMPOSITION, community), by(steward))
    return 1


def test_a_recording_has_a_book_of_its_composition_and_one_of_its_own(
    works, composition, customer, steward
):
    tx = works.registerRecording(composition, of_kind("take", WorkKind.DERIVATIVE), by(customer))

    assert tx.return_value == 2
    assert dict(tx.events["RecordingOf"]) == {"recording": 2, "composition": composition}
    assert works.compositionOf(2) == composition
    assert works.shareBooksOf(2) == (
        (WorkKind.COMPOSITION, composition, steward),
        (WorkKind.RECORDING, 2, customer),
    )


def test_any_other_work_has_one_book(works, composition, steward, register_work, customer):
    recording = register_work(customer)

    assert works.shareBooksOf(composition) == ((WorkKind.COMPOSITION, composition, steward),)
    assert works.shareBooksOf(recording) == ((WorkKind.RECORDING, recording, customer),)
    assert works.compositionOf(recording) == 0


def test_a_work_nobody_registered_has_no_books(works):
    with refused("WorkUnknown", 1):
        works.shareBooksOf(1)


def test_only_a_composition_is_recorded(works, register_work, customer):
    other = register_work(customer, kind=WorkKind.STEM)

    with refused("NotAComposition", other):
        works.registerRecording(other, of_kind("take", WorkKind.DERIVATIVE), by(customer))
    with refused("WorkUnknown", 9):
        works.registerRecording(9, of_kind("take", WorkKind.DERIVATIVE), by(customer))


def test_a_recording_that_owes_a_composition_must_be_able_to_wait(works, composition, customer):
    with refused("BadRecordingKind", WorkKind.RECORDING):
        works.registerRecording(composition, of_kind("take", WorkKind.RECORDING), by(customer))


def test_recordings_for_a_community_are_its_stewards_to_register(
    works, composition, found_community, steward, stranger
):
    community = found_community(steward)
    take = of_kind("take", WorkKind.DERIVATIVE, community)

    with refused("NotSteward", community, stranger):
        works.registerRecording(composition, take, by(stranger))


def test_a_recording_is_not_linked_without_its_composition(
    works, composition, graph, stablecoin, grant, take_licence, register_work, steward, platform
):
    terms = Terms.generation(stablecoin, HALF // 2, price=0)
    other = register_work(steward)
    recording = works.registerRecording(
        composition, of_kind("take", WorkKind.DERIVATIVE), by(platform)
    ).return_value
    parents = []
    for work in (composition, other):
        grant(steward, work, terms)
        parents.append((work, take_licence(platform, work, terms, stablecoin)))

    with refused("CompositionMissing", recording, composition):
        graph.link(recording, "0xFEED", parents[1:], [b""], by(platform))
    graph.link(recording, "0xFEED", parents, [b"", b""], by(platform))


def test_a_recording_of_a_displaced_composition_is_linked_without_it(
    works, graph, stablecoin, grant, take_licence, register_work, customer, stranger, platform,
    mine_at
):  # fmt: skip
    """Nobody can take a licence of it, and the work in its place is younger than the recording."""
    song, salt = of_kind("song", WorkKind.COMPOSITION), digest("a secret")
    committed = works.commit(works.commitmentOf(customer, [song], salt), by(customer)).timestamp
    terms = Terms.generation(stablecoin, HALF // 2, price=0)
    source = register_work(customer)
    grant(customer, source, terms)
    parents = [(source, take_licence(platform, source, terms, stablecoin))]
    mine_at(committed + COMMITMENT_AGE_MIN)
    stolen = works.register(song, by(stranger)).events["WorkRegistered"]["workId"]
    take = of_kind("take", WorkKind.DERIVATIVE)
    recording = works.registerRecording(stolen, take, by(platform)).return_value
    with refused("CompositionMissing", recording, stolen):
        graph.link(recording, "0xFEED", parents, [b""], by(platform))

    works.reveal([song], salt, by(customer))
    graph.link(recording, "0xFEED", parents, [b""], by(platform))

    assert works.displacedBy(stolen) == recording + 1
    assert graph.depthOf(recording) == 1


def test_both_books_earn_from_one_payment(
    works,
    composition,
    graph,
    royalty_ledger,
    stablecoin,
    grant,
    take_licence,
    steward,
    platform,
):
    terms = Terms.generation(stablecoin, HALF, price=0)
    grant(steward, composition, terms)
    recording = works.registerRecording(
        composition, of_kind("take", WorkKind.DERIVATIVE), by(platform)
    ).return_value
    stablecoin.approve(royalty_ledger, 1_000_001, by(platform))
    with refused("DerivativeNotLinked", recording):
        royalty_ledger.pay(recording, stablecoin, 1_000_001, by(platform))

    licence = take_licence(platform, composition, terms, stablecoin)
    tx = graph.link(recording, "0xFEED", [(composition, licence)], [b""], by(platform))
    vector = bytes(tx.events["DerivativeLinked"]["vector"])
    royalty_ledger.pay(recording, stablecoin, 1_000_001, by(platform))
    royalty_ledger.settle(recording, stablecoin, vector, by(platform))

    books = [work for _, work, _ in works.shareBooksOf(recording)]
    assert [royalty_ledger.accruedOf(work, stablecoin) for work in books] == [1_000_001 * HALF] * 2
