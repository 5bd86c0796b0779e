"""A floor is known for a week before it binds whoever may have a licence by then."""

from __future__ import annotations

import brownie
import pytest

from chain.ledger.rights import Tier
from chain.ledger.vectors import FLOOR_NOTICE
from tests.contracts.derivative_graph.conftest import HALF, PERCENT
from tests.contracts.refusals import refused
from tests.contracts.rights import Terms, by

GRANTED = 2
OTHER_STATES = (1, 2, 3, 4, 5)


@pytest.fixture
def root(lineage, platform):
    """A root under whose licences derivatives were made before now."""
    (root,) = lineage.roots(1)
    lineage.around.consent(root, Tier.GENERATION, GRANTED, by(platform))
    return root


def test_a_floor_put_in_front_of_a_link_takes_nothing_from_it(lineage, root, platform):
    """The licence was taken at a tenth, and whoever made the derivative is owed what it kept."""
    declared = lineage.graph.declareFloor(root, HALF, by(platform)).timestamp
    assert lineage.graph.floorOf(root) == (HALF, declared + FLOOR_NOTICE)

    first = lineage.link({root: 10 * PERCENT})
    assert not first.entries[0].is_protected
    second = lineage.link({lineage.works: 80 * PERCENT // 10})

    assert second.share_of(root) == 8 * PERCENT // 10
    assert second.share_of(lineage.works - 1) == 72 * PERCENT // 10


def test_a_floor_binds_from_the_end_of_its_notice(lineage, root, platform, mine_at):
    declared = lineage.graph.declareFloor(root, 5 * PERCENT, by(platform)).timestamp

    brownie.chain.sleep(FLOOR_NOTICE - 60 - (brownie.chain.time() - declared))
    assert not lineage.link({root: 10 * PERCENT}).entries[0].is_protected
    mine_at(declared + FLOOR_NOTICE)
    lineage.floors[root] = 5 * PERCENT
    begun = lineage.link({root: 10 * PERCENT})

    assert begun.entries[0].is_protected
    assert lineage.link({lineage.works: 10 * PERCENT}).share_of(root) == 5 * PERCENT


def test_a_lower_floor_counts_at_once_and_begins_no_new_notice(lineage, root, platform, mine_at):
    declared = lineage.graph.declareFloor(root, 5 * PERCENT, by(platform)).timestamp
    mine_at(declared + FLOOR_NOTICE)
    lineage.floors[root] = 5 * PERCENT
    lineage.link({root: 10 * PERCENT})

    tx = lineage.graph.declareFloor(root, 2 * PERCENT, by(platform))
    lineage.floors[root] = 2 * PERCENT

    assert tx.events["FloorDeclared"]["bindsFrom"] == declared + FLOOR_NOTICE
    assert lineage.link({lineage.works: 10 * PERCENT}).share_of(root) == 2 * PERCENT


@pytest.mark.parametrize("state", OTHER_STATES)
def test_whoever_was_asked_to_consent_gives_notice(lineage, platform, state):
    (root,) = lineage.roots(1)
    lineage.around.consent(root, Tier.GENERATION, state, by(platform))

    tx = lineage.graph.declareFloor(root, 1, by(platform))

    assert lineage.graph.FLOOR_NOTICE() == FLOOR_NOTICE
    assert lineage.graph.floorOf(root) == (1, tx.timestamp + FLOOR_NOTICE)


def test_only_consent_to_derivatives_takes_a_notice(
    graph, register_work, grant, stablecoin, customer
):
    work = register_work(customer)
    grant(customer, work, Terms(Tier.TRAINING, stablecoin.address, price=0))
    tx = graph.declareFloor(work, 2, by(customer))
    assert graph.floorOf(work) == (2, tx.timestamp)

    other = register_work(customer)
    grant(customer, other, Terms.generation(stablecoin, share=PERCENT, price=0))
    tx = graph.declareFloor(other, 2, by(customer))
    assert graph.floorOf(other) == (2, tx.timestamp + FLOOR_NOTICE)
    with refused("BadFloor", other, 2, 3):
        graph.declareFloor(other, 3, by(customer))
