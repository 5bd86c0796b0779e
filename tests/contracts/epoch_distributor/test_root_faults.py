"""Rejection by proof: each fault throws its root out, whoever shows it; no honest root falls."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests.contracts.epoch_distributor.conftest import WINDOW
from tests.contracts.royalty_ledger.stage import PayoutTree, by, refusal_of, report_of
from tests.vectors.make_sum_tree import leaf, levels_of, path_from

COUNCIL, DECREASE, DISORDER, SUMS, OMISSION, BUILT_ON = range(6)
EMPTY = (bytes(32), 0)


def node(left, right):
    """Hash and sum of two nodes' parent."""
    packed = b"".join(bytes(h) + s.to_bytes(32, "big") for h, s in (left, right))
    return keccak(packed), left[1] + right[1]


@pytest.fixture
def put(distributor, lane, roles):
    """Proposes a root as it is: hash, leaves, total."""

    def put(epoch, root, leaf_count, total):
        given = (epoch, report_of(epoch), lane, root, leaf_count, total)
        distributor.propose(*given, by(roles.oracle))

    return put


@pytest.fixture
def propose(distributor, lane, roles):
    def propose(epoch, payouts):
        tree = PayoutTree(lane, payouts)
        distributor.propose(*tree.proposal(epoch, lane), by(roles.oracle))
        return tree

    return propose


def rejected(tx, epoch, fault, payee):
    told = tx.events["RootRejected"]
    assert (told["epoch"], told["fault"]) == (epoch, fault)
    assert told["reason"] == "0x" + int(payee, 16).to_bytes(32, "big").hex()


# --- a total that fell ---------------------------------------------------------------------------


def test_a_payee_promised_less_than_the_active_root_did(
    distributor, lane, activate, propose, payees, roles
):
    before = activate(lane, {payees[0]: 100, payees[1]: 50})
    after = propose(2, {payees[0]: 99, payees[1]: 60})

    proof = (before.leaf_of(payees[0]), [after.leaf_of(payees[0])])
    tx = distributor.rejectDecrease(lane, 2, *proof, by(roles.platform))

    rejected(tx, 2, DECREASE, payees[0])
    assert distributor.pendingRoots(lane) == ()
    assert distributor.laneOf(lane)[1] == 150


def test_a_payee_promised_less_than_a_waiting_root_did(distributor, lane, propose, payees, roles):
    before = propose(1, {payees[0]: 100})
    after = propose(2, {payees[0]: 90, payees[1]: 20})

    proof = (before.leaf_of(payees[0]), [after.leaf_of(payees[0])])
    distributor.rejectDecrease(lane, 2, *proof, by(roles.platform))

    assert [root[3] for root in distributor.pendingRoots(lane)] == [1]


@pytest.mark.parametrize("place", ["between", "first", "last"])
def test_a_payee_left_out(distributor, lane, activate, propose, payees, roles, place):
    gone = {"between": payees[2], "first": payees[0], "last": payees[4]}[place]
    before = activate(lane, dict.fromkeys(payees[:5], 10))
    after = propose(2, {payee: 20 for payee in payees[:5] if payee != gone})
    later = {
        "between": [after.leaf_of(payees[1]), after.leaf_of(payees[3])],
        "first": [after.leaf(0)],
        "last": [after.leaf(3)],
    }[place]

    tx = distributor.rejectDecrease(lane, 2, before.leaf_of(gone), later, by(roles.platform))

    rejected(tx, 2, DECREASE, gone)


def test_an_honest_root_decreases_nobody(distributor, lane, activate, propose, payees, roles):
    before = activate(lane, dict.fromkeys(payees[1:5], 10))
    after = propose(2, {payee: 10 + i for i, payee in enumerate(payees[:6])})
    leaves = [after.leaf(i) for i in range(6)]
    attempts = [[one] for one in leaves] + [
        [one, other] for one in leaves for other in leaves if one is not other
    ]

    for payee in payees[1:5]:
        shown = before.leaf_of(payee)
        for later in [*attempts[:12], []]:
            refused = refusal_of(
                distributor.rejectDecrease, lane, 2, shown, later, sender=roles.platform
            )
            assert refused == ("NoFault",)
    assert [root[3] for root in distributor.pendingRoots(lane)] == [2]


def test_padding_is_no_leaf(distributor, lane, activate, propose, payees, roles):
    before = activate(lane, {payees[0]: 100})
    after = propose(2, dict.fromkeys(payees[:3], 100))
    _, payout, proof = after.leaf(2)
    shown = (before.leaf_of(payees[0]), [(3, payout, proof)])

    refused = refusal_of(distributor.rejectDecrease, lane, 2, *shown, sender=roles.platform)

    assert refused == ("InvalidProof",)


def test_neighbours_are_neighbours(distributor, lane, activate, propose, payees, roles):
    """Two leaves with the payee's own between them show nothing."""
    before = activate(lane, {payees[1]: 10})
    after = propose(2, dict.fromkeys(payees[:3], 10))

    for later in ([after.leaf(0), after.leaf(2)], [after.leaf(2), after.leaf(0)]):
        given = (lane, 2, before.leaf_of(payees[1]), later)
        refused = refusal_of(distributor.rejectDecrease, *given, sender=roles.platform)
        assert refused == ("NoFault",)


def test_a_payee_never_owed_anything_may_be_left_out(
    distributor, lane, activate, propose, payees, roles
):
    before = activate(lane, {payees[0]: 0, payees[1]: 10})
    after = propose(2, {payees[1]: 10})

    given = (lane, 2, before.leaf_of(payees[0]), [after.leaf(0)])

    assert refusal_of(distributor.rejectDecrease, *given, sender=roles.platform) == ("NoFault",)


def test_leaves_of_other_roots_prove_nothing(distributor, lane, activate, propose, payees, roles):
    before = activate(lane, {payees[0]: 100})
    after = propose(2, {payees[0]: 100, payees[1]: 1})
    foreign = PayoutTree(lane, {payees[0]: 99, payees[1]: 2})

    for shown, later in (
        (before.leaf(0), foreign.leaf(0)),
        (foreign.leaf(0), after.leaf(0)),
        (after.leaf(0), before.leaf(0)),
    ):
        given = (lane, 2, shown, [later])
        refused = refusal_of(distributor.rejectDecrease, *given, sender=roles.platform)
        assert refused == ("InvalidProof",)


# --- leaves out of order ------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 0), (1, 0)], ids=["twice", "descending"])
def test_leaves_that_do_not_ascend(distributor, lane, put, payees, roles, order):
    named = [payees[i] for i in order]
    levels = levels_of([leaf(payee, 5 + i, str(lane)) for i, payee in enumerate(named)])
    root, total = levels[-1][0]
    put(1, root, 2, total)
    first, second = ((i, (payee, 5 + i), path_from(levels, 0, i)) for i, payee in enumerate(named))

    tx = distributor.rejectDisorder(lane, 1, first, second, by(roles.platform))

    rejected(tx, 1, DISORDER, named[1])


def test_an_honest_root_is_in_order(distributor, lane, propose, payees, roles):
    tree = propose(1, dict.fromkeys(payees[:3], 7))

    for i in range(3):
        for j in range(3):
            given = (lane, 1, tree.leaf(i), tree.leaf(j))
            refused = refusal_of(distributor.rejectDisorder, *given, sender=roles.platform)
            assert refused == ("NoFault",)


# --- sums that do not add up --------------------------------------------------------------------


def test_a_root_whose_children_do_not_make_its_total(distributor, lane, put, payees, roles):
    left, right = (leaf(payees[i], 5 + i, str(lane)) for i in (0, 1))
    put(1, node(left, right)[0], 2, 12)

    tx = distributor.rejectSums(lane, 1, 0, left, right, [], by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


def test_a_node_that_its_parent_says_more_of(distributor, lane, put, payees, roles):
    leaves = [leaf(payees[i], 5 + i, str(lane)) for i in range(4)]
    left, right = node(leaves[0], leaves[1]), node(leaves[2], leaves[3])
    claimed = right[1] + 100
    root = node(left, (right[0], claimed))
    put(1, root[0], 4, root[1])
    path = [(left[0], left[1], claimed)]

    tx = distributor.rejectSums(lane, 1, 1, leaves[2], leaves[3], path, by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


def test_sums_that_wrap_around_are_a_fault(distributor, lane, put, payees, roles):
    huge, small = leaf(payees[0], 2**256 - 1, str(lane)), leaf(payees[1], 2, str(lane))
    packed = b"".join(bytes(h) + s.to_bytes(32, "big") for h, s in (huge, small))
    put(1, keccak(packed), 2, 1)

    tx = distributor.rejectSums(lane, 1, 0, huge, small, [], by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


def test_a_leaf_that_its_parent_says_more_of(distributor, lane, put, payees, roles):
    one, two = leaf(payees[0], 5, str(lane)), leaf(payees[1], 6, str(lane))
    root = node((one[0], 50), two)
    put(1, root[0], 2, root[1])

    path = [(two[0], two[1], 50)]
    tx = distributor.rejectLeafSum(lane, 1, 0, (payees[0], 5), path, by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


@pytest.mark.parametrize("side", ["left", "right"])
def test_money_beyond_the_leaves_is_a_fault(distributor, lane, put, payees, roles, side):
    """Three leaves need four places; a tree with something in the fourth, or of five in one."""
    leaves = [leaf(payees[i], 5 + i, str(lane)) for i in range(4)]
    left, right = node(leaves[0], leaves[1]), node(leaves[2], leaves[3])
    root = node(left, right)
    if side == "right":
        put(1, root[0], 3, root[1])
        shown = (1, leaves[2], leaves[3], [(*left, right[1])])
    else:
        upper = node(EMPTY, EMPTY)
        stuffed = node(leaves[0], EMPTY)
        beyond = node(upper, stuffed)
        top = node(root, beyond)
        put(1, top[0], 5, top[1])
        shown = (3, leaves[0], EMPTY, [(*upper, stuffed[1]), (*root, beyond[1])])

    tx = distributor.rejectSums(lane, 1, *shown, by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


def test_a_node_in_the_place_of_a_leaf_is_a_fault(distributor, lane, put, payees, roles):
    """The second preimage: the root of two leaves, put forward as a leaf that is a root."""
    tree = PayoutTree(lane, {payees[0]: 5, payees[1]: 6})
    put(1, tree.root, 1, 11)

    tx = distributor.rejectSums(lane, 1, 0, *tree.levels[0], [], by(roles.platform))

    assert tx.events["RootRejected"]["fault"] == SUMS


def test_every_node_of_an_honest_root_adds_up(distributor, lane, propose, payees, roles):
    tree = propose(1, {payee: 7 + i for i, payee in enumerate(payees[:5])})

    for level in range(1, len(tree.levels)):
        for position in range(len(tree.levels[level])):
            path = [
                (
                    *tree.levels[k][(position >> (k - level)) ^ 1],
                    tree.levels[k][position >> (k - level)][1],
                )
                for k in range(level, len(tree.levels) - 1)
            ]
            left, right = tree.levels[level - 1][2 * position : 2 * position + 2]
            given = (lane, 1, position, left, right, path)
            refused = refusal_of(distributor.rejectSums, *given, sender=roles.platform)
            assert refused == ("NoFault",), (level, position)
    for index, payout in enumerate(tree.payouts):
        path = [
            (*tree.levels[k][(index >> k) ^ 1], tree.levels[k][index >> k][1])
            for k in range(len(tree.levels) - 1)
        ]
        given = (lane, 1, index, payout, path)
        assert refusal_of(distributor.rejectLeafSum, *given, sender=roles.platform) == ("NoFault",)
        lying = (lane, 1, index, (payout[0], payout[1] + 1), path)
        assert refusal_of(distributor.rejectLeafSum, *lying, sender=roles.platform) == (
            "InvalidProof",
        )


def test_paths_of_another_length_or_place_prove_nothing(distributor, lane, propose, payees, roles):
    tree = propose(1, dict.fromkeys(payees[:4], 7))
    (left, right), top = tree.levels[1], tree.levels[0]
    good = [(*right, left[1])]

    for position, path in ((2, good), (1, good), (0, [*good, (*right, left[1])]), (0, [])):
        given = (lane, 1, position, top[0], top[1], path)
        refused = refusal_of(distributor.rejectSums, *given, sender=roles.platform)
        assert refused == ("InvalidProof",), position
    short = (lane, 1, 0, tree.payouts[0], good)
    assert refusal_of(distributor.rejectLeafSum, *short, sender=roles.platform) == ("InvalidProof",)


# --- when ---------------------------------------------------------------------------------------


def test_an_active_root_is_rejected_no_more(distributor, lane, activate, payees, roles):
    before = activate(lane, {payees[0]: 100, payees[1]: 1})
    after = activate(lane, {payees[0]: 90, payees[1]: 11})

    given = (lane, 2, before.leaf(0), [after.leaf(0)])

    assert refusal_of(distributor.rejectDecrease, *given, sender=roles.platform) == (
        "NoPendingRoot",
        lane.address,
        2,
    )


def test_a_proof_counts_until_activation(
    distributor, lane, activate, propose, payees, roles, chain
):
    before = activate(lane, {payees[0]: 100})
    after = propose(2, {payees[0]: 90, payees[1]: 11})
    chain.sleep(2 * WINDOW)

    given = (lane, 2, before.leaf(0), [after.leaf(0)])
    distributor.rejectDecrease(*given, by(roles.platform))

    assert distributor.rejectedReport(2) == "0x" + report_of(2).hex()


def test_only_the_oracle_says_that_a_share_was_omitted(distributor, lane, propose, payees, roles):
    propose(1, {payees[0]: 100})

    refused = refusal_of(distributor.rejectOmission, lane, 1, payees[0], sender=roles.council)
    tx = distributor.rejectOmission(lane, 1, payees[0], by(roles.oracle))

    assert refused == ("NotUsageOracle", roles.council.address)
    rejected(tx, 1, OMISSION, payees[0])


def test_the_lane_goes_on_after_a_rejection(distributor, lane, activate, propose, payees, roles):
    before = activate(lane, {payees[0]: 100})
    bad = propose(2, {payees[0]: 90, payees[1]: 11})
    distributor.rejectDecrease(lane, 2, before.leaf(0), [bad.leaf(0)], by(roles.platform))

    good = PayoutTree(lane, {payees[0]: 110, payees[1]: 11})
    tx = distributor.propose(*good.proposal(3, lane), by(roles.oracle))

    assert tx.return_value == "0x" + report_of(1).hex()
    assert [root[3] for root in distributor.pendingRoots(lane)] == [3]


def test_several_ranges_are_pushed_at_once(distributor, lane, activate, payees, roles):
    tree = activate(lane, {payee: 3 + i for i, payee in enumerate(payees[:7])})
    ranges = [tree.range(lane, first, length)[1:] for first, length in ((0, 4), (6, 1), (4, 2))]

    tx = distributor.pushRanges(lane, ranges, by(roles.keeper))

    assert len(tx.events["PaidOut"]) == 7
    assert [lane.balanceOf(payee) for payee in payees[:7]] == [3, 4, 5, 6, 7, 8, 9]
