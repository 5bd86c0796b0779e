"""Two tokens, four works, honest and hostile payees, and what exact fractions say they are owed."""

from __future__ import annotations

from typing import Any

from tests.contracts.royalty_ledger.stage import (
    DERIVATIVE,
    EVERYTHING,
    RECORDING,
    SCALE,
    ascending,
    by,
    double,
    read_all,
    refusal_of,
    resplit,
    vector_bytes,
)
from tests.vectors.make_royalty_accrual import Book

# Two originals, a derivative of both, a derivative of that one; shares that divide nothing evenly.
VECTORS = {
    1: {},
    2: {},
    3: {1: 123_456_789, 2: 333_333_333},
    4: {1: 41_152_263, 2: 111_111_111, 3: 180_969_959},
}
PARTS = [(10_000,), (1, 9_999), (3_333, 3_333, 3_334), (1_999, 2_000, 2_000, 2_000, 2_001)]
PLENTY = 2**126


class LedgerWorld:
    """A royalty ledger beside one book per token; every act happens in both."""

    def __init__(self, contracts: Any, accounts: Any) -> None:
        deployer, self.steward, self.payer, self.keeper = accounts[:4]
        self.around = double("Surroundings").deploy(by(deployer))
        self.around.permit(deployer, by(deployer))
        around = self.around
        wiring = (around, around, around, deployer, around, around)
        self.ledger = contracts.RoyaltyLedger.deploy(*wiring, by(deployer))
        around.preside(self.ledger, by(deployer))
        self.tokens = [
            contracts.DevStablecoin.deploy(by(deployer)),
            contracts.BlocklistingToken.deploy(by(deployer)),
        ]
        for token in self.tokens:
            self.ledger.acceptToken(token, by(deployer))
            token.mint(self.payer, PLENTY, by(deployer))
            token.approve(self.ledger, EVERYTHING, by(self.payer))
        for work, vector in VECTORS.items():
            kind = DERIVATIVE if vector else RECORDING
            self.around.register(work, self.steward, kind, by(deployer))
            if vector:
                self.around.link(work, vector_bytes(vector), by(deployer))
        # Refuses the hooking token; the other token bars one account instead.
        self.rejecting = contracts.RejectingPayee.deploy(by(deployer))
        self.payees = ascending(self.rejecting, *accounts[10:14])
        self.accounts = accounts

    def begin(self) -> None:
        """A clean book for a chain that was rewound."""
        self.books = [Book(VECTORS) for _ in self.tokens]
        self.donated = [0 for _ in self.tokens]
        self.frozen: set[tuple[int, str]] = set()
        self.barred: set[str] = set()
        for skip, work in enumerate(VECTORS):
            self.set_split(work, PARTS[-1 - skip % 2], skip)

    # --- acts ------------------------------------------------------------------------------------

    def pay(self, which: int, work: int, amount: int) -> None:
        self.ledger.pay(work, self.tokens[which], amount, by(self.payer))
        self.books[which].pay(work, amount)

    def settle(self, which: int, work: int) -> None:
        vector = vector_bytes(VECTORS[work])
        tx = self.ledger.settle(work, self.tokens[which], vector, by(self.keeper))
        amount = self.books[which].settle(work)
        assert [event["amount"] for event in tx.events] == ([amount] if amount else [])

    def set_split(self, work: int, parts: tuple[int, ...], skip: int) -> None:
        """Splits among payees from the `skip`-th on; income on its way is settled before."""
        payees = sorted(
            ((self.payees * 2)[skip : skip + len(parts)]), key=lambda payee: payee.lower()
        )
        shares = list(zip(payees, parts, strict=True))
        versions = len(self.books[0].splits[work])
        if versions:
            vector = vector_bytes(VECTORS[work])
            present = self.shares(work, versions)
            tx = resplit(self.ledger, work, present, shares, self.steward, vector)
            settled = [book.settle(work) for book in self.books]
            told = [entry["amount"] for entry in tx.events if entry.name == "Settled"]
            assert told == [amount for amount in settled if amount]
        else:
            self.ledger.setSplit(work, shares, by(self.steward))
        for book in self.books:
            book.splits[work].append(dict(shares))

    def push(self, which: int, work: int, version: int) -> None:
        arguments = (work, self.tokens[which], version, self.shares(work, version))
        tx = self.ledger.push(*arguments, by(self.keeper))
        expected, deferred = {}, {}
        for payee in self.books[which].splits[work][version - 1]:
            due = self.books[which].due(work, version, payee)
            if due and (work, payee) not in self.frozen:
                if self.can_take(which, payee):
                    expected[payee] = self.books[which].pay_out(work, version, payee)
                else:
                    deferred[payee] = due
        assert amounts(tx, "PaidOut") == expected
        assert amounts(tx, "PayoutDeferred") == deferred

    def claim(self, which: int, work: int, version: int, payee: str) -> None:
        token, book = self.tokens[which], self.books[which]
        arguments = (work, token, version, self.shares(work, version), payee)
        expected = None
        if payee not in book.splits[work][version - 1]:
            expected = ("NotAPayee", payee)
        elif (work, payee) in self.frozen:
            expected = ("ShareFrozen", work, payee)
        elif book.due(work, version, payee) and not self.can_take(which, payee):
            expected = ("AccountBarred", payee) if which else ("MoneyRefused",)
        if expected:
            assert refusal_of(self.ledger.claim, *arguments, sender=self.keeper) == expected
            return
        tx = self.ledger.claim(*arguments, by(self.keeper))
        assert tx.return_value == book.pay_out(work, version, payee)

    def donate(self, which: int, amount: int) -> None:
        self.tokens[which].transfer(self.ledger, amount, by(self.payer))
        self.donated[which] += amount

    def freeze(self, work: int, payee: str) -> None:
        self.frozen ^= {(work, payee)}
        self.around.freeze(work, payee, (work, payee) in self.frozen, by(self.keeper))

    def bar(self, payee: str) -> None:
        self.barred ^= {payee}
        self.tokens[1].bar(payee, payee in self.barred, by(self.keeper))

    # --- what holds ------------------------------------------------------------------------------

    def can_take(self, which: int, payee: str) -> bool:
        return payee not in self.barred if which else payee != self.rejecting.address

    def shares(self, work: int, version: int) -> list[tuple[str, int]]:
        return list(self.books[0].splits[work][version - 1].items())

    def check(self) -> None:
        for which, token in enumerate(self.tokens):
            self.check_token(token, self.books[which], self.donated[which])

    def check_token(self, token: Any, book: Book, donated: int) -> None:
        works = list(VECTORS)
        state = book.state()
        reads = [(self.ledger.accruedOf, (w, token)) for w in works]
        reads += [(self.ledger.flowOf, (w, token)) for w in works]
        for share in state["shares"]:
            key = (share["workId"], token, share["version"])
            split = self.shares(share["workId"], share["version"])
            reads.append((self.ledger.dueTo, (*key, split, share["payee"])))
            reads.append((self.ledger.paidTo, (*key, share["payee"])))
        reads += [(token.balanceOf, (self.ledger,))]
        found = read_all(reads)
        accrued, flows, balance = found[:4], found[4:8], found[-1]
        unsettled = sum(gross - settled for gross, settled in flows)
        assert sum(accrued) + SCALE * unsettled == SCALE * book.paid_in
        assert balance == book.paid_in - book.paid_out + donated
        assert [str(a) for a in accrued] == list(state["accrued"].values())
        expected = [int(share[key]) for share in state["shares"] for key in ("due", "paid")]
        assert found[8:-1] == expected

    def finish(self) -> None:
        """In the end everybody is paid, to the last whole unit."""
        for work, payee in list(self.frozen):
            self.freeze(work, payee)
        for payee in list(self.barred):
            self.bar(payee)
        owner = self.accounts.at(self.rejecting.address, force=True)
        self.ledger.setPayoutAddress(self.accounts[15], by(owner))
        for which, book in enumerate(self.books):
            for work, splits in book.splits.items():
                self.settle(which, work)
                for version, split in enumerate(splits, start=1):
                    arguments = (work, self.tokens[which], version, list(split.items()))
                    tx = self.ledger.push(*arguments, by(self.keeper))
                    paid = {p: book.pay_out(work, version, p) for p in split}
                    assert amounts(tx, "PaidOut") == {p: a for p, a in paid.items() if a}
        self.check()


def amounts(tx: Any, event: str) -> dict[str, int]:
    """What an event says each payee got."""
    found = [entry for entry in tx.events if entry.name == event]
    return {str(entry["payee"]): int(entry["amount"]) for entry in found}
