"""Random disputes: the DisputeCourt beside a model of its freezes and bonds.

The model keeps each share's freezes as lists of cases and knows nothing of eras or slots. After
each act every share's freeze, its past, every account's bonds and the court's balance are compared,
and one thing is counted by the contract's own answers alone: no share is frozen for 90 days
without having been free for seven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from chain.client.dispute_court import CaseStatus
from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, WorkId, address
from chain.ledger.rights import WorkKind
from chain.ledger.words import uint_word
from tests.differential.around import STEWARD, Around, must_refuse
from tests.differential.machine import Deployed, Disagreement, Machine, committed

DAY: Final = 24 * 60 * 60
ANSWER, RULING, UPHELD, RESPITE = 14 * DAY, 30 * DAY, 90 * DAY, 7 * DAY
MINIMUM: Final = 101
TREASURY: Final = address("0x" + "a1" * 20)
PARTIES: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in range(0xB1, 0xB5))
WORKS: Final = (WorkId(1), WorkId(2))
BYSTANDER: Final = address("0x" + "c1" * 20)
ACTS_MAX: Final = 300
OVER: Final = {CaseStatus.DISMISSED, CaseStatus.LAPSED, CaseStatus.RELEASED}
Share = tuple[WorkId, Address]
Matter = tuple[Address, WorkId, Address, bytes]


@dataclass
class Case:
    matter: Matter
    opened_at: int
    bond: int
    status: CaseStatus = CaseStatus.OPEN
    defender: Address | None = None


@dataclass
class Freeze:
    start: int
    end: int
    cases: list[Case] = field(default_factory=list)


@dataclass
class History:
    """A share's freezes, and where the stretch of them began that the last one belongs to."""

    freezes: list[Freeze] = field(default_factory=list)
    stretch: int = 0

    def current(self, now: int) -> Freeze | None:
        return self.freezes[-1] if self.freezes and now < self.freezes[-1].end else None

    def frozen_at(self, time: int) -> bool:
        """As far as the last two freezes tell."""
        return any(f.start <= time < f.end for f in self.freezes[-2:])


class Disputes:
    """One court, two works, four accounts that dispute each other and themselves."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.around = Around(machine)
        self.token = machine.deploy(committed("DevStablecoin"))
        self.court: Deployed = machine.deploy(
            code or committed("DisputeCourt"),
            works=self.around.address,
            consents=self.around.address,
            ledger=self.around.address,
            generalArbiter=self.around.address,
            elders=self.around.address,
            bondToken=self.token.address,
            minimumBond=MINIMUM,
            treasury=TREASURY,
        )
        self.splits = dict.fromkeys(WORKS, 1)
        self.histories: dict[Share, History] = {(w, p): History() for w in WORKS for p in PARTIES}
        self.cases: list[Case] = []
        self.owed: dict[Address, int] = dict.fromkeys((*PARTIES, TREASURY), 0)
        self.free_since: dict[Share, int] = dict.fromkeys(self.histories, 0)
        self.held_since: dict[Share, int] = {}
        self.acts = 0
        for work in WORKS:
            self.around.register(work, WorkKind.RECORDING)
            self._say_split(work)
        for account in PARTIES:
            machine.prepare(self.token, "mint", account, 2**100)
            machine.send(self.token, "approve", self.court.address, 2**256 - 1, sender=account)

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        act = random.choices(
            (self.open, self.answer, self.rule, self.end, self.release, self.collect, self.wait),
            (24, 12, 14, 12, 8, 10, 20),
        )[0]
        act(random)
        self.compare(random)

    # --- acts ------------------------------------------------------------------------------------

    def open(self, random: Random) -> None:
        disputer, payee = random.choice(PARTIES), random.choice(PARTIES)
        work, now = random.choice(WORKS), self.machine.now
        matter: Matter = (disputer, work, payee, uint_word(random.randint(1, 60)))
        history = self.histories[work, payee]
        due = random.choice((0, 2_039, random.randrange(10**6)))
        arguments = (work, payee, matter[3], (), 2**96 - 1)
        bond = max(MINIMUM, due // 20)
        self._say_due(work, payee, due)
        last = history.freezes[-1].end if history.freezes else -RESPITE
        stretch = now if last + RESPITE <= now else history.stretch
        if any(case.matter == matter for case in self.cases):
            return self._refused("CaseKnown", "open", arguments, disputer)
        if stretch + UPHELD <= now:
            return self._refused("FreezeSpent", "open", arguments, disputer)
        self.machine.send(self.court, "open", *arguments, sender=disputer)
        case = Case(matter, now, bond)
        self.cases.append(case)
        history.stretch = stretch
        freeze = history.current(now)
        if freeze is None:
            freeze = Freeze(now, now)
            history.freezes.append(freeze)
        freeze.cases.append(case)
        freeze.end = max(freeze.end, min(now + ANSWER + RULING, stretch + UPHELD))
        return None

    def answer(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return
        who, now = random.choice(PARTIES), self.machine.now
        arguments = (case.matter, uint_word(7))
        if case.status is not CaseStatus.OPEN:
            self._refused("BadCaseStep", "answer", arguments, who)
        elif who != case.matter[2] and now < case.opened_at + ANSWER // 3:
            self._refused("PayeesTurn", "answer", arguments, who)
        elif now >= case.opened_at + ANSWER:
            self._refused("AnswerTooLate", "answer", arguments, who)
        else:
            self.machine.send(self.court, "answer", *arguments, sender=who)
            case.status, case.defender = CaseStatus.ANSWERED, who

    def rule(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return
        ruling, now = random.randint(0, 2), self.machine.now
        case_id = self.machine.view(self.court, "caseIdOf", case.matter)
        self.around.say("rulingOf(bytes32,uint32)", (case_id, 0), ruling)
        answered_by = case.opened_at + ANSWER
        if not self._is_pending(case):
            self._refused("BadCaseStep", "rule", (case.matter,))
        elif case.status is CaseStatus.OPEN and now < answered_by:
            self._refused("RulingTooEarly", "rule", (case.matter,))
        elif now >= answered_by + RULING:
            self._refused("RulingTooLate", "rule", (case.matter,))
        elif ruling == 0:
            self._refused("NotRuled", "rule", (case.matter,))
        else:
            self.machine.send(self.court, "rule", case.matter)
            self._over(case, CaseStatus.UPHELD if ruling == 1 else CaseStatus.DISMISSED)

    def end(self, random: Random) -> None:
        """Concede, or let lapse."""
        case = self._draw(random)
        if case is None:
            return
        who = random.choice((*PARTIES, BYSTANDER))
        in_time = self.machine.now < case.opened_at + ANSWER + RULING
        function = random.choice(("concede", "lapse"))
        sides = {case.matter[0], case.matter[2], case.defender}
        if not self._is_pending(case):
            self._refused("BadCaseStep", function, (case.matter,), who)
        elif function == "lapse" and in_time:
            self._refused("LapseTooEarly", "lapse", (case.matter,), who)
        elif function == "concede" and not in_time:
            self._refused("RulingTooLate", "concede", (case.matter,), who)
        elif function == "concede" and who not in sides:
            self._refused("NotParty", "concede", (case.matter,), who)
        else:
            self.machine.send(self.court, function, case.matter, sender=who)
            lost = CaseStatus.DISMISSED if who == case.matter[0] else CaseStatus.UPHELD
            self._over(case, lost if function == "concede" else CaseStatus.LAPSED)

    def release(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return
        who, work = random.choice((*PARTIES, STEWARD)), case.matter[1]
        is_free = who == case.matter[0] or self.machine.now >= case.opened_at + UPHELD
        if case.status is not CaseStatus.UPHELD:
            self._refused("BadCaseStep", "release", (case.matter,), who)
        elif not is_free and who != STEWARD:
            self._refused("NotController", "release", (case.matter,), who)
        else:
            if not is_free:
                self.splits[work] += 1
                self._say_split(work)
            self.machine.send(self.court, "release", case.matter, sender=who)
            self._over(case, CaseStatus.RELEASED)

    def collect(self, random: Random) -> None:
        account = random.choice(tuple(self.owed))
        if self.owed[account] == 0:
            return self._refused("NothingOwed", "collect", (account,))
        before = self.machine.view(self.token, "balanceOf", account)
        self.machine.send(self.court, "collect", account, sender=BYSTANDER)
        self.machine.expect(self.token, "balanceOf", (account,), before + self.owed[account])
        self.owed[account] = 0
        return None

    def wait(self, random: Random) -> None:
        self.machine.wait(random.choice((1, DAY, 5 * DAY, 13 * DAY, 31 * DAY)))

    # --- what must hold --------------------------------------------------------------------------

    def compare(self, random: Random) -> None:
        now, expect = self.machine.now, self.machine.expect
        for share, history in self.histories.items():
            frozen = history.current(now) is not None
            expect(self.court, "isFrozen", share, int(frozen))
            if history.freezes:
                expect(self.court, "frozenUntil", share, history.freezes[-1].end)
            time = random.choice(
                [0, now, *(t for f in history.freezes[-3:] for t in (f.start, f.end, f.end - 1))]
            )
            expect(self.court, "frozenAt", (*share, time), int(history.frozen_at(time)))
            self._count_days(share, now)
        for work in WORKS:
            expect(self.court, "isFrozen", (work, BYSTANDER), 0)
        going_on = sum(
            case.bond * (1 + (case.status is CaseStatus.ANSWERED))
            for case in self.cases
            if self._is_pending(case)
        )
        for account, amount in self.owed.items():
            expect(self.court, "owedTo", (account,), amount)
        held = going_on + sum(self.owed.values())
        expect(self.token, "balanceOf", (self.court.address,), held)

    def _count_days(self, share: Share, now: int) -> None:
        """By the contract's word alone: within 90 days a share is left alone for seven."""
        if not self.machine.view(self.court, "isFrozen", *share):
            self.free_since[share] = self.machine.view(self.court, "frozenUntil", *share)
            return
        if share in self.free_since and now >= self.free_since.pop(share) + RESPITE:
            self.held_since[share] = now
        if now >= self.held_since[share] + UPHELD:
            raise Disagreement("a freeze", "90 days at most", now - self.held_since[share])

    # --- the rest --------------------------------------------------------------------------------

    def _over(self, case: Case, status: CaseStatus) -> None:
        """What the outcome does to the freeze and to the bonds."""
        was_upheld, now = case.status is CaseStatus.UPHELD, self.machine.now
        case.status = status
        history = self.histories[case.matter[1], case.matter[2]]
        freeze = history.current(now)
        if freeze is not None and case in freeze.cases:
            if status is CaseStatus.UPHELD:
                limit = history.stretch + UPHELD
                freeze.end = max(freeze.end, min(case.opened_at + UPHELD, limit))
            else:
                freeze.cases.remove(case)
                freeze.end = freeze.end if freeze.cases else now
        if not was_upheld:
            self._share_bonds(case)

    def _share_bonds(self, case: Case) -> None:
        disputer, _, payee, _ = case.matter
        pot = case.bond * (2 if case.defender else 1)
        fee = case.bond // 2
        if case.status is CaseStatus.UPHELD:
            fee = fee if case.defender else 0
            self.owed[disputer] += pot - fee
        elif case.status is CaseStatus.DISMISSED:
            self.owed[case.defender or payee] += pot - fee
        else:
            self.owed[disputer] += case.bond - fee
            if case.defender:
                self.owed[case.defender] += case.bond
        self.owed[TREASURY] += fee

    def _draw(self, random: Random) -> Case | None:
        """Mostly one of the last, which something can still happen to."""
        if not self.cases:
            return None
        return random.choice(self.cases[-6:] if random.random() < 0.8 else self.cases)

    def _is_pending(self, case: Case) -> bool:
        return case.status in (CaseStatus.OPEN, CaseStatus.ANSWERED)

    def _refused(
        self, name: str, function: str, arguments: tuple[Any, ...], sender: Address = BYSTANDER
    ) -> None:
        must_refuse(self.machine, self.court, name, None, function, arguments, sender)

    def _say_split(self, work: WorkId) -> None:
        for question in ("splitCountOf(uint64)", "noteDispute(uint64)"):
            self.around.say(question, (work,), self.splits[work])

    def _say_due(self, work: WorkId, payee: Address, due: int) -> None:
        ask = committed("RoyaltyLedger").functions["dueTo"]
        call = ask.call_data((work, self.token.address, self.splits[work], (), payee))
        self.machine.prepare(self.around.contract, "answer", call, uint_word(due))
