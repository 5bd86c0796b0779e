"""What each sharing rule would have made of a community's own past, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.listening_files import Listening
from api.reading import UNTOLD
from api.rule_history import CommunityHistory
from chain.ledger.identifiers import Address
from chain.ledger.rights import UNIT_NUMERATOR
from chain.ledger.sharing import ListenerMode, SharingRule
from chain.metrics.inequality import Inequality
from chain.metrics.rule_comparison import Change, Outcome, RuleRow, compare_rules
from chain.settlement.alternatives import (
    divided_by,
    divided_by_listening,
    rule,
    settled_as_announced,
)

BY_SPLITS: Final = "by the splits"
AS_SETTLED: Final = "as it was settled"
ROOT: Final = "root between groups"
# Of the rule that composes both: within groups, after the root between them.
INNER_FLOOR_BPS: Final = 2_000
FLOORS_BPS: Final = (1_000, 3_000, 5_000)
LISTENING_NAMES: Final = {
    ListenerMode.USER_CENTRIC: "by listening (plays)",
    ListenerMode.SHAPLEY: "by listening (equal)",
    ListenerMode.SCALED: "by listening (scaled)",
}


@dataclass(frozen=True)
class RuleComparison:
    """One row a rule; the first is the splits, the second what was in fact promised."""

    history: CommunityHistory
    rows: tuple[RuleRow, ...]
    labels: Mapping[Address, str]
    listening: Listening | None

    def label(self, payee: Address) -> str:
        """A payee as people know it: by its name, or by a work it is paid for."""
        return self.labels.get(payee) or _short(payee)


def floor_name(phi_bps: int) -> str:
    return f"floor of {phi_bps / 100:g} %"


def compare_history(
    history: CommunityHistory,
    floors_bps: Sequence[int] = FLOORS_BPS,
    listening: Listening | None = None,
    names: Mapping[Address, str] | None = None,
) -> RuleComparison:
    """Divide every pool by every rule. Payees of works that earned nothing are payees, too.

    Raises Malformed for a floor that is none.
    """
    pools = history.pools
    earned = {BY_SPLITS: divided_by(pools, ()), AS_SETTLED: settled_as_announced(pools)}
    for phi in dict.fromkeys(floors_bps):
        earned[floor_name(phi)] = divided_by(pools, [rule(SharingRule.FLOOR_PRO_RATA, phi)])
    root = rule(SharingRule.COMMUNITY_ROOT)
    earned[ROOT] = divided_by(pools, [root])
    inner = rule(SharingRule.FLOOR_PRO_RATA, INNER_FLOOR_BPS)
    composed = f"root, then a {floor_name(INNER_FLOOR_BPS)}"
    earned[composed] = divided_by(pools, [root, inner])
    everybody = {share.payee for work in history.works for share in work.split.shares}
    outcomes = [Outcome(name, _with_zeros(each, everybody)) for name, each in earned.items()]
    if listening is not None:
        for mode, name in LISTENING_NAMES.items():
            found = divided_by_listening(pools, listening.listeners, mode, history.splits)
            outcomes.append(Outcome(name, _with_zeros(found.earned, everybody), found.suspense))
    rows = compare_rules(outcomes, UNIT_NUMERATOR)
    return RuleComparison(history, rows, {**_by_work(history), **(names or {})}, listening)


def _with_zeros(earned: Mapping[Address, int], everybody: set[Address]) -> dict[Address, int]:
    return {**dict.fromkeys(everybody, 0), **earned}


def _by_work(history: CommunityHistory) -> dict[Address, str]:
    labels: dict[Address, str] = {}
    for work in history.works:
        title = f"work {work.work_id}" if work.title == UNTOLD else work.title
        for share in work.split.shares:
            labels.setdefault(share.payee, f"{_short(share.payee)} ({title})")
    return labels


def _short(payee: Address) -> str:
    return f"{payee[:6]}…{payee[-4:]}"


def plain_comparison(comparison: RuleComparison, summary: Sequence[str]) -> dict[str, Any]:
    """The comparison as JSON: money in base units as text, fractions exact and as floats."""
    history = comparison.history
    return {
        "chain_id": history.chain_id,
        "community_id": history.community_id,
        "block": history.block,
        "token": history.currency.token,
        "currency": history.currency.symbol,
        "epochs": [pool.epoch for pool in history.pools],
        "summary": list(summary),
        "rules": [_plain_row(row) for row in comparison.rows],
        "names": {payee: comparison.label(payee) for payee in comparison.rows[0].units},
        "listeners": None
        if comparison.listening is None
        else {
            "counted": len(comparison.listening.listeners),
            "elsewhere_alone": comparison.listening.elsewhere,
            "lines_elsewhere": comparison.listening.lines_elsewhere,
        },
    }


def _plain_row(row: RuleRow) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "payees": {payee: str(units) for payee, units in row.units.items()},
        "suspense": str(row.suspense),
        "registered": _plain_inequality(row.inequality.registered),
        "paid": _plain_inequality(row.inequality.paid),
        "moved": str(row.moved),
        "moved_share": _plain_fraction(row.moved_share),
        "gained": [_plain_change(change) for change in row.gained],
        "lost": [_plain_change(change) for change in row.lost],
        "largest_loss": row.largest_loss and _plain_change(row.largest_loss),
        "largest_share_lost": row.largest_share_lost and _plain_change(row.largest_share_lost),
    }


def _plain_change(change: Change) -> dict[str, Any]:
    return {
        "payee": change.payee,
        "difference": str(change.difference),
        "share": _plain_fraction(change.share),
    }


def _plain_inequality(measured: Inequality) -> dict[str, Any]:
    return {
        "payees": measured.payees,
        "paid_payees": measured.paid_payees,
        "gini": _plain_fraction(measured.gini),
        "theil": None if measured.theil is None else measured.theil.value,
        "jain": _plain_fraction(measured.jain),
    }


def _plain_fraction(value: Any) -> dict[str, Any] | None:
    return None if value is None else {"exact": str(value), "value": float(value)}
