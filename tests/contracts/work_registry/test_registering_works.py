"""Registering: who may, what is kept, what is said, and that no recording is registered twice."""

from __future__ import annotations

import pytest

from chain.ledger.rights import WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import by, digest

CONTENT, MANIFEST = digest("samples"), digest("manifest")
NOTHING = bytes(32)


def registration(community=0, kind=WorkKind.RECORDING, content=CONTENT, manifest=MANIFEST):
    return (community, kind, content, manifest)


def test_anybody_registers_a_work_of_their_own(works, customer):
    tx = works.register(registration(), by(customer))

    assert tx.return_value == 1
    assert dict(tx.events["WorkRegistered"]) == {
        "workId": 1,
        "communityId": 0,
        "owner": customer,
        "kind": WorkKind.RECORDING,
        "contentCommitment": "0x" + CONTENT.hex(),
        "manifestDigest": "0x" + MANIFEST.hex(),
    }
    assert "Locked" not in tx.events
    assert works.workCount() == 1
    assert works.ownerOf(1) == customer
    assert works.controllerOf(1) == customer
    assert works.balanceOf(customer) == 1
    assert works.workByContent(CONTENT) == 1


@pytest.mark.parametrize("kind", list(WorkKind))
def test_all_that_was_registered_can_be_read_back(works, found_community, steward, kind):
    community = found_community(steward)

    tx = works.register(registration(community, kind), by(steward))

    assert works.workOf(1) == (
        community,
        kind,
        tx.timestamp,
        "0x" + MANIFEST.hex(),
    )
    assert works.kindOf(1) == kind
    assert works.communityIdOf(1) == works.workOf(1)[0]


def test_a_recording_is_registered_once(works, customer, stranger):
    works.register(registration(), by(customer))

    with refused("ContentAlreadyRegistered", CONTENT, 1):
        works.register(registration(manifest=digest("other")), by(stranger))


@pytest.mark.parametrize("empty", [{"content": NOTHING}, {"manifest": NOTHING}])
def test_a_work_without_sound_or_manifest_is_refused(works, customer, empty):
    with refused("EmptyRegistration"):
        works.register(registration(**empty), by(customer))


def test_a_kind_of_work_that_does_not_exist_is_refused(works, customer):
    with pytest.raises(Exception, match="revert"):
        works.register(registration(kind=5), by(customer))


def test_only_its_steward_registers_for_a_community(works, found_community, steward, stranger):
    community = found_community(steward)

    with refused("NotSteward", community, stranger):
        works.register(registration(community), by(stranger))


def test_a_community_nobody_founded_has_no_works(works, steward):
    with refused("CommunityUnknown", 7):
        works.register(registration(7), by(steward))


def test_a_new_steward_decides_for_the_works_there_are(
    works, consents, found_community, stewards, register_work
):
    old, new = stewards[:2]
    community = found_community(old)
    work = register_work(old, community)

    consents.offerStewardship(community, new, by(old))
    consents.acceptStewardship(community, by(new))

    assert works.controllerOf(work) == new
    assert works.ownerOf(work) == old


def test_works_that_nobody_registered_are_unknown(works):
    with refused("WorkUnknown", 1):
        works.workOf(1)
    with refused("WorkUnknown", 1):
        works.controllerOf(1)
    with refused("WorkUnknown", 1):
        works.kindOf(1)
    with refused("WorkUnknown", 1):
        works.communityIdOf(1)
    with refused("WorkUnknown", 0):
        works.workOf(0)

    assert works.workByContent(CONTENT) == 0
