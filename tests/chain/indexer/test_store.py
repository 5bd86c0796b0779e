"""What the store answers is what the contracts answer, at the same block."""

from __future__ import annotations

from chain.indexer.follow import Follower
from chain.indexer.records import CreditChange, RootFault, RootState
from chain.indexer.store import Store
from chain.ledger.identifiers import (
    ZERO_DIGEST,
    CommunityId,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.rights import ConsentState, Split, Tier
from chain.settlement.state import royalty_book, settlement_state
from tests.devnet import COUNCIL, CURATOR, CUSTOMER, PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import (
    DERIVATIVE_INCOME,
    GENERATION_PRICE,
    Heritage,
    change_split,
    digest_of,
    pay,
    push_all,
    terms_of,
)


def test_works_are_those_of_the_register(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()
    at = store.head()

    works = store.works(at=at)

    assert [work.work_id for work in works] == [1, 2, 3, 4]
    for record in works:
        onchain = devnet.works.work_of(record.work_id, at=at)
        assert onchain.manifest_digest == record.manifest_digest
        by_content = devnet.works.work_by_content(record.content_commitment, at=at)
        assert by_content == record.work_id
        assert onchain.kind == record.kind
        assert onchain.community_id == record.community_id
        assert onchain.registered_at == record.place.timestamp
    assert store.works(at=at, after=WorkId(1), limit=2) == works[1:3]
    assert store.works(at=at, community_id=heritage.communities[0]) == works[:2]
    assert store.work(WorkId(9), at=at) is None
    assert store.work_by_content(digest_of("sound of chant"), at=at) == works[2]


def test_a_work_of_an_account_has_the_owner_it_was_given_to(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()
    before = store.head()
    platform, customer = devnet.address(PLATFORM), devnet.address(CUSTOMER)
    devnet.works._write(
        "transferFrom", platform, customer, heritage.derivative, signer=devnet.signers[PLATFORM]
    )
    follower.catch_up()

    now = store.work(heritage.derivative, at=store.head())
    earlier = store.work(heritage.derivative, at=before)

    assert now is not None
    assert earlier is not None
    assert (earlier.owner, now.owner) == (platform, customer)
    assert devnet.works.controller_of(heritage.derivative, at=store.head()) == customer


def test_communities_have_their_elders_and_present_steward(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    community = heritage.communities[2]
    devnet.consents.offer_stewardship(community, devnet.address(20), signer=devnet.signers[13])
    follower.catch_up()
    offered = store.community(community, at=store.head())
    devnet.consents.accept_stewardship(community, signer=devnet.signers[20])
    follower.catch_up()
    at = store.head()

    accepted = store.community(community, at=at)

    assert offered is not None
    assert accepted is not None
    assert offered.steward == devnet.address(13)
    assert accepted.steward == devnet.address(20)
    assert accepted.steward == devnet.consents.steward_of(community, at=at)
    elders = store.community(heritage.communities[1], at=at)
    assert elders is not None
    assert elders.elders == tuple(devnet.address(index) for index in (14, 15, 16))
    assert elders.approvals_required == 2
    assert store.community(CommunityId(9), at=at) is None


def test_consents_stand_where_the_register_says_after_every_step(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    chant, steward = heritage.works[2], devnet.signers[12]
    terms = terms_of(devnet, Tier.TRAINING, 5)
    until = devnet.node.head().timestamp + 1_000
    steps = [
        lambda: devnet.consents.propose_consent(
            chant, Tier.TRAINING, terms.hash(), until, signer=steward
        ),
        lambda: devnet.consents.approve_terms(
            chant, Tier.TRAINING, terms.hash(), signer=devnet.signers[14]
        ),
        lambda: devnet.consents.approve_terms(
            chant, Tier.TRAINING, terms.hash(), signer=devnet.signers[15]
        ),
        lambda: devnet.consents.suspend_consent(chant, Tier.TRAINING, signer=steward),
        lambda: devnet.consents.resume_consent(chant, Tier.TRAINING, signer=steward),
        lambda: devnet.consents.withdraw_consent(chant, Tier.TRAINING, signer=steward),
    ]

    seen = []
    for step in steps:
        step()
        follower.catch_up()
        at = store.head()
        record = next(c for c in store.consents(at=at, work_id=chant) if c.tier is Tier.TRAINING)
        onchain = devnet.consents.consent_of(chant, Tier.TRAINING, at=at)
        assert record.state == onchain.state
        seen.append((record.state, record.approvals))

    assert seen == [
        (ConsentState.PROPOSED, 0),
        (ConsentState.PROPOSED, 1),
        (ConsentState.GRANTED, 2),
        (ConsentState.SUSPENDED, 2),
        (ConsentState.GRANTED, 2),
        (ConsentState.WITHDRAWN, 2),
    ]


def test_licences_have_frozen_terms_and_counted_use(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    gong = heritage.generation[0]
    lane.run([uses(gong, heritage.generation_id, 3, at=devnet.node.head().timestamp)])
    follower.catch_up()
    at = store.head()

    for record in store.licences(at=at):
        onchain = devnet.licences.licence_of(record.licence_id, at=at)
        assert onchain.terms_hash == record.terms.hash()
        assert onchain.expiry == record.expiry
        assert onchain.holder == record.holder
        assert (onchain.units_used, onchain.revenue_used) == (
            record.units_used,
            record.revenue_used,
        )
    used = store.licence(gong, at=at)
    assert used is not None
    assert used.units_used == 3
    assert [r.licence_id for r in store.licences(at=at, work_id=heritage.works[2])] == [3]
    assert store.licence(LicenceId(99), at=at) is None


def test_a_generation_leads_to_its_derivative_parents_and_back(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()
    at = store.head()

    record = store.by_generation(heritage.generation_id, at=at)

    assert record is not None
    assert record.child == heritage.derivative
    assert record.vector.hash() == devnet.graph.vector_hash_of(heritage.derivative, at=at)
    assert store.derivative(heritage.derivative, at=at) == record
    assert store.by_generation(GenerationId(1), at=at) is None
    above = store.provenance(heritage.derivative, at=at)
    below = store.provenance(heritage.works[2], at=at)
    assert above is not None
    assert below is not None
    assert [node.work_id for node in above.nodes] == [1, 3, 4]
    assert {(edge.child, edge.parent) for edge in above.edges} == {(4, 1), (4, 3)}
    assert [node.work_id for node in below.nodes] == [3, 4]
    assert store.provenance(WorkId(99), at=at) is None


def test_a_split_is_answered_as_it_stood_at_the_block(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()
    before = store.head()
    gong = heritage.works[0]
    second = Split.of({devnet.address(29): 10_000})
    change_split(devnet, gong, heritage.splits[gong], second, signer=11)
    follower.catch_up()

    earlier = store.split_in_force(gong, at=before)
    now = store.split_in_force(gong, at=store.head())

    assert earlier is not None
    assert now is not None
    assert (earlier.version, earlier.split) == (1, heritage.splits[gong])
    assert (now.version, now.split) == (2, second)
    assert devnet.ledger.split_count_of(gong, at=store.head()) == 2
    state = settlement_state(
        store,
        at=before,
        token=devnet.deployment.token,
        epoch=EpochNumber(1),
        previous_report=ZERO_DIGEST,
        counted_ids=frozenset(),
    )
    assert state.splits[gong] == heritage.splits[gong]
    assert state.block == before.number


def test_the_direct_lane_replays_to_the_ledgers_own_balances(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    token, gong = devnet.deployment.token, heritage.works[0]
    second = Split.of({devnet.address(28): 1, devnet.address(29): 9_999})
    change_split(devnet, gong, heritage.splits[gong], second, signer=11)
    pay(devnet, gong, 1_000_003)
    push_all(devnet, gong, second, version=2)
    follower.catch_up()
    at = store.head()

    book = royalty_book(store, at=at)

    for record in store.splits(at=at):
        for share in record.split.shares:
            place = (record.work_id, token, record.version)
            assert book.due(*place, share.payee) == devnet.ledger.due_to(
                *place, record.split, share.payee, at=at
            )
    custody = book.custody(token)
    assert custody.held == devnet.token.balance_of(devnet.ledger.address, at=at)
    assert sum(p.amount for p in store.payments(at=at)) == custody.paid_in
    assert sum(p.amount for p in store.direct_payouts(at=at)) == custody.paid_out
    of_derivative = store.payments(at=at, work_id=heritage.derivative)
    assert [p.amount for p in of_derivative] == [DERIVATIVE_INCOME]


def test_a_payee_that_could_not_be_paid_is_waiting_and_nobody_else_is(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    follower.catch_up()

    waiting = [d for d in store.deferrals(at=store.head()) if d.waiting]

    assert [d.payee for d in waiting] == [heritage.rejecting_payee]
    assert waiting[0].work_id == heritage.works[2]
    # One basis point of the chant's licence and of its part of the derivative's income.
    chant_income = GENERATION_PRICE + DERIVATIVE_INCOME * 15 // 100
    assert waiting[0].amount == chant_income // 10_000
    assert store.deferrals(at=store.head(), payee=devnet.address(17)) == []


def test_roots_are_pending_then_active_then_superseded_or_rejected(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    lane = EpochLane(devnet, follower, store)
    lane.fund(10**9)
    now = devnet.node.head().timestamp
    token = devnet.deployment.token

    def next_epoch(name: str) -> None:
        batch = uses(heritage.generation[0], heritage.generation_id, 2, at=now, name=name)
        outcome, manifest = lane.settle([batch])
        lane.post(outcome, outcome.report(manifest.digest))
        follower.catch_up()

    states = []
    next_epoch("first")
    states.append([root.state for root in store.roots(at=store.head())])
    lane.activate_and_push(lane.settled[0])
    next_epoch("second")
    states.append([root.state for root in store.roots(at=store.head())])
    lane.activate_and_push(lane.settled[1])
    next_epoch("third")
    third = store.roots(at=store.head())[2].epoch
    devnet.distributor.reject(token, third, digest_of("why"), signer=devnet.signers[COUNCIL])
    follower.catch_up()
    states.append([root.state for root in store.roots(at=store.head())])

    assert states == [
        [RootState.PENDING],
        [RootState.ACTIVE, RootState.PENDING],
        [RootState.SUPERSEDED, RootState.ACTIVE, RootState.REJECTED],
    ]
    at = store.head()
    epochs = store.epochs(at=at)
    assert [record.report.epoch for record in epochs] == [1, 2, 3]
    assert [record.report_hash for record in epochs] == [
        devnet.distributor.standing_report(token, record.report.epoch, at=at)
        or devnet.distributor.rejected_report(record.report.epoch, at=at)
        for record in epochs
    ]
    assert [root.fault for root in store.roots(at=at)] == [None, None, RootFault.COUNCIL]
    steps = store.credit_steps(at=at)
    assert [step.change for step in steps] == [CreditChange.FUNDED, *[CreditChange.CHARGED] * 3]
    platform = devnet.address(PLATFORM)
    left = devnet.distributor.credit_of(token, platform, at=at)
    assert store.credits(token, at=at) == {platform: left}
    assert left == 10**9 - sum(step.amount for step in steps[1:])
    assert (steps[0].funded, steps[0].credit) == (10**9, 10**9)
    payouts = store.epoch_payouts(at=at)
    lane_onchain = devnet.distributor.lane_of(token, at=at)
    assert sum(payout.amount for payout in payouts) == lane_onchain.claimed
    payee = payouts[0].payee
    own = store.epoch_payouts(at=at, payee=payee)
    assert own[-1].claimed == devnet.distributor.claimed_by(token, payee, at=at)


def test_an_accepted_token_is_listed(
    heritage: Heritage, devnet: Devnet, follower: Follower, store: Store
) -> None:
    second = devnet.deploy("DevStablecoin")
    devnet.ledger.accept_token(second, signer=devnet.signers[CURATOR])
    follower.catch_up()

    assert store.tokens(at=store.head()) == [devnet.deployment.token, second]
