"""What the oracle must know of the chain to judge evidence, as values at one block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chain.ledger.identifiers import Address, GenerationId, LicenceId, WorkId
from chain.ledger.rights import Tier


@dataclass(frozen=True)
class LicenceStanding:
    """One licence: who holds it, for what, from when until when (Unix seconds); a sublicence has a
    `parent`."""

    licence_id: LicenceId
    holder: Address
    work_id: WorkId
    tier: Tier
    taken_at: int
    expiry: int
    parent: LicenceId | None = None


@dataclass(frozen=True)
class DerivativeStanding:
    """The derivative a generation became, and the licences it was linked under, by parent work."""

    child: WorkId
    licence_by_parent: tuple[tuple[WorkId, LicenceId], ...]

    def has_parent(self, work_id: WorkId) -> bool:
        """Whether the derivative was linked to this work."""
        return any(parent == work_id for parent, _ in self.licence_by_parent)


class ChainFacts(Protocol):
    """The chain as it stood at one block. The index answers this; tests use a dictionary."""

    def licence(self, licence_id: LicenceId) -> LicenceStanding | None:
        """The licence, or None when it was never taken."""
        ...

    def derivative(self, generation_id: GenerationId) -> DerivativeStanding | None:
        """The derivative linked for a generation, or None when there is none (yet)."""
        ...


def path_of(licence_id: LicenceId, facts: ChainFacts) -> tuple[LicenceId, ...]:
    """A licence and those above it: use under the first counts against the caps of all."""
    path = [licence_id]
    while (licence := facts.licence(path[-1])) is not None and licence.parent is not None:
        path.append(licence.parent)
    return tuple(path)


def tree_of(licence_id: LicenceId, facts: ChainFacts) -> LicenceId:
    """The licence at the top of a licence's path: use under any two of the same one may count
    against the same caps."""
    return path_of(licence_id, facts)[-1]
