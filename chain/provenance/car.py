"""Content archives: a root and everything below it in one stream that any IPFS node imports.

Written root first, depth first, first seen, as other implementations export, so that archives of
the same root are the same bytes. Reading trusts nothing: sizes and counts are capped, every block
is hashed, and the tree is walked from the root before the first block is kept.
Source: CARv1 specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from chain.provenance.block_store import BLOCK_BYTES_MAX, BlockReader, BlockSink
from chain.provenance.canonical import CANONICAL_BYTES_MAX, decode_canonical, encode_canonical
from chain.provenance.cid import Cid
from chain.provenance.dag_walk import walk
from chain.provenance.errors import (
    BlockMissing,
    CarInvalid,
    CidMalformed,
    NodeMalformed,
    NotCanonical,
)
from chain.provenance.varint import BYTES_MAX as VARINT_BYTES_MAX
from chain.provenance.varint import MORE_BIT, decode_varint, encode_varint

CAR_VERSION: Final = 1
CID_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class CarLimits:
    """What an archive from a stranger may cost: bytes in all, and blocks."""

    total_bytes: int = 1 << 30
    block_count: int = 100_000


@dataclass(frozen=True, slots=True)
class _Section:
    cid: Cid
    data_offset: int
    data_bytes: int


def export_car(root: Cid, store: BlockReader) -> Iterator[bytes]:
    """Yield the archive of `root` piece by piece.

    For bytes that leave the house, pass the cleared view of the publish gate as `store`. Raises
    BlockMissing or BlockCorrupt, possibly after some pieces: discard those.
    """
    header = encode_canonical({"roots": [root], "version": CAR_VERSION})
    yield encode_varint(len(header)) + header
    for cid, block in walk(root, store.get):
        name = cid.to_bytes()
        yield encode_varint(len(name) + len(block)) + name
        yield block


def import_car(
    source: BinaryIO,
    store: BlockSink,
    *,
    expected: Cid | None = None,
    limits: CarLimits | None = None,
) -> Cid:
    """Keep the one tree in `source` and return its root, which must be `expected` if given.

    `source` must be seekable (a file, or a spooled download): it is checked whole before anything
    is kept. Raises CarInvalid for a malformed, forged, incomplete, padded or oversized archive.
    """
    limits = limits or CarLimits()
    root = _read_header(source)
    if expected is not None and root.as_v1() != expected.as_v1():
        raise CarInvalid(f"it is the archive of {root}, not of {expected}")
    index: dict[Cid, _Section] = {}
    for section in _read_sections(source, limits):
        index.setdefault(section.cid.as_v1(), section)
    reached = _reachable(root, source, index)
    if len(reached) < len(index):
        raise CarInvalid(f"{len(index) - len(reached)} blocks do not belong to the root")
    # Children before parents: a crash leaves orphans, never a parent with a child missing.
    for cid in reversed(reached):
        store.put(cid.codec, _load(source, index[cid.as_v1()]))
    return root


def _read_header(source: BinaryIO) -> Cid:
    length = _read_length(source)
    if length is None or length > CANONICAL_BYTES_MAX:
        raise CarInvalid("it has no header")
    try:
        header = decode_canonical(_read_exactly(source, length))
    except NotCanonical as error:
        raise CarInvalid(f"header: {error}") from error
    if not isinstance(header, dict) or header.get("version") != CAR_VERSION:
        raise CarInvalid(f"it is not of version {CAR_VERSION}")
    roots = header.get("roots")
    if not isinstance(roots, list) or len(roots) != 1 or not isinstance(roots[0], Cid):
        raise CarInvalid("it does not have exactly one root")
    return roots[0]


def _read_sections(source: BinaryIO, limits: CarLimits) -> Iterator[_Section]:
    """Yield the place of every block, each one hashed against its name."""
    total_bytes = 0
    count = 0
    while (length := _read_length(source)) is not None:
        total_bytes += length
        count += 1
        if total_bytes > limits.total_bytes or count > limits.block_count:
            raise CarInvalid("it is over the limit of bytes or blocks")
        if length > BLOCK_BYTES_MAX + CID_BYTES_MAX:
            raise CarInvalid(f"a block of {length} bytes is over the limit")
        section = _read_exactly(source, length)
        try:
            cid, data_at = Cid.read(section, 0)
        except CidMalformed as error:
            raise CarInvalid(str(error)) from error
        if not cid.matches(section[data_at:]):
            raise CarInvalid(f"block {cid} is forged")
        data_bytes = length - data_at
        yield _Section(cid, source.tell() - data_bytes, data_bytes)


def _reachable(root: Cid, source: BinaryIO, index: dict[Cid, _Section]) -> list[Cid]:
    def get(cid: Cid) -> bytes:
        section = index.get(cid.as_v1())
        if section is None:
            raise BlockMissing(cid)
        return _load(source, section)

    try:
        return [cid for cid, _ in walk(root, get)]
    except BlockMissing as error:
        raise CarInvalid(f"block {error.cid} is missing") from error
    except (NodeMalformed, NotCanonical) as error:
        raise CarInvalid(str(error)) from error


def _load(source: BinaryIO, section: _Section) -> bytes:
    source.seek(section.data_offset)
    return _read_exactly(source, section.data_bytes)


def _read_length(source: BinaryIO) -> int | None:
    """The next section's length, or None at a clean end."""
    encoded = b""
    while len(encoded) < VARINT_BYTES_MAX:
        byte = source.read(1)
        if not byte:
            if encoded:
                raise CarInvalid("it is cut short")
            return None
        encoded += byte
        if byte[0] < MORE_BIT:
            break
    try:
        return decode_varint(encoded)[0]
    except ValueError as error:
        raise CarInvalid(str(error)) from error


def _read_exactly(source: BinaryIO, size_bytes: int) -> bytes:
    data = source.read(size_bytes)
    if len(data) < size_bytes:
        raise CarInvalid("it is cut short")
    return data
