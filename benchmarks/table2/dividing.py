"""Pools divided by the settlement's own code: what its licences were used for, to exact payouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import (
    ZERO_DIGEST,
    Address,
    CommunityId,
    Digest,
    EpochNumber,
    LicenceId,
    WorkId,
    address_from_bytes,
)
from chain.ledger.rights import Split, Terms, Tier
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.carried import Carried
from chain.settlement.facts import LicenceFacts, SettlementState
from chain.settlement.settle import Division, divide_usage

# What one use costs, in base units; a prime, so that a rule leaves remainders.
UNIT_PRICE: Final = 1_237
COMMUNITY: Final = CommunityId(1)
YEAR_SECONDS: Final = 365 * 86_400
NOTHING: Final = Carried()
_TOKEN: Final = Address("0x000000000000000000000000000000000000dEaD")
_PLATFORM: Final = Address("0x000000000000000000000000000000000000bEEF")


def floor_rule(bps: int) -> Announcement:
    """A floor for everybody who earned, in basis points of the pool."""
    return Announcement(SharingRule.FLOOR_PRO_RATA, bps, 1, EpochNumber(1))


ROOT_RULE: Final = Announcement(SharingRule.COMMUNITY_ROOT, 0, 1, EpochNumber(1))


class Divider:
    """One community of as many works as payees, each paid to one of them, under one rule."""

    def __init__(self, payees: Sequence[Address], rule: Announcement | None = None) -> None:
        self._payees = payees
        works = [WorkId(index + 1) for index in range(len(payees))]
        terms = Terms(Tier.DISTRIBUTION, _TOKEN, 0, UNIT_PRICE, 0, YEAR_SECONDS, 2**48 - 1,
                      2**104 - 1, ZERO_DIGEST)  # fmt: skip
        self._state = SettlementState(
            token=_TOKEN,
            epoch=EpochNumber(1),
            previous_report=ZERO_DIGEST,
            block=1,
            time=1,
            licences={
                LicenceId(work): LicenceFacts(
                    work, Tier.DISTRIBUTION, terms, 0, YEAR_SECONDS, _PLATFORM
                )
                for work in works
            },
            derivatives={},
            vectors={},
            splits={
                work: Split.of({payee: 10_000})
                for work, payee in zip(works, self._payees, strict=True)
            },
            rules={} if rule is None else {COMMUNITY: rule},
            communities=dict.fromkeys(works, COMMUNITY),
        )

    def divide(self, uses: Sequence[int]) -> list[int]:
        """What one pool's uses by payee bring each payee, in base units."""
        return self.amounts(self.division(uses))

    def division(
        self, uses: Sequence[int], carried: Carried = NOTHING, previous: Digest = ZERO_DIGEST
    ) -> Division:
        """One epoch after what was `carried`, built on the report `previous`. Raises Inconsistent
        if a unit were lost or created, which no input can bring about."""
        usage = tuple(
            LicenceUsage(LicenceId(index + 1), count, count * UNIT_PRICE)
            for index, count in enumerate(uses)
            if count
        )
        return divide_usage(usage, replace(self._state, previous_report=previous), carried)

    def amounts(self, division: Division) -> list[int]:
        """Cumulative base units by payee, in the order of the works."""
        paid = {payout.payee: payout.cumulative for payout in division.payouts}
        return [paid.get(payee, 0) for payee in self._payees]


def some_payees(count: int) -> tuple[Address, ...]:
    """Accounts of nobody's, ascending."""
    return tuple(address_from_bytes((index + 1).to_bytes(20, "big")) for index in range(count))
