"""Invariants 18 to 20 over random histories: consent, what is frozen, paths of sublicences."""

from __future__ import annotations

from typing import Any, NamedTuple

import brownie
from brownie.exceptions import VirtualMachineError
from hypothesis import Phase
from hypothesis import strategies as st

from chain.ledger.rights import Tier
from tests.contracts.permits import NO_PERMIT
from tests.contracts.rights import DAY, ConsentProposal, Terms, by

SETTINGS = {
    "max_examples": 10,
    "stateful_step_count": 10,
    "deadline": None,
    "phases": (Phase.generate,),
}
TIER = Tier.GENERATION
UNITS, REVENUE = 100, 1_000
PATH_MAX = 8


class Frozen(NamedTuple):
    """What the model expects of a licence for ever."""

    holder: str
    expiry: int
    share: int
    unit_cap: int
    revenue_cap: int
    parent: int


DRAWN = {
    "st_holder": st.integers(0, 2),
    "st_licence": st.integers(1, 4),
    "st_share": st.integers(1, 2),
    "st_days": st.integers(1, 40),
    "st_part": st.one_of(st.integers(0, 9), st.integers(0, UNITS + 1)),
    "st_period": st.sampled_from([0, 5 * DAY, 20 * DAY]),
}
# Rules by name, the commonest first; each takes what it needs of the values drawn for it.
RULES = (
    *("propose", "take", "take", "take", "sublicense", "sublicense", "sublicense", "use", "use"),
    *("return", "withdraw", "reaffirm", "time_passes"),
)
ACT = st.fixed_dictionaries({"rule": st.sampled_from(RULES), **DRAWN})


class LicenceMachine:
    """A work, its owner and three platforms; the model knows when a licence may come to be.

    Hypothesis ends most of its runs after a handful of rules, so every run begins with a history.
    """

    st_holder = DRAWN["st_holder"]
    st_licence = DRAWN["st_licence"]
    st_share = DRAWN["st_share"]
    st_days = DRAWN["st_days"]
    st_part = DRAWN["st_part"]
    st_period = DRAWN["st_period"]
    st_history = st.lists(ACT, min_size=30, max_size=40)

    def __init__(self, licences: Any, consents: Any, token: Any, accounts: Any, work: int) -> None:
        self.licences, self.consents, self.token = licences, consents, token
        self.owner, self.holders = accounts[10], accounts[20:23]
        self.oracle = accounts.at(licences.usageOracle(), force=True)
        self.work = work

    def setup(self) -> None:
        self.standing: Terms | None = None
        self.is_live, self.until, self.period, self.live_until, self.offer = False, 0, 0, 0, 0
        self.frozen: dict[int, Frozen] = {}
        self.terms: dict[int, Terms] = {}
        self.used: dict[int, tuple[int, int]] = {}
        self.recorded: list[tuple[int, int]] = []

    def initialize_with_a_history(self, st_history: list[dict[str, Any]]) -> None:
        self.rule_propose(1, 40, 0)
        self.rule_take(0, 1)
        for act in st_history:
            rule = getattr(LicenceMachine, "rule_" + act["rule"])
            names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
            rule(self, **{name: act[name] for name in names})
            self.invariant_nothing_frozen_ever_changes()
            self.invariant_no_licence_outlives_its_parent()

    # --- what the owner does ---

    def rule_propose(self, st_share: int, st_days: int, st_period: int) -> None:
        terms = self._terms(st_share)
        self.until = self._now() + st_days * DAY
        proposal = ConsentProposal(terms.hash(), self.until, st_period)
        tx = self.consents.proposeConsent(self.work, TIER, proposal, by(self.owner))
        self.standing, self.is_live, self.period = terms, True, st_period
        self.offer = tx.return_value
        self._sustain(tx.timestamp)

    def rule_withdraw(self) -> None:
        if self.is_live:
            self.consents.withdrawConsent(self.work, TIER, by(self.owner))
            self.is_live = False

    def rule_reaffirm(self) -> None:
        if self.is_live and self.period and self._now() < self.until - 2:
            tx = self.consents.reaffirmConsent(self.work, TIER, self.offer, by(self.owner))
            self._sustain(tx.timestamp)

    def rule_time_passes(self, st_days: int) -> None:
        brownie.chain.sleep(st_days * DAY)
        brownie.chain.mine()

    # --- what platforms do ---

    def rule_take(self, st_holder: int, st_share: int) -> None:
        terms, holder = self._terms(st_share), self.holders[st_holder]
        tx = self._try(self.licences.takeLicence, self.work, terms, NO_PERMIT, by(holder))
        now = tx.timestamp if tx else self._now()
        assert bool(tx) == self._may(terms, now)
        if tx:
            expiry = now + terms.duration_seconds
            self._expect(terms, Frozen(holder.address, expiry, st_share, UNITS, REVENUE, 0))

    def rule_sublicense(self, st_licence: int, st_holder: int, st_days: int, st_part: int) -> None:
        if st_licence not in self.frozen:
            return
        parent, terms = self.frozen[st_licence], self.terms[st_licence]
        expiry = self._now() + st_days * DAY
        heir = self.holders[st_holder]
        part = (heir.address, expiry, st_part, st_part)
        sender = brownie.accounts.at(parent.holder)
        tx = self._try(self.licences.sublicense, st_licence, terms, part, by(sender))
        now = tx.timestamp if tx else self._now()
        fits = st_part <= min(parent.unit_cap, parent.revenue_cap)
        fits = fits and len(self._path(st_licence)) < PATH_MAX
        assert bool(tx) == (self._may(terms, now) and fits and now < expiry <= parent.expiry)
        if tx:
            self._expect(
                terms, Frozen(heir.address, expiry, parent.share, st_part, st_part, st_licence)
            )

    def rule_use(self, st_licence: int, st_part: int) -> None:
        if st_licence not in self.frozen:
            return
        path = self._path(st_licence)
        line = [(st_licence, st_part, st_part)]
        tx = self._try(self.licences.recordUsage, line, by(self.oracle))
        assert bool(tx) == all(self._has_room(licence, st_part) for licence in path)
        if tx:
            assert tx.return_value == [self.frozen[st_licence].holder]
            self._use(path, st_part)
            self.recorded.append((st_licence, st_part))

    def rule_return(self) -> None:
        if self.recorded:
            licence, part = self.recorded.pop()
            tx = self.licences.returnUsage([(licence, part, part)], by(self.oracle))
            assert tx.return_value == [self.frozen[licence].holder]
            self._use(self._path(licence), -part)

    # --- what always holds ---

    def invariant_nothing_frozen_ever_changes(self) -> None:
        assert self.licences.licenceCount() == len(self.frozen)
        for licence, known in self.frozen.items():
            told = self.licences.licenceOf(licence)
            found = Frozen(told[0], told[1], told[4], told[5], told[7], told[11])
            assert found == known
            assert (told[6], told[8]) == self.used.get(licence, (0, 0))
            assert told[6] <= told[5]
            assert told[8] <= told[7]
            assert bytes(told[9]) == self.terms[licence].hash()

    def invariant_no_licence_outlives_its_parent(self) -> None:
        for known in self.frozen.values():
            if known.parent:
                assert known.expiry <= self.frozen[known.parent].expiry

    def invariant_what_was_used_below_a_licence_was_used_under_it(self) -> None:
        for licence in self.frozen:
            below = [each for each, known in self.frozen.items() if known.parent == licence]
            units = sum(self.licences.licenceOf(each)[6] for each in below)
            assert units <= self.licences.licenceOf(licence)[6]

    # --- the model ---

    def _terms(self, share: int) -> Terms:
        return Terms.generation(
            self.token,
            share=share,
            price=0,
            unit_cap=UNITS,
            revenue_cap=REVENUE,
            duration_seconds=30 * DAY,
            sublicensable=True,
        )

    def _may(self, terms: Terms, now: int) -> bool:
        return self.is_live and terms == self.standing and now < self.live_until

    def _sustain(self, now: int) -> None:
        self.live_until = min(self.until, now + self.period) if self.period else self.until

    def _path(self, licence: int) -> list[int]:
        """From the licence to the one taken from the community."""
        path = [licence]
        while self.frozen[path[-1]].parent:
            path.append(self.frozen[path[-1]].parent)
        return path

    def _has_room(self, licence: int, part: int) -> bool:
        known, (units, revenue) = self.frozen[licence], self.used.get(licence, (0, 0))
        return units + part <= known.unit_cap and revenue + part <= known.revenue_cap

    def _use(self, path: list[int], part: int) -> None:
        for licence in path:
            units, revenue = self.used.get(licence, (0, 0))
            self.used[licence] = (units + part, revenue + part)

    def _expect(self, terms: Terms, known: Frozen) -> None:
        licence = len(self.frozen) + 1
        self.frozen[licence], self.terms[licence] = known, terms

    def _now(self) -> int:
        return int(brownie.chain[-1]["timestamp"])

    def _try(self, call: Any, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except VirtualMachineError:
            return None


def test_licences_keep_their_invariants(
    state_machine, licences, consents, stablecoin, accounts, register_work, customer
):
    work = register_work(customer)

    state_machine(LicenceMachine, licences, consents, stablecoin, accounts, work, settings=SETTINGS)
