"""Random disputes: the DisputeCourt beside a model of its freezes and bonds.

The model ([freezes](freezes.py)) keeps each share's freezes as lists of cases. After each act every
share's freeze, its past, every account's bonds and the court's balance are compared, events are
compared whole, and one thing is counted by the contract's own answers alone: no share is frozen
for more than 90 days since its owner last agreed to that, less what free time gave back, 90 for
seven.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from chain.client.dispute_court import CaseStatus
from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, WorkId, address
from chain.ledger.rights import WorkKind
from chain.ledger.words import uint_word
from tests.differential.arbiters import Arbiters
from tests.differential.around import OUTSIDERS, STEWARD, Around, must_refuse
from tests.differential.freezes import (
    ANSWER,
    DAY,
    PAYEES_TURN,
    RESPITE,
    UPHELD,
    Case,
    History,
    Matter,
    Share,
)
from tests.differential.machine import Deployed, Disagreement, Machine, committed
from tests.differential.wayward import Call, Wayward

MINIMUM: Final = 101
BOND_MAX: Final = 2**96 - 1
PLENTY: Final = 2**110
TREASURY: Final = address("0x" + "a1" * 20)
# The first is a contract; some are below and some above every other account.
PARTIES: Final = tuple(address("0x" + f"{byte:02x}" * 20) for byte in (0xB1, 0x0B, 0xB3, 0xF4))
# Of no community, or of one that may choose an arbiter, and may have no elders; one has no split.
COMMUNITIES: Final = {WorkId(1): 0, WorkId(2): 3, WorkId(3): 4, WorkId(4): 0}
WITHOUT_SPLIT: Final = WorkId(4)
BYSTANDER: Final = address("0x" + "c1" * 20)
ACTS_MAX: Final = 300
NO_EVIDENCE: Final = bytes(32)


class Disputes:
    """One court, four works, four accounts that dispute each other and themselves."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.works, consents, self.ledger = (Around(machine) for _ in range(3))
        machine.make_contract(PARTIES[0])
        self.arbiters = Arbiters(machine, consents)
        self.wayward = Wayward(machine)
        self.token = self.wayward.token
        self.court: Deployed = machine.deploy(
            code or committed("DisputeCourt"),
            works=self.works.address,
            consents=consents.address,
            ledger=self.ledger.address,
            generalArbiter=self.arbiters.general.address,
            elders=self.arbiters.elders.address,
            bondToken=self.token.address,
            minimumBond=MINIMUM,
            treasury=TREASURY,
        )
        self.wayward.contract = self.arbiters.court = self.court
        self.splits = {work: int(work != WITHOUT_SPLIT) for work in COMMUNITIES}
        self.histories = {(w, p): History() for w in COMMUNITIES for p in PARTIES}
        self.cases: list[Case] = []
        self.owed: dict[Address, int] = dict.fromkeys((*PARTIES, BYSTANDER, TREASURY), 0)
        # By the contract's own words: when each share was looked at, and frozen until when.
        self.told: dict[Share, tuple[int, int]] = dict.fromkeys(self.histories, (0, 0))
        self.held: dict[Share, int] = dict.fromkeys(self.histories, 0)
        self.acts = 0
        for work, community in COMMUNITIES.items():
            self.works.register(work, WorkKind.RECORDING)
            self.works.say("communityIdOf(uint64)", (work,), community)
            self._say_split(work)
            if community:
                self.arbiters.seat(community, 2)
        for account in (*PARTIES, BYSTANDER):
            self.wayward.mint(account, PLENTY)

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        act = random.choices(
            (
                self.open,
                self.answer,
                self.give_evidence,
                self.rule,
                self.end,
                self.release,
                self.collect,
                self.choose_arbiter,
                self.tempt,
                self.wait,
            ),
            (20, 24, 6, 22, 14, 14, 8, 3, 3, 16),
        )[0]
        act(random)
        self.compare(random)

    # --- acts ------------------------------------------------------------------------------------

    def open(self, random: Random) -> None:
        disputer, payee = random.choice(PARTIES), random.choice(PARTIES)
        work, now = random.choice(list(COMMUNITIES)), self.machine.now
        matter: Matter = (disputer, work, payee, uint_word(random.randint(1, 60)))
        history = self.histories[work, payee]
        dues = (0, 2_039, 2_040, random.randrange(10**6), 20 * BOND_MAX + 20)
        (due,) = random.choices(dues, (3, 3, 3, 6, 1))
        self._say_due(work, payee, due)
        bond = min(max(MINIMUM, due // 20 if self.splits[work] else 0), BOND_MAX)
        self.machine.expect(self.court, "bondFor", (work, payee, ()), bond)
        arguments = (work, payee, matter[3], (), BOND_MAX)
        arbiter = self.arbiters.of(COMMUNITIES[work])
        case = Case(matter, now, bond, arbiter, self.splits[work])
        if any(known.matter == matter for known in self.cases):
            return self._refused("CaseKnown", (case.case_id,), "open", arguments, disputer)
        if history.is_spent(now):
            return self._refused(
                "FreezeSpent", (history.end + RESPITE,), "open", arguments, disputer
            )
        unfit = (work, payee, matter[3], (), bond - 1)
        self._refused("BondTooHigh", (bond, bond - 1), "open", unfit, disputer)
        self._refused("EvidenceMissing", (), "open", (work, payee, NO_EVIDENCE, (), bond), disputer)
        told = self.machine.send(self.court, "open", *arguments, sender=disputer)
        self.machine.agree("case id", case.case_id, told)
        self.cases.append(case)
        history.begin(case, now)
        self._must_tell(
            "CaseOpened",
            caseId=case.case_id,
            workId=work,
            payee=payee,
            disputer=disputer,
            evidence=matter[3],
            bond=bond,
            arbiter=arbiter,
            frozenUntil=history.end,
        )
        return None

    def answer(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return
        who, payees = random.choice((*PARTIES, BYSTANDER)), case.opened_at + PAYEES_TURN
        who = case.matter[2] if random.random() < 0.4 else who
        if self.machine.now < payees and random.random() < 0.3:
            self.machine.wait(payees - self.machine.now)
        now, arguments = self.machine.now, (case.matter, uint_word(7))
        if case.status is not CaseStatus.OPEN:
            self._refused("BadCaseStep", (case.case_id, case.status), "answer", arguments, who)
        elif who != case.matter[2] and now < payees:
            self._refused("PayeesTurn", (case.case_id, payees), "answer", arguments, who)
        elif now >= case.answer_ends:
            values = (case.case_id, case.answer_ends)
            self._refused("AnswerTooLate", values, "answer", arguments, who)
        else:
            self._refused("EvidenceMissing", (), "answer", (case.matter, NO_EVIDENCE), who)
            self.machine.send(self.court, "answer", *arguments, sender=who)
            case.status, case.defender = CaseStatus.ANSWERED, who
            told = {"caseId": case.case_id, "defender": who, "evidence": uint_word(7)}
            self._must_tell("CaseAnswered", **told)

    def give_evidence(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return None
        arguments = (case.matter, uint_word(9))
        if not case.is_pending:
            step = (case.case_id, case.status)
            return self._refused("BadCaseStep", step, "giveEvidence", arguments)
        for outsider in OUTSIDERS:
            values = (case.case_id, outsider)
            self._refused("NotParty", values, "giveEvidence", arguments, outsider)
        for party in {case.matter[0], case.matter[2], case.defender} - {None}:
            missing = (case.matter, NO_EVIDENCE)
            self._refused("EvidenceMissing", (), "giveEvidence", missing, str(party))
            self.machine.send(self.court, "giveEvidence", *arguments, sender=str(party))
            told = {"caseId": case.case_id, "party": party, "evidence": uint_word(9)}
            self._must_tell("EvidenceGiven", **told)
        return None

    def rule(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            return None
        ruling, now, told = random.randint(0, 2), self.machine.now, case.case_id
        self.arbiters.rule(case.arbiter, told, COMMUNITIES[case.matter[1]], ruling)
        refusal: tuple[str, tuple[Any, ...]] | None = None
        if not case.is_pending:
            refusal = ("BadCaseStep", (told, case.status))
        elif case.status is CaseStatus.OPEN and now < case.answer_ends:
            refusal = ("RulingTooEarly", (told, case.answer_ends))
        elif now >= case.over:
            refusal = ("RulingTooLate", (told, case.over))
        elif ruling == 0:
            refusal = ("NotRuled", (told,))
        if refusal:
            return self._refused(*refusal, "rule", (case.matter,))
        self.machine.send(self.court, "rule", case.matter)
        upheld = ruling == 1
        self._over(case, CaseStatus.UPHELD if upheld else CaseStatus.DISMISSED, is_ruled=True)
        return None

    def end(self, random: Random) -> None:
        """Concede, or let lapse; what was answered more often than it would come to be drawn."""
        case = self._draw(random)
        if case is None:
            return None
        answered = [c for c in self.cases[-12:] if c.status is CaseStatus.ANSWERED]
        case = random.choice(answered) if answered and random.random() < 0.5 else case
        who = random.choice((*PARTIES, BYSTANDER, *OUTSIDERS))
        who = case.matter[2] if random.random() < 0.4 else who
        in_time = self.machine.now < case.over
        function, told = random.choice(("concede", "lapse")), case.case_id
        sides = (case.matter[0], case.matter[2])
        refusal: tuple[str, tuple[Any, ...]] | None = None
        if not case.is_pending:
            refusal = ("BadCaseStep", (told, case.status))
        elif function == "lapse" and in_time:
            refusal = ("LapseTooEarly", (told, case.over))
        elif function == "concede" and not in_time:
            refusal = ("RulingTooLate", (told, case.over))
        elif function == "concede" and who not in sides:
            refusal = ("NotParty", (told, who))
        if refusal:
            return self._refused(*refusal, function, (case.matter,), who)
        self.machine.send(self.court, function, case.matter, sender=who)
        lost = CaseStatus.DISMISSED if who == case.matter[0] else CaseStatus.UPHELD
        is_ruled = case.status is CaseStatus.ANSWERED
        is_ruled = is_ruled and self.arbiters.has_upheld(case.arbiter, case.case_id)
        self._over(case, lost if function == "concede" else CaseStatus.LAPSED, is_ruled=is_ruled)
        return None

    def release(self, random: Random) -> None:
        upheld = [case for case in self.cases if case.status is CaseStatus.UPHELD]
        case = random.choice(upheld) if upheld and random.random() < 0.8 else self._draw(random)
        if case is None:
            return
        who, work = random.choice((*PARTIES, STEWARD, *OUTSIDERS)), case.matter[1]
        is_free = who == case.matter[0] or self.machine.now >= case.opened_at + UPHELD
        refused: tuple[str, tuple[Any, ...]] | None = None
        if case.status is not CaseStatus.UPHELD:
            refused = ("BadCaseStep", (case.case_id, case.status))
        elif not is_free and who != STEWARD:
            refused = ("NotController", (work, who))
        elif not is_free and self.splits[work] == case.splits:
            refused = ("NotCorrected", (work, case.splits))
        if refused:
            self._refused(*refused, "release", (case.matter,), who)
            if refused[0] == "NotCorrected":
                self.splits[work] += 1
                self._say_split(work)
            return
        self.machine.send(self.court, "release", case.matter, sender=who)
        self._over(case, CaseStatus.RELEASED)

    def collect(self, random: Random) -> None:
        account = random.choice(tuple(self.owed))
        if self.owed[account] == 0:
            return self._refused("NothingOwed", (account,), "collect", (account,))
        before, owed = self.machine.view(self.token, "balanceOf", account), self.owed[account]
        told = self.machine.send(self.court, "collect", account, sender=BYSTANDER)
        self.machine.agree("collected", owed, told)
        self._must_tell("BondsCollected", account=account, amount=owed)
        self.machine.expect(self.token, "balanceOf", (account,), before + owed)
        self.owed[account] = 0
        return None

    def choose_arbiter(self, random: Random) -> None:
        community = random.choice([c for c in COMMUNITIES.values() if c])
        if random.random() < 0.5:
            self.arbiters.seat(community, random.randrange(3))
        else:
            self.arbiters.choose(community, random)

    def tempt(self, random: Random) -> None:
        """A currency of bonds that brings other amounts, and calls back while it is moved."""
        owed = [account for account, amount in self.owed.items() if amount]
        calls: list[tuple[Call, int]] = []
        fresh = random.randrange(100, 2**64)
        work, payee = random.choice(list(self.histories))
        if not self.histories[work, payee].is_spent(self.machine.now):
            self._say_due(work, payee, 0)
            opened = (work, payee, uint_word(fresh), (), BOND_MAX)
            calls.append((("open", opened, PARTIES[1]), MINIMUM))
        for case in self.cases[-4:]:
            if case.status is CaseStatus.OPEN and self.machine.now < case.answer_ends:
                answered = (case.matter, uint_word(7))
                calls.append((("answer", answered, case.matter[2]), case.bond))
        held = self._held()
        for call, amount in calls:
            self.wayward.must_bring_what_was_booked(call, amount, held)
        moving = [call for call, _ in calls]
        if owed:
            moving.append(("collect", (owed[0],), BYSTANDER))
        for outer in moving:
            inner = random.choice((("collect", (TREASURY,), BYSTANDER), *moving))
            self.wayward.must_find_closed(outer, inner)

    def wait(self, random: Random) -> None:
        """Some days, or up to the very second at which something changes, or the one before."""
        now = self.machine.now
        turns = [turn for case in self.cases[-8:] for turn in case.limits()]
        turns += [history.end for history in self.histories.values()]
        turns += [history.end + RESPITE for history in self.histories.values()]
        near = [turn - now for turn in turns if now < turn < now + ANSWER]
        (seconds,) = random.choices((1, DAY, 5 * DAY, 13 * DAY, 31 * DAY), (4, 6, 4, 2, 1))
        if near and random.random() < 0.4:
            seconds = random.choice(near) - random.randrange(2)
        self.machine.wait(seconds)

    # --- what must hold --------------------------------------------------------------------------

    def compare(self, random: Random) -> None:
        now, expect = self.machine.now, self.machine.expect
        for share, history in self.histories.items():
            frozen = history.current(now) is not None
            expect(self.court, "isFrozen", share, int(frozen))
            expect(self.court, "frozenUntil", share, history.end)
            time = random.choice([0, now, *history.turns()])
            expect(self.court, "frozenAt", (*share, time), int(history.frozen_at(time)))
            self._count_days(share, now)
        for work in COMMUNITIES:
            expect(self.court, "isFrozen", (work, BYSTANDER), 0)
        for account, amount in self.owed.items():
            expect(self.court, "owedTo", (account,), amount)
        expect(self.token, "balanceOf", (self.court.address,), self._held())
        self._compare_case(random)
        self.arbiters.compare(set(COMMUNITIES.values()))

    def _compare_case(self, random: Random) -> None:
        case = self._draw(random)
        if case is None:
            unknown = (PARTIES[0], WorkId(1), PARTIES[1], uint_word(99))
            case = Case(unknown, 0, 0, BYSTANDER, 0)
            self._refused("CaseUnknown", (case.case_id,), "caseOf", (case.case_id,))
            self._refused("CaseUnknown", (case.case_id,), "rule", (unknown,))
            return
        expect, digest = self.machine.expect, int.from_bytes(case.case_id, "big")
        expect(self.court, "caseIdOf", (case.matter,), digest)
        defender = int(case.defender or "0x0", 16)
        told = (case.status, case.opened_at, case.bond, int(case.arbiter, 16), defender)
        expect(self.court, "caseOf", (case.case_id,), *told)

    def _count_days(self, share: Share, now: int) -> None:
        """By the contract's word alone: 90 days frozen at most; seven free give 90 back."""
        looked, until = self.told[share]
        ended = max(min(until, now), looked)
        self.held[share] += (ended - looked) * RESPITE
        if self.held[share] > UPHELD * RESPITE:
            raise Disagreement("a freeze", "90 days at most", self.held[share] / RESPITE)
        self.held[share] = max(self.held[share] - (now - ended) * UPHELD, 0)
        self.told[share] = now, self.machine.view(self.court, "frozenUntil", *share)

    # --- the rest --------------------------------------------------------------------------------

    def _held(self) -> int:
        """What the court must hold: the bonds of what is pending, and what is owed."""
        going_on = sum(
            case.bond * (1 + (case.status is CaseStatus.ANSWERED))
            for case in self.cases
            if case.is_pending
        )
        return going_on + sum(self.owed.values())

    def _over(self, case: Case, status: CaseStatus, *, is_ruled: bool = False) -> None:
        """What the outcome does to the freeze and to the bonds, as it was told."""
        is_end = status is not CaseStatus.RELEASED
        outcome = case.outcome(status, TREASURY, is_ruled) if is_end else []
        case.status = status
        share, now = (case.matter[1], case.matter[2]), self.machine.now
        history = self.histories[share]
        self._count_days(share, now)
        history.follow(case, now, is_agreed=not is_ruled)
        if history.agreed == now:
            self.held[share] = 0
        told = self.machine.events(self.court)
        ended = {"caseId": case.case_id, "status": status, "frozenUntil": history.end}
        expected: list[tuple[str, dict[str, Any]]] = [("CaseEnded", ended)]
        for account, amount in outcome:
            self.owed[account] += amount
            owed = {"caseId": case.case_id, "account": account, "amount": amount}
            expected.append(("BondsOwed", owed))
        self.machine.agree("events", expected, told)

    def _draw(self, random: Random) -> Case | None:
        """Mostly one of the last, or one that something can still happen to."""
        if not self.cases:
            return None
        pending = [case for case in self.cases[-12:] if case.is_pending]
        if pending and random.random() < 0.5:
            return random.choice(pending)
        return random.choice(self.cases[-6:] if random.random() < 0.8 else self.cases)

    def _must_tell(self, name: str, **values: Any) -> None:
        self.machine.agree("events", [(name, values)], self.machine.events(self.court))

    def _refused(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: Address = BYSTANDER,
    ) -> None:
        must_refuse(self.machine, self.court, name, values, function, arguments, sender)

    def _say_split(self, work: WorkId) -> None:
        for question in ("splitCountOf(uint64)", "noteDispute(uint64)"):
            self.ledger.say(question, (work,), self.splits[work])

    def _say_due(self, work: WorkId, payee: Address, due: int) -> None:
        """What the ledger says; of a work without a split it would refuse to say anything."""
        if not self.splits[work]:
            return
        ask = committed("RoyaltyLedger").functions["dueTo"]
        call = ask.call_data((work, self.token.address, self.splits[work], (), payee))
        self.machine.prepare(self.ledger.contract, "answer", call, uint_word(due))
