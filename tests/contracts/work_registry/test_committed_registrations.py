"""Commit, then reveal: who said it first is first, whatever a watcher sends in between."""

from __future__ import annotations

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MAX, COMMITMENT_AGE_MIN, commitment_of
from chain.ledger.rights import Tier, WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import ConsentProposal, by, digest
from tests.contracts.work_registry.conftest import registration, tuples

SALT = digest("a secret")
SONG = registration()


@pytest.fixture
def commit(works, domain):
    """Commits the customer or another account to a song; the time it was done."""

    def commit(owner, registrations=(SONG,), salt=SALT):
        return works.commit(
            commitment_of(domain, owner.address, registrations, salt), by(owner)
        ).timestamp

    return commit


def test_both_sides_hash_a_commitment_alike(works, domain, customer):
    registrations = [registration("a"), registration("b", 7, WorkKind.STEM)]

    expected = commitment_of(domain, customer.address, registrations, SALT)

    assert works.commitmentOf(customer, tuples(registrations), SALT) == "0x" + expected.hex()


def test_a_revealed_work_counts_from_its_commitment(works, commit, customer, mine_at):
    committed = commit(customer)
    mine_at(committed + COMMITMENT_AGE_MIN)

    tx = works.reveal(tuples([SONG]), SALT, by(customer))

    assert tx.return_value == 1
    assert works.workOf(1)[2] == committed
    assert works.ownerOf(1) == customer
    commitment = works.commitmentOf(customer, tuples([SONG]), SALT)
    assert dict(tx.events["CommitmentRevealed"]) == {
        "commitment": commitment,
        "countsFrom": committed,
    }
    assert works.committedAt(commitment) == 0


def test_a_commitment_says_when_it_was_made(works, commit, customer):
    committed = commit(customer)

    commitment = works.commitmentOf(customer, tuples([SONG]), SALT)
    assert works.committedAt(commitment) == committed


def test_a_watcher_who_registers_the_revealed_content_is_displaced(
    works, commit, customer, stranger, mine_at
):
    committed = commit(customer)
    mine_at(committed + COMMITMENT_AGE_MIN)
    works.register(SONG.as_tuple(), by(stranger))

    tx = works.reveal(tuples([SONG]), SALT, by(customer))

    assert dict(tx.events["WorkDisplaced"]) == {"displaced": 1, "by": 2}
    assert works.workByContent(SONG.content_commitment) == 2
    assert works.displacedBy(1) == 2
    assert works.displacedBy(2) == 0
    # The token stays a token; who decides for it is whoever said it first.
    assert works.ownerOf(1) == stranger
    assert works.controllerOf(1) == customer
    assert works.controllerOf(2) == customer


def test_a_displaced_owner_decides_nothing(
    works, consents, royalty_ledger, commit, customer, stranger, mine_at
):
    committed = commit(customer)
    mine_at(committed + COMMITMENT_AGE_MIN)
    works.register(SONG.as_tuple(), by(stranger))
    works.reveal(tuples([SONG]), SALT, by(customer))

    with refused("NotController", 1, stranger):
        consents.proposeConsent(1, Tier.TRAINING, ConsentProposal(digest("terms")), by(stranger))
    with refused("NotController", 1, stranger):
        royalty_ledger.setSplit(1, [(stranger, 10_000)], by(stranger))


def test_of_two_commitments_the_older_one_wins_in_any_order(
    works, commit, customer, stranger, payees, mine_at
):
    first = commit(customer)
    mine_at(first + 1)
    second = commit(stranger)
    mine_at(second + 1)
    mine_at(commit(payees[0]) + COMMITMENT_AGE_MIN)

    works.reveal(tuples([SONG]), SALT, by(payees[0]))
    works.reveal(tuples([SONG]), SALT, by(stranger))
    works.reveal(tuples([SONG]), SALT, by(customer))

    assert [works.displacedBy(work) for work in (1, 2, 3)] == [3, 3, 0]
    assert [works.controllerOf(work) for work in (1, 2, 3)] == [customer] * 3


def test_who_decides_costs_the_same_however_often_a_content_was_displaced(
    works, commit, payees, mine_at
):
    for payee in payees[:8]:
        mine_at(commit(payee) + 1)
    mine_at(commit(payees[8]) + COMMITMENT_AGE_MIN)
    for payee in reversed(payees[:8]):
        works.reveal(tuples([SONG]), SALT, by(payee))

    asked = [works.controllerOf.estimate_gas(work, by(payees[0])) for work in range(1, 8)]

    assert [works.controllerOf(work) for work in range(1, 9)] == [payees[0]] * 8
    assert len(set(asked)) == 1


def test_a_younger_commitment_displaces_nothing(works, commit, customer, stranger, mine_at):
    committed = commit(customer)
    mine_at(committed + 1)
    younger = commit(stranger)
    mine_at(younger + COMMITMENT_AGE_MIN)
    works.reveal(tuples([SONG]), SALT, by(customer))

    with refused("ContentAlreadyRegistered", SONG.content_commitment, 1):
        works.reveal(tuples([SONG]), SALT, by(stranger))

    assert works.workOf(1)[2] == committed


def test_a_registration_of_before_the_commitment_stands(works, commit, customer, stranger, mine_at):
    works.register(SONG.as_tuple(), by(stranger))
    mine_at(commit(customer) + COMMITMENT_AGE_MIN)

    with refused("ContentAlreadyRegistered", SONG.content_commitment, 1):
        works.reveal(tuples([SONG]), SALT, by(customer))


def test_nothing_is_revealed_within_the_first_minute(works, commit, customer, devnet, mine_at):
    committed = commit(customer)
    commitment = works.commitmentOf(customer, tuples([SONG]), SALT)
    ages = (committed + COMMITMENT_AGE_MIN, committed + COMMITMENT_AGE_MAX)

    with refused("CommitmentNotOfAge", commitment, *ages):
        works.reveal(tuples([SONG]), SALT, by(customer))


def test_nothing_is_revealed_after_a_day(works, commit, customer, mine_at):
    committed = commit(customer)
    commitment = works.commitmentOf(customer, tuples([SONG]), SALT)
    ages = (committed + COMMITMENT_AGE_MIN, committed + COMMITMENT_AGE_MAX)
    mine_at(committed + COMMITMENT_AGE_MAX + 1)

    with refused("CommitmentNotOfAge", commitment, *ages):
        works.reveal(tuples([SONG]), SALT, by(customer))


def test_repeating_a_commitment_neither_fails_nor_renews_it(
    works, commit, customer, stranger, mine_at
):
    committed = commit(customer)
    commitment = works.commitmentOf(customer, tuples([SONG]), SALT)
    mine_at(committed + COMMITMENT_AGE_MIN)

    tx = works.commit(commitment, by(stranger))

    assert "RegistrationCommitted" not in tx.events
    assert works.committedAt(commitment) == committed


def test_an_expired_commitment_is_made_anew(works, commit, customer, mine_at):
    mine_at(commit(customer) + COMMITMENT_AGE_MAX + 1)

    again = commit(customer)
    mine_at(again + COMMITMENT_AGE_MIN)
    works.reveal(tuples([SONG]), SALT, by(customer))

    assert works.workOf(1)[2] == again


def test_only_what_was_committed_to_is_revealed(works, commit, customer, stranger, mine_at):
    mine_at(commit(customer) + COMMITMENT_AGE_MIN)
    other = tuples([registration("another")])

    for sender, registrations, salt in (
        (stranger, tuples([SONG]), SALT),
        (customer, other, SALT),
        (customer, tuples([SONG]), digest("another secret")),
    ):
        with refused("CommitmentUnknown", works.commitmentOf(sender, registrations, salt)):
            works.reveal(registrations, salt, by(sender))


def test_a_commitment_is_revealed_once(works, commit, customer, mine_at):
    mine_at(commit(customer) + COMMITMENT_AGE_MIN)
    works.reveal(tuples([SONG]), SALT, by(customer))

    with refused("CommitmentUnknown"):
        works.reveal(tuples([SONG]), SALT, by(customer))


def test_a_whole_batch_is_committed_to_and_revealed(
    works, found_community, commit, steward, mine_at
):
    community = found_community(steward)
    batch = [registration(f"song {i}", community) for i in range(3)]
    committed = commit(steward, batch)
    mine_at(committed + COMMITMENT_AGE_MIN)

    works.reveal(tuples(batch), SALT, by(steward))

    assert works.workCount() == 3
    assert {works.workOf(work)[2] for work in (1, 2, 3)} == {committed}
    assert works.locked(3)


def test_one_content_twice_in_a_revealed_batch_is_refused(works, commit, customer, mine_at):
    mine_at(commit(customer, (SONG, SONG)) + COMMITMENT_AGE_MIN)

    with refused("ContentAlreadyRegistered", SONG.content_commitment, 1):
        works.reveal(tuples([SONG, SONG]), SALT, by(customer))


def test_committing_to_a_communitys_work_does_not_make_one_its_steward(
    works, found_community, commit, steward, stranger, mine_at
):
    community = found_community(steward)
    theirs = (registration("their song", community),)
    mine_at(commit(stranger, theirs) + COMMITMENT_AGE_MIN)

    with refused("NotSteward", community, stranger):
        works.reveal(tuples(theirs), SALT, by(stranger))


def test_committing_to_nothing_registers_nothing(works, commit, customer, mine_at):
    mine_at(commit(customer, ()) + COMMITMENT_AGE_MIN)

    with refused("EmptyRegistration"):
        works.reveal([], SALT, by(customer))
