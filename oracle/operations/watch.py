"""What monitors and people ask of one oracle, over its own stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chain.client.epoch_distributor import EpochDistributor
from chain.client.signer import DEVELOPMENT_CHAIN_ID
from chain.ledger.identifiers import Address
from oracle.chain_view import ChainView
from oracle.epoch_book import EpochBook, EpochRow
from oracle.operations.checks import Check, oracle_checks
from oracle.operations.readings import Readings, read
from oracle.operations.rehearsal import Rehearsal, rehearsed
from oracle.outbox import Outbox
from oracle.sealing import Sealer

# More than the contract's queue holds, whatever was rejected of it meanwhile.
NEWEST: Final = 64


@dataclass(frozen=True)
class Watch:
    """Asks, and changes nothing. Money is in base units of `token`."""

    outbox: Outbox
    view: ChainView
    sealer: Sealer
    relays: Sequence[Address]
    token: Address

    def rehearse_epoch(self) -> Rehearsal:
        """What the next epoch would come to if it were sealed now; nothing is kept.

        Raises NothingToSeal, HoldersNotFunded, EpochNotReady.
        """
        at = self.view.pin()
        taken, taken_apart = self.sealer.rehearse(at)
        distributor = EpochDistributor.of(self.view.node, self.view.deployment)
        return rehearsed(taken, taken_apart, distributor, at)

    def readings(self) -> Readings:
        """How everything stands, in numbers; as far as the index is. Raises as `read`."""
        return read(self.outbox, self.view, self.relays, self.token, self.sealer.shortfalls)

    def checks(self, folder: Path) -> tuple[Check, ...]:
        """What must hold for the oracle to work; `folder` is where it keeps blocks."""
        development = self.view.deployment.chain_id == DEVELOPMENT_CHAIN_ID
        return oracle_checks(self.outbox, self.view, self.relays, folder, development=development)

    def newest_epochs(self) -> tuple[EpochRow, ...]:
        """The epochs in which something may still happen, and some before them, oldest first."""
        with self.outbox.reading() as connection:
            return tuple(EpochBook(connection).newest(NEWEST))

    def epochs(self) -> tuple[EpochRow, ...]:
        """Every sealed epoch, oldest first."""
        with self.outbox.reading() as connection:
            return tuple(EpochBook(connection).all())
