"""The same payments whole, and cut up and shuffled: every payee must be owed the same in the end.

One ledger gets each payment as it was made; the other gets it in pieces, in another order, settled
and paid out at other times. No share of a unit may be lost or won by how money arrives.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Final

from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, WorkId
from tests.differential.around import KEEPER, PAYER, STEWARD
from tests.differential.machine import Deployed, Disagreement, Machine
from tests.differential.royalties import Royalties

# Payments as they were made between two comparisons of everything.
PAYMENTS_TO_COMPARE: Final = 150
ACTS_MAX: Final = 2_400
PIECES_MAX: Final = 4

Split = tuple[tuple[Address, int], ...]


class Partitions:
    """Two ledgers over one graph with the same splits; `payments` counts those of both."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.whole = Royalties(machine, random, code)
        self.vectors = self.whole.vectors
        self.tokens = self.whole.tokens
        self.ledgers = (self.whole.ledger, self.whole.open_ledger(code))
        self.splits: dict[WorkId, Split] = {}
        for work in self.vectors:
            shares = tuple((s.payee, s.bps) for s in self.whole.book.split(work, 1).shares)
            machine.send(self.ledgers[1], "setSplit", work, shares, sender=STEWARD)
            self.splits[work] = shares
        self.pieces: list[tuple[WorkId, Address, int]] = []
        self.payments = 0
        self.acts = 0

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        """One payment, and now and then something that may not matter."""
        self.acts += 1
        work, token = random.choice(list(self.vectors)), random.choice(self.tokens).address
        amount = random.choice((1, 2, 3, 7, 999, random.randrange(1, 10**9), 2**90 + 1))
        self._pay(self.ledgers[0], work, token, amount)
        cuts = {random.randint(1, amount) for _ in range(random.randrange(PIECES_MAX))} - {amount}
        bounds = [0, *sorted(cuts), amount]
        for start, end in pairwise(bounds):
            self.pieces.append((work, token, end - start))
        if random.random() < 0.3:
            self._pay_pieces(random.randint(1, len(self.pieces)), random)
        if random.random() < 0.2:
            self._settle(random.choice(self.ledgers), random.choice(list(self.vectors)), token)
        if random.random() < 0.1:
            self._push(random.choice(self.ledgers), work, token)
        if self.acts % PAYMENTS_TO_COMPARE == 0:
            self.compare(random)

    def compare(self, random: Random) -> None:
        """Everything is paid in, settled and paid out; then no figure may differ."""
        self._pay_pieces(len(self.pieces), random)
        for ledger in self.ledgers:
            for token in self.tokens:
                for work in self.vectors:
                    self._settle(ledger, work, token.address)
                for work in self.vectors:
                    self._push(ledger, work, token.address)
        for coin in self.tokens:
            for work, shares in self.splits.items():
                self._compare_work(work, coin.address, shares)

    def _compare_work(self, work: WorkId, token: Address, shares: Split) -> None:
        view = self.machine.view
        whole, pieces = (view(ledger, "accruedOf", work, token) for ledger in self.ledgers)
        if whole != pieces:
            raise Disagreement(f"accrued by work {work}", whole, pieces)
        for payee, _ in shares:
            sums = [
                view(ledger, "paidTo", work, token, 1, payee)
                + view(ledger, "dueTo", work, token, 1, shares, payee)
                for ledger in self.ledgers
            ]
            if sums[0] != sums[1]:
                raise Disagreement(f"entitlement of {payee} in work {work}", sums[0], sums[1])

    def _pay(self, ledger: Deployed, work: WorkId, token: Address, amount: int) -> None:
        self.machine.send(ledger, "pay", work, token, amount, sender=PAYER)
        self.payments += 1

    def _pay_pieces(self, count: int, random: Random) -> None:
        random.shuffle(self.pieces)
        for work, token, amount in self.pieces[:count]:
            self._pay(self.ledgers[1], work, token, amount)
        del self.pieces[:count]

    def _settle(self, ledger: Deployed, work: WorkId, token: Address) -> None:
        vector = self.vectors[work].encode()
        self.machine.send(ledger, "settle", work, token, vector, sender=KEEPER)

    def _push(self, ledger: Deployed, work: WorkId, token: Address) -> None:
        self.machine.send(ledger, "push", work, token, 1, self.splits[work], sender=KEEPER)
