"""How much may become active within a window: what is usual, a part of the pool, or what the
council signed; however many roots promise it. Honest use goes on unhindered."""

from __future__ import annotations

import pytest

from tests.contracts.epoch_distributor.conftest import WINDOW, prepare, put_in
from tests.contracts.royalty_ledger.stage import (
    PayoutTree,
    by,
    deploy_distributor,
    refusal_of,
)

REASON = "0x" + "ab" * 32
POOL = 1_000_000
TENTH = POOL // 10
WEEK = 7 * 24 * 3_600
DAY = 24 * 3_600


@pytest.fixture
def limited(contracts, token, roles):
    """A distributor with a ceiling of a tenth of the pool, which is 1,000,000."""
    distributor = deploy_distributor(
        contracts, roles.deployer, roles.oracle, roles.council, WINDOW, ceiling=1_000
    )
    prepare(token, distributor, roles)
    put_in(distributor, token, POOL, roles)
    return distributor


class Flow:
    """Roots for one payee, one after another; what waited long enough is activated meanwhile."""

    def __init__(self, distributor, token, payee, roles, chain):
        self.distributor, self.token, self.payee = distributor, token, payee
        self.roles, self.chain = roles, chain
        self.total = self.epoch = 0
        self.claimable_from = []

    def tree(self, increase):
        return PayoutTree(self.token, {self.payee: self.total + increase})

    def post(self, increase):
        tree, self.epoch = self.tree(increase), self.epoch + 1
        proposal = tree.proposal(self.epoch, self.token)
        tx = self.distributor.propose(*proposal, by(self.roles.oracle))
        self.total += increase
        self.claimable_from.append(tx.timestamp + WINDOW)

    def post_signed(self, increase):
        self.distributor.cosign(*self.signed(increase), by(self.roles.council))
        self.post(increase)

    def signed(self, increase):
        """What the council signs of the next root."""
        tree = self.tree(increase)
        return self.token, self.epoch + 1, tree.root, tree.total

    def refusal(self, increase):
        proposal = self.tree(increase).proposal(self.epoch + 1, self.token)
        return refusal_of(self.distributor.propose, *proposal, sender=self.roles.oracle)

    def reject(self, epoch, total):
        self.distributor.reject(self.token, epoch, REASON, by(self.roles.council))
        self.total = total
        self.claimable_from = self.claimable_from[: -(self.epoch - epoch + 1)]

    def wait(self, seconds):
        """Lets time pass and activates what is ready then."""
        self.chain.sleep(seconds)
        self.chain.mine()
        now = self.chain[-1].timestamp
        while self.claimable_from and self.claimable_from[0] <= now:
            self.claimable_from.pop(0)
            self.distributor.activate(self.token, by(self.roles.keeper))

    def go_on(self, increase, cadence, most=10**9):
        """Posts as much again and again, until the pool is used up; how many roots it took."""
        posted = 0
        while self.total < POOL and posted < most:
            self.post(min(increase, POOL - self.total))
            self.wait(cadence)
            posted += 1
        return posted

    @property
    def ceiling(self):
        return self.distributor.ceilingOf(self.token)


@pytest.fixture
def flow(limited, token, payees, roles, chain):
    return Flow(limited, token, payees[0], roles, chain)


# --- what a quorum that lies can take ------------------------------------------------------------


def test_an_epoch_above_a_tenth_of_the_pool_needs_the_council(limited, flow, roles):
    assert flow.refusal(TENTH + 1) == ("AboveCeiling", TENTH + 1, TENTH)
    assert flow.ceiling == TENTH
    more = flow.signed(TENTH + 1)

    tx = limited.cosign(*more, by(roles.council))

    assert limited.isCosigned(*more)
    assert not limited.isCosigned(*flow.signed(TENTH))
    assert dict(tx.events["RootCosigned"]) == {
        "token": flow.token,
        "epoch": 1,
        "sumRoot": "0x" + flow.tree(TENTH + 1).root.hex(),
        "total": TENTH + 1,
        "council": roles.council,
    }
    flow.post(TENTH + 1)
    assert not limited.isCosigned(*more)


def test_many_roots_at_once_promise_no_more_than_one(limited, token, flow):
    """Five posts in a block, and a window later all that they promised is a tenth."""
    for _ in range(4):
        flow.post(TENTH // 4)
    assert flow.ceiling == 0
    assert flow.refusal(1) == ("AboveCeiling", 1, 0)
    flow.post(0)

    flow.wait(WINDOW)

    assert limited.laneOf(token)[1] == TENTH


@pytest.mark.parametrize("usual", [100, 10_000])
def test_a_window_brings_three_times_what_is_usual_and_no_more(limited, token, flow, usual):
    """After a steady flow, whose last four roots took four windows."""
    flow.go_on(usual, WINDOW, most=6)
    before = limited.laneOf(token)[1]
    allowed = max(3 * usual, (POOL - before) // 10)

    assert allowed * 99 // 100 <= flow.ceiling <= allowed
    for _ in range(5):
        flow.post(flow.ceiling // 2)
    flow.wait(WINDOW)

    assert limited.laneOf(token)[1] - before <= allowed


def test_use_held_back_and_posted_at_once_counts_as_a_windows(flow):
    """A quorum keeps a window's honest use for one burst of five roots."""
    flow.post(0)
    for _ in range(4):
        flow.post(TENTH // 4)
    flow.wait(WINDOW)

    assert flow.ceiling == 3 * TENTH


def test_two_windows_use_held_back_counts_at_most_twice(flow):
    """In bursts a window apart, which four roots reach across."""
    held_back = 9 * TENTH // 10
    for increases in ((0, 0, held_back), (held_back // 2, held_back // 2)):
        for increase in increases:
            flow.post(increase)
        flow.wait(WINDOW)

    assert 6 * held_back * 99 // 100 <= flow.ceiling <= 6 * held_back


def test_what_waits_long_takes_from_what_may_follow(flow):
    """Nobody activates: what is promised meanwhile counts as of one window."""
    flow.post(TENTH - 10)
    flow.chain.sleep(5 * WINDOW)
    assert flow.refusal(11) == ("AboveCeiling", 11, 10)

    flow.wait(0)

    assert flow.ceiling == (POOL - TENTH + 10) // 10


# --- what the council signed ---------------------------------------------------------------------


def test_roots_behind_a_signed_one_need_no_signature_each(flow):
    flow.post_signed(3 * TENTH)

    assert flow.ceiling == 7 * TENTH // 10
    flow.post(7 * TENTH // 10)
    assert flow.ceiling == 0


def test_a_signature_covers_what_was_posted_before_the_root(flow):
    flow.post(TENTH)
    flow.post_signed(1)

    assert flow.ceiling == (POOL - TENTH - 1) // 10


def test_with_the_signed_root_goes_what_the_council_vouched_for(flow):
    flow.post(10)
    flow.post_signed(3 * TENTH)
    flow.post(20)

    flow.reject(2, total=10)

    assert flow.ceiling == TENTH - 10
    assert flow.refusal(3 * TENTH) == ("AboveCeiling", 3 * TENTH, TENTH - 10)


def test_what_falls_behind_a_signed_root_leaves_it_vouched_for(flow):
    flow.post_signed(3 * TENTH)
    flow.post(20)

    flow.reject(2, total=3 * TENTH)

    assert flow.ceiling == 7 * TENTH // 10


def test_the_councils_signature_serves_once(limited, flow):
    flow.post_signed(TENTH + 1)
    flow.reject(1, total=0)

    assert flow.refusal(TENTH + 1) == ("AboveCeiling", TENTH + 1, TENTH)


def test_a_signature_that_was_not_needed_vouches_for_nothing(limited, flow, roles):
    signed = flow.signed(TENTH)
    flow.post_signed(TENTH)

    assert limited.isCosigned(*signed)
    assert flow.ceiling == 0


@pytest.mark.parametrize("value", ["token", "epoch", "sum root", "total"])
def test_the_council_signs_token_epoch_root_and_total(limited, flow, roles, value):
    """Its word for one root lets no other through: not the same root with another total."""
    token, epoch, root, total = flow.signed(2 * TENTH)
    signed = {
        "token": (roles.keeper, epoch, root, total),
        "epoch": (token, epoch + 1, root, total),
        "sum root": (token, epoch, flow.tree(TENTH).root, total),
        "total": (token, epoch, root, total - TENTH),
    }
    limited.cosign(*signed[value], by(roles.council))

    assert flow.refusal(2 * TENTH) == ("AboveCeiling", 2 * TENTH, TENTH)


def test_only_the_council_cosigns(limited, flow, roles):
    refused = refusal_of(limited.cosign, *flow.signed(1), sender=roles.oracle)

    selector = bytes.fromhex(limited.signatures["cosign"][2:])
    assert refused == ("NotPermitted", roles.oracle.address, selector)


# --- what honest use needs -----------------------------------------------------------------------


def test_the_first_epochs_may_grow(flow):
    """From nothing, two fifths more each time, an epoch a window, to the end of the pool."""
    increase = 10_000
    while flow.total + increase <= POOL:
        flow.post(increase)
        flow.wait(WINDOW)
        increase = increase * 7 // 5

    assert increase > 250_000


def test_steady_use_at_the_shortest_cadence_is_never_held_up(flow):
    """Eleven roots wait all the time, to the last unit of the pool."""
    assert flow.go_on(8_500, WINDOW // 11 + 1) == 118


def test_one_epoch_a_week_is_never_held_up(flow):
    """The window is a moment beside the week; what is usual is counted by the root then."""
    assert flow.go_on(90_000, WEEK) == 12


def test_a_months_pool_is_used_up_evenly(limited, token, flow, roles):
    assert flow.go_on(POOL // 30, DAY) == 31

    put_in(limited, token, POOL, roles)
    assert flow.ceiling == TENTH


def test_a_pause_makes_nothing_usual(flow):
    """After a month of silence the pace is what it was, by the root."""
    flow.go_on(40_000, WINDOW // 2, most=8)
    flow.wait(30 * DAY)
    flow.post(40_000)
    flow.wait(WINDOW)

    assert flow.ceiling == 3 * 40_000


@pytest.fixture
def refusal_to_deploy(EpochDistributor, roles, web3):
    def refusal_to_deploy(window, bps):
        data = EpochDistributor.deploy.encode_input(roles.oracle, roles.oracle, window, bps)
        call = {"from": str(roles.deployer), "data": data}
        return web3.provider.make_request("eth_call", [call, "latest"])["error"]["data"]

    return refusal_to_deploy


@pytest.mark.parametrize("bps", [0, 10_001])
def test_a_ceiling_is_a_part_of_the_pool(refusal_to_deploy, web3, bps):
    expected = web3.keccak(text="BadCeiling(uint16)")[:4] + bps.to_bytes(32, "big")
    assert refusal_to_deploy(WINDOW, bps) == web3.to_hex(expected)


def test_a_window_is_some_time(refusal_to_deploy, web3):
    assert refusal_to_deploy(0, 1) == web3.to_hex(web3.keccak(text="NoWindow()")[:4])
