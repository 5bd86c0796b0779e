"""SharingRules: by which rule a community divides what it earns in an epoch."""

from __future__ import annotations

from typing import Any, ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import CommunityId, EpochNumber
from chain.ledger.sharing import Announcement, SharingRule


class SharingRules(Contract):
    """Announced rules. Whoever announces decides for the community, as do its elders."""

    NAME: ClassVar[str] = "SharingRules"

    def announce(
        self, community_id: CommunityId, announcement: Announcement, *, signer: LocalSigner
    ) -> Receipt:
        """Announce a rule that the elders decided on; its version is the contract's to count.

        Raises ContractRefused.
        """
        given = (announcement.rule, announcement.phi_bps, announcement.from_epoch)
        return self._write("announce", community_id, *given, signer=signer)

    def rule_at(
        self, community_id: CommunityId, epoch: EpochNumber, *, at: BlockPin
    ) -> Announcement:
        """The rule that holds for a community in an epoch."""
        return _announcement(self._read("ruleAt", community_id, epoch, at=at))

    def announced_rule(self, community_id: CommunityId, *, at: BlockPin) -> Announcement:
        """The rule announced last, whether it holds yet or not."""
        return _announcement(self._read("announcedRule", community_id, at=at))


def _announcement(found: dict[str, Any]) -> Announcement:
    epoch = EpochNumber(found["fromEpoch"])
    return Announcement(SharingRule(found["rule"]), found["phiBps"], found["version"], epoch)
