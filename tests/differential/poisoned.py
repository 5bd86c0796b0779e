"""Roots that pay out, and should not have become active: a quorum lied and nobody said so.

They have a lane of their own, in a token that calls back and brings other amounts. What a root says
in all is all it can cost, and what does not add up pays nothing.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from chain.ledger.identifiers import address
from chain.ledger.sum_tree import Payout
from chain.ledger.words import uint_word
from tests.differential.accusations import WORDS, Layout
from tests.differential.around import KEEPER, PAYER
from tests.differential.lanes import ORACLE, WINDOW_SECONDS
from tests.differential.wayward import Call, Wayward

if TYPE_CHECKING:
    from tests.differential.epochs import Epochs
    from tests.differential.lanes import Lane

ROBBED, LUCKY, LAST = (address("0x" + byte * 20) for byte in ("1a", "2b", "3c"))
PLENTY: Final = 2**100
# Its epochs are none of those of the other lanes.
FIRST_EPOCH: Final = 10**9


class Poisoned:
    """The lane of one distributor that such roots are put into; each act begins a new one."""

    def __init__(self, pair: Epochs) -> None:
        self._pair = pair
        self._epoch = FIRST_EPOCH

    def act(self, lane: Lane, random: Random) -> None:
        pair = self._pair
        token = Wayward(pair.machine)
        token.contract = pair.distributor
        token.mint(PAYER, PLENTY)
        coin, funds = token.address, 1_000 + random.randrange(1_000)
        funding: Call = ("fund", (coin, funds), PAYER)
        if random.random() < 0.5:
            funding = ("fundFor", (coin, PAYER, funds), PAYER)
        token.must_bring_what_was_booked(funding, funds, 0)
        pair.do(funding[0], *funding[1], sender=PAYER)
        pair.do("charge", coin, [(PAYER, funds)], sender=ORACLE)
        token.must_bring_what_was_booked(funding, funds, funds)
        self._must_stay_closed(token, funding, random)
        random.choice((self._wrap, self._misstate, self._drop))(token, funds, random)

    def _wrap(self, token: Wayward, funds: int, random: Random) -> None:
        """Two amounts whose sum wraps around come to what was funded."""
        big = WORDS - random.randrange(1, 99)
        leaves = [Payout(ROBBED, big), Payout(LUCKY, (funds - big) % WORDS)]
        if random.random() < 0.5:
            leaves.append(Payout(LAST, 0))
        tree = Layout(token.address, leaves)
        self._promise(token, tree, tree.root[1])
        self._must_pay_nothing(token, tree)

    def _misstate(self, token: Wayward, funds: int, random: Random) -> None:
        """The root is said to come to more or less than its leaves do."""
        parts = [random.randrange(1, 300) for _ in range(random.randint(1, 3))]
        payees = (ROBBED, LUCKY, LAST)
        tree = Layout(token.address, [Payout(p, n) for p, n in zip(payees, parts, strict=False)])
        self._promise(token, tree, tree.root[1] + random.choice((1, -1)))
        self._must_pay_nothing(token, tree)

    def _drop(self, token: Wayward, funds: int, random: Random) -> None:
        """A payee that was paid is left out of the next root, to the profit of the others."""
        pair, coin, paid = self._pair, token.address, 100 + random.randrange(400)
        before = Layout(coin, [Payout(ROBBED, paid)])
        self._promise(token, before, paid)
        pair.do("claim", coin, 0, (ROBBED, paid), [])
        parts = (random.randrange(1, paid), paid + random.randrange(funds - paid))
        after = Layout(coin, [Payout(LUCKY, parts[0]), Payout(LAST, parts[1])])
        total = sum(parts)
        if total > funds:
            return
        self._promise(token, after, total)
        first, second = (self._claim(coin, after, at) for at in (0, 1))
        if paid + parts[0] > total:
            pair.must_refuse("NotFunded", (paid + parts[0], total), "claim", first)
            whole = self._range(coin, after)
            pair.must_refuse("NotFunded", (paid + parts[0], total), "pushRange", whole)
            return
        self._must_stay_closed(token, ("claim", first, KEEPER), random)
        pair.do("claim", *first)
        over = (paid + total, total)
        pair.must_refuse("NotFunded", over, "claim", second)
        pair.must_refuse("NotFunded", over, "pushRange", self._range(coin, after))

    def _promise(self, token: Wayward, tree: Layout, total: int) -> None:
        pair, coin, digest = self._pair, token.address, tree.root[0]
        self._epoch += 1
        pair.cosign(coin, self._epoch, digest, total)
        report = uint_word(self._epoch)
        arguments = (self._epoch, report, coin, digest, tree.count, total)
        pair.do("propose", *arguments, sender=ORACLE)
        pair.machine.wait(WINDOW_SECONDS)
        pair.do("activate", coin)

    def _must_pay_nothing(self, token: Wayward, tree: Layout) -> None:
        pair, coin = self._pair, token.address
        for at in (at for at, leaf in enumerate(tree.leaves) if leaf.cumulative):
            pair.must_refuse("InvalidProof", (), "claim", self._claim(coin, tree, at))
        pair.must_refuse("InvalidProof", (), "pushRange", self._range(coin, tree))

    def _must_stay_closed(self, token: Wayward, outer: Call, random: Random) -> None:
        """While the token moves, nobody funds, claims, pushes, or sends money elsewhere."""
        coin = token.address
        inner: list[Call] = [
            ("fund", (coin, 1), KEEPER),
            ("fundFor", (coin, PAYER, 1), KEEPER),
            ("claim", (coin, 0, (LUCKY, 1), []), KEEPER),
            ("pushRange", (coin, 0, [(LUCKY, 1)], []), KEEPER),
            ("pushRanges", (coin, []), KEEPER),
            ("setPayoutAddress", (coin, LUCKY), KEEPER),
        ]
        for call in random.sample(inner, 3):
            token.must_find_closed(outer, call)

    def _claim(self, coin: str, tree: Layout, at: int) -> tuple[Any, ...]:
        _, payout, path = tree.leaf(at)
        return coin, at, payout, path

    def _range(self, coin: str, tree: Layout) -> tuple[Any, ...]:
        payouts = [(leaf.payee, leaf.cumulative) for leaf in tree.leaves]
        padding = len(tree.levels[0]) - tree.count
        return coin, 0, [*payouts, *((address("0x" + "00" * 20), 0),) * padding], []
