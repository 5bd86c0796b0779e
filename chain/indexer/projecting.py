"""From logs to the rows they become, by the generated decoders; what no ABI reads is set apart."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from chain.client.blocks import RawLog
from chain.client.deployment import Deployment
from chain.client.interfaces import interface
from chain.indexer.decoding import Decoder, Rows, Undecodable, decoder, empty_rows
from chain.indexer.event_table import ERC20, SOURCES
from chain.indexer.events import EventReader
from chain.ledger.identifiers import address_bytes

log = logging.getLogger(__name__)

NO_EVENT: Final = "an event its ABI does not have"
EMITTERS_REMEMBERED: Final = 1024


@dataclass
class Projection:
    """Rows in the order of their tables' columns; `events` are by the order of EVENT_TABLES."""

    logs: list[tuple[Any, ...]] = field(default_factory=list)
    events: Rows = field(default_factory=empty_rows)
    quarantine: list[tuple[int, int, str]] = field(default_factory=list)


class Projector:
    """Makes rows of one deployment's logs."""

    def __init__(self, deployment: Deployment) -> None:
        self._reader = EventReader(deployment)
        self._decoders = {account: _decoders(name) for account, name in self._reader.names.items()}
        self._transfer = decoder(ERC20, "Transfer")

    def project(self, logs: Sequence[RawLog]) -> Projection:
        """The rows of logs in chain order."""
        made = Projection()
        for entry in logs:
            self._add(entry, made)
        return made

    def _add(self, entry: RawLog, made: Projection) -> None:
        number, index = entry.block_number, entry.log_index
        account, topics = _account_bytes(entry.address), b"".join(entry.topics)
        try:
            decode = self._decoder(entry)
            if decode is None:
                return
            decode(number, index, entry.tx_hash, account, topics, entry.data, made.events)
        except (Undecodable, struct.error) as error:
            place = {"block": number, "log": index, "address": entry.address, "reason": str(error)}
            log.error("a log of ours cannot be read", extra=place)
            made.quarantine.append((number, index, str(error)))
        made.logs.append((number, index, entry.tx_hash, account, topics, entry.data))

    def _decoder(self, entry: RawLog) -> Decoder | None:
        """Raises Undecodable for a log of ours that has no event's topic."""
        ours = self._decoders.get(entry.address)
        if ours is None:
            return self._transfer if self._reader.moves_custody(entry) else None
        try:
            return ours[entry.topics[0]]
        except (IndexError, KeyError):
            raise Undecodable(NO_EVENT) from None


def _decoders(contract: str) -> dict[bytes, Decoder | None]:
    """By topic; None for events that the index does not tell of."""
    return {
        event.topic: decoder(contract, event.name) if (contract, event.name) in SOURCES else None
        for event in interface(contract).events.values()
    }


# Few accounts emit many logs.
_account_bytes: Final = lru_cache(maxsize=EMITTERS_REMEMBERED)(address_bytes)
