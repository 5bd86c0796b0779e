"""One value has one spelling; two other implementations agree on it; every other one is refused."""

from __future__ import annotations

import hashlib
import unicodedata

import dag_cbor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID

from chain.provenance.canonical import (
    CANONICAL_BYTES_MAX,
    Value,
    decode_canonical,
    encode_canonical,
    links_of,
    salted_commitment,
)
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import NotCanonical

LINK = Cid.of(Codec.RAW, b"linked")

texts = st.text(max_size=40).map(lambda text: unicodedata.normalize("NFC", text))
keys = st.text("abcXYZ019_-.", min_size=1, max_size=12)
links = st.binary(min_size=32, max_size=32).map(lambda digest: Cid(1, Codec.RAW, digest))
scalars = st.one_of(texts, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), links)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=25,
)


def for_dag_cbor(value: Value) -> object:
    """The value as the reference implementation takes it."""
    if isinstance(value, Cid):
        return CID.decode(value.to_bytes())
    if isinstance(value, dict):
        return {key: for_dag_cbor(item) for key, item in value.items()}
    if isinstance(value, list):
        return [for_dag_cbor(item) for item in value]
    return value


@given(values)
def test_the_reference_implementation_writes_the_same_bytes(value: Value) -> None:
    assert encode_canonical(value) == dag_cbor.encode(for_dag_cbor(value))


@given(values)
def test_a_value_reads_back_as_itself(value: Value) -> None:
    assert decode_canonical(encode_canonical(value)) == value


@given(values, st.data())
def test_a_changed_byte_is_refused_or_is_another_value(value: Value, data: st.DataObject) -> None:
    block = bytearray(encode_canonical(value))
    at = data.draw(st.integers(0, len(block) - 1))
    block[at] ^= data.draw(st.integers(1, 255))

    try:
        read = decode_canonical(bytes(block))
    except NotCanonical:
        return
    assert encode_canonical(read) == bytes(block)


@given(st.binary(max_size=200))
def test_random_bytes_never_escape_the_error_tree(block: bytes) -> None:
    try:
        value = decode_canonical(block)
    except NotCanonical:
        return
    assert encode_canonical(value) == block


def test_the_order_of_keys_does_not_matter() -> None:
    assert encode_canonical({"b": 1, "aa": 2, "a": 3}) == bytes.fromhex("a3616103616201626161 02")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": 1.5}, "a"),
        ({"a": None}, "a"),
        ({"a": b"bytes"}, "a"),
        ({"a": [0, 2**53]}, "a[1]"),
        ({"a": {"b": -(2**53)}}, "a.b"),
        ({"a": "e\u0301"}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": "x" * 8193}, "a"),
        ({"a": [0] * 257}, "a"),
        ({"é": 1}, ""),
        ({"": 1}, ""),
        ({"tab\t": 1}, ""),
        ({"k" * 65: 1}, ""),
        ({1: 1}, ""),
        ({"a": {1, 2}}, "a"),
    ],
)
def test_what_is_outside_the_profile_is_refused_with_its_place(value: object, path: str) -> None:
    with pytest.raises(NotCanonical) as refusal:
        encode_canonical(value)

    assert refusal.value.path == path


def test_depth_and_size_have_limits() -> None:
    deep: object = 1
    for _ in range(17):
        deep = [deep]

    with pytest.raises(NotCanonical, match="deeper"):
        encode_canonical(deep)
    with pytest.raises(NotCanonical, match="over the limit"):
        encode_canonical(["x" * 8192] * 9)
    with pytest.raises(NotCanonical, match="over the limit"):
        decode_canonical(b"\x00" * (CANONICAL_BYTES_MAX + 1))


def test_a_value_at_every_limit_is_let_in() -> None:
    deep: object = 1
    for _ in range(16):
        deep = [deep]

    value = {"k" * 64: ["x" * 8192, 2**53 - 1, -(2**53) + 1, [0] * 256], "deep": [1]}

    assert decode_canonical(encode_canonical(deep)) == deep
    assert decode_canonical(encode_canonical(value)) == value


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x01\x02",
        b"\x18\x01",
        b"\x1b" + b"\xff" * 8,
        b"\xa2\x61b\x01\x61a\x02",
        b"\xa2\x61a\x01\x61a\x02",
        b"\xbf\x61a\x01\xff",
        b"\x9f\x01\xff",
        b"\xf6",
        b"\xf7",
        b"\xf9\x3c\x00",
        b"\xfb" + bytes(8),
        b"\x62\xff\xfe",
        b"\x43abc",
        b"\xc2\x41\x01",
        b"\xd8\x2a\x41\x00",
        b"\xd8\x2a\x45\x00\x01\x55\x00\x00",
        b"\x58\x24" + LINK.to_bytes(),
        b"\x63e\xcc\x81",
        b"\x81" * 65_535 + b"\x80",
        b"\x9a\x7f\xff\xff\xff",
        b"\xba\x7f\xff\xff\xff",
        b"\x7a\x7f\xff\xff\xff",
    ],
    ids=lambda block: block[:9].hex() or "empty",
)
def test_every_other_spelling_is_refused(block: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode_canonical(block)


def test_links_are_listed_in_the_order_of_the_bytes() -> None:
    first, second, third = (Cid.of(Codec.RAW, bytes([n])) for n in range(3))

    assert links_of({"zz": third, "b": [first, {"x": second}], "n": 1}) == [first, second, third]


def test_a_commitment_is_the_hash_of_salt_and_record() -> None:
    salt = bytes(range(32))
    record = {"name": "Nyi Sri"}

    assert (
        salted_commitment(salt, record)
        == hashlib.sha256(salt + bytes.fromhex("a1646e616d65674e796920537269")).digest()
    )
    assert salted_commitment(bytes(32), record) != salted_commitment(salt, record)
    with pytest.raises(ValueError, match="32 bytes"):
        salted_commitment(b"short", record)
