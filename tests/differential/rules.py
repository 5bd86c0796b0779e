"""Random sharing rules: SharingRules beside `chain.ledger.sharing`, announcements and divisions."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.identifiers import CommunityId, Digest, EpochNumber
from chain.ledger.rights import BPS_WHOLE
from chain.ledger.sharing import (
    NOTICE_EPOCHS,
    Announcement,
    SharingRule,
    community_root,
    floor_pro_rata,
    pro_rata,
)
from tests.differential.around import OUTSIDERS, STEWARD, Around, must_refuse
from tests.differential.machine import Machine, committed

COMMUNITIES: Final = tuple(CommunityId(number) for number in (1, 2, 2**32 - 1))
ACTS_MAX: Final = 300
WORD: Final = 2**256 - 1
EPOCHS_END: Final = 2**64
# A rule holds from at most so many epochs after the last one posted.
AHEAD_EPOCHS: Final = 10_000
# A group whose weights reach this has no root that fits.
GROUP_END: Final = 2**192


class Rules:
    """One contract, three communities, and epochs that go by."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.consents, self.oracle = Around(machine), Around(machine)
        self.rules = machine.deploy(
            code or committed("SharingRules"),
            consents=self.consents.address,
            usageOracle=self.oracle.address,
        )
        self.announced: dict[CommunityId, list[Announcement]] = {c: [] for c in COMMUNITIES}
        self.last_epoch = 0
        self.acts = 0
        self._reach(0)
        for community in COMMUNITIES:
            self.consents.say("stewardOf(uint32)", (community,), int(STEWARD, 16))

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        self.acts += 1
        act = random.choices((self.announce, self.divide, self.refuse_to_divide), (5, 4, 1))[0]
        act(random)
        self.compare(random)

    # --- acts ------------------------------------------------------------------------------------

    def announce(self, random: Random) -> None:
        community, rule = random.choice(COMMUNITIES), random.choice(tuple(SharingRule))
        phi = 0
        if rule is SharingRule.FLOOR_PRO_RATA:
            phi = random.choice((1, BPS_WHOLE, random.randint(1, BPS_WHOLE)))
        for unfit in self._unfit(rule):
            values = (rule, unfit)
            unheard_of = (community, rule, unfit, EPOCHS_END - 1)
            self._refused("BadFloor", values, "announce", unheard_of)
        last = self._last(community)
        earliest = max(self.last_epoch + NOTICE_EPOCHS, last.from_epoch)
        latest = self.last_epoch + AHEAD_EPOCHS
        epoch = min(earliest + random.choice((0, 1, random.randrange(9))), latest)
        if random.random() < 0.03:
            epoch = latest
        given = (community, rule, phi, epoch)
        for outsider in OUTSIDERS:
            self._refused("NotSteward", (community, outsider), "announce", given, outsider)
        for early in {earliest - 1, 0}:
            soon = (community, rule, phi, early)
            self._refused("TooSoon", (early, earliest), "announce", soon)
        self._decide(community, Announcement(rule, phi, last.version + 1, EpochNumber(epoch)), 0)
        decision = self._decision(*given)
        self._refused("NotDecided", (community, decision), "announce", given)
        for far in (latest + 1, random.randrange(latest + 1, EPOCHS_END), EPOCHS_END - 1):
            self._refused("TooFar", (far, latest), "announce", (community, rule, phi, far))
        announcement = Announcement(rule, phi, last.version + 1, EpochNumber(epoch))
        self._decide(community, announcement, 1)
        told = self.machine.send(self.rules, "announce", *given, sender=STEWARD)
        self.machine.agree("version", announcement.version, told)
        event = {
            "communityId": community,
            "version": announcement.version,
            "rule": rule,
            "phiBps": phi,
            "fromEpoch": epoch,
        }
        events = self.machine.events(self.rules)
        self.machine.agree("events", [("SharingRuleAnnounced", event)], events)
        self.announced[community].append(announcement)
        if random.random() < 0.3:
            self._reach(self.last_epoch + random.randrange(6))

    def divide(self, random: Random) -> None:
        """By each rule; amounts and what is left over are the pool, to the unit."""
        turn = Digest(random.randbytes(32))
        pool = random.choice((0, 1, 7, random.randrange(10**9), random.randrange(2**112)))
        weigh = (0, 1, 3, random.randrange(2**112))
        groups = tuple(
            tuple(random.choice(weigh) for _ in range(random.randrange(6)))
            for _ in range(random.randrange(5))
        )
        row = tuple(weight for group in groups for weight in group)
        phi = random.choice((0, 1, BPS_WHOLE, random.randint(0, BPS_WHOLE)))
        self._agree(pool, pro_rata(pool, row, turn), "proRata", pool, row, turn)
        floored = floor_pro_rata(pool, row, phi, turn)
        self._agree(pool, floored, "floorProRata", pool, row, phi, turn)
        rooted = community_root(pool, groups, turn)
        self._agree(pool, rooted, "communityRoot", pool, groups, turn)

    def refuse_to_divide(self, random: Random) -> None:
        turn, over = random.randbytes(32), BPS_WHOLE + random.randint(1, 9)
        floor = (SharingRule.FLOOR_PRO_RATA, over)
        self._refused("BadFloor", floor, "floorProRata", (9, [1, 2], over, turn))
        heavy = [[1], [GROUP_END - 1, 1], [2]]
        self._refused("GroupTooHeavy", (1,), "communityRoot", (9, heavy, turn))
        equal = ((GROUP_END - 1,), (GROUP_END - 1,))
        amounts, left_over = self.machine.view(self.rules, "communityRoot", WORD, equal, turn)
        self.machine.agree("the whole word", WORD, sum(map(sum, amounts)) + left_over)
        self.machine.agree("equal groups", True, abs(amounts[0][0] - amounts[1][0]) <= 1)

    # --- what must hold --------------------------------------------------------------------------

    def compare(self, random: Random) -> None:
        """What held in an epoch that is past holds in it for ever."""
        for community, announced in self.announced.items():
            self._expect(self._last(community), "announcedRule", community)
            turns = [a.from_epoch + more for a in announced[-4:] for more in (-1, 0, 1)]
            for epoch in (0, 2**48 - 1, EPOCHS_END - 1, random.choice([0, *turns])):
                held = [a for a in announced if a.from_epoch <= epoch]
                told = held[-1] if held else _default()
                self._expect(told, "ruleAt", community, epoch)

    # --- the rest --------------------------------------------------------------------------------

    def _reach(self, epoch: int) -> None:
        self.last_epoch = epoch
        self.oracle.say("lastEpoch()", (), epoch)

    def _last(self, community: CommunityId) -> Announcement:
        announced = self.announced[community]
        return announced[-1] if announced else _default()

    def _unfit(self, rule: SharingRule) -> tuple[int, ...]:
        if rule is SharingRule.FLOOR_PRO_RATA:
            return 0, BPS_WHOLE + 1
        return 1, BPS_WHOLE

    def _decide(self, community: CommunityId, announcement: Announcement, is_decided: int) -> None:
        """The elders' word on what the model says they are asked."""
        address = self.rules.address
        decision = announcement.decision_hash(self.machine.chain_id, address, community)
        asked = (community, bytes(decision))
        self.consents.say("isDecided(uint32,bytes32)", asked, is_decided)
        given = (community, announcement.rule, announcement.phi_bps, announcement.from_epoch)
        self.machine.agree("decision", bytes(decision), self._decision(*given))

    def _decision(self, *given: Any) -> bytes:
        return bytes(self.machine.view(self.rules, "decisionHash", *given))

    def _agree(self, pool: int, model: Any, function: str, *given: Any) -> None:
        amounts, left_over = self.machine.view(self.rules, function, *given)
        said = tuple(tuple(a) if isinstance(a, (list, tuple)) else a for a in amounts)
        self.machine.agree(
            f"{function}{given}", (model.amounts, model.left_over), (said, left_over)
        )
        whole = sum(sum(a) if isinstance(a, tuple) else a for a in said) + left_over
        self.machine.agree(f"{function}: all of it", pool, whole)

    def _expect(self, told: Announcement, function: str, *arguments: int) -> None:
        values = (told.rule, told.phi_bps, told.version, told.from_epoch)
        self.machine.expect(self.rules, function, arguments, *values)

    def _refused(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: str = STEWARD,
    ) -> None:
        must_refuse(self.machine, self.rules, name, values, function, arguments, sender)


def _default() -> Announcement:
    return Announcement(SharingRule.PRO_RATA, 0, 0, EpochNumber(0))
