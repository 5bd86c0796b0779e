"""Which proofs pay: those of the vectors, at one index each, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_utils import keccak

from tests.contracts.epoch_distributor.conftest import WINDOW, put_in
from tests.contracts.royalty_ledger.stage import ZERO, PayoutTree, by, refusal_of, report_of
from tests.vectors.make_sum_tree import leaf

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "sum_tree.json").read_text())["cases"]
PLENTY = 2**110


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request):
    return request.param


@pytest.fixture
def known(case, distributor, PlainToken, roles, web3, chain):
    """The token of the vectors at its own address, and the case's root active."""
    code = web3.eth.get_code(PlainToken.deploy(6, by(roles.deployer)).address)
    web3.provider.make_request("anvil_setCode", [case["token"], web3.to_hex(code)])
    token = PlainToken.at(case["token"])
    token.mint(roles.platform, PLENTY, by(roles.deployer))
    token.approve(distributor, PLENTY, by(roles.platform))
    put_in(distributor, token, PLENTY, roles)
    total = int(case["total"])
    given = (1, report_of(1), token, case["sumRoot"], case["leafCount"], total)
    distributor.propose(*given, by(roles.oracle))
    chain.sleep(WINDOW)
    distributor.activate(token, by(roles.keeper))
    return token


def payout(case, index):
    given = case["payouts"][index]
    return (given["payee"], int(given["cumulative"]))


def nodes(path):
    return [(node["hash"], int(node["sum"])) for node in path]


def test_every_proof_of_the_vectors_pays(case, known, distributor, roles):
    for index, path in enumerate(case["proofs"]):
        payee, cumulative = payout(case, index)
        arguments = (known, index, (payee, cumulative), nodes(path))
        if cumulative == 0:
            refused = refusal_of(distributor.claim, *arguments, sender=roles.keeper)
            assert refused == ("NothingDue", known.address, payee)
            continue
        tx = distributor.claim(*arguments, by(roles.keeper))
        assert tx.return_value == cumulative == known.balanceOf(payee)

    assert distributor.laneOf(known)[1:] == (int(case["total"]), int(case["total"]))


def test_every_range_of_the_vectors_pays(case, known, distributor, roles):
    for span in case["ranges"]:
        first, length = span["firstIndex"], span["length"]
        inside = range(first, min(first + length, case["leafCount"]))
        payouts = [payout(case, i) for i in inside] + [(ZERO, 0)] * (length - len(inside))
        distributor.pushRange(known, first, payouts, nodes(span["upper"]), by(roles.keeper))

    for index in range(case["leafCount"]):
        payee, cumulative = payout(case, index)
        assert known.balanceOf(payee) == cumulative == distributor.claimedBy(known, payee)


def test_a_leaf_verifies_at_one_index_only(case, known, distributor, roles):
    for index, path in enumerate(case["proofs"]):
        for other in {*range(case["leafCount"] + 2), index + 2 ** case["depth"]} - {index}:
            arguments = (known, other, payout(case, index), nodes(path))
            refused = refusal_of(distributor.claim, *arguments, sender=roles.keeper)
            assert refused == ("InvalidProof",), (index, other)


def test_a_changed_proof_pays_nothing(case, known, distributor, roles):
    index = case["leafCount"] - 1
    (payee, cumulative), path = payout(case, index), nodes(case["proofs"][index])
    forged = [
        (known, index, (payee, cumulative + 1), path),
        (known, index, (roles.keeper.address, cumulative), path),
        (known, index, (payee, cumulative), [*path, ("0x" + "00" * 32, 0)]),
    ]
    if path:
        forged += [
            (known, index, (payee, cumulative), path[:-1]),
            (known, index, (payee, cumulative), [(path[0][0], path[0][1] + 1), *path[1:]]),
            (known, index, (payee, cumulative), [("0x" + "11" * 32, path[0][1]), *path[1:]]),
            (known, index, (payee, cumulative), [(path[0][0], 2**256 - 1), *path[1:]]),
        ]

    for arguments in forged:
        refused = refusal_of(distributor.claim, *arguments, sender=roles.keeper)
        assert refused == ("InvalidProof",)


@pytest.mark.parametrize(("first", "length"), [(0, 0), (0, 3), (1, 2), (2, 4), (0, 1024)])
def test_only_aligned_ranges_within_the_tree_are_pushed(
    distributor, lane, activate, payees, roles, first, length
):
    activate(lane, dict.fromkeys(payees[:6], 10))

    refused = refusal_of(
        distributor.pushRange, lane, first, [(payees[0], 10)] * length, [], sender=roles.keeper
    )

    assert refused == ("BadRange", first, length)


@pytest.mark.parametrize(("first", "length"), [(8, 2), (6, 1), (0, 16), (8, 8)])
def test_ranges_beyond_the_tree_prove_nothing(
    distributor, lane, activate, payees, roles, first, length
):
    tree = activate(lane, dict.fromkeys(payees[:6], 10))
    _, _, _, upper = tree.range(lane, first % tree.width, min(length, tree.width))

    refused = refusal_of(
        distributor.pushRange, lane, first, [(payees[0], 10)] * length, upper, sender=roles.keeper
    )

    assert refused == ("InvalidProof",)


def test_padding_must_be_empty(distributor, lane, activate, payees, roles):
    tree = activate(lane, dict.fromkeys(payees[:3], 10))
    token, first, payouts, upper = tree.whole(lane)

    for extra in ((payees[3], 0), (ZERO, 1), (payees[3], 10)):
        stuffed = [*payouts[:3], extra]
        refused = refusal_of(
            distributor.pushRange, token, first, stuffed, upper, sender=roles.keeper
        )
        assert refused == ("InvalidProof",)


def test_a_range_needs_exactly_its_own_path(distributor, lane, activate, payees, roles):
    tree = activate(lane, {payee: 10 + i for i, payee in enumerate(payees)})
    token, first, payouts, upper = tree.range(lane, 4, 2)

    for path in ([], upper[:1], [*upper, upper[0]], list(reversed(upper))):
        refused = refusal_of(
            distributor.pushRange, token, first, payouts, path, sender=roles.keeper
        )
        assert refused == ("InvalidProof",)
    moved = (token, 6, payouts, upper)
    assert refusal_of(distributor.pushRange, *moved, sender=roles.keeper) == ("InvalidProof",)


def test_sums_that_wrap_around_pay_nothing(distributor, lane, payees, roles, chain):
    """A dishonest root whose two leaves claim 2^256 - 1 and 2, and so "total" 1."""
    huge, small = (leaf(payees[0], 2**256 - 1, str(lane)), leaf(payees[1], 2, str(lane)))
    packed = b"".join(hash_ + total.to_bytes(32, "big") for hash_, total in (huge, small))
    distributor.propose(1, report_of(1), lane, keccak(packed), 2, 1, by(roles.oracle))
    chain.sleep(WINDOW)
    distributor.activate(lane, by(roles.keeper))

    claim = (lane, 0, (payees[0], 2**256 - 1), [small])
    assert refusal_of(distributor.claim, *claim, sender=roles.keeper) == ("InvalidProof",)
    claim = (lane, 1, (payees[1], 2), [huge])
    assert refusal_of(distributor.claim, *claim, sender=roles.keeper) == ("InvalidProof",)


def test_an_inner_node_is_no_leaf(distributor, lane, payees, roles, chain):
    """The root of two leaves, put forward as the root of one."""
    tree = PayoutTree(lane, {payees[0]: 5, payees[1]: 6})
    distributor.propose(1, report_of(1), lane, tree.root, 1, 11, by(roles.oracle))
    chain.sleep(WINDOW)
    distributor.activate(lane, by(roles.keeper))

    for payee in payees[:2]:
        claim = (lane, 0, (payee, 11), [])
        assert refusal_of(distributor.claim, *claim, sender=roles.keeper) == ("InvalidProof",)
    refused = refusal_of(distributor.claim, *tree.claim(lane, payees[0]), sender=roles.keeper)
    assert refused == ("InvalidProof",)
