"""Content ids read and print as other implementations do, and refuse everything else by name."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID

from chain.provenance.cid import Cid, Codec, base58_decode, base58_encode
from chain.provenance.errors import CidMalformed, CidUnsupported
from chain.provenance.varint import decode_varint, encode_varint

# Published ids of the text "hello world" and of the empty file.
HELLO_RAW = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
EMPTY_RAW = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
EMPTY_FILE_V0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"

digests = st.binary(min_size=32, max_size=32)
cids = st.builds(lambda codec, digest: Cid(1, codec, digest), st.sampled_from(Codec), digests)


def test_a_block_is_named_as_published() -> None:
    assert str(Cid.of(Codec.RAW, b"hello world")) == HELLO_RAW
    assert str(Cid.of(Codec.RAW, b"")) == EMPTY_RAW


def test_version_0_reads_and_prints() -> None:
    cid = Cid.parse(EMPTY_FILE_V0)

    assert cid.version == 0
    assert str(cid) == EMPTY_FILE_V0
    assert cid.as_v1() == Cid(1, Codec.DAG_PB, cid.digest)
    assert cid.matches(b"\x0a\x04\x08\x02\x18\x00")


@given(cids)
def test_every_spelling_and_the_chain_lead_back_to_the_same_id(cid: Cid) -> None:
    base58 = "z" + base58_encode(cid.to_bytes())

    assert Cid.parse(str(cid)) == cid
    assert Cid.parse(base58) == cid
    assert Cid.from_bytes(cid.to_bytes()) == cid
    assert Cid.from_digest(cid.digest, int(cid.codec)) == cid


@given(cids)
def test_another_implementation_prints_the_same(cid: Cid) -> None:
    foreign = CID("base32", 1, int(cid.codec), ("sha2-256", cid.digest))

    assert str(foreign) == str(cid)
    assert bytes(foreign) == cid.to_bytes()


@given(st.binary(max_size=80))
def test_base58_returns_what_it_was_given(data: bytes) -> None:
    assert base58_decode(base58_encode(data)) == data


@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_are_the_one_spelling(data: bytes) -> None:
    try:
        cid = Cid.from_bytes(data)
    except CidMalformed:
        return
    assert cid.to_bytes() == data


@given(st.text(max_size=140))
def test_random_text_never_escapes_the_error_tree(text: str) -> None:
    with pytest.raises(CidMalformed):
        Cid.parse(text)


V1_HEADER = b"\x01\x55\x12\x20"
DIGEST = hashlib.sha256(b"x").digest()
IDENTITY = b"\x01\x55\x00\x03abc"
SHA_512 = b"\x01\x55\x13\x40" + bytes(64)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " + HELLO_RAW,
        HELLO_RAW + "\n",
        HELLO_RAW + "=",
        HELLO_RAW[:-1],
        HELLO_RAW[:-1] + "f",  # the unused low bits of the last character are set
        "b" + HELLO_RAW[1:].upper(),
        "/ipfs/" + HELLO_RAW,
        "z" + EMPTY_FILE_V0,
        "Qm" + "0" * 44,
        "b" * 200,
    ],
)
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(CidMalformed) as refusal:
        Cid.parse(text)

    assert refusal.value.value == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        V1_HEADER,
        V1_HEADER + DIGEST[:-1],
        V1_HEADER + DIGEST + b"\0",
        b"\x12\x20" + DIGEST[:-1],
        b"\x81\x00\x55\x12\x20" + DIGEST,  # a padded version number
        b"\xff" * 40,
    ],
)
def test_bytes_that_are_no_id_are_refused(data: bytes) -> None:
    with pytest.raises(CidMalformed):
        Cid.from_bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (IDENTITY, "hash 0x0"),
        (SHA_512, "hash 0x13"),
        (b"\x01\x72\x12\x20" + DIGEST, "codec 0x72"),
        (b"\x02\x55\x12\x20" + DIGEST, "version 2"),
    ],
)
def test_ids_of_other_kinds_are_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(CidUnsupported, match=reason):
        Cid.from_bytes(data)


def test_upper_case_multibase_is_named_as_unsupported() -> None:
    with pytest.raises(CidUnsupported, match="base32"):
        Cid.parse("B" + HELLO_RAW[1:].upper())


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(CidMalformed, match="32 bytes"):
        Cid.from_digest(b"\0" * 31, Codec.RAW)
    with pytest.raises(CidUnsupported, match="codec 0x99"):
        Cid.from_digest(b"\0" * 32, 0x99)
    with pytest.raises(CidMalformed, match="dag-pb only"):
        Cid(0, Codec.RAW, b"\0" * 32)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_varint_returns_what_it_was_given(number: int) -> None:
    encoded = encode_varint(number)

    assert decode_varint(encoded) == (number, len(encoded))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\xff" * 9 + b"\x01"])
def test_a_varint_that_is_cut_padded_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="varint"):
        decode_varint(data)
