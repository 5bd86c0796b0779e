"""Random single reports: DirectReports beside books of its own and `chain.ledger.direct_report`.

Platforms deposit and take back, quorums report a use at its licence's price, and what is locked is
released to the work, or rejected by the council or by the proof that an epoch counted the use.
After each act every deposit, the state of every event and the contract's money are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from eth_abi.abi import encode

from chain.client.interfaces import Interface
from chain.ledger.direct_report import DirectReport, Held
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
    address,
)
from chain.ledger.rights import Terms, Tier
from chain.ledger.standard_tree import standard_leaf
from chain.ledger.usage import UsageEvent, UsageKind, usage_tree
from tests.differential.around import KEEPER, OUTSIDERS, PAYER, Around, must_refuse
from tests.differential.machine import START, Machine, committed
from tests.differential.pauses import Pauses
from tests.differential.wayward import Call, Wayward

COUNCIL: Final = address("0x" + "82" * 20)
PLATFORMS: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in (0x0C, 0x44, 0xF2))
WINDOW_SECONDS: Final = 7_200
YEAR: Final = 365 * 24 * 60 * 60
LICENCES: Final = 5
PLENTY: Final = 2**120
RECORDED, RETURNED = 1, 2
UNREPORTED, HELD, RELEASED, REJECTED = range(4)
SIGNATURES: Final = ((b"\1" * 32, b"\2" * 32),)
NO_HASH: Final = Digest(bytes(32))
# Whose use it was: nobody here asks.
NO_HOLDERS: Final = encode(["address[]"], [[]])
ACTS_MAX: Final = 300


@dataclass(frozen=True)
class Licence:
    """What a platform may use, at which price; two of them were granted with none."""

    number: LicenceId
    platform: Address
    work: WorkId
    expiry: int
    terms: Terms

    @property
    def words(self) -> tuple[int, ...]:
        """As `frozenOf` tells it."""
        frozen = int.from_bytes(self.terms.hash(), "big")
        return (int(self.platform, 16), self.expiry, self.work, frozen)

    @property
    def terms_tuple(self) -> tuple[Any, ...]:
        return _tuple_of(self.terms)

    def usage(self) -> tuple[Any, ...]:
        return ([(self.number, 1, self.terms.unit_price)],)


class Directs:
    """One contract, two tokens (one of them wayward), three platforms and their licences."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        machine.make_contract(PLATFORMS[0], PAYER)
        self.oracle, self.distributor, self.ledger = (Around(machine) for _ in range(3))
        self.book, authority = Around(machine), Around(machine)
        self.reports = machine.deploy(
            code or committed("DirectReports"),
            oracle=self.oracle.address,
            distributor=self.distributor.address,
            licences=self.book.address,
            ledger=self.ledger.address,
            authority=authority.address,
            windowSeconds=WINDOW_SECONDS,
        )
        self.wayward = Wayward(machine)
        self.wayward.contract = self.reports
        self.tokens = [machine.deploy(committed("DevStablecoin")), self.wayward.token]
        for token in self.tokens:
            machine.prepare(token, "mint", PAYER, PLENTY)
            machine.send(token, "approve", self.reports.address, 2**256 - 1, sender=PAYER)
            self.ledger.say("isAccepted(address)", (token.address,), 1)
        self.ledger.say("isAccepted(address)", (KEEPER,), 0)
        self._permit(authority)
        self.pauses = Pauses(machine, authority, self.reports)
        self.licences = [self._licence(number, random) for number in range(1, LICENCES + 1)]
        self.free = {(p, t.address): 0 for p in PLATFORMS for t in self.tokens}
        self.held: dict[Digest, Held] = {}
        self.states: dict[Digest, int] = {}
        self.rung = {RECORDED: 0, RETURNED: 0}
        self.acts = 0

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        acts = (
            self.deposit,
            self.take_back,
            self.post,
            self.release,
            self.reject,
            self.reject_counted,
            self.misuse,
            self.tempt,
            self.pause,
        )
        random.choices(acts, (18, 6, 44, 14, 12, 8, 3, 3, 2))[0](random)
        self.compare()

    # --- acts ------------------------------------------------------------------------------------

    def deposit(self, random: Random) -> None:
        platform, coin = random.choice(list(self.free))
        amount = random.choice((1, random.randrange(1, 10**8), 2**90))
        self._do("deposit", platform, coin, amount, sender=PAYER)
        self.free[platform, coin] += amount
        told = {"platform": platform, "token": coin, "from": PAYER, "amount": amount}
        self._must_tell(("Deposited", {**told, "free": self.free[platform, coin]}))

    def take_back(self, random: Random) -> None:
        platform, coin = random.choice(list(self.free))
        free = self.free[platform, coin]
        over = (platform, coin, free, free + 1)
        self._refused("DepositTooSmall", over, "takeBack", (coin, free + 1), platform)
        self._refused("ZeroAmount", (), "takeBack", (coin, 0), platform)
        if not free:
            return
        amount = random.choice((1, free, random.randint(1, free)))
        token = next(token for token in self.tokens if token.address == coin)
        before = self.machine.view(token, "balanceOf", platform)
        self._do("takeBack", coin, amount, sender=platform)
        self.free[platform, coin] -= amount
        left = self.free[platform, coin]
        told = {"platform": platform, "token": coin, "amount": amount, "free": left}
        self._must_tell(("TakenBack", told))
        self.machine.expect(token, "balanceOf", (platform,), before + amount)

    def post(self, random: Random) -> None:
        licence, now = random.choice(self.licences), self.machine.now
        report = self._report(licence, random)
        posted = (report.as_tuple(), licence.terms_tuple, SIGNATURES)
        event, occurred = report.event.event_id, report.event.occurred_at
        price, coin = licence.terms.unit_price, licence.terms.token
        free = self.free[licence.platform, coin]
        refusal: tuple[str, tuple[Any, ...] | None] | None = None
        if now > report.deadline:
            refusal = ("ReportExpired", (report.deadline,))
        elif now < occurred:
            refusal = ("UseAhead", (occurred,))
        elif random.random() < 0.1:
            # Nobody signed this one.
            return self._refused("Error", ("unscripted",), "post", posted)
        else:
            self._sign(report)
            refusal = self._refusal_of(licence, occurred, free)
        if refusal:
            return self._refused(*refusal, "post", posted)
        cheaper = self._terms(licence, price - 1)
        other = (licence.terms.hash(), cheaper.hash())
        wrong = (posted[0], _tuple_of(cheaper), SIGNATURES)
        self._refused("TermsMismatch", other, "post", wrong)
        self._do("post", *posted)
        platform, work = licence.platform, licence.work
        held = Held(event, licence.number, work, platform, coin, price, now + WINDOW_SECONDS)
        self.free[platform, coin] -= price
        self.held[event], self.states[event] = held, HELD
        self.rung[RECORDED] += 1
        ((name, told),) = self.machine.events(self.reports)
        said = (name, told["eventId"], tuple(told["report"].values()))
        self.machine.agree("report", ("DirectReportPosted", event, report.as_tuple()), said)
        locked = (held.as_tuple(), self.free[platform, coin])
        self.machine.agree("held", locked, (tuple(told["held"].values()), told["free"]))
        self._refused("AlreadyReported", (event,), "post", posted)
        return None

    def release(self, random: Random) -> None:
        held = self._draw(random)
        if held is None:
            return None
        given = (held.as_tuple(),)
        if self.states[held.event_id] != HELD:
            return self._refused("NotHeld", (held.event_id,), "release", given)
        if self.machine.now < held.releasable_from:
            values = (held.event_id, held.releasable_from)
            self._refused("WindowOpen", values, "release", given)
            self.machine.wait(held.releasable_from - self.machine.now - random.randrange(2))
            if self.machine.now < held.releasable_from:
                return self._refused("WindowOpen", values, "release", given)
        self._must_match(held, "release")
        self._do("release", *given)
        self.states[held.event_id] = RELEASED
        told = {"eventId": held.event_id, "workId": held.work_id, "token": held.token}
        self._must_tell(("DirectReportReleased", {**told, "amount": held.amount}))
        if held.token == self.tokens[0].address:
            allowed = (self.reports.address, self.ledger.address)
            self.machine.expect(self.tokens[0], "allowance", allowed, 0)
        return None

    def reject(self, random: Random) -> None:
        held = self._draw(random)
        if held is None:
            return None
        reason = Digest(random.randbytes(32))
        given = (held.as_tuple(), reason)
        if self.states[held.event_id] != HELD:
            return self._refused("NotHeld", (held.event_id,), "reject", given, COUNCIL)
        if self.machine.now >= held.releasable_from:
            values = (held.event_id, held.releasable_from)
            return self._refused("WindowClosed", values, "reject", given, COUNCIL)
        self._must_match(held, "reject", reason, sender=COUNCIL)
        self._do("reject", *given, sender=COUNCIL)
        self._rejected(held, 0, reason)
        return None

    def reject_counted(self, random: Random) -> None:
        """By an epoch that stands, or one that it was built on, however far back."""
        held = self._draw(random)
        if held is None:
            return None
        others = [Digest(random.randbytes(32)) for _ in range(random.randrange(4))]
        tree = usage_tree([held.event_id, *others])
        proof = tree.proof(standard_leaf(held.event_id))
        epochs = self._epochs(tree.root, random.randint(1, 3), random)
        standing, chain = epochs[0], [epoch.as_tuple() for epoch in epochs]
        asked = (standing.token, standing.epoch)
        digest = int.from_bytes(standing.struct_hash(), "big")
        self.distributor.say("standingReport(address,uint64)", asked, digest)
        given = (held.as_tuple(), chain, proof)
        if self.states[held.event_id] != HELD:
            return self._refused("NotHeld", (held.event_id,), "rejectCounted", given)
        self._refuse_what_shows_nothing(held, epochs, proof, random)
        self._must_match(held, "rejectCounted", chain, proof)
        self._do("rejectCounted", *given, sender=random.choice((KEEPER, *OUTSIDERS)))
        self._rejected(held, epochs[-1].epoch, epochs[-1].struct_hash())
        return None

    def misuse(self, random: Random) -> None:
        coin = self.tokens[0].address
        self._refused("ZeroAmount", (), "deposit", (PLATFORMS[0], coin, 0), PAYER)
        values = (PLATFORMS[0], KEEPER, 5)
        self._refused("TokenNotAccepted", (KEEPER,), "deposit", values, PAYER)
        selector = self.reports.interface.functions["reject"].selector
        held = self._draw(random)
        if held is None:
            return
        for outsider in OUTSIDERS:
            given = (held.as_tuple(), NO_HASH)
            self._refused("NotPermitted", (outsider, selector), "reject", given, outsider)

    def tempt(self, random: Random) -> None:
        """A token that brings other amounts, and calls back while it is moved."""
        platform, coin = random.choice(PLATFORMS), self.wayward.address
        amount = random.randrange(1, 10**6)
        deposit: Call = ("deposit", (platform, coin, amount), PAYER)
        self.wayward.must_bring_what_was_booked(deposit, amount, self._money(coin))
        moving = [deposit]
        if self.free[platform, coin]:
            moving.append(("takeBack", (coin, 1), platform))
        ripe = [
            held
            for held in self.held.values()
            if self.states[held.event_id] == HELD
            and held.token == coin
            and held.releasable_from <= self.machine.now
        ]
        if ripe:
            moving.append(("release", (ripe[0].as_tuple(),), KEEPER))
        inside = [*moving, ("takeBack", (coin, 1), KEEPER)]
        for outer in moving:
            self.wayward.must_find_closed(outer, random.choice(inside))

    def pause(self, random: Random) -> None:
        """New reports stop, and nothing else."""
        report = self._report(self.licences[0], random)
        posted = (report.as_tuple(), self.licences[0].terms_tuple, SIGNATURES)
        self.pauses.act([("post", posted, KEEPER)], random)

    # --- what must hold --------------------------------------------------------------------------

    def compare(self) -> None:
        expect, reports = self.machine.expect, self.reports
        for (platform, coin), amount in self.free.items():
            expect(reports, "depositOf", (platform, coin), amount)
        for event, state in self.states.items():
            expect(reports, "stateOf", (event,), state)
        expect(reports, "stateOf", (b"\7" * 32,), UNREPORTED)
        for token in self.tokens:
            expect(token, "balanceOf", (reports.address,), self._money(token.address))
        for bell, times in self.rung.items():
            expect(self.book.contract, "rung", (bell,), times)

    def _money(self, coin: Address) -> int:
        """What lies there of a token: deposits, and what is locked."""
        free = sum(amount for (_, token), amount in self.free.items() if token == coin)
        held = [h for e, h in self.held.items() if self.states[e] == HELD and h.token == coin]
        return free + sum(one.amount for one in held)

    # --- the rest --------------------------------------------------------------------------------

    def _permit(self, authority: Around) -> None:
        selector = self.reports.interface.functions["reject"].selector
        for account in (COUNCIL, *OUTSIDERS):
            asked = (account, self.reports.address, selector)
            authority.say("canCall(address,address,bytes4)", asked, int(account == COUNCIL), 0)

    def _licence(self, number: int, random: Random) -> Licence:
        token = random.choice(self.tokens).address
        price = 0 if number == LICENCES else random.choice((1, 4_000_001, 2**70))
        terms = Terms(Tier.GENERATION, token, 9, price, 7, YEAR, 100, 10**20, Digest(b"\5" * 32))
        expiry = START + random.choice((10, 60, 2_000)) * 24 * 60 * 60
        platform = random.choice(PLATFORMS)
        licence = Licence(LicenceId(number), platform, WorkId(10 * number), expiry, terms)
        self.book.say("frozenOf(uint64)", (number,), *licence.words)
        functions = committed("LicenceRegistry").functions
        for name, bell in (("recordUsage", RECORDED), ("returnUsage", RETURNED)):
            ring = (self.book.contract, "ring", bell)
            self.book.hear(functions[name], licence.usage(), *ring, answer=NO_HOLDERS)
        coin = next(one for one in self.tokens if one.address == token)
        pay = committed("RoyaltyLedger").functions["pay"]
        moved = (self.reports.address, self.ledger.address, price)
        self.ledger.hear(pay, (licence.work, token, price), coin, "transferFrom", *moved)
        return licence

    def _terms(self, licence: Licence, price: int) -> Terms:
        known = licence.terms
        digest = known.text_digest
        return Terms(Tier.GENERATION, known.token, 9, price, 7, YEAR, 100, 10**20, digest)

    def _report(self, licence: Licence, random: Random) -> DirectReport:
        """Mostly of a moment ago; now and then of the future, of the last second, or late."""
        now = self.machine.now
        occurred = now - random.choice((0, 0, 0, 0, 1, 1, 3_600, 3_600, -1))
        if now >= licence.expiry and random.random() < 0.6:
            occurred = licence.expiry - random.randrange(2)
        deadline = now + random.choice((0, 0, 0, 0, 1, 1, 3_600, 3_600, -1))
        kind, generation = random.choice(tuple(UsageKind)), GenerationId(random.randrange(2**64))
        source = Digest(random.randbytes(32))
        event = UsageEvent(kind, licence.number, generation, source, occurred)
        evidence, program = Digest(random.randbytes(32)), Digest(random.randbytes(32))
        return DirectReport(event, evidence, program, deadline)

    def _sign(self, report: DirectReport) -> None:
        """The operators' quorum, for exactly this report."""
        digest = report.digest(self.machine.chain_id, self.reports.address)
        check = committed("UsageOracle").functions["checkQuorum"]
        call = check.call_data((digest, SIGNATURES))
        self.machine.prepare(self.oracle.contract, "answer", call, b"")
        asked = self.machine.view(self.reports, "reportDigest", report.as_tuple())
        self.machine.agree("digest", bytes(digest), bytes(asked))
        event = self.machine.view(self.reports, "eventIdOf", report.as_tuple())
        self.machine.agree("event id", bytes(report.event.event_id), bytes(event))

    def _refusal_of(
        self, licence: Licence, occurred: int, free: int
    ) -> tuple[str, tuple[Any, ...]] | None:
        terms = licence.terms
        if occurred >= licence.expiry:
            return "LicenceExpired", (licence.number, licence.expiry)
        if terms.unit_price == 0:
            return "NoUnitPrice", (licence.number,)
        if free < terms.unit_price:
            return "DepositTooSmall", (licence.platform, terms.token, free, terms.unit_price)
        return None

    def _epochs(self, root: Digest, length: int, random: Random) -> list[EpochReport]:
        """The latest first, each built on the next; the last of them counted under this root."""
        found: list[EpochReport] = []
        previous = Digest(random.randbytes(32))
        for place in range(length):
            usage = root if place == 0 else Digest(random.randbytes(32))
            report = EpochReport(
                EpochNumber(random.randrange(1, 2**40)),
                previous,
                self.tokens[0].address,
                usage,
                *(2, NO_HASH, NO_HASH, NO_HASH, 1, 5, 7, 8, NO_HASH, NO_HASH, NO_HASH),
            )
            found.insert(0, report)
            previous = report.struct_hash()
        return found

    def _refuse_what_shows_nothing(
        self, held: Held, epochs: list[EpochReport], proof: tuple[Digest, ...], random: Random
    ) -> None:
        told, chain = held.as_tuple(), [epoch.as_tuple() for epoch in epochs]
        last = epochs[-1]
        nothing = (held.event_id, 0)
        self._refused("NotCounted", nothing, "rejectCounted", (told, [], proof))
        longer = (*proof, Digest(random.randbytes(32)))
        elsewhere = (held.event_id, last.epoch)
        self._refused("NotCounted", elsewhere, "rejectCounted", (told, chain, longer))
        unknown = self._epochs(last.usage_root, 1, random)[0]
        digest = unknown.struct_hash()
        unbuilt = (epochs[-1].previous_report, digest)
        further = (told, [*chain, unknown.as_tuple()], proof)
        self._refused("PreviousReportMismatch", unbuilt, "rejectCounted", further)
        asked = (unknown.token, unknown.epoch)
        self.distributor.say("standingReport(address,uint64)", asked, 1)
        fallen = (unknown.epoch, digest)
        alone = (told, [unknown.as_tuple()], proof)
        self._refused("NotStanding", fallen, "rejectCounted", alone)

    def _must_match(self, held: Held, function: str, *more: Any, sender: Address = KEEPER) -> None:
        """Whoever names another payer, work, amount or time than was locked, names nothing."""
        event, licence, work, platform, token, amount, time = held.as_tuple()
        for wrong in (
            (event, licence, work, KEEPER, token, amount, time),
            (event, licence, int(work) + 1, platform, token, amount, time),
            (event, licence, work, platform, token, int(amount) + 1, time),
            (event, licence, work, platform, token, amount, int(time) - 1),
        ):
            self._refused("NotHeld", (event,), function, (wrong, *more), sender)

    def _rejected(self, held: Held, epoch: int, reason: Digest) -> None:
        self.states[held.event_id] = REJECTED
        self.free[held.platform, held.token] += held.amount
        self.rung[RETURNED] += 1
        free = self.free[held.platform, held.token]
        told = {"eventId": held.event_id, "epoch": epoch, "reason": reason, "free": free}
        self._must_tell(("DirectReportRejected", told))

    def _draw(self, random: Random) -> Held | None:
        """Mostly one of the last, which something can still happen to."""
        held = list(self.held.values())
        if not held:
            return None
        return random.choice(held[-4:] if random.random() < 0.8 else held)

    def _do(self, function: str, *arguments: Any, sender: str = KEEPER) -> Any:
        return self.machine.send(self.reports, function, *arguments, sender=sender)

    def _must_tell(self, *expected: tuple[str, dict[str, Any]]) -> None:
        self.machine.agree("events", list(expected), self.machine.events(self.reports))

    def _refused(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: str = KEEPER,
    ) -> None:
        must_refuse(self.machine, self.reports, name, values, function, arguments, sender)


def _tuple_of(terms: Terms) -> tuple[Any, ...]:
    """The fields in Solidity's order."""
    return (
        terms.tier,
        terms.token,
        terms.price,
        terms.unit_price,
        terms.royalty_share,
        terms.duration_seconds,
        terms.unit_cap,
        terms.revenue_cap,
        terms.sublicensable,
        terms.text_digest,
    )
