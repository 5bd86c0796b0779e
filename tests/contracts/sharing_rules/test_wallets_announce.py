"""A steward that is a contract announces, whoever pays its gas."""

from __future__ import annotations

from chain.ledger.sharing import NOTICE_EPOCHS, SharingRule
from tests.contracts.refusals import refused
from tests.contracts.rights import by


def test_a_wallet_announces_for_its_community(rules, consents, through, wallet, stranger):
    through(consents.foundCommunity, [], 0, bytes(32))
    arguments = (1, SharingRule.FLOOR_PRO_RATA, 2_000, NOTICE_EPOCHS)
    through(consents.approveDecision, 1, rules.decisionHash(*arguments))

    with refused("NotSteward", 1, stranger):
        rules.announce(*arguments, by(stranger))
    through(rules.announce, *arguments)

    assert rules.announcedRule(1)[0] == SharingRule.FLOOR_PRO_RATA
