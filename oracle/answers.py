"""What the oracle's service answers with: values to print, to serve, or to go on from."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address, Digest, EpochNumber
from oracle.attribution import Withheld
from oracle.epoch_book import EpochRow
from oracle.relay import PushOutcome

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FiledPaper:
    """A log or detection that is held. `new` is false when the same one was held already."""

    paper_id: Digest
    new: bool


@dataclass(frozen=True)
class OpenEpoch:
    """What waits for the next epoch: events of segments, events that evidence would give now, and
    what is withheld, by evidence id, with the reason."""

    next_epoch: int
    waiting_events: int
    attributed_events: int
    withheld: tuple[tuple[Digest, Withheld], ...]


@dataclass(frozen=True)
class Payday:
    """What `activate_and_push` did. While a window is open, `claimable_from` says until when (Unix
    seconds) and nothing was pushed; `complete` when every payee was paid or deferred."""

    epoch: int
    claimable_from: int | None
    complete: bool
    outcome: PushOutcome


@dataclass(frozen=True)
class OracleStatus:
    """How everything stands, for people and for `status`. `opens` says from when (Unix seconds)
    each epoch in the contract's queue can be paid, `credits` what each licence holder has left in
    the lane, in base units."""

    block: BlockPin
    opens: Mapping[EpochNumber, int]
    credits: Mapping[Address, int]
    events: dict[str, int]
    epochs: tuple[EpochRow, ...]
    signatures: dict[int, tuple[Address, ...]]
    transactions: dict[str, int]


@dataclass
class TickReport:
    """What one tick did, and what it could not do, in plain sentences."""

    done: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def tell_troubles(self, troubles: Iterable[str]) -> None:
        """What could not be done; each is told once."""
        self.troubles += [t for t in dict.fromkeys(troubles) if t not in self.troubles]

    def note(self, text: str, **fields: object) -> None:
        """Something was done; a program's log gets it with `fields` (epoch, report_id) apart."""
        self.done.append(text)
        log.info(text, extra=fields)
