"""How much of an inequality lies between groups of payees (communities, countries), and within.

Theil's T splits by shares of money, L (the mean logarithmic deviation, over those who were paid)
by shares of payees, GE2 exactly; Jain's index follows GE2, as 1 / (1 + 2 GE2). Gini does not
split: groups whose amounts overlap leave a rest that belongs to neither part, so none is offered.
Sources: Bourguignon 1979; Shorrocks 1980.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from chain.metrics.errors import GroupMissing
from chain.metrics.inequality.certified import Certified, certified_sum
from chain.metrics.inequality.measures import Inequality, measure

Payee = TypeVar("Payee")


@dataclass(frozen=True)
class GroupTerm:
    """One group and what its own inequality adds to the whole; T and L in nats.

    `theil` is (its share of the money) * T of the group, `mld` is (its share of the paid payees) *
    L of the group, `ge2` is (its share of the payees) * (its mean / the mean)^2 * GE2 of the group.
    """

    group: str
    measured: Inequality
    share_of_money: Fraction
    theil: Certified
    mld: Certified
    ge2: Fraction


@dataclass(frozen=True)
class Parts:
    """A measure of the whole, measured apart from its two parts, so that they can be held
    against it: what is left over is `residual`, and proven to be below `residual_bound`."""

    whole: Certified
    between: Certified
    within: Certified

    @property
    def residual(self) -> float:
        return (self.whole - (self.between + self.within)).value

    @property
    def residual_bound(self) -> float:
        return (self.whole - (self.between + self.within)).error

    @property
    def between_share(self) -> float | None:
        """The part between groups of the whole; None where there is no inequality at all."""
        return self.between.value / self.whole.value if self.whole.value > 0 else None


@dataclass(frozen=True)
class Decomposition:
    """One population in groups, the group that adds most to T first.

    `ge2_between` and `ge2_within` add up to the whole's exactly. `jain_between` would be the index
    if every group shared equally inside.
    """

    whole: Inequality
    theil: Parts
    mld: Parts
    ge2_between: Fraction
    ge2_within: Fraction
    jain_between: Fraction
    groups: tuple[GroupTerm, ...]

    def to_plain(self) -> dict[str, Any]:
        """For JSON: every part, and for each group its shares and terms."""
        return {
            "theil": _plain_parts(self.theil),
            "mld": _plain_parts(self.mld),
            "ge2": {"between": float(self.ge2_between), "within": float(self.ge2_within)},
            "jain_between": float(self.jain_between),
            "groups": [
                {
                    "group": term.group,
                    "payees": term.measured.payees,
                    "paid_payees": term.measured.paid_payees,
                    "total": str(term.measured.total),
                    "share_of_money": float(term.share_of_money),
                    "theil_within": term.theil.value,
                    "mld_within": term.mld.value,
                    "ge2_within": float(term.ge2),
                }
                for term in self.groups
            ],
        }


def decompose(amounts: Mapping[Payee, int], group_of: Mapping[Payee, str]) -> Decomposition | None:
    """Split the inequality of all payees into between and within groups.

    None when nobody was paid. Raises GroupMissing for a payee without a group, and MetricRefused
    for amounts that cannot be measured.
    """
    of_groups: dict[str, list[int]] = defaultdict(list)
    for payee, amount in amounts.items():
        if payee not in group_of:
            raise GroupMissing(str(payee))
        of_groups[group_of[payee]].append(amount)
    whole = measure(amounts.values())
    if whole.theil is None or whole.mld is None or whole.ge2 is None:
        return None
    groups = {group: measure(listed) for group, listed in of_groups.items()}
    # Between groups, each is one account that its payees share equally; L knows the paid alone.
    totals = [group.total for group in groups.values()]
    between = measure(totals, [group.payees for group in groups.values()])
    paid = [group for group in groups.values() if group.paid_payees]
    between_paid = measure([group.total for group in paid], [group.paid_payees for group in paid])
    assert between.theil and between.ge2 is not None and between.jain and between_paid.mld
    terms = [_term(name, group, whole) for name, group in groups.items()]
    return Decomposition(
        whole=whole,
        theil=Parts(whole.theil, between.theil, certified_sum(term.theil for term in terms)),
        mld=Parts(whole.mld, between_paid.mld, certified_sum(term.mld for term in terms)),
        ge2_between=between.ge2,
        ge2_within=whole.ge2 - between.ge2,
        jain_between=between.jain,
        groups=tuple(sorted(terms, key=lambda term: (-term.theil.value, term.group))),
    )


def _term(name: str, group: Inequality, whole: Inequality) -> GroupTerm:
    if group.theil is None or group.mld is None or group.ge2 is None:
        nothing = Certified(0.0, 0.0)
        return GroupTerm(name, group, Fraction(0), nothing, nothing, Fraction(0))
    of_money = Fraction(group.total, whole.total)
    of_payees = Fraction(group.payees, whole.payees)
    return GroupTerm(
        group=name,
        measured=group,
        share_of_money=of_money,
        theil=group.theil.scaled(of_money),
        mld=group.mld.scaled(Fraction(group.paid_payees, whole.paid_payees)),
        ge2=of_money**2 / of_payees * group.ge2,
    )


def _plain_parts(parts: Parts) -> dict[str, float | None]:
    return {
        "whole": parts.whole.value,
        "between": parts.between.value,
        "within": parts.within.value,
        "between_share": parts.between_share,
        "residual": parts.residual,
        "residual_bound": parts.residual_bound,
    }
