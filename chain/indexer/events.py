"""Which logs the index follows, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chain.client.blocks import RawLog, hexadecimal
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed
from chain.client.interfaces import CORE_CONTRACTS, interface
from chain.ledger.identifiers import Address, address_from_bytes
from chain.ledger.keccak import keccak256
from chain.ledger.words import WORD_BYTES, address_word

TRANSFER_TOPIC: Final = keccak256(b"Transfer(address,address,uint256)")
# ERC-20's Transfer indexes two parameters; ERC-721's indexes three under the same name.
TRANSFER_TOPICS: Final = 3
CUSTODIANS: Final = ("RoyaltyLedger", "EpochDistributor")
ERC20: Final = "ERC20"

# Events of our contracts that change nothing the index tells: permissions to move a work's token,
# the notice that a communal one never moves (ERC-5192), commitments (the contract alone
# must know them), notices that say nothing new (ERC-4906, ERC-5267), and what
# concerns the oracle's operators but no money of the lanes. Pauses stop new money and change none.
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
        "PauseBegan",
        "PauseEnded",
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
    """Knows one deployment's addresses, asks for its logs and decodes them."""

    def __init__(self, deployment: Deployment) -> None:
        self._names = {deployment.contracts[name]: name for name in CORE_CONTRACTS}
        self._custodians = frozenset(deployment.contracts[name] for name in CUSTODIANS)

    def filters(self) -> list[dict[str, Any]]:
        """eth_getLogs filters: all of our contracts, and money that leaves or reaches custody."""
        custody = [hexadecimal(address_word(a)) for a in sorted(self._custodians)]
        transfer = hexadecimal(TRANSFER_TOPIC)
        return [
            {"address": sorted(self._names)},
            {"topics": [transfer, custody]},
            {"topics": [transfer, None, custody]},
        ]

    def read(self, log: RawLog) -> ChainEvent | None:
        """The event of a log; None for one the index does not tell of.

        Raises AnswerMalformed when one of our contracts says what its ABI does not know.
        """
        contract = self._names.get(log.address)
        if contract is None:
            return self._transfer(log)
        event = interface(contract).events.get(log.topics[0]) if log.topics else None
        if event is None:
            raise AnswerMalformed(f"a log of {contract}", "an event its ABI does not have")
        if event.name in IGNORED:
            return None
        return ChainEvent(contract, event.name, event.values(log.topics, log.data), log)

    def _transfer(self, log: RawLog) -> ChainEvent | None:
        shaped = len(log.topics) == TRANSFER_TOPICS and len(log.data) == WORD_BYTES
        if not shaped or log.topics[0] != TRANSFER_TOPIC:
            return None
        sender, recipient = (_account(topic) for topic in log.topics[1:])
        if not {sender, recipient} & self._custodians:
            return None
        amount = int.from_bytes(log.data, "big")
        values = {"token": log.address, "from": sender, "to": recipient, "value": amount}
        return ChainEvent(ERC20, "Transfer", values, log)


def _account(topic: bytes) -> Address:
    return address_from_bytes(topic[-20:])
