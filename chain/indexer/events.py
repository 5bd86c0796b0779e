"""Which logs the index follows, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chain.client.blocks import RawLog, hexadecimal
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed
from chain.client.interfaces import CORE_CONTRACTS, interface
from chain.indexer.event_table import EMITTER, ERC20, event_abi
from chain.ledger.identifiers import Address
from chain.ledger.words import WORD_BYTES, address_word

TRANSFER_TOPIC: Final = event_abi(ERC20, "Transfer").topic
# ERC-20's Transfer indexes two parameters; ERC-721's indexes three under the same name.
TRANSFER_TOPICS: Final = 3
CUSTODIANS: Final = ("RoyaltyLedger", "EpochDistributor", "DirectReports")

# Events of our contracts that change nothing the index tells: permissions to move a work's token,
# the notice that a communal one never moves (ERC-5192), commitments (the contract alone
# must know them), notices that say nothing new (ERC-4906, ERC-5267), and what
# concerns the oracle's operators but no money of the lanes.
IGNORED: Final = frozenset(
    {
        "Approval",
        "ApprovalForAll",
        "Locked",
        "Unlocked",
        "MetadataUpdate",
        "BatchMetadataUpdate",
        "EIP712DomainChanged",
        "RegistrationCommitted",
        "CommitmentRevealed",
        "Bonded",
        "BondReleased",
        "OperatorSlashed",
        "OperatorsChanged",
        "RejectedUsageReturned",
        "RootCosigned",
    }
)


@dataclass(frozen=True)
class ChainEvent:
    """One event: of which contract, its name, its parameters, and where it is."""

    contract: str
    name: str
    values: Mapping[str, Any]
    log: RawLog


class EventReader:
    """Knows one deployment's addresses, asks for its logs and decodes them by eth_abi."""

    def __init__(self, deployment: Deployment) -> None:
        self.names: Mapping[Address, str] = {
            deployment.contracts[name]: name for name in CORE_CONTRACTS
        }
        self._custodians = sorted(deployment.contracts[name] for name in CUSTODIANS)
        self._custody_words = frozenset(address_word(a) for a in self._custodians)

    def filters(self) -> list[dict[str, Any]]:
        """eth_getLogs filters: all of our contracts, and money that leaves or reaches custody."""
        custody = [hexadecimal(address_word(a)) for a in self._custodians]
        transfer = hexadecimal(TRANSFER_TOPIC)
        return [
            {"address": sorted(self.names)},
            {"topics": [transfer, custody]},
            {"topics": [transfer, None, custody]},
        ]

    def moves_custody(self, log: RawLog) -> bool:
        """Whether a log of somebody's token tells of money that leaves or reaches custody."""
        shaped = len(log.topics) == TRANSFER_TOPICS and len(log.data) == WORD_BYTES
        return (
            shaped
            and log.topics[0] == TRANSFER_TOPIC
            and not self._custody_words.isdisjoint(log.topics[1:])
        )

    def read(self, log: RawLog) -> ChainEvent | None:
        """The event of a log; None for one the index does not tell of.

        Raises AnswerMalformed when one of our contracts says what its ABI does not know.
        """
        contract = self.names.get(log.address)
        if contract is None:
            return self._transfer(log)
        event = interface(contract).events.get(log.topics[0]) if log.topics else None
        if event is None:
            raise AnswerMalformed(f"a log of {contract}", "an event its ABI does not have")
        if event.name in IGNORED:
            return None
        return ChainEvent(contract, event.name, event.values(log.topics, log.data), log)

    def _transfer(self, log: RawLog) -> ChainEvent | None:
        if not self.moves_custody(log):
            return None
        values = event_abi(ERC20, "Transfer").values(log.topics, log.data)
        return ChainEvent(ERC20, "Transfer", {**values, EMITTER: log.address}, log)
