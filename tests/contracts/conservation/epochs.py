"""An epoch distributor beside plain dictionaries of what was promised and what was paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.contracts.conservation.worlds import PLENTY, amounts
from tests.contracts.royalty_ledger.stage import (
    EVERYTHING,
    PayoutTree,
    ascending,
    by,
    deploy_distributor,
    read_all,
    refusal_of,
)

WINDOW = 3_600
WAITING_MAX = 11


class EpochWorld:
    """A distributor, one lane, and five payees of whom one refuses its money."""

    def __init__(self, contracts: Any, accounts: Any, chain: Any) -> None:
        self.oracle, self.council, self.platform, self.keeper = accounts[4:8]
        self.distributor = deploy_distributor(
            contracts, self.oracle, self.oracle, self.council, WINDOW
        )
        self.token = contracts.DevStablecoin.deploy(by(self.oracle))
        self.token.mint(self.platform, PLENTY, by(self.oracle))
        self.token.approve(self.distributor, EVERYTHING, by(self.platform))
        self.rejecting = contracts.RejectingPayee.deploy(by(self.oracle))
        self.payees = ascending(self.rejecting, *accounts[16:20])
        self.accounts, self.chain = accounts, chain

    def begin(self) -> None:
        self.funded = 0
        self.charged = 0
        self.donated = 0
        self.epoch = 0
        self.claimed = dict.fromkeys(self.payees, 0)
        self.active: PayoutTree | None = None
        self.pending: list[tuple[int, PayoutTree]] = []
        self.is_fresh = False
        self.fund(1_000_000)

    # --- acts ------------------------------------------------------------------------------------

    def fund(self, amount: int) -> None:
        self.distributor.fund(self.token, amount, by(self.platform))
        self.funded += amount

    def donate(self, amount: int) -> None:
        self.token.transfer(self.distributor, amount, by(self.platform))
        self.donated += amount

    def propose(self, earned: list[int]) -> None:
        """The next epoch: what each payee has and what it earned, charged to the platform; refused
        when that has no credit for it. Builds on the newest root, waiting or active."""
        newest = self.pending[-1][1] if self.pending else self.active
        before = dict(newest.payouts) if newest else {}
        payouts = {
            payee: before.get(payee, 0) + units
            for payee, units in zip(self.payees, earned, strict=False)
            if payee in before or units
        }
        payouts |= {payee: units for payee, units in before.items() if payee not in payouts}
        if not payouts:
            return
        tree = PayoutTree(self.token, payouts)
        proposal = tree.proposal(self.epoch + 1, self.token)
        if len(self.pending) == WAITING_MAX:
            self.refused("QueueFull", self.token.address, WAITING_MAX)(
                self.distributor.propose, *proposal
            )
            return
        increase, credit = tree.total - self.charged, self.funded - self.charged
        if increase:
            self.refused("NotCharged", tree.total, self.charged)(
                self.distributor.propose, *proposal
            )
        charges = [(self.platform.address, increase)]
        if increase > credit:
            exceeded = (self.token.address, self.platform.address, increase, credit)
            self.refused("CreditExceeded", *exceeded)(self.distributor.charge, self.token, charges)
            return
        self.distributor.charge(self.token, charges, by(self.oracle))
        self.charged += increase
        self.distributor.propose(*proposal, by(self.oracle))
        self.epoch += 1
        self.pending.append((self.epoch, tree))
        self.is_fresh = True

    def refused(self, *expected: Any) -> Callable[..., None]:
        def refused(method: Any, *given: Any) -> None:
            assert refusal_of(method, *given, sender=self.oracle) == expected

        return refused

    def activate(self) -> None:
        if not self.pending:
            refused = refusal_of(self.distributor.activate, self.token, sender=self.keeper)
            assert refused == ("NoPendingRoot", self.token.address, 0)
            return
        self.chain.sleep(WINDOW)
        self.distributor.activate(self.token, by(self.keeper))
        self.active = self.pending.pop(0)[1]
        self.is_fresh = False

    def reject(self) -> None:
        """The newest root, while no window has been waited out since; those before it stand."""
        if self.is_fresh:
            epoch, _ = self.pending.pop()
            self.distributor.reject(self.token, epoch, b"\x01" * 32, by(self.council))
            newest = self.pending[-1][1] if self.pending else self.active
            promised = newest.total if newest else 0
            charges = [(self.platform, self.charged - promised)]
            self.distributor.returnCharges(self.token, charges, by(self.oracle))
            self.charged = promised
            self.is_fresh = False

    def reject_honest(self, payee: str) -> None:
        """No honest root can be thrown out: every payee has at least what it had."""
        if not self.pending or self.active is None or payee not in dict(self.active.payouts):
            return
        epoch, tree = self.pending[0]
        proof = (self.active.leaf_of(payee), [tree.leaf_of(payee)])
        given = (self.distributor.rejectDecrease, self.token, epoch, *proof)
        assert refusal_of(*given, sender=self.keeper) == ("NoFault",)

    def push(self, level: int, position: int) -> None:
        if self.active is None:
            return
        length = min(1 << level, self.active.width)
        first = position % -(-self.active.leaf_count // length) * length
        arguments = self.active.range(self.token, first, length)
        tx = self.distributor.pushRange(*arguments, by(self.keeper))
        paid, deferred = {}, {}
        for payee, cumulative in self.active.payouts[first : first + length]:
            due = cumulative - self.claimed[payee]
            if due and payee == self.rejecting.address:
                deferred[payee] = due
            elif due:
                paid[payee] = due
                self.claimed[payee] = cumulative
        assert amounts(tx, "PaidOut") == paid
        assert amounts(tx, "PayoutDeferred") == deferred

    def claim(self, payee: str) -> None:
        if self.active is None or payee not in dict(self.active.payouts):
            return
        due = dict(self.active.payouts)[payee] - self.claimed[payee]
        arguments = self.active.claim(self.token, payee)
        expected = None
        if not due:
            expected = ("NothingDue", self.token.address, payee)
        elif payee == self.rejecting.address:
            expected = ("MoneyRefused",)
        if expected:
            assert refusal_of(self.distributor.claim, *arguments, sender=self.keeper) == expected
            return
        tx = self.distributor.claim(*arguments, by(self.keeper))
        assert tx.return_value == due
        self.claimed[payee] += due

    # --- what holds ------------------------------------------------------------------------------

    def check(self) -> None:
        reads: list[tuple[Any, tuple[Any, ...]]] = [
            (self.distributor.claimedBy, (self.token, payee)) for payee in self.payees
        ]
        reads += [
            (self.distributor.laneOf, (self.token,)),
            (self.distributor.creditOf, (self.token, self.platform)),
            (self.distributor.chargedOf, (self.token,)),
            (self.token.balanceOf, (self.distributor,)),
        ]
        *claimed, (funded, committed, total_claimed), credit, charged, balance = read_all(reads)
        assert total_claimed <= committed <= charged <= funded
        assert (charged, credit) == (self.charged, funded - charged)
        assert balance == funded - total_claimed + self.donated
        assert claimed == list(self.claimed.values())
        assert total_claimed == sum(claimed)
        promised = self.active.total if self.active else 0
        assert (funded, committed) == (self.funded, promised)

    def finish(self) -> None:
        """In the end every promise is kept, to the unit."""
        while self.pending:
            self.activate()
        if self.active is None:
            return
        owner = self.accounts.at(self.rejecting.address, force=True)
        self.distributor.setPayoutAddress(self.token, self.accounts[9], by(owner))
        self.distributor.pushRange(*self.active.whole(self.token), by(self.keeper))
        self.claimed |= dict(self.active.payouts)
        self.check()
        assert sum(self.claimed.values()) == self.active.total
