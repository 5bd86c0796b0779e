"""What the parts behind `up` and `demo` refuse in words that a person can act on."""

from __future__ import annotations

from api.demo.story import FolderInTheWay
from api.stack.processes import StackError
from chain.client.errors import ClientError
from chain.indexer.errors import IndexerError
from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from oracle.errors import OracleError
from watermark.client import AudioRefused, WatermarkFailure

KINDS: list[type[Exception]] = [
    AudioRefused,
    ClientError,
    FolderInTheWay,
    IndexerError,
    LedgerError,
    OracleError,
    ProvenanceError,
    StackError,
    WatermarkFailure,
]
