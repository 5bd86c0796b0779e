"""Owners that are contracts: a work belongs to the caller, not to who pays gas."""

from __future__ import annotations

from chain.ledger.rights import WorkKind
from tests.contracts.rights import by, digest

SALT = digest("salt")


def registration(name, community=0):
    return (community, WorkKind.RECORDING, digest(name), digest(f"{name} manifest"))


def test_what_a_wallet_registers_is_its_own(works, through, wallet):
    told = through(works.register, registration("one")).events["WorkRegistered"]

    assert told["owner"] == works.ownerOf(told["workId"]) == wallet


def test_so_are_many(works, through, wallet):
    through(works.registerBatch, [registration("one"), registration("two")])

    assert [works.ownerOf(work) for work in (1, 2)] == [wallet, wallet]


def test_and_its_recording_of_somebody_elses_song(works, through, wallet, customer):
    song = (0, WorkKind.COMPOSITION, digest("song"), digest("song manifest"))
    works.register(song, by(customer))
    take = (0, WorkKind.DERIVATIVE, digest("take"), digest("take manifest"))

    through(works.registerRecording, 1, take)

    assert (works.compositionOf(2), works.ownerOf(2)) == (1, wallet)


def test_and_what_it_committed_to(works, through, wallet, devnet, stranger):
    batch = [registration("one")]
    commitment = works.commitmentOf(wallet, batch, SALT)
    works.commit(commitment, by(stranger))
    devnet.sleep(works.COMMITMENT_AGE_MIN() + 1)

    through(works.reveal, batch, SALT)

    assert works.ownerOf(1) == wallet


def test_a_wallet_registers_for_the_community_it_leads(works, consents, through, wallet):
    through(consents.foundCommunity, [], 0, bytes(32))

    through(works.register, registration("one", community=1))

    assert works.controllerOf(1) == wallet
