"""Files as content-addressed trees, byte for byte as other IPFS implementations cut them.

Profile `unixfs-v1-2025`: version 1 ids, raw leaves of 1 MiB, at most 1024 children, balanced.
Source: IPIP-0499 (CID profiles), UnixFS specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from chain.provenance.cid import Cid, Codec
from chain.provenance.dag_pb import (
    PbLink,
    PbNode,
    decode_node,
    encode_field,
    encode_node,
    read_fields,
)
from chain.provenance.errors import NodeMalformed

CHUNK_BYTES: Final = 1 << 20
CHILDREN_MAX: Final = 1024
# 1024 children three levels deep is a petabyte: deeper trees are an attack on the reader.
DEPTH_MAX: Final = 4

UNIXFS_TYPE = 1
UNIXFS_DATA = 2
UNIXFS_FILE_SIZE = 3
UNIXFS_BLOCK_SIZE = 4
TYPE_FILE = 2

PutBlock = Callable[[Codec, bytes], Cid]
GetBlock = Callable[[Cid], bytes]


@dataclass(frozen=True, slots=True)
class FileImport:
    """What became of a file: its root, its length and how many blocks were put."""

    cid: Cid
    size_bytes: int
    block_count: int


@dataclass(frozen=True, slots=True)
class _Subtree:
    cid: Cid
    tsize_bytes: int
    file_bytes: int


def import_file(stream: BinaryIO, put: PutBlock) -> FileImport:
    """Cut `stream` into blocks, hand each to `put`, return the root.

    Holds one leaf and one small record per MiB, whatever the file's length. The stream is read to
    its end; short reads (sockets, pipes) change nothing. Errors of `put` pass through.
    """
    level = [_put_leaf(chunk, put) for chunk in _chunks(stream)]
    size_bytes = sum(leaf.file_bytes for leaf in level)
    block_count = len(level)
    while len(level) > 1:
        level = [
            _put_node(level[first : first + CHILDREN_MAX], put)
            for first in range(0, len(level), CHILDREN_MAX)
        ]
        block_count += len(level)
    return FileImport(level[0].cid, size_bytes, block_count)


def read_file(cid: Cid, get: GetBlock, *, limit_bytes: int) -> Iterator[bytes]:
    """Yield the file's bytes, leaf by leaf, through a `get` that verifies each block.

    `limit_bytes` bounds what a stranger's tree can make us write: a few small nodes that name the
    same leaf over and over unfold to any length. Raises NodeMalformed over the limit, when a node
    is no file node, or when its sizes contradict its leaves.
    """
    read_bytes = 0
    for chunk in _read_subtree(cid, get, DEPTH_MAX):
        read_bytes += len(chunk)
        if read_bytes > limit_bytes:
            raise NodeMalformed(f"{cid} unfolds to more than {limit_bytes} bytes")
        yield chunk


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield full chunks and a last shorter one; an empty file is one empty chunk."""
    first = True
    while True:
        parts: list[bytes] = []
        missing = CHUNK_BYTES
        while missing and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        if parts or first:
            yield b"".join(parts)
        if missing:
            return
        first = False


def _put_leaf(chunk: bytes, put: PutBlock) -> _Subtree:
    return _Subtree(put(Codec.RAW, chunk), len(chunk), len(chunk))


def _put_node(children: list[_Subtree], put: PutBlock) -> _Subtree:
    file_bytes = sum(child.file_bytes for child in children)
    data = encode_field(UNIXFS_TYPE, TYPE_FILE) + encode_field(UNIXFS_FILE_SIZE, file_bytes)
    data += b"".join(encode_field(UNIXFS_BLOCK_SIZE, child.file_bytes) for child in children)
    links = tuple(PbLink(child.cid, child.tsize_bytes) for child in children)
    block = encode_node(PbNode(links, data))
    tsize_bytes = len(block) + sum(child.tsize_bytes for child in children)
    return _Subtree(put(Codec.DAG_PB, block), tsize_bytes, file_bytes)


def _read_subtree(cid: Cid, get: GetBlock, depth_left: int) -> Iterator[bytes]:
    block = get(cid)
    if cid.codec is Codec.RAW:
        yield block
        return
    if cid.codec is not Codec.DAG_PB or depth_left == 0:
        raise NodeMalformed(f"{cid} is no file node, or the tree is too deep")
    node = decode_node(block)
    sizes = _child_sizes(node)
    for link, expected_bytes in zip(node.links, sizes, strict=True):
        found_bytes = 0
        for chunk in _read_subtree(link.cid, get, depth_left - 1):
            found_bytes += len(chunk)
            yield chunk
        if found_bytes != expected_bytes:
            raise NodeMalformed(f"{link.cid} holds {found_bytes} bytes, not {expected_bytes}")


def _child_sizes(node: PbNode) -> list[int]:
    """File bytes below each link, checked against the link count and the stated total."""
    kind: int | bytes | None = None
    total: int | bytes | None = None
    sizes: list[int] = []
    for number, value in read_fields(node.data or b""):
        if number == UNIXFS_TYPE:
            kind = value
        elif number == UNIXFS_FILE_SIZE:
            total = value
        elif number == UNIXFS_BLOCK_SIZE and isinstance(value, int):
            sizes.append(value)
        else:
            raise NodeMalformed(f"field {number} has no place in a file node with raw leaves")
    if kind != TYPE_FILE or len(sizes) != len(node.links) or total != sum(sizes):
        raise NodeMalformed("type or sizes do not fit the links")
    return sizes
