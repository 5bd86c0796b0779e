"""A work whose content was another's gives no consent any more; what it gave can be taken back."""

from __future__ import annotations

import pytest

from chain.ledger.registration import COMMITMENT_AGE_MIN
from chain.ledger.rights import ConsentState, Tier, WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, FOREVER, ConsentProposal, by, digest

TIER = Tier.GENERATION
TERMS = digest("terms")
SALT = digest("a secret")


@pytest.fixture
def twins(works, consents, found_community, steward, stewards, elders, stranger, mine_at):
    """Registers one recording twice: for nobody, or another community, and then, as was committed
    to before, for a community whose elders are asked. `first` is done in between."""

    def twins(first=lambda work: None, of_elders=False):
        community = found_community(steward, elders, 2)
        song = (community, WorkKind.RECORDING, digest("samples of twins"), digest("manifest"))
        other = found_community(stewards[1], elders, 1) if of_elders else 0
        works.commit(works.commitmentOf(steward, [song], SALT), by(steward))
        committed = works.committedAt(works.commitmentOf(steward, [song], SALT))
        mine_at(committed + COMMITMENT_AGE_MIN)
        owner = stewards[1] if of_elders else stranger
        tx = works.register((other, *song[1:]), by(owner))
        displaced = int(tx.events["WorkRegistered"]["workId"])
        first(displaced)
        works.reveal([song], SALT, by(steward))
        return displaced, int(works.displacedBy(displaced))

    return twins


def propose(consents, work, who, reaffirm_seconds=0):
    proposal = ConsentProposal(TERMS, FOREVER, reaffirm_seconds)
    return consents.proposeConsent(work, TIER, proposal, by(who)).return_value


def test_a_steward_grants_nothing_past_its_elders_on_a_displaced_work(consents, twins, steward):
    displaced, work = twins()

    with refused("Displaced", displaced, work):
        propose(consents, displaced, steward)
    assert consents.consentOf(displaced, TIER)[0] == ConsentState.NONE
    propose(consents, work, steward)
    assert consents.consentOf(work, TIER)[0] == ConsentState.PROPOSED


def test_what_a_displaced_work_gave_is_taken_back_and_not_given_anew(
    consents, twins, steward, stranger
):
    given = {}

    def first(work):
        given["offer"] = propose(consents, work, stranger, 30 * DAY)

    displaced, work = twins(first)
    with refused("Displaced", displaced, work):
        consents.reaffirmConsent(displaced, TIER, given["offer"], by(steward))
    consents.suspendConsent(displaced, TIER, by(steward))
    with refused("Displaced", displaced, work):
        consents.resumeConsent(displaced, TIER, by(steward))

    consents.withdrawConsent(displaced, TIER, by(steward))

    assert consents.consentOf(displaced, TIER)[0] == ConsentState.WITHDRAWN


def test_elders_of_another_community_grant_nothing_on_a_displaced_work(
    consents, twins, stewards, elders
):
    given = {}

    def first(work):
        given["offer"] = propose(consents, work, stewards[1])

    displaced, work = twins(first, of_elders=True)

    with refused("Displaced", displaced, work):
        consents.approveConsent(displaced, TIER, given["offer"], by(elders[0]))
