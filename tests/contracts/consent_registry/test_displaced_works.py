"""A work whose content was another's gives no consent any more, and what it gave has ended."""

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
        twins.revealed = works.reveal([song], SALT, by(steward))
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


@pytest.mark.parametrize("is_suspended", [False, True])
def test_what_a_displaced_work_gave_ends_and_is_not_given_anew(
    consents, twins, steward, stranger, is_suspended
):
    given = {}

    def first(work):
        given["offer"] = propose(consents, work, stranger, 30 * DAY)
        if is_suspended:
            consents.suspendConsent(work, TIER, by(stranger))

    displaced, work = twins(first)

    assert consents.consentOf(displaced, TIER)[0] == ConsentState.WITHDRAWN
    over = (displaced, TIER, ConsentState.WITHDRAWN)
    with refused("BadConsentStep", *over):
        consents.reaffirmConsent(displaced, TIER, given["offer"], by(steward))
    with refused("BadConsentStep", *over):
        consents.resumeConsent(displaced, TIER, by(steward))
    with refused("Displaced", displaced, work):
        propose(consents, displaced, steward)


def test_every_tier_ends_and_says_so_but_for_what_was_refused(works, consents, twins, stranger):
    def first(work):
        for tier in (Tier.TRAINING, Tier.GENERATION):
            proposal = ConsentProposal(TERMS, FOREVER, 0)
            consents.proposeConsent(work, tier, proposal, by(stranger))
        consents.refuseConsent(work, Tier.TRAINING, by(stranger))

    displaced, work = twins(first)

    states = [consents.consentOf(displaced, tier)[0] for tier in Tier]
    assert states == [ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.NONE]
    (told,) = twins.revealed.events["ConsentWithdrawn"]
    assert dict(told) == {"workId": displaced, "tier": Tier.GENERATION}
    assert consents.consentOf(work, TIER)[0] == ConsentState.NONE


def test_only_the_register_of_works_ends_consent(consents, twins, steward, deployer):
    displaced, _ = twins()

    for outsider in (steward, deployer):
        with refused("NotWorkRegistry", outsider):
            consents.withdrawDisplaced(displaced, by(outsider))


def test_elders_of_another_community_grant_nothing_on_a_displaced_work(
    consents, twins, stewards, elders
):
    given = {}

    def first(work):
        given["offer"] = propose(consents, work, stewards[1])

    displaced, _ = twins(first, of_elders=True)

    with refused("BadConsentStep", displaced, TIER, ConsentState.WITHDRAWN):
        consents.approveConsent(displaced, TIER, given["offer"], by(elders[0]))
