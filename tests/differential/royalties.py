"""Random payments: the RoyaltyLedger beside `chain.ledger.accrual`, which reads its events alone.

After each act every figure that the act may have touched is compared, and the identity
sum of accrued + SHARE_SCALE * unsettled == SHARE_SCALE * payments is checked on the contract's own.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.accrual import RoyaltyBook
from chain.ledger.identifiers import Address, WorkId, address, address_bytes
from chain.ledger.rights import SHARE_SCALE, WorkKind
from chain.ledger.vectors import AncestorVector
from tests.differential.around import KEEPER, OUTSIDERS, PAYER, STEWARD, Around, must_refuse
from tests.differential.links import Links
from tests.differential.machine import Deployed, Disagreement, Machine, Refused, committed, compiled
from tests.differential.pauses import Pauses
from tests.differential.splits import Splits, split_of
from tests.differential.thrift import must_ask_for_gas
from tests.differential.wayward import Call, Wayward

ELSEWHERE: Final = address("0x" + "63" * 20)
NOBODY: Final = address("0x" + "00" * 20)
BLOCKLISTING: Final = "contracts/testing/BlocklistingToken.sol"
PLENTY: Final = 2**127
ROOTS, LINKS = 4, 5
TOKENS_MAX: Final = 16
UNLINKED: Final = WorkId(99)
# Some below and some above the ledger's own address.
PAYEES: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in (13, 113, 114, 199, 243))
# Everything is compared after each so many acts; in between, what the act may have touched.
ACTS_TO_COMPARE_ALL: Final = 32
# An episode's length: later acts only repeat earlier ones with larger numbers.
ACTS_MAX: Final = 600


class Royalties:
    """One ledger over a random graph, two tokens, honest, barred, frozen and refusing payees."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.works, self.consents, self.court = (Around(machine) for _ in range(3))
        self.registry, self.authority = Around(machine), Around(machine)
        machine.make_contract(PAYER, PAYEES[0])
        links = Links(machine, self.works)
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
        self.frozen: set[tuple[WorkId, Address]] = set()
        self.barred: set[Address] = set()
        self.elsewhere: set[Address] = set()
        self.acts = 0
        for token in self.tokens:
            machine.prepare(token, "mint", PAYER, PLENTY)
        self.ledger = self.open_ledger(code)
        self.pauses = Pauses(machine, self.authority, self.ledger)
        self.wayward = Wayward(machine)
        self.wayward.contract = self.ledger
        self.wayward.mint(PAYER, PLENTY)
        machine.send(self.ledger, "acceptToken", self.wayward.address, sender=KEEPER)
        self.donated = {token.address: 0 for token in (*self.tokens, self.wayward.token)}
        self.works.register(UNLINKED, WorkKind.DERIVATIVE)
        self.splits = Splits(self)
        self._must_take_sixteen(self.open_ledger(code))
        for work, vector in self.vectors.items():
            if work in links.vectors:
                self.book.linked(work, vector)
            self.splits.first(work, random)

    def open_ledger(self, code: Interface | None) -> Deployed:
        """A ledger that takes both tokens, and may take them from the payer."""
        ledger = self.machine.deploy(
            code or committed("RoyaltyLedger"),
            works=self.works.address,
            graph=self.graph.address,
            licenceRegistry=self.registry.address,
            court=self.court.address,
            consents=self.consents.address,
            authority=self.authority.address,
        )
        accepts = ledger.interface.functions["acceptToken"].selector
        for account in (KEEPER, *OUTSIDERS):
            asked = (account, ledger.address, accepts)
            self.authority.say("canCall(address,address,bytes4)", asked, int(account == KEEPER), 0)
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
                self.pay_for_others,
                self.pause,
                self.tempt,
            ),
            (30, 16, 24, 14, 6, 10, 4, 6, 1, 2),
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
            self.refuse("ZeroAmount", (), "pay", refused, PAYER)
        self.act("pay", *arguments, sender=PAYER)

    def settle(self, work: WorkId, token: Deployed, random: Random) -> None:
        vector = self.vectors[work].encode()
        if random.random() < 0.05:
            wrong = (work, token.address, vector + bytes(12))
            self.refuse("VectorMismatch", (work,), "settle", wrong)
        flow = self.book.flow(work, token.address)
        self.act("settle", work, token.address, vector)
        if self.book.flow(work, token.address).settled != flow.gross:
            raise Disagreement(f"settle work {work}", flow.gross, self._events)

    def pay_for_others(self, work: WorkId, token: Deployed, random: Random) -> None:
        """The licence registry pays, from an allowance or with the payer's signature."""
        amount = random.choice((1, 999, random.randrange(1, 10**9)))
        registry = self.registry.address
        before = self.book.custody(token.address).paid_in
        self.act("payFrom", PAYER, work, token.address, amount, sender=registry)
        self.machine.agree("paid", before + amount, self.book.custody(token.address).paid_in)
        _, signed, _ = self._signed_payment(work, amount, random)
        coin = self.wayward.address
        before = self.book.custody(coin).paid_in
        self.act("payFromAuthorized", *signed, sender=registry)
        self.machine.agree("paid", before + amount, self.book.custody(coin).paid_in)
        self.compare(self.wayward.token, [work])

    def pause(self, work: WorkId, token: Deployed, random: Random) -> None:
        """New money stops, and nothing else."""
        paid = (work, token.address, 5)
        registry = self.registry.address
        stopped = [
            ("pay", paid, PAYER),
            ("payFrom", (PAYER, *paid), registry),
            self._signed_payment(work, 5, random),
        ]
        self.pauses.act(stopped, random)

    def tempt(self, work: WorkId, token: Deployed, random: Random) -> None:
        """A token that brings other amounts, and calls back while it is moved."""
        coin, vector = self.wayward.address, self.vectors[work].encode()
        version = self.book.split_count(work)
        shares = self.shares(work, version)
        amount = 10_000 * random.randrange(1, 100)
        self.act("pay", work, coin, amount, sender=PAYER)
        self.act("settle", work, coin, vector)
        payments: list[Call] = [
            ("pay", (work, coin, amount), PAYER),
            ("payFrom", (PAYER, work, coin, amount), self.registry.address),
            self._signed_payment(work, amount, random),
        ]
        settling: Call = ("settle", (work, coin, vector), KEEPER)
        paying: list[Call] = list(payments)
        due = {p: self.book.due(work, coin, version, p) for p, _ in shares}
        owed = {p: n for p, n in due.items() if n and (work, p) not in self.frozen}
        if owed:
            paying.append(("claim", (work, coin, version, shares, next(iter(owed))), KEEPER))
        for payment in payments:
            self.wayward.must_bring_what_was_booked(payment, amount, self._held(coin))
        for outer in paying:
            self.wayward.must_find_closed(outer, settling)
        split = (work, shares)
        for inner in (
            ("pay", (work, coin, 1), PAYER),
            ("claim", (work, coin, version, shares, shares[0][0]), KEEPER),
            ("push", (work, coin, version, shares), KEEPER),
            ("setSplit", split, STEWARD),
            ("enactSplit", (*split, vector), STEWARD),
        ):
            self.wayward.must_find_closed(random.choice(paying), inner)
        self.wayward.arm(settling)
        self.act("push", work, coin, version, shares)
        self.machine.agree("deferred", owed, self.book_events("PayoutDeferred"))
        self.wayward.arm(None)
        self.compare(self.wayward.token, list(self.vectors))

    def claim(self, work: WorkId, token: Deployed, random: Random) -> None:
        version = random.randint(1, self.book.split_count(work))
        payee = random.choice(self.payees)
        shares = self.shares(work, version)
        due = self.book.due(work, token.address, version, payee)
        arguments = (work, token.address, version, shares, payee)
        refusal: tuple[str, tuple[Any, ...] | None] | None = None
        if payee not in dict(shares):
            refusal = ("NotAPayee", (payee,))
        elif (work, payee) in self.frozen:
            refusal = ("ShareFrozen", (work, payee))
        elif due and not self._can_take(token, payee):
            refusal = ("MoneyRefused" if token is self.tokens[0] else "AccountBarred", None)
        if refusal:
            self.refuse(*refusal, "claim", arguments, KEEPER)
        elif self.act("claim", *arguments, sender=random.choice((KEEPER, PAYER))) != due:
            raise Disagreement(f"claim{arguments}", due, "another amount")

    def push(self, work: WorkId, token: Deployed, random: Random) -> None:
        version = random.randint(1, self.book.split_count(work))
        shares = self.shares(work, version)
        dues = {p: self.book.due(work, token.address, version, p) for p, _ in shares}
        pushed = (work, token.address, version, shares)
        asked = [p for p, due in dues.items() if due and (work, p) not in self.frozen]
        if asked and random.random() < 0.1:
            must_ask_for_gas(self.machine, self.ledger, "push", pushed)
        self.act("push", *pushed, sender=KEEPER)
        paid = self.book_events("PaidOut")
        deferred = self.book_events("PayoutDeferred")
        owed = {p: due for p, due in dues.items() if due and (work, p) not in self.frozen}
        can = {p: due for p, due in owed.items() if self._can_take(token, p)}
        if paid != can or deferred != {p: due for p, due in owed.items() if p not in can}:
            raise Disagreement(f"push of work {work}", (can, owed), (paid, deferred))

    def split_anew(self, work: WorkId, token: Deployed, random: Random) -> None:
        self.splits.anew(work, random)

    def refuse(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: str = KEEPER,
    ) -> None:
        must_refuse(self.machine, self.ledger, name, values, function, arguments, sender)

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
            to = ELSEWHERE if payee in self.elsewhere else NOBODY
            self.act("setPayoutAddress", to, sender=payee)
            self.must_tell("PayoutAddressSet", payee=payee, to=to)
            self._expect_payout_address(payee)

    def misuse(self, work: WorkId, token: Deployed, random: Random) -> None:
        """What nobody may do, or not so; each is refused by its own name."""
        coin, ledger = token.address, self.ledger.address
        version = self.book.split_count(work)
        shares = self.shares(work, version)
        fresh, digest = self.splits.draw(random), random.randbytes(32)
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
            ("DerivativeNotLinked", (UNLINKED,), "pay", (UNLINKED, coin, 1), PAYER),
            ("PayeeIsCustodian", (payee,), "setPayoutAddress", (ledger,), payee),
            ("TokenAlreadyAccepted", (coin,), "acceptToken", (coin,), KEEPER),
            ("TokenNotAccepted", (ELSEWHERE,), "acceptToken", (ELSEWHERE,), KEEPER),
        ]
        signed = (PAYER, work, coin, 1, (0, 0, digest, 0, digest, digest))
        accepts = self.ledger.interface.functions["acceptToken"].selector
        table = (work, coin, version, shares)
        for outsider in OUTSIDERS:
            refusals += [
                ("NotController", (work, outsider), function, (work, fresh, *last), outsider)
                for function, *last in (("setSplit",), ("proposeSplit",), ("enactSplit", vector))
            ]
            refusals += [
                ("NotLicenceRegistry", (outsider,), "payFrom", signed[:-1], outsider),
                ("NotLicenceRegistry", (outsider,), "payFromAuthorized", signed, outsider),
                ("NotCourt", (outsider,), "noteDispute", (work,), outsider),
                ("NotPermitted", (outsider, accepts), "acceptToken", (coin,), outsider),
                (
                    "NotAPayee",
                    (outsider,),
                    "claim",
                    (work, coin, version, shares, outsider),
                    outsider,
                ),
            ]
        if bps > 1:
            short = ((payee, bps - 1), *rest)
            told = (coin, version, short)
            refusals.append(("SharesNotWhole", (9_999,), "proposeSplit", (work, short), STEWARD))
            more = ((payee, bps + 1), *rest)
            refusals.append(("SharesNotWhole", (10_001,), "proposeSplit", (work, more), STEWARD))
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
                self.refuse(name, values, function, arguments, sender)

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
                shares = self.shares(work, version)
                start = book.segment_start(work, coin, version)
                expect(ledger, "segmentStartOf", (work, coin, version), start)
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

    def act(self, function: str, *arguments: Any, sender: str = KEEPER) -> Any:
        """A transaction that must succeed; its events go into the book, which checks them."""
        try:
            answer = self.machine.send(self.ledger, function, *arguments, sender=sender)
        except Refused as refused:
            raise Disagreement(f"{function}{arguments}", "done", refused) from None
        self._events = self.machine.events(self.ledger)
        for name, event in self._events:
            self._note(name, event)
        return answer

    def must_tell(self, name: str, **values: Any) -> None:
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
            split = split_of(tuple((s["payee"], s["bps"]) for s in event["shares"]))
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

    def shares(self, work: WorkId, version: int) -> tuple[tuple[Address, int], ...]:
        return tuple((s.payee, s.bps) for s in self.book.split(work, version).shares)

    def _must_take_sixteen(self, ledger: Deployed) -> None:
        """Tokens, and no more."""
        for _ in range(TOKENS_MAX - len(self.tokens)):
            token = Wayward(self.machine).address
            self.machine.send(ledger, "acceptToken", token, sender=KEEPER)
        last = (Wayward(self.machine).address,)
        values = (TOKENS_MAX + 1,)
        must_refuse(self.machine, ledger, "TooManyTokens", values, "acceptToken", last, KEEPER)

    def _signed_payment(self, work: WorkId, amount: int, random: Random) -> Call:
        """A payment that the payer has signed for, which the licence registry hands over."""
        coin, terms = self.wayward.address, [random.randbytes(32) for _ in range(3)]
        authorization = (random.randrange(9), random.randrange(9), terms[0], 27, *terms[1:])
        self.wayward.authorise(PAYER, self.ledger.address, amount, *authorization)
        arguments = (PAYER, work, coin, amount, authorization)
        return "payFromAuthorized", arguments, self.registry.address

    def _held(self, coin: Address) -> int:
        return self.book.custody(coin).held

    def _expect_payout_address(self, payee: Address) -> None:
        to = ELSEWHERE if payee in self.elsewhere else payee
        self.machine.expect(self.ledger, "payoutAddressOf", (payee,), int(to, 16))

    def _can_take(self, token: Deployed, payee: Address) -> bool:
        to = ELSEWHERE if payee in self.elsewhere else payee
        if token is self.tokens[1]:
            return to not in self.barred
        return to != self.rejecting.address

    def _freeze(self, work: WorkId, payee: Address, frozen: bool) -> None:
        self.court.say("isFrozen(uint64,address)", (work, payee), int(frozen))
        if frozen:
            note = self.ledger.interface.functions["noteDispute"].call_data((work,))
            self.machine.prepare(self.court.contract, "forward", self.ledger.address, note)
