"""The contract classes say on chain what they were told, and read back what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.client import sending
from chain.client.blocks import BlockPin
from chain.client.errors import AnswerMalformed, ContractRefused
from chain.client.interfaces import interface
from chain.client.stablecoin import Stablecoin
from chain.ledger.identifiers import (
    CommunityId,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.keccak import keccak256
from chain.ledger.registration import Registration
from chain.ledger.rights import BPS_WHOLE, SHARE_SCALE, ConsentState, Parent, Split, Tier, WorkKind
from chain.ledger.words import SigningDomain
from tests.devnet import CUSTOMER, FIRST_OPERATOR, OPERATORS, PLATFORM, THRESHOLD, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import (
    GENERATION_PRICE,
    REVENUE_CAP,
    ROYALTY_SHARE,
    TRAINING_PRICE,
    UNIT_CAP,
    Heritage,
    consent,
    digest_of,
    push_all,
    register,
    take,
    terms_of,
)


def test_terms_and_splits_hash_as_the_contracts_hash_them(
    heritage: Heritage, devnet: Devnet
) -> None:
    at = devnet.node.head()
    for tier in Tier:
        terms = terms_of(devnet, tier, 2**128 - 1)
        assert devnet.licences.hash_terms(terms, at=at) == terms.hash()


def test_a_licence_freezes_what_was_consented_to(heritage: Heritage, devnet: Devnet) -> None:
    licence = devnet.licences.licence_of(heritage.generation[1], at=devnet.node.head())

    assert licence.holder == devnet.address(PLATFORM)
    assert licence.tier is Tier.GENERATION
    assert licence.work_id == heritage.works[2]
    assert (licence.royalty_share, licence.unit_cap) == (ROYALTY_SHARE, UNIT_CAP)
    assert (licence.revenue_cap, licence.units_used) == (REVENUE_CAP, 0)
    terms = terms_of(devnet, Tier.GENERATION, GENERATION_PRICE)
    assert licence.terms_hash == terms.hash()
    assert devnet.licences.is_active(heritage.generation[1], at=devnet.node.head())
    assert devnet.licences.licence_count(at=devnet.node.head()) == 4


def test_one_permit_pays_for_a_licence_and_is_used_up(heritage: Heritage, devnet: Devnet) -> None:
    platform = devnet.signers[PLATFORM]
    terms = terms_of(devnet, Tier.TRAINING, TRAINING_PRICE)
    before = devnet.node.head()
    permit = devnet.token.sign_permit(
        devnet.ledger.address, TRAINING_PRICE, before.timestamp + 600, at=before, signer=platform
    )

    devnet.licences.take_licence(heritage.works[0], terms, permit=permit, signer=platform)
    after = devnet.node.head()

    paid = devnet.token.balance_of(platform.address, at=before) - devnet.token.balance_of(
        platform.address, at=after
    )
    assert paid == TRAINING_PRICE
    assert devnet.token.permit_nonce(platform.address, at=after) == (
        devnet.token.permit_nonce(platform.address, at=before) + 1
    )
    assert devnet.token.allowance(platform.address, devnet.ledger.address, at=after) == 0
    with pytest.raises(ContractRefused) as caught:
        devnet.licences.take_licence(heritage.works[0], terms, permit=permit, signer=platform)
    assert "Next:" in str(caught.value)


def test_a_refused_tier_is_refused_in_plain_words(heritage: Heritage, devnet: Devnet) -> None:
    before = devnet.token.balance_of(devnet.address(PLATFORM), at=devnet.node.head())

    with pytest.raises(ContractRefused) as caught:
        take(devnet, heritage.refused_work, terms_of(devnet, Tier.TRAINING, 1))

    assert caught.value.error == "TierRefused"
    assert "does not allow machine training with work 2" in caught.value.plain
    assert devnet.token.balance_of(devnet.address(PLATFORM), at=devnet.node.head()) == before


def test_other_terms_than_consented_are_refused(heritage: Heritage, devnet: Devnet) -> None:
    cheaper = replace(terms_of(devnet, Tier.TRAINING, TRAINING_PRICE), price=1)

    with pytest.raises(ContractRefused) as caught:
        take(devnet, heritage.works[0], cheaper)

    assert caught.value.error == "TermsNotConsented"


def test_consent_is_live_only_after_the_last_elder(heritage: Heritage, devnet: Devnet) -> None:
    chant = heritage.works[2]
    terms = terms_of(devnet, Tier.DISTRIBUTION, 5)
    consent(devnet, 12, chant, terms, approvals=1)
    waiting = devnet.node.head()
    devnet.consents.approve_terms(chant, Tier.DISTRIBUTION, terms.hash(), signer=devnet.signers[16])
    granted = devnet.node.head()

    assert devnet.consents.live_terms_hash(chant, Tier.DISTRIBUTION, at=waiting) is None
    assert devnet.consents.live_terms_hash(chant, Tier.DISTRIBUTION, at=granted) == terms.hash()
    state = devnet.consents.consent_of(chant, Tier.DISTRIBUTION, at=granted)
    assert (state.state, state.approvals) == (ConsentState.GRANTED, 2)
    community = devnet.consents.community_of(heritage.communities[1], at=granted)
    assert (community.approvals_required, community.elder_count) == (2, 3)
    assert devnet.consents.is_elder(heritage.communities[1], devnet.address(14), at=granted)
    assert not devnet.consents.is_elder(heritage.communities[1], devnet.address(17), at=granted)


def test_works_are_registered_in_batches(devnet: Devnet) -> None:
    batch = [
        Registration(
            CommunityId(0), WorkKind.STEM, digest_of(f"sound {i}"), digest_of(f"manifest {i}")
        )
        for i in range(5)
    ]

    receipt = devnet.works.register_batch(batch, signer=devnet.signers[PLATFORM])

    assert devnet.works.works_registered(receipt) == (1, 2, 3, 4, 5)
    at = devnet.node.head()
    assert devnet.works.work_by_content(digest_of("sound 4"), at=at) == 5
    assert devnet.works.work_by_content(digest_of("no sound"), at=at) is None
    assert devnet.works.controller_of(WorkId(1), at=at) == devnet.address(PLATFORM)
    assert devnet.works.work_count(at=at) == 5


def test_the_graph_names_the_derivative_of_a_generation(heritage: Heritage, devnet: Devnet) -> None:
    at = devnet.node.head()

    assert devnet.graph.child_of_generation(heritage.generation_id, at=at) == heritage.derivative
    assert devnet.graph.child_of_generation(GenerationId(5), at=at) is None
    assert devnet.graph.depth_of(heritage.derivative, at=at) == 1
    assert devnet.graph.vector_hash_of(heritage.works[0], at=at) is None


def test_linking_with_a_training_licence_is_refused(heritage: Heritage, devnet: Devnet) -> None:
    child = register(devnet, PLATFORM, "another", CommunityId(0), WorkKind.DERIVATIVE)

    with pytest.raises(ContractRefused) as caught:
        devnet.graph.link(
            child,
            digest_of("a salt"),
            [Parent(heritage.works[0], heritage.training)],
            [b""],
            signer=devnet.signers[PLATFORM],
        )

    assert caught.value.error == "LicenceUnfit"
    assert "take a generation licence" in caught.value.next_step


def test_the_ledger_pays_exactly_and_says_what_is_left(heritage: Heritage, devnet: Devnet) -> None:
    token, derivative = devnet.deployment.token, heritage.derivative
    split = heritage.splits[derivative]
    before = devnet.node.head()
    due = devnet.ledger.due_to(derivative, token, 1, split, devnet.address(PLATFORM), at=before)

    push_all(devnet, derivative, split)
    after = devnet.node.head()

    accrued = devnet.ledger.accrued_of(derivative, token, at=after)
    assert due == accrued // SHARE_SCALE * BPS_WHOLE // BPS_WHOLE
    assert devnet.ledger.paid_to(derivative, token, 1, devnet.address(PLATFORM), at=after) == due
    flow = devnet.ledger.flow_of(derivative, token, at=after)
    assert flow.gross == flow.settled
    # Nothing is due any more; claiming that changes nothing.
    devnet.ledger.claim(
        derivative,
        token,
        1,
        split,
        devnet.address(PLATFORM),
        signer=devnet.signers[CUSTOMER],
    )
    again = devnet.node.head()
    assert devnet.ledger.paid_to(derivative, token, 1, devnet.address(PLATFORM), at=again) == due


def test_money_can_be_sent_elsewhere(heritage: Heritage, devnet: Devnet) -> None:
    payee = devnet.address(20)
    devnet.ledger.set_payout_address(devnet.address(21), signer=devnet.signers[20])
    token = devnet.deployment.token
    devnet.distributor.set_payout_address(token, devnet.address(22), signer=devnet.signers[20])
    at = devnet.node.head()

    assert devnet.ledger.payout_address_of(payee, at=at) == devnet.address(21)
    assert devnet.distributor.payout_address_of(token, payee, at=at) == devnet.address(22)
    assert devnet.ledger.segment_start_of(heritage.works[0], devnet.token.address, 1, at=at) == 0


def test_shares_that_do_not_sum_are_refused_in_plain_words(
    heritage: Heritage, devnet: Devnet
) -> None:
    call = devnet.ledger.call("proposeSplit", heritage.works[0], [(devnet.address(20), 9_850)])

    with pytest.raises(ContractRefused) as caught:
        sending.send(devnet.node, call, signer=devnet.signers[11])

    assert caught.value.error == "SharesNotWhole"
    assert "they must be 100 %" in caught.value.plain


def test_an_epoch_is_posted_activated_claimed_and_pushed(
    heritage: Heritage, devnet: Devnet, follower: object, store: object
) -> None:
    lane = EpochLane(devnet, follower, store)  # type: ignore[arg-type]
    lane.fund(10**8)
    token, relay = devnet.deployment.token, devnet.signers[8]
    now = devnet.node.head().timestamp
    outcome, manifest = lane.settle(
        [uses(heritage.generation[0], heritage.generation_id, 7, at=now)]
    )
    report = outcome.report(Digest(manifest.digest))
    at = devnet.node.head()

    assert devnet.oracle.report_digest(report, at=at) == report.digest(31337, devnet.oracle.address)
    assert devnet.distributor.standing_report(token, EpochNumber(1), at=at) is None
    lane.post(outcome, report)
    at = devnet.node.head()
    assert devnet.oracle.last_epoch(at=at) == 1
    standing = devnet.distributor.standing_report(token, EpochNumber(1), at=at)
    assert standing == report.struct_hash()
    (pending,) = devnet.distributor.pending_roots(token, at=at)
    assert (pending.total, pending.leaf_count) == (outcome.cumulative_total, 3)
    assert devnet.distributor.active_root(token, at=at) is None
    with pytest.raises(ContractRefused) as early:
        devnet.distributor.activate(token, signer=relay)
    assert early.value.error == "WindowOpen"

    devnet.pass_time(devnet.deployment.window_seconds + 1)
    devnet.distributor.activate(token, signer=relay)
    first = outcome.payouts[0]
    devnet.distributor.claim(token, 0, first, outcome.sum_tree.proof(0), signer=relay)
    after = devnet.node.head()
    assert devnet.distributor.claimed_by(token, first.payee, at=after) == first.cumulative
    # Four leaves make a tree of three payees: the last one is padding.
    tree = outcome.sum_tree
    devnet.distributor.push_range(
        token, 0, tree.range_payouts(0, 4), tree.range_proof(0, 4), signer=relay
    )
    lane_after = devnet.distributor.lane_of(token, at=devnet.node.head())
    assert lane_after.claimed == lane_after.committed == outcome.cumulative_total
    with pytest.raises(ContractRefused) as forged:
        devnet.distributor.claim(
            token,
            0,
            replace(first, cumulative=first.cumulative + 1),
            outcome.sum_tree.proof(0),
            signer=relay,
        )
    assert forged.value.error == "InvalidProof"


def test_the_oracle_knows_its_operators(devnet: Devnet) -> None:
    at = devnet.node.head()
    expected = {devnet.address(FIRST_OPERATOR + i) for i in range(OPERATORS)}

    found = devnet.oracle.operator_set(at=at)

    assert set(found.members) == expected
    assert (found.threshold, found.faults) == (THRESHOLD, 0)
    assert found.is_sound
    assert devnet.oracle.is_operator(devnet.address(FIRST_OPERATOR), at=at)
    assert not devnet.oracle.is_operator(devnet.address(PLATFORM), at=at)
    assert devnet.distributor.window_seconds(at=at) == devnet.deployment.window_seconds


def test_a_token_that_lies_about_its_domain_gets_no_signature(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SigningDomain, "separator", lambda _: keccak256(b"another"))

    with pytest.raises(AnswerMalformed, match="signing domain"):
        devnet.token.sign_permit(
            devnet.ledger.address,
            1,
            2**40,
            at=devnet.node.head(),
            signer=devnet.signers[PLATFORM],
        )


def test_an_address_without_a_contract_has_no_answer(devnet: Devnet) -> None:
    nothing = Stablecoin(devnet.node, devnet.address(PLATFORM))

    with pytest.raises(AnswerMalformed, match="deployment file's addresses"):
        nothing.balance_of(devnet.address(PLATFORM), at=devnet.node.head())


def test_a_receipt_without_the_event_looked_for_is_malformed(devnet: Devnet) -> None:
    receipt = devnet.token.mint(devnet.address(PLATFORM), 1, signer=devnet.signers[PLATFORM])

    with pytest.raises(AnswerMalformed, match="0 events LicenceTaken"):
        devnet.licences.licence_taken(receipt)
    assert isinstance(receipt.block, BlockPin)
    assert devnet.token.currency(at=receipt.block).symbol == "aUSD"


def test_an_unknown_event_name_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="no event Nothing"):
        interface("UsageOracle").event_named("Nothing")


def test_a_licence_that_was_never_taken_is_refused(devnet: Devnet) -> None:
    with pytest.raises(ContractRefused) as caught:
        devnet.licences.licence_of(LicenceId(5), at=devnet.node.head())

    assert caught.value.error == "LicenceUnknown"
    assert Split.of({devnet.address(17): 10_000}).bps_of(devnet.address(17)) == 10_000
