"""A segment is one spelling of its events: two readers that agree, and signed as EIP-712 says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import ALICE, BETO, event

from chain.client.signer import LocalSigner
from chain.columns.digests import digests_of
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.findings import RAW_CODEC, cid_text
from chain.settlement.segments import (
    RECORD,
    RECORD_BYTES,
    SEGMENT_BYTES_MAX,
    SEGMENT_EVENTS_MAX,
    Segment,
    SegmentOrigin,
    decode_record,
    decode_segment,
    encode_segment,
    joined_records,
    record_ids,
    segment_digest,
    segment_origin,
    segment_records,
)

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "segment.json").read_text(encoding="utf-8")
)["segments"]
UINT64 = st.integers(0, 2**64 - 1)
EVENT = st.builds(
    UsageEvent,
    st.sampled_from(UsageKind),
    UINT64.map(LicenceId),
    UINT64.map(GenerationId),
    st.binary(min_size=32, max_size=32).map(Digest),
    UINT64,
)
ORIGIN = SegmentOrigin(31337, BETO, ALICE)
BLOCK = encode_segment([event(1), event(2)], ORIGIN)


def events_of(vector: dict[str, Any]) -> list[UsageEvent]:
    return [
        UsageEvent(
            UsageKind(int(e["kind"])),
            LicenceId(int(e["licenceId"])),
            GenerationId(int(e["generationId"])),
            Digest(bytes.fromhex(e["sourceKey"][2:])),
            int(e["occurredAt"]),
        )
        for e in vector["events"]
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_segment_is_the_bytes_of_the_vectors(vector: dict[str, Any]) -> None:
    origin = SegmentOrigin(
        int(vector["chainId"]), Address(vector["usageOracle"]), Address(vector["producer"])
    )
    events = events_of(vector)

    block = encode_segment(events, origin)
    segment = Segment.of(block)

    assert "0x" + block.hex() == vector["block"]
    assert (segment_origin(block), list(decode_segment(block))) == (origin, events)
    ids = digests_of(record_ids(segment_records(block)))
    assert ["0x" + event_id.hex() for event_id in ids] == vector["eventIds"]
    assert ["0x" + e.event_id.hex() for e in events] == vector["eventIds"]
    assert "0x" + segment.digest.hex() == "0x" + segment_digest(block).hex() == vector["digest"]
    assert cid_text(segment.digest, RAW_CODEC) == vector["cid"]
    assert "0x" + segment.signing_digest().hex() == vector["signingDigest"]
    signer = LocalSigner(bytes.fromhex(vector["privateKey"][2:]))
    signature = signer.sign_digest(segment.signing_digest(), chain_id=origin.chain_id)
    assert "0x" + signature.hex() == vector["signature"]


@given(st.lists(EVENT, min_size=1, max_size=20))
def test_both_readers_give_the_events_in_their_order(events: list[UsageEvent]) -> None:
    block = encode_segment(events, ORIGIN)

    records = segment_records(block)

    assert list(decode_segment(block)) == events
    assert [decode_record(record) for record in records] == events
    assert records["kind"].tolist() == [e.kind for e in events]
    assert records["licence_id"].tolist() == [e.licence_id for e in events]
    assert records["generation_id"].tolist() == [e.generation_id for e in events]
    assert [bytes(key) for key in records["source_key"]] == [e.source_key for e in events]
    assert records["occurred_at"].tolist() == [e.occurred_at for e in events]
    assert digests_of(record_ids(records)) == [e.event_id for e in events]


def refusal(read: Any, block: bytes) -> str:
    """Why a reader refuses a block; empty when it takes it."""
    try:
        read(block)
    except Malformed as error:
        return str(error)
    return ""


@given(st.data())
def test_both_readers_refuse_the_same_bytes_with_the_same_words(data: st.DataObject) -> None:
    """Seeds are altered in one byte, cut, or lengthened: 100 blocks."""
    block = bytearray(encode_segment([event(i) for i in range(3)], ORIGIN))
    place = data.draw(st.integers(0, len(block) - 1))
    block[place] = data.draw(st.integers(0, 255))
    altered = bytes(block[: data.draw(st.integers(0, len(block)))]) + data.draw(
        st.binary(max_size=60)
    )
    for given_block in (bytes(block), altered):
        assert refusal(decode_segment, given_block) == refusal(segment_records, given_block)


def test_the_columns_are_a_view_that_nobody_can_write_to() -> None:
    records = segment_records(BLOCK)

    assert not records.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        records["licence_id"][0] = 9


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"", "begins with"),
        (b"ANTSEG1\n" + BLOCK[8:], "begins with"),
        (BLOCK[:40], "40 bytes are no header of 64"),
        (BLOCK[:60] + b"\0\0\0\1" + BLOCK[64:], "ends in 00000001, not in zeros"),
        (BLOCK[:-1], "record 1 has 56 bytes"),
        (BLOCK + b"\0", "record 2 has 1 bytes"),
        (BLOCK[:-RECORD_BYTES], "promises 2 events, 1 follow"),
        (BLOCK + BLOCK[-RECORD_BYTES:], "promises 2 events, 3 follow"),
        (BLOCK[:56] + bytes(4) + BLOCK[60:], "0 events"),
        (BLOCK[:56] + (SEGMENT_EVENTS_MAX + 1).to_bytes(4, "big") + BLOCK[60:], "16385 events"),
        (BLOCK[:121] + b"\x09" + BLOCK[122:], "record 1 is of unknown kind 9"),
        (BLOCK[:64] + b"\x00" + BLOCK[65:], "record 0 is of unknown kind 0"),
    ],
)
def test_other_bytes_are_refused_with_the_place(block: bytes, why: str) -> None:
    for read in (decode_segment, segment_records, Segment.of):
        with pytest.raises(Malformed, match=why):
            read(block)


@pytest.mark.parametrize("count", [0, SEGMENT_EVENTS_MAX + 1])
def test_a_segment_has_one_event_at_least_and_fits_a_block(count: int) -> None:
    with pytest.raises(Malformed, match="not 1 to 16384"):
        encode_segment([event(1)] * count, ORIGIN)


def test_a_chain_id_fits_64_bits() -> None:
    with pytest.raises(Malformed, match="chain id"):
        encode_segment([event(1)], SegmentOrigin(2**64, BETO, ALICE))


def test_the_largest_segment_fits_the_block_every_ipfs_node_takes() -> None:
    assert len(encode_segment([event(1)] * SEGMENT_EVENTS_MAX, ORIGIN)) == SEGMENT_BYTES_MAX
    assert SEGMENT_BYTES_MAX <= 2**20


def test_the_same_events_of_another_producer_are_another_block() -> None:
    other = encode_segment([event(1), event(2)], SegmentOrigin(31337, BETO, BETO))

    assert segment_digest(other) != segment_digest(BLOCK)
    ids, same = record_ids(segment_records(other)), record_ids(segment_records(BLOCK))
    assert (ids == same).all()


def test_records_joined_keep_every_byte_of_theirs() -> None:
    records = segment_records(BLOCK)

    together = joined_records([records, records[:1], records])

    assert together.tobytes() == records.tobytes() + records[:1].tobytes() + records.tobytes()
    turned = together.astype(RECORD.newbyteorder())
    with pytest.raises(AssertionError, match="no other byte order"):
        record_ids(turned)
