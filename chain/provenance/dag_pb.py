"""The dag-pb node: a protobuf with links first and data last, in its one canonical form.

Source: IPLD dag-pb specification. Names of links are always empty here: they matter to
directories, and this ledger writes files only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chain.provenance.cid import Cid
from chain.provenance.errors import CidMalformed, NodeMalformed
from chain.provenance.varint import decode_varint, encode_varint

WIRE_VARINT = 0
WIRE_BYTES = 2
NODE_DATA = 1
NODE_LINK = 2
LINK_HASH = 1
LINK_NAME = 2
LINK_TSIZE = 3

Field = tuple[int, int | bytes]


@dataclass(frozen=True, slots=True)
class PbLink:
    """A child and `tsize_bytes`, the size of all blocks below it, itself included."""

    cid: Cid
    tsize_bytes: int


@dataclass(frozen=True, slots=True)
class PbNode:
    """A node as read: children in order and the data field, absent in no node we write."""

    links: tuple[PbLink, ...]
    data: bytes | None


def encode_field(number: int, value: int | bytes) -> bytes:
    """One protobuf field, as varint for a number and length-prefixed for bytes."""
    if isinstance(value, int):
        return encode_varint(number << 3 | WIRE_VARINT) + encode_varint(value)
    return encode_varint(number << 3 | WIRE_BYTES) + encode_varint(len(value)) + value


def read_fields(data: bytes) -> Iterator[Field]:
    """Yield (number, value) in wire order. Raises NodeMalformed on anything but two wire types."""
    at = 0
    while at < len(data):
        try:
            key, at = decode_varint(data, at)
            number, at = decode_varint(data, at)
        except ValueError as error:
            raise NodeMalformed(str(error)) from error
        if key & 7 == WIRE_VARINT:
            yield key >> 3, number
        elif key & 7 == WIRE_BYTES and at + number <= len(data):
            yield key >> 3, data[at : at + number]
            at += number
        else:
            raise NodeMalformed("a field is cut short or of an unknown wire type")


def encode_node(node: PbNode) -> bytes:
    """Links in their order, then data: the order that every implementation writes."""
    encoded = b"".join(encode_field(NODE_LINK, _encode_link(link)) for link in node.links)
    return encoded if node.data is None else encoded + encode_field(NODE_DATA, node.data)


def decode_node(block: bytes) -> PbNode:
    """Read a node. Raises NodeMalformed unless `block` is exactly what encode_node writes."""
    links: list[PbLink] = []
    data: bytes | None = None
    for number, value in read_fields(block):
        if number == NODE_LINK and isinstance(value, bytes):
            links.append(_decode_link(value))
        elif number == NODE_DATA and isinstance(value, bytes):
            data = value
        else:
            raise NodeMalformed(f"unknown field {number}")
    node = PbNode(tuple(links), data)
    if encode_node(node) != block:
        raise NodeMalformed("not in canonical form")
    return node


def _encode_link(link: PbLink) -> bytes:
    return (
        encode_field(LINK_HASH, link.cid.to_bytes())
        + encode_field(LINK_NAME, b"")
        + encode_field(LINK_TSIZE, link.tsize_bytes)
    )


def _decode_link(data: bytes) -> PbLink:
    fields = dict(read_fields(data))
    cid_bytes, tsize_bytes = fields.get(LINK_HASH), fields.get(LINK_TSIZE)
    if not isinstance(cid_bytes, bytes) or not isinstance(tsize_bytes, int):
        raise NodeMalformed("a link needs a hash and a size")
    try:
        return PbLink(Cid.from_bytes(cid_bytes), tsize_bytes)
    except CidMalformed as error:
        raise NodeMalformed(str(error)) from error
