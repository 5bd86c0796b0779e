"""Random payments: the RoyaltyLedger beside `chain.ledger.accrual`, which reads its events alone.

After each act every figure that the act may have touched is compared, and the identity
sum of accrued + SHARE_SCALE * unsettled == SHARE_SCALE * payments is checked on the contract's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.accrual import RoyaltyBook
from chain.ledger.identifiers import Address, WorkId, address, address_bytes
from chain.ledger.rights import SHARE_SCALE, Share, Split
from chain.ledger.vectors import AncestorVector
from tests.differential.links import STEWARD, Around, Links, must_refuse
from tests.differential.machine import Deployed, Disagreement, Machine, Refused, committed, compiled

KEEPER: Final = address("0x" + "61" * 20)
PAYER: Final = address("0x" + "62" * 20)
ELSEWHERE: Final = address("0x" + "63" * 20)
NOBODY: Final = address("0x" + "00" * 20)
BLOCKLISTING: Final = "contracts/testing/BlocklistingToken.sol"
PLENTY: Final = 2**127
ROOTS, LINKS = 4, 5
PAYEES: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in range(0x71, 0x76))
OBJECTION_SECONDS: Final = 7 * 24 * 60 * 60
# More would only make the comparisons slower.
VERSIONS_MAX: Final = 5
# Everything is compared after each so many acts; in between, what the act may have touched.
ACTS_TO_COMPARE_ALL: Final = 32
# An episode's length: later acts only repeat earlier ones with larger numbers.
ACTS_MAX: Final = 600


class Royalties:
    """One ledger over a random graph, two tokens, honest, barred, frozen and refusing payees."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.around = Around(machine)
        machine.make_contract(PAYER, PAYEES[0])
        links = Links(machine, self.around)
        while len(links.roots) < ROOTS:
            links.add_root()
        while len(links.vectors) < LINKS:
            links.link(random)
        self.vectors = {
            work: links.vectors.get(work, AncestorVector())
            for work in [*links.roots, *links.vectors]
        }
        self.graph = links.graph
        self.rejecting = machine.deploy(committed("RejectingPayee"))
        self.payees = sorted((*PAYEES, self.rejecting.address), key=address_bytes)
        for work in self.vectors:
            for payee in self.payees:
                self._freeze(work, payee, False)
        self.tokens = [
            machine.deploy(committed("DevStablecoin")),
            machine.deploy(
                compiled("contracts/testing/BlocklistingToken.sol", "BlocklistingToken")
            ),
        ]
        self.book = RoyaltyBook()
        self.donated = {token.address: 0 for token in self.tokens}
        self.frozen: set[tuple[WorkId, Address]] = set()
        self.barred: set[Address] = set()
        self.elsewhere: set[Address] = set()
        self.acts = 0
        for token in self.tokens:
            machine.prepare(token, "mint", PAYER, PLENTY)
        self.ledger = self.open_ledger(code)
        for work, vector in self.vectors.items():
            if work in links.vectors:
                self.book.linked(work, vector)
            self._first_split(work, random)

    def open_ledger(self, code: Interface | None) -> Deployed:
        """A ledger that takes both tokens, and may take them from the payer."""
        around = self.around.address
        ledger = self.machine.deploy(
            code or committed("RoyaltyLedger"),
            works=around,
            graph=self.graph.address,
            licenceRegistry=around,
            court=around,
            consents=around,
            authority=around,
        )
        accepts = ledger.interface.functions["acceptToken"].selector
        permitted = (KEEPER, ledger.address, accepts)
        self.around.say("canCall(address,address,bytes4)", permitted, 1, 0)
        for token in self.tokens:
            self.machine.send(ledger, "acceptToken", token.address, sender=KEEPER)
            self.machine.send(token, "approve", ledger.address, 2**256 - 1, sender=PAYER)
        return ledger

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        """One act, and the comparison after it."""
        self.acts += 1
        work = random.choice(list(self.vectors))
        token = random.choice(self.tokens)
        act = random.choices(
            (
                self.pay,
                self.settle,
                self.claim,
                self.push,
                self.split_anew,
                self.disturb,
                self.misuse,
            ),
            (30, 16, 24, 14, 6, 10, 4),
        )[0]
        act(work, token, random)
        self.compare(token, list(self.vectors) if act == self.settle else [work])
        if self.acts % ACTS_TO_COMPARE_ALL == 0:
            for other in self.tokens:
                self.compare(other, list(self.vectors))

    # --- acts ------------------------------------------------------------------------------------

    def pay(self, work: WorkId, token: Deployed, random: Random) -> None:
        amount = random.choice((1, 2, 3, 999, 10**6, random.randrange(1, 10**9), 2**96 - 1))
        arguments = (work, token.address, amount)
        if random.random() < 0.02:
            refused = (work, token.address, 0)
            must_refuse(self.machine, self.ledger, "ZeroAmount", (), "pay", refused, PAYER)
        self._act("pay", *arguments, sender=PAYER)

    def settle(self, work: WorkId, token: Deployed, random: Random) -> None:
        vector = self.vectors[work].encode()
        if random.random() < 0.05:
            wrong = (work, token.address, vector + bytes(12))
            must_refuse(self.machine, self.ledger, "VectorMismatch", (work,), "settle", wrong)
        self._act("settle", work, token.address, vector)

    def claim(self, work: WorkId, token: Deployed, random: Random) -> None:
        version = random.randint(1, self.book.split_count(work))
        payee = random.choice(self.payees)
        shares = self._shares(work, version)
        due = self.book.due(work, token.address, version, payee)
        arguments = (work, token.address, version, shares, payee)
        refusal: tuple[str, tuple[Any, ...] | None] | None = None
        if payee not in dict(shares):
            refusal = ("NotAPayee", (payee,))
        elif (work, payee) in self.frozen:
            refusal = ("ShareFrozen", (work, payee))
        elif due == 0:
            refusal = ("NothingDue", (work, token.address, payee))
        elif not self._can_take(token, payee):
            refusal = ("MoneyRefused" if token is self.tokens[0] else "AccountBarred", None)
        if refusal:
            must_refuse(self.machine, self.ledger, *refusal, "claim", arguments, KEEPER)
        elif self._act("claim", *arguments, sender=random.choice((KEEPER, PAYER))) != due:
            raise Disagreement(f"claim{arguments}", due, "another amount")

    def push(self, work: WorkId, token: Deployed, random: Random) -> None:
        version = random.randint(1, self.book.split_count(work))
        shares = self._shares(work, version)
        dues = {p: self.book.due(work, token.address, version, p) for p, _ in shares}
        self._act("push", work, token.address, version, shares, sender=KEEPER)
        paid = self.book_events("PaidOut")
        deferred = self.book_events("PayoutDeferred")
        owed = {p: due for p, due in dues.items() if due and (work, p) not in self.frozen}
        can = {p: due for p, due in owed.items() if self._can_take(token, p)}
        if paid != can or deferred != {p: due for p, due in owed.items() if p not in can}:
            raise Disagreement(f"push of work {work}", (can, owed), (paid, deferred))

    def split_anew(self, work: WorkId, token: Deployed, random: Random) -> None:
        if self.book.split_count(work) == VERSIONS_MAX:
            return
        version = self.book.split_count(work)
        shares, present = self._draw_shares(random), self._shares(work, version)
        proposed = _split(shares).hash()
        self._act("proposeSplit", work, shares, sender=STEWARD)
        enactable_from = self.machine.now + OBJECTION_SECONDS
        place = {"workId": work, "version": version + 1}
        self._must_tell("SplitProposed", **place, enactableFrom=enactable_from)
        enacted = (work, shares, self.vectors[work].encode())
        # A contract sends no transactions of its own, so that one never answers.
        people = [payee for payee, _ in present if payee != self.rejecting.address]
        objected = bool(people) and random.random() < 0.2
        if objected:
            objector = random.choice(people)
            self._act("objectToSplit", work, proposed, present, sender=objector)
            self._must_tell("SplitObjected", **place, payee=objector)
        if len(people) == len(present) and random.random() < 0.5:
            for payee, _ in present:
                refused = (work, enactable_from)
                self._refuse("SplitTooEarly", refused, "enactSplit", enacted)
                self._act("consentToSplit", work, proposed, present, sender=payee)
                self._must_tell("SplitConsented", **place, payee=payee)
        else:
            self.machine.wait(OBJECTION_SECONDS)
            if objected:
                self._refuse("SplitContested", (work, version + 1), "enactSplit", enacted)
                return
        self._act("enactSplit", *enacted, sender=STEWARD)
        self._refuse("ProposalMismatch", (work,), "enactSplit", enacted)

    def _refuse(
        self, name: str, values: tuple[Any, ...] | None, function: str, arguments: tuple[Any, ...]
    ) -> None:
        must_refuse(self.machine, self.ledger, name, values, function, arguments, STEWARD)

    def disturb(self, work: WorkId, token: Deployed, random: Random) -> None:
        """What nobody's money may depend on: freezes, barred accounts, gifts, other addresses."""
        payee = random.choice(PAYEES)
        kind = random.randrange(4)
        if kind == 0:
            self.frozen ^= {(work, payee)}
            self._freeze(work, payee, (work, payee) in self.frozen)
        elif kind == 1:
            self.barred ^= {payee}
            self.machine.prepare(self.tokens[1], "bar", payee, payee in self.barred)
        elif kind == 2:
            self.machine.send(token, "transfer", self.ledger.address, 7, sender=PAYER)
            self.donated[token.address] += 7
        else:
            self.elsewhere ^= {payee}
            to = ELSEWHERE if payee in self.elsewhere else address("0x" + "00" * 20)
            self._act("setPayoutAddress", to, sender=payee)
            self._must_tell("PayoutAddressSet", payee=payee, to=to)

    def misuse(self, work: WorkId, token: Deployed, random: Random) -> None:
        """What nobody may do, or not so; each is refused by its own name."""
        coin, ledger = token.address, self.ledger.address
        version = self.book.split_count(work)
        shares = self._shares(work, version)
        fresh, digest = self._draw_shares(random), random.randbytes(32)
        (payee, bps), rest = shares[0], shares[1:]
        vector = self.vectors[work].encode()
        refusals: list[tuple[str, tuple[Any, ...], str, tuple[Any, ...], str]] = [
            ("SplitExists", (work, version), "setSplit", (work, fresh), STEWARD),
            ("ProposalMismatch", (work,), "consentToSplit", (work, digest, shares), payee),
            ("ProposalMismatch", (work,), "objectToSplit", (work, digest, shares), payee),
            (
                "SplitMismatch",
                (work, version + 1),
                "push",
                (work, coin, version + 1, shares),
                KEEPER,
            ),
            ("TokenNotAccepted", (ledger,), "pay", (work, ledger, 1), PAYER),
            ("NotLicenceRegistry", (KEEPER,), "payFrom", (PAYER, work, coin, 1), KEEPER),
            ("PayeeIsCustodian", (payee,), "setPayoutAddress", (ledger,), payee),
            ("TokenAlreadyAccepted", (coin,), "acceptToken", (coin,), KEEPER),
            ("TokenNotAccepted", (ELSEWHERE,), "acceptToken", (ELSEWHERE,), KEEPER),
        ]
        for function, last in (("setSplit", ()), ("proposeSplit", ()), ("enactSplit", (vector,))):
            arguments = (work, fresh, *last)
            refusals.append(("NotController", (work, KEEPER), function, arguments, KEEPER))
        if bps > 1:
            short = ((payee, bps - 1), *rest)
            told = (coin, version, short)
            refusals.append(("SharesNotWhole", (9_999,), "proposeSplit", (work, short), STEWARD))
            refusals.append(("SplitMismatch", (work, version), "push", (work, *told), KEEPER))
        crowd = tuple(
            (address(f"0x{place:040x}"), 10_000 - 64 * 156 if place == 65 else 156)
            for place in range(1, 66)
        )
        wrong = [(), (*shares, shares[-1]), ((NOBODY, 1), *shares), ((ledger, 10_000),), crowd]
        wrong += [((payee, 0), *rest), tuple(reversed(shares)) if rest else ()]
        for table in wrong:
            refusals.append(("BadPayees", (), "proposeSplit", (work, table), STEWARD))
        for name, values, function, arguments, sender in refusals:
            if sender != self.rejecting.address:
                must_refuse(self.machine, self.ledger, name, values, function, arguments, sender)

    # --- what must hold --------------------------------------------------------------------------

    def compare(self, token: Deployed, works: list[WorkId]) -> None:
        """Every figure of these works and the token's own; all are numbers, compared to the bit."""
        expect, ledger, book, coin = self.machine.expect, self.ledger, self.book, token.address
        accrued = unsettled = 0
        for work in self.vectors:
            flow = book.flow(work, coin)
            expect(ledger, "accruedOf", (work, coin), book.accrued(work, coin))
            expect(ledger, "flowOf", (work, coin), flow.gross, flow.settled)
            accrued += book.accrued(work, coin)
            unsettled += flow.gross - flow.settled
        custody = book.custody(coin)
        if accrued + SHARE_SCALE * unsettled != SHARE_SCALE * custody.paid_in:
            raise Disagreement("identity", SHARE_SCALE * custody.paid_in, (accrued, unsettled))
        held = custody.held + self.donated[coin]
        expect(token, "balanceOf", (ledger.address,), held)
        for work in works:
            for version in range(1, book.split_count(work) + 1):
                shares = self._shares(work, version)
                for payee, _ in shares:
                    due = book.due(work, coin, version, payee)
                    paid = book.paid_to(work, coin, version, payee)
                    expect(ledger, "dueTo", (work, coin, version, shares, payee), due)
                    expect(ledger, "paidTo", (work, coin, version, payee), paid)
            expect(ledger, "splitCountOf", (work,), book.split_count(work))

    def book_events(self, name: str) -> dict[Address, int]:
        """What the last act's events of this name say each payee got."""
        return {event["payee"]: event["amount"] for found, event in self._events if found == name}

    # --- the rest --------------------------------------------------------------------------------

    def _act(self, function: str, *arguments: Any, sender: str = KEEPER) -> Any:
        """A transaction that must succeed; its events go into the book, which checks them."""
        try:
            answer = self.machine.send(self.ledger, function, *arguments, sender=sender)
        except Refused as refused:
            raise Disagreement(f"{function}{arguments}", "done", refused) from None
        self._events = self.machine.events(self.ledger)
        for name, event in self._events:
            self._note(name, event)
        return answer

    def _must_tell(self, name: str, **values: Any) -> None:
        """The last act's only event has this name and these values, beside others."""
        told = [(found, {key: event[key] for key in values}) for found, event in self._events]
        if told != [(name, values)]:
            raise Disagreement("events", (name, values), self._events)

    def _note(self, name: str, event: dict[str, Any]) -> None:
        if name == "Paid":
            if event["payer"] != PAYER:
                raise Disagreement("payer", PAYER, event["payer"])
            self.book.paid(event["workId"], event["token"], event["amount"], event["gross"])
        elif name == "Settled":
            self.book.settled(event["workId"], event["token"], event["amount"], event["settled"])
        elif name == "SplitSet":
            split = _split((s["payee"], s["bps"]) for s in event["shares"])
            self.book.split_set(event["workId"], event["version"], split)
        elif name == "PaidOut":
            self.book.paid_out(
                event["workId"],
                event["token"],
                event["payee"],
                event["version"],
                event["amount"],
                event["paid"],
            )
            if event["to"] != (ELSEWHERE if event["payee"] in self.elsewhere else event["payee"]):
                raise Disagreement("payout address", event["payee"], event["to"])

    def _first_split(self, work: WorkId, random: Random) -> None:
        self._act("setSplit", work, self._draw_shares(random), sender=STEWARD)

    def _draw_shares(self, random: Random) -> tuple[tuple[Address, int], ...]:
        count = random.randint(1, len(self.payees))
        payees = sorted(random.sample(self.payees, count), key=address_bytes)
        cuts = sorted(random.sample(range(1, 10_000), count - 1))
        bounds = [0, *cuts, 10_000]
        return tuple((payee, bounds[at + 1] - bounds[at]) for at, payee in enumerate(payees))

    def _shares(self, work: WorkId, version: int) -> tuple[tuple[Address, int], ...]:
        return tuple((s.payee, s.bps) for s in self.book.split(work, version).shares)

    def _can_take(self, token: Deployed, payee: Address) -> bool:
        to = ELSEWHERE if payee in self.elsewhere else payee
        if token is self.tokens[1]:
            return to not in self.barred
        return to != self.rejecting.address

    def _freeze(self, work: WorkId, payee: Address, frozen: bool) -> None:
        self.around.say("isFrozen(uint64,address)", (work, payee), int(frozen))
        if frozen:
            note = self.ledger.interface.functions["noteDispute"].call_data((work,))
            self.machine.prepare(self.around.contract, "forward", self.ledger.address, note)


def _split(shares: Iterable[tuple[Address, int]]) -> Split:
    return Split(tuple(Share(payee, bps) for payee, bps in shares))
