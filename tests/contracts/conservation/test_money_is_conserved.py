"""Whatever is paid, settled, split, pushed and claimed: no unit is lost or made."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase
from hypothesis import strategies as st

from tests.contracts.conservation.epochs import EpochWorld
from tests.contracts.conservation.worlds import PARTS, VECTORS, LedgerWorld

# No shrinking: at thirty transactions a second it takes longer than finding.
SETTINGS = {
    "max_examples": 15,
    "stateful_step_count": 25,
    "deadline": None,
    "phases": (Phase.generate,),
}


WHICH = st.integers(0, 1)
WORK = st.sampled_from(sorted(VECTORS))
AMOUNT = st.one_of(st.integers(1, 12), st.integers(1, 10**24))
PARTS_OF_A_SPLIT = st.sampled_from(PARTS)
PAYEE = st.integers(0, 4)
VERSION = st.integers(0, 5)
EARNED = st.lists(st.integers(0, 10**6), min_size=1, max_size=5)
LEVEL = st.integers(0, 3)

# Rules by name, the commonest first; each takes what it needs of the values drawn for it.
RULES = (
    *("pay_and_push", "pay_and_push", "pay", "pay", "settle", "split", "split", "push", "claim"),
    *("freeze_or_thaw", "bar_or_admit", "donate"),
    *("fund", "epoch", "funded_epoch", "funded_epoch", "activate", "reject"),
    *("epoch", "reject_honest"),
    *("push_range", "claim_epoch"),
)
ACT = st.fixed_dictionaries(
    {
        "rule": st.sampled_from(RULES),
        "st_which": WHICH,
        "st_work": WORK,
        "st_amount": AMOUNT,
        "st_parts": PARTS_OF_A_SPLIT,
        "st_payee": PAYEE,
        "st_version": VERSION,
        "st_earned": EARNED,
        "st_level": LEVEL,
    }
)


class MoneyMachine:
    """Random acts on both lanes; their books are compared with the contracts after every one.

    Hypothesis ends most of its runs after a handful of rules, so every run begins with a history.
    """

    st_which = WHICH
    st_work = WORK
    st_amount = AMOUNT
    st_parts = PARTS_OF_A_SPLIT
    st_payee = PAYEE
    st_version = VERSION
    st_earned = EARNED
    st_level = LEVEL
    st_history = st.lists(ACT, min_size=20, max_size=30)

    def __init__(self, contracts: Any, accounts: Any, chain: Any) -> None:
        self.ledger = LedgerWorld(contracts, accounts)
        self.epochs = EpochWorld(contracts, accounts, chain)

    def setup(self) -> None:
        self.ledger.begin()
        self.epochs.begin()

    def initialize_with_a_history(self, st_history: list[dict[str, Any]]) -> None:
        for act in st_history:
            rule = getattr(MoneyMachine, "rule_" + act["rule"])
            names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
            rule(self, *(act[name] for name in names))
            self.ledger.check()
            self.epochs.check()

    # --- the direct lane -----------------------------------------------------------------------

    def rule_pay(self, st_which: int, st_work: int, st_amount: int) -> None:
        self.ledger.pay(st_which, st_work, st_amount)

    def rule_pay_and_push(self, st_which: int, st_work: int, st_amount: int) -> None:
        self.ledger.pay(st_which, st_work, st_amount)
        self.ledger.settle(st_which, st_work)
        self.ledger.push(st_which, st_work, len(self.ledger.books[0].splits[st_work]))

    def rule_settle(self, st_which: int, st_work: int) -> None:
        self.ledger.settle(st_which, st_work)

    def rule_split(self, st_work: int, st_parts: tuple[int, ...], st_payee: int) -> None:
        self.ledger.set_split(st_work, st_parts, st_payee)

    def rule_push(self, st_which: int, st_work: int, st_version: int) -> None:
        versions = len(self.ledger.books[0].splits[st_work])
        self.ledger.push(st_which, st_work, st_version % versions + 1)

    def rule_claim(self, st_which: int, st_work: int, st_version: int, st_payee: int) -> None:
        versions = len(self.ledger.books[0].splits[st_work])
        payee = self.ledger.payees[st_payee]
        self.ledger.claim(st_which, st_work, st_version % versions + 1, payee)

    def rule_freeze_or_thaw(self, st_work: int, st_payee: int) -> None:
        self.ledger.freeze(st_work, self.ledger.payees[st_payee])

    def rule_bar_or_admit(self, st_payee: int) -> None:
        self.ledger.bar(self.ledger.payees[st_payee])

    def rule_donate(self, st_which: int, st_amount: int) -> None:
        self.ledger.donate(st_which, st_amount)
        self.epochs.donate(st_amount)

    # --- the epoch lane ------------------------------------------------------------------------

    def rule_fund(self, st_amount: int) -> None:
        self.epochs.fund(st_amount)

    def rule_epoch(self, st_earned: list[int]) -> None:
        self.epochs.propose(st_earned)

    def rule_funded_epoch(self, st_earned: list[int], st_level: int, st_payee: int) -> None:
        self.epochs.fund(sum(st_earned) + 1)
        self.epochs.propose(st_earned)
        self.epochs.activate()
        self.epochs.push(st_level, st_payee)

    def rule_activate(self) -> None:
        self.epochs.activate()

    def rule_reject(self) -> None:
        self.epochs.reject()

    def rule_push_range(self, st_level: int, st_payee: int) -> None:
        self.epochs.push(st_level, st_payee)

    def rule_reject_honest(self, st_payee: int) -> None:
        self.epochs.reject_honest(self.epochs.payees[st_payee])

    def rule_claim_epoch(self, st_payee: int) -> None:
        self.epochs.claim(self.epochs.payees[st_payee])

    # --- what always holds ---------------------------------------------------------------------

    def invariant_the_ledger_is_what_exact_fractions_say(self) -> None:
        self.ledger.check()

    def invariant_the_distributor_keeps_within_its_funds(self) -> None:
        self.epochs.check()

    def teardown(self) -> None:
        self.ledger.finish()
        self.epochs.finish()


def test_no_unit_is_lost_or_made(
    state_machine: Any,
    accounts: Any,
    chain: Any,
    RoyaltyLedger: Any,
    EpochDistributor: Any,
    DevStablecoin: Any,
    BlocklistingToken: Any,
    RejectingPayee: Any,
    Authority: Any,
) -> None:
    class Contracts:
        pass

    for container in (
        Authority,
        RoyaltyLedger,
        EpochDistributor,
        DevStablecoin,
        BlocklistingToken,
        RejectingPayee,
    ):
        setattr(Contracts, container._name, container)

    state_machine(MoneyMachine, Contracts, accounts, chain, settings=SETTINGS)
