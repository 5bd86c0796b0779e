"""The encodings that the bundle's parts are in: hexadecimal and JSON, RLP and the trie of receipts,
a chain's event logs, DAG-CBOR and content ids. Bytes that are no such thing raise `Broken`."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from keccak import keccak256, keccak256_many

HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
DEPTH_MAX = 64


class Broken(Exception):
    """Something is not what its place demands: where, what was expected, what was found."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(f"{place}: expected {expected}, found {found}")
        self.place, self.expected, self.found = place, expected, found


# text


def octets(text: Any, place: str, size: int | None = None) -> bytes:
    """Bytes from 0x and lower-case digits."""
    if not isinstance(text, str) or HEX.fullmatch(text) is None:
        raise Broken(place, "0x and lower-case hexadecimal digits", "something else")
    data = bytes.fromhex(text[2:])
    if size is not None and len(data) != size:
        raise Broken(place, f"{size} bytes", f"{len(data)}")
    return data


def parse_json(data: bytes, place: str) -> Any:
    """A JSON document in UTF-8."""

    def refuse(_: str) -> Any:
        raise ValueError

    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Broken(place, "JSON in UTF-8", "something else") from None


def parse_lines(data: bytes, name: str) -> list[Any]:
    """A JSON document a line, each with its end."""
    lines = data.split(b"\n")
    if lines.pop():
        raise Broken(name, "a line end after the last line", "none")
    return [parse_json(line, f"{name} line {n}") for n, line in enumerate(lines, 1)]


# RLP, and the trie of a block's receipts


def rlp_decode(data: bytes, place: str) -> Any:
    """Bytes, or a list of what is in it."""
    item, end = _rlp_item(data, 0, place, 0)
    if end != len(data):
        raise Broken(place, "one RLP item", "more behind it")
    return item


def _rlp_item(data: bytes, at: int, place: str, depth: int) -> tuple[Any, int]:
    if at >= len(data) or depth > DEPTH_MAX:
        raise Broken(place, "RLP", "bytes that end early or nest too deep")
    first = data[at]
    at += 1
    if first < 0x80:
        return bytes([first]), at
    is_list = first >= 0xC0
    size = first - (0xC0 if is_list else 0x80)
    if size > 55:
        more = size - 55
        size, at = int.from_bytes(data[at : at + more], "big"), at + more
    end = at + size
    if end > len(data):
        raise Broken(place, "RLP", "bytes that end early or nest too deep")
    if not is_list:
        return data[at:end], end
    items = []
    while at < end:
        item, at = _rlp_item(data, at, place, depth + 1)
        items.append(item)
    if at != end:
        raise Broken(place, "RLP", "an item beyond its list")
    return items, end


def rlp_encode(item: Any) -> bytes:
    """Bytes, or a list of items."""
    if isinstance(item, list):
        body, base = b"".join(map(rlp_encode, item)), 0xC0
    elif len(item) == 1 and item[0] < 0x80:
        return bytes(item)
    else:
        body, base = bytes(item), 0x80
    if len(body) <= 55:
        return bytes([base + len(body)]) + body
    size = _short(len(body))
    return bytes([base + 55 + len(size)]) + size + body


def _short(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


class _Node:
    """A node of a trie that is not hashed yet; `items` has nodes where their references will be."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.reference: Any = None
        self.height: int = 1 + max((i.height for i in items if isinstance(i, _Node)), default=0)


def _trie(pairs: list[tuple[list[int], bytes]], at: int) -> _Node:
    """The node over pairs of nibbles and value, of which the first `at` nibbles are behind."""
    if len(pairs) == 1:
        return _Node([_path(pairs[0][0][at:], True), pairs[0][1]])
    shared = at
    while all(len(k) > shared and k[shared] == pairs[0][0][shared] for k, _ in pairs):
        shared += 1
    if shared > at:
        return _Node([_path(pairs[0][0][at:shared], False), _trie(pairs, shared)])
    below: list[Any] = []
    for nibble in range(16):
        part = [pair for pair in pairs if len(pair[0]) > at and pair[0][at] == nibble]
        below.append(_trie(part, at + 1) if part else b"")
    return _Node([*below, next((value for key, value in pairs if len(key) == at), b"")])


def _path(nibbles: list[int], is_leaf: bool) -> bytes:
    flag = 2 * is_leaf + len(nibbles) % 2
    padded = [flag, *nibbles] if len(nibbles) % 2 else [flag, 0, *nibbles]
    return bytes(a << 4 | b for a, b in zip(padded[::2], padded[1::2], strict=True))


def trie_roots(lists: list[list[bytes]]) -> list[bytes]:
    """The root of each list as blocks hold theirs: a trie from RLP of the index to the item."""
    roots, waiting = [], []
    for items in lists:
        pairs = []
        for index, item in enumerate(items):
            key = rlp_encode(_short(index))
            pairs.append(([n for byte in key for n in (byte >> 4, byte & 15)], item))
        roots.append(_trie(pairs, 0))
        waiting.append(roots[-1])
    levels: dict[int, list[_Node]] = {}
    while waiting:
        node = waiting.pop()
        levels.setdefault(node.height, []).append(node)
        waiting += [item for item in node.items if isinstance(item, _Node)]
    is_root = set(map(id, roots))
    for height in sorted(levels):
        encoded = []
        for node in levels[height]:
            items = [i.reference if isinstance(i, _Node) else i for i in node.items]
            encoded.append(rlp_encode(items))
        for node, whole, digest in zip(
            levels[height], encoded, keccak256_many(encoded), strict=True
        ):
            # A node of less than 32 bytes stands where its hash would, but for the root.
            short = len(whole) < 32 and id(node) not in is_root
            node.reference = rlp_decode(whole, "trie") if short else digest
    return [root.reference for root in roots]


# logs


class EventFormat:
    """One event as its contract declares it, for instance
    `Settled(uint64* workId,address* token,uint128 amount)`; a star marks what is indexed."""

    def __init__(self, declared: str) -> None:
        self.name, inner = declared[:-1].split("(", 1)
        self.inputs = _fields(inner)
        types = ",".join(_type(kind, parts) for _, kind, _, parts in self.inputs)
        self.signature = f"{self.name}({types})"
        self.topic = keccak256(self.signature.encode())
        marked = (_type(kind, parts) + "*" * star for _, kind, star, parts in self.inputs)
        self.marked = f"{self.name}({','.join(marked)})"

    def read(self, topics: list[bytes], data: bytes, place: str) -> dict[str, Any]:
        """Parameters by name: numbers, accounts and digests as text, bytes, lists of tuples."""
        indexed = [f for f in self.inputs if f[2]]
        if len(topics) != 1 + len(indexed):
            raise Broken(place, f"{1 + len(indexed)} topics of {self.name}", str(len(topics)))
        values: dict[str, Any] = {}
        for (name, kind, _, _), topic in zip(indexed, topics[1:], strict=True):
            values[name] = _word(kind, topic, place)
        at = 0
        for name, kind, is_indexed, parts in self.inputs:
            if is_indexed:
                continue
            if kind.endswith("[]") or kind == "bytes" or kind == "string":
                start = _word("uint64", data[at : at + 32], place)
                values[name] = _tail(kind, parts, data, start, place)
                at += 32
            else:
                values[name], at = _static(kind, parts, data, at, place)
        return values


def _fields(inner: str) -> list[tuple[str, str, bool, Any]]:
    fields, depth, start = [], 0, 0
    for at, letter in enumerate(inner + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0 and at > start:
            kind, _, name = inner[start:at].rpartition(" ")
            parts = None
            if kind.startswith("("):
                close = kind.rindex(")")
                parts, kind = _fields(kind[1:close]), "tuple" + kind[close + 1 :]
            fields.append((name, kind.rstrip("*"), kind.endswith("*"), parts))
        if letter == "," and depth == 0:
            start = at + 1
    return fields


def _type(kind: str, parts: Any) -> str:
    if parts is None:
        return kind
    return "(" + ",".join(_type(k, p) for _, k, _, p in parts) + ")" + kind[5:]


def _word(kind: str, word: bytes, place: str) -> Any:
    if len(word) != 32:
        raise Broken(place, "a word of 32 bytes", f"{len(word)}")
    if kind == "bytes32":
        return "0x" + word.hex()
    number = int.from_bytes(word, "big")
    bits = {"address": 160, "bool": 1}.get(kind) or int(kind.removeprefix("uint"))
    if number >> bits:
        raise Broken(place, f"a value of type {kind}", "more bits than it has")
    return "0x" + word[12:].hex() if kind == "address" else number


def _static(kind: str, parts: Any, data: bytes, at: int, place: str) -> tuple[Any, int]:
    if parts is None:
        return _word(kind, data[at : at + 32], place), at + 32
    values = {}
    for name, of, _, within in parts:
        values[name], at = _static(of, within, data, at, place)
    return values, at


def _tail(kind: str, parts: Any, data: bytes, start: int, place: str) -> Any:
    count = _word("uint64", data[start : start + 32], place)
    at = start + 32
    if not kind.endswith("[]"):
        if len(data) < at + count:
            raise Broken(place, f"{count} bytes", "fewer")
        return data[at : at + count]
    if count > len(data):
        raise Broken(place, f"{count} elements", "fewer")
    values = []
    for _ in range(count):
        value, at = _static(kind[:-2], parts, data, at, place)
        values.append(value)
    return values


# content ids and DAG-CBOR


def cid_text(codec: int, digest: bytes) -> str:
    """Version 1, sha2-256, base32."""
    body = bytes([1, codec, 0x12, 0x20]) + digest
    return "b" + base64.b32encode(body).decode().rstrip("=").lower()


def cbor_decode(data: bytes, place: str) -> Any:
    """Numbers, text, bytes, lists, maps, and links (as the bytes of their content id)."""
    value, end = _cbor_item(data, 0, place, 0)
    if end != len(data):
        raise Broken(place, "one DAG-CBOR item", "more behind it")
    return value


def _cbor_item(data: bytes, at: int, place: str, depth: int) -> tuple[Any, int]:
    broken = Broken(place, "DAG-CBOR", "bytes that are none")
    if at >= len(data) or depth > DEPTH_MAX:
        raise broken
    major, size = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if size not in (20, 21, 22):
            raise broken
        return {20: False, 21: True, 22: None}[size], at
    if size >= 24:
        more = {24: 1, 25: 2, 26: 4, 27: 8}.get(size, 0)
        if not more or at + more > len(data):
            raise broken
        size, at = int.from_bytes(data[at : at + more], "big"), at + more
    if major in (0, 1):
        return (size if major == 0 else -1 - size), at
    if major in (2, 3):
        if at + size > len(data):
            raise broken
        body = data[at : at + size]
        try:
            return (body if major == 2 else body.decode("utf-8")), at + size
        except ValueError:
            raise broken from None
    if major == 6:
        link, at = _cbor_item(data, at, place, depth + 1)
        if size != 42 or not isinstance(link, bytes) or link[:1] != b"\0":
            raise broken
        return link[1:], at
    if size > len(data):
        raise broken
    values: list[Any] = []
    for _ in range(size * (major - 3)):
        value, at = _cbor_item(data, at, place, depth + 1)
        values.append(value)
    if major == 4:
        return values, at
    if not all(isinstance(key, str) for key in values[::2]):
        raise broken
    return dict(zip(values[::2], values[1::2], strict=True)), at
