"""Everything that provenance refuses, as one tree.

ProvenanceError
├── CidMalformed          text or bytes that are no content id at all
│   └── CidUnsupported    a content id, but of a codec, version or hash this ledger does not use
├── NotCanonical          bytes or values outside the strict DAG-CBOR profile
├── NodeMalformed         a dag-pb block that is no UnixFS file node
├── ManifestInvalid       canonical, but not a manifest of a known closed schema
├── BlockError
│   ├── BlockMissing      nobody here holds the block
│   ├── BlockCorrupt      the bytes held do not hash to their content id
│   └── BlockTooLarge     more bytes than other IPFS nodes would take
├── CarInvalid            a CAR that is malformed, forged, incomplete or over its limits
├── PublicationRefused    the publish gate said no
└── ReplicationError
    ├── DaemonUnreachable  nothing listens at that address, or it does not speak HTTP
    ├── DaemonTooSlow      connected, but no answer within the budget
    ├── DaemonRefused      the daemon answered with an error of its own
    └── DaemonLied         the daemon answered with bytes or content ids that do not match
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain.provenance.cid import Cid

SHOWN_CHARACTERS_MAX = 80


def _shown(value: object) -> str:
    """Keep hostile input from flooding a log line."""
    text = repr(value)
    if len(text) <= SHOWN_CHARACTERS_MAX:
        return text
    return text[: SHOWN_CHARACTERS_MAX - 1] + "…"


class ProvenanceError(Exception):
    """Base of every refusal of this package."""


class CidMalformed(ProvenanceError):
    """The value is no content id: `value` is what was given, `reason` what is wrong with it."""

    def __init__(self, value: object, reason: str) -> None:
        super().__init__(f"not a content id ({reason}): {_shown(value)}")
        self.value = value
        self.reason = reason


class CidUnsupported(CidMalformed):
    """A well-formed content id of a kind that this ledger never writes."""


class NotCanonical(ProvenanceError):
    """A value or block is outside the strict DAG-CBOR profile, at `path` inside it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"not canonical at {path or 'the root'}: {reason}")
        self.path = path
        self.reason = reason


class NodeMalformed(ProvenanceError):
    """A dag-pb block does not hold a well-formed UnixFS file node."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a UnixFS file node: {reason}")
        self.reason = reason


class ManifestInvalid(ProvenanceError):
    """A manifest breaks its schema; `faults` lists every (path, reason) found."""

    def __init__(self, schema: str, faults: tuple[tuple[str, str], ...]) -> None:
        assert faults
        lines = "; ".join(f"{path or 'the root'}: {reason}" for path, reason in faults)
        super().__init__(f"{schema} refused: {lines}")
        self.schema = schema
        self.faults = faults

    @property
    def path(self) -> str:
        """Where the first fault is, e.g. `body.master.pcmSha256`."""
        return self.faults[0][0]


class BlockError(ProvenanceError):
    """A block cannot be had or kept."""


class BlockMissing(BlockError):
    """No block of this content id is held here; fetch it from a replica or import its CAR."""

    def __init__(self, cid: Cid) -> None:
        super().__init__(f"block {cid} is not held here: fetch it or import a CAR that has it")
        self.cid = cid


class BlockCorrupt(BlockError):
    """The bytes at `path` are not the bytes that `cid` names."""

    def __init__(self, cid: Cid, path: Path | None) -> None:
        place = f" at {path}" if path is not None else ""
        super().__init__(f"block {cid}{place} was altered: delete it and fetch it again")
        self.cid = cid
        self.path = path


class BlockTooLarge(BlockError):
    """A block is larger than `limit_bytes`; files must be cut by the importer first."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"a block of {size_bytes} bytes is over the limit of {limit_bytes}")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class CarInvalid(ProvenanceError):
    """A content archive is refused as a whole; nothing of it was kept."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"CAR refused: {reason}")
        self.reason = reason


class PublicationRefused(ProvenanceError):
    """The publish gate keeps `subject` in: `reason` is the rule, `path` the field it met."""

    def __init__(self, subject: str, reason: str, path: str = "") -> None:
        place = f" at {path}" if path else ""
        super().__init__(f"{subject} may not leave: {reason}{place}")
        self.subject = subject
        self.reason = reason
        self.path = path


class ReplicationError(ProvenanceError):
    """An IPFS daemon did not do what was asked; the local blocks are untouched."""

    def __init__(self, address: str, message: str) -> None:
        super().__init__(f"IPFS daemon at {address}: {message}")
        self.address = address


class DaemonUnreachable(ReplicationError):
    """Nothing answers at the address; start the daemon or correct the address, then retry."""


class DaemonTooSlow(ReplicationError):
    """The daemon took longer than its budget; it may not hold the content. Retry later."""


class DaemonRefused(ReplicationError):
    """The daemon answered with an error of its own."""


class DaemonLied(ReplicationError):
    """The daemon's answer contradicts a hash; nothing of it was kept. Use another daemon."""
