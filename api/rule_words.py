"""A comparison of sharing rules in sentences that a steward can read to the elders."""

from __future__ import annotations

from typing import Final

from api.comparing import BY_SPLITS, RuleComparison
from chain.ledger.sharing import Announcement, SharingRule
from chain.metrics.rule_comparison import Change, RuleRow

_WORDS: Final = [
    "nobody",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
NO_LISTENERS: Final = (
    "Rules by who heard what are not in this table: the ledger does not know who listened, and is "
    "not meant to. Who has the platform's list gives it with --listeners FILE "
    "(columns listener,work,plays,fee); it stays on this machine."
)
DIRECT_LANE: Final = (
    "This is what came in by counted use. Licence fees and single payments go by the splits "
    "whatever the rule."
)


def sentences(comparison: RuleComparison) -> list[str]:
    """What happened, what would have, and what cannot be told; plain text."""
    history, first = comparison.history, comparison.rows[0]
    if not history.pools:
        return [
            f"Community {history.community_id} has earned nothing by counted use in these epochs: "
            "there is nothing to divide by any rule.",
            DIRECT_LANE,
        ]
    epochs = [pool.epoch for pool in history.pools]
    span = (
        f"epoch {epochs[0]}" if epochs[0] == epochs[-1] else f"epochs {epochs[0]} to {epochs[-1]}"
    )
    whole = _money(comparison, history.earned)
    payees = first.inequality.registered
    said = [
        f"In {span} community {history.community_id} earned {whole}, and {payees.paid_payees} of "
        f"{payees.payees} payees got some of it by the splits.",
        _as_settled(comparison),
    ]
    said += [_alternative(comparison, row) for row in comparison.rows[2:]]
    said += [DIRECT_LANE, *_listening(comparison)]
    return said


def _as_settled(comparison: RuleComparison) -> str:
    rules: dict[str, list[int]] = {}
    for pool in comparison.history.pools:
        rules.setdefault(_announced(pool.announced), []).append(pool.epoch)
    held = "; ".join(
        f"{name} in epoch{'s' * (len(epochs) > 1)} {_listed([str(epoch) for epoch in epochs])}"
        for name, epochs in rules.items()
    )
    row = comparison.rows[1]
    if not row.gained and not row.lost:
        return f"What was paid: {held}. That is what the splits give."
    said = _who(comparison, row, "got", BY_SPLITS)
    return f"What was paid: {held}. {said[0].upper()}{said[1:]}"


def _announced(announced: Announcement | None) -> str:
    if announced is None or announced.rule is SharingRule.PRO_RATA:
        return "the splits alone"
    if announced.rule is SharingRule.FLOOR_PRO_RATA:
        return f"a floor of {announced.phi_bps / 100:g} %"
    return "the root between groups"


def _alternative(comparison: RuleComparison, row: RuleRow) -> str:
    under = "By" if row.rule.startswith("by ") else "Under the"
    name = row.rule.removeprefix("by ")
    said = f"{under} {name}, {_who(comparison, row, 'would have got', BY_SPLITS)}"
    if row.suspense:
        said += (
            f" {_money(comparison, row.suspense)} would have waited in suspense: "
            "it belongs to listeners who heard nothing, or no fee covers it."
        )
    return said


def _who(comparison: RuleComparison, row: RuleRow, got: str, than: str) -> str:
    if not row.gained and not row.lost:
        return f"everybody {got} what {than.removeprefix('by ')} give."
    same = len(row.units) - len(row.gained) - len(row.lost)
    parts = [f"{_count(len(row.gained))} {got} more than {than}", f"{_count(len(row.lost))} less"]
    if same:
        parts.append(f"{_count(same)} the same")
    said = f"{_listed(parts)}."
    loss, gain, worst = row.largest_loss, row.gained[:1], row.largest_share_lost
    if loss is not None and worst is not None:
        said += f" The largest loss is {_change(comparison, loss)}"
        if worst != loss:
            said += f"; the largest in proportion is {_change(comparison, worst)}"
        said += "."
    if gain:
        said += f" The largest gain is {_change(comparison, gain[0])}."
    return said


def _change(comparison: RuleComparison, change: Change) -> str:
    said = f"{comparison.label(change.payee)}'s: {_money(comparison, abs(change.difference))}"
    if change.share is None:
        return f"{said}, who had nothing"
    on = "of" if change.difference < 0 else "on top of"
    return f"{said}, {_percent(abs(float(change.share)))} {on} its own"


def _listening(comparison: RuleComparison) -> list[str]:
    listening = comparison.listening
    if listening is None:
        return [NO_LISTENERS]
    said = f"The list names {len(listening.listeners):,} listeners of this community or of nothing"
    if listening.elsewhere or listening.lines_elsewhere:
        said += (
            f"; {listening.elsewhere:,} more heard only works of others, and "
            f"{listening.lines_elsewhere:,} lines are of such works: "
            "their money is not in this pool"
        )
    return [f"{said}. Rules by listening divide the whole period at once."]


def _money(comparison: RuleComparison, units: int) -> str:
    currency = comparison.history.currency
    return f"{currency.text(units)} {currency.symbol}"


def _percent(share: float) -> str:
    return f"{100 * share:,.0f} %" if share >= 1 else f"{100 * share:.3g} %"


def _count(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else f"{number:,}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
