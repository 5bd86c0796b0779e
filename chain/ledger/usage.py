"""Usage events: one countable use under one licence, named by a hash of what was used.

A log sent twice, another batching, a corrected clock, or a second detection of one file collapse
into one event: its id depends on what was used under which licence, and on no time. So nothing
happens twice because midnight passed between two looks at it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from chain.ledger.identifiers import (
    Digest,
    GenerationId,
    LicenceId,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.standard_tree import StandardTree, standard_leaf

USAGE_ID_DOMAIN: Final = b"antiphon.usage.2"
_ID_FIELDS: Final = struct.Struct(">BQQ32s")
# A segment's record begins with the same bytes: the id is hashed straight from there.
USAGE_ID_FIELDS_BYTES: Final = _ID_FIELDS.size


class UsageKind(IntEnum):
    """Where a usage event was read."""

    GENERATION = 1
    """A platform's generation log: a derivative was made."""
    PLAY = 2
    """A platform's distribution log: a derivative was played."""
    DETECTION = 3
    """A found copy whose mark names a generation for which a log is filed."""


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One use under one licence.

    `source_key` is derived from the content it was read from: the log's own line, or the samples of
    the found file. `occurred_at` is Unix time in seconds. Raises Malformed for values that do not
    fit the record they are stored in.
    """

    kind: UsageKind
    licence_id: LicenceId
    generation_id: GenerationId
    source_key: Digest
    occurred_at: int

    def __post_init__(self) -> None:
        checked_uint(self.licence_id, 64, "licence id")
        checked_uint(self.generation_id, 64, "generation id")
        checked_digest(self.source_key, "source key")
        checked_uint(self.occurred_at, 64, "time of use")

    @property
    def event_id(self) -> Digest:
        """keccak256 of domain, kind, licence, generation and source key, big-endian."""
        fields = _ID_FIELDS.pack(self.kind, self.licence_id, self.generation_id, self.source_key)
        return Digest(keccak256(USAGE_ID_DOMAIN + fields))


def usage_tree(event_ids: Iterable[Digest]) -> StandardTree:
    """OpenZeppelin's StandardMerkleTree(['bytes32']) over event ids; its root is the usage root."""
    return StandardTree(standard_leaf(event_id) for event_id in event_ids)
