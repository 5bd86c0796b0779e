"""What no ledger can know of itself: which parts were simulated, and how an exam was traced.

Whoever arranged that writes it beside the ledger's state; every report made from there says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from api.errors import ApplicationError
from chain.metrics.period import Traced, traced_of
from chain.metrics.traceability import TraceOutcome

FILE: Final = "circumstances.json"
# Nodes for development, whose clock and accounts anybody can set: no real money moves there.
DEVELOPMENT_CHAINS: Final = {1337: "Ganache", 31337: "Anvil or Hardhat"}


class CircumstancesUnreadable(ApplicationError):
    code = "circumstances-unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name} cannot be read ({reason}). Next: repair or remove it")


class Circumstances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`simulated` in words; `exam`, files with known truth that were traced."""

    simulated: tuple[str, ...] = ()
    exam: tuple[Traced, ...] = ()

    @classmethod
    def of(cls, simulated: Sequence[str], outcomes: Sequence[TraceOutcome]) -> Circumstances:
        return cls(tuple(simulated), tuple(map(traced_of, outcomes)))

    @classmethod
    def load(cls, state: Path) -> Circumstances:
        """What lies beside a state; nothing was arranged where there is none.

        Raises CircumstancesUnreadable: a label that is lost would make simulated figures real.
        """
        path = state / FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return cls()
        except (OSError, msgspec.DecodeError) as error:
            raise CircumstancesUnreadable(path, str(error)) from error

    def write(self, state: Path) -> Path:
        path = state / FILE
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        return path


def all_simulated(circumstances: Circumstances, chain_id: int) -> tuple[str, ...]:
    """What was arranged, and the chain itself where it is one for development."""
    if chain_id not in DEVELOPMENT_CHAINS:
        return circumstances.simulated
    return (*circumstances.simulated, f"the chain (a development node, chain id {chain_id})")
