"""Holders' credits in a lane: funded by and for them, charged for epochs, given back."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from chain.ledger.identifiers import Address, address
from tests.differential.around import PAYER, must_refuse
from tests.differential.lanes import ORACLE, Charges, Lane
from tests.differential.machine import Disagreement

if TYPE_CHECKING:
    from tests.differential.epochs import Epochs

HOLDERS: Final = (PAYER, address("0x" + "0a" * 20), address("0x" + "e1" * 20))


class Credits:
    """What one distributor says of them, beside dictionaries."""

    def __init__(self, pair: Epochs) -> None:
        self._pair = pair

    def fund(self, lane: Lane, random: Random) -> None:
        """The payer funds itself or another holder, and pays for either."""
        pair, coin, holder = self._pair, lane.token.address, random.choice(HOLDERS)
        function, given = ("fund", (coin,)) if holder == PAYER else ("fundFor", (coin, holder))
        if random.random() < 0.1:
            nothing = (*given, 0)
            must_refuse(pair.machine, pair.distributor, "ZeroAmount", (), function, nothing, PAYER)
        amount = random.choice((1, 999, random.randrange(1, 10**9), 2**80))
        pair.do(function, *given, amount, sender=PAYER)
        lane.funded += amount
        lane.credits[holder] = credit = lane.credits.get(holder, 0) + amount
        told = {"holder": holder, "amount": amount, "credit": credit, "funded": lane.funded}
        pair.must_tell(("Funded", {"token": coin, **told}))

    def charge(self, lane: Lane, total: int, random: Random) -> None:
        """What an epoch promises more than the last, or as much of it as holders have left; what
        was not charged yet in any case. Who is asked for more than it has stops all of it."""
        pair, coin = self._pair, lane.token.address
        uncharged = max(total - lane.charged, 0)
        wanted = max(uncharged, min(total - lane.promised, sum(lane.credits.values())))
        lines = self._lines(lane, wanted, random)
        left = dict(lane.credits)
        for holder, amount in lines:
            left[holder] -= amount
        if random.random() < 0.3:
            holder = random.choice(HOLDERS)
            has, more = left.get(holder, 0), random.choice((1, 2**127))
            exceeded = (coin, holder, has + more, has)
            too_much = (coin, [*lines, (holder, has + more), (HOLDERS[0], 0)])
            pair.must_refuse("CreditExceeded", exceeded, "charge", too_much, ORACLE)
        pair.do("charge", coin, lines, sender=ORACLE)
        self._must_tell(lane, "Charged", lines, -1)
        lane.charges[pair.epoch] = lines

    def give_back(self, lane: Lane, random: Random) -> None:
        """A rejected epoch's charges, unless roots that stand live on them."""
        pair, coin = self._pair, lane.token.address
        given_back = [epoch for epoch in lane.rejected if epoch in lane.charges]
        if not given_back:
            return
        lines = lane.charges[epoch := random.choice(given_back)]
        left = lane.charged - sum(amount for _, amount in lines)
        if left < lane.promised:
            refused = (lane.promised, left)
            pair.must_refuse("NotCharged", refused, "returnCharges", (coin, lines), ORACLE)
            return
        pair.do("returnCharges", coin, lines, sender=ORACLE)
        self._must_tell(lane, "ChargeReturned", lines, 1)
        del lane.charges[epoch]

    def compare(self, lane: Lane) -> None:
        """Every credit is its own holder's; with what was charged they are what was funded."""
        pair, coin = self._pair, lane.token.address
        for holder in HOLDERS:
            credit = lane.credits.get(holder, 0)
            pair.machine.expect(pair.distributor, "creditOf", (coin, holder), credit)
        pair.machine.expect(pair.distributor, "chargedOf", (coin,), lane.charged)
        whole = sum(lane.credits.values()) + lane.charged
        if whole != lane.funded:
            raise Disagreement("credits and charges", lane.funded, whole)

    def _lines(self, lane: Lane, wanted: int, random: Random) -> Charges:
        """The amount from holders in any order, some of them in two lines."""
        lines: Charges = []
        for holder in random.sample(HOLDERS, len(HOLDERS)):
            amount = min(lane.credits.get(holder, 0), wanted)
            first = random.choice((amount, random.randint(0, amount)))
            lines += [(holder, part) for part in (first, amount - first) if part]
            wanted -= amount
        return lines

    def _must_tell(self, lane: Lane, event: str, lines: Charges, sign: int) -> None:
        """Books the lines, and compares what was said of each."""
        told: list[tuple[str, dict[str, Any]]] = []
        holder: Address
        for holder, amount in lines:
            lane.credits[holder] += sign * amount
            values = {"holder": holder, "amount": amount, "credit": lane.credits[holder]}
            told.append((event, {"token": lane.token.address, **values}))
        self._pair.must_tell(*told)
