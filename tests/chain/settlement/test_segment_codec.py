"""A segment is one spelling of its events, signed as EIP-712 says."""

from __future__ import annotations

import hashlib

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import ALICE, BETO, event

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.segments import (
    SEGMENT_EVENTS_MAX,
    Segment,
    decode_segment,
    encode_segment,
    segment_digest,
)

UINT64 = st.integers(0, 2**64 - 1)
EVENT = st.builds(
    UsageEvent,
    st.sampled_from(UsageKind),
    UINT64.map(LicenceId),
    UINT64.map(GenerationId),
    st.binary(min_size=32, max_size=32).map(Digest),
    UINT64,
)


def test_a_block_is_magic_and_57_bytes_an_event() -> None:
    one = UsageEvent(
        UsageKind.PLAY, LicenceId(0x0102), GenerationId(0xA0B0), Digest(b"\xee" * 32), 0x66000000
    )

    block = encode_segment([one])

    assert block.hex() == (
        b"ANTSEG1\n".hex()
        + "02"
        + "0000000000000102"
        + "000000000000a0b0"
        + "ee" * 32
        + "0000000066000000"
    )
    assert len(block) == 8 + 57


@given(st.lists(EVENT, min_size=1, max_size=20))
def test_events_survive_the_block_in_their_order(events: list[UsageEvent]) -> None:
    assert list(decode_segment(encode_segment(events))) == events


BLOCK = encode_segment([event(1), event(2)])


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"", "begins with"),
        (b"ANTSEG2\n" + BLOCK[8:], "begins with"),
        (BLOCK[:-1], "record 1 has 56 bytes"),
        (BLOCK + b"\0", "record 2 has 1 bytes"),
        (BLOCK[:8], "0 events"),
        (BLOCK[:65] + b"\x09" + BLOCK[66:], "record 1 is of unknown kind 9"),
        (BLOCK[:8] + BLOCK[8:65] * (SEGMENT_EVENTS_MAX + 1), "16385 events"),
    ],
)
def test_other_bytes_are_refused_with_the_place(block: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        decode_segment(block)


@pytest.mark.parametrize("count", [0, SEGMENT_EVENTS_MAX + 1])
def test_a_segment_has_one_event_at_least_and_fits_a_block(count: int) -> None:
    with pytest.raises(Malformed, match="not 1 to 16384"):
        encode_segment([event(1)] * count)


def test_the_largest_segment_fits_the_block_every_ipfs_node_takes() -> None:
    assert len(encode_segment([event(1)] * SEGMENT_EVENTS_MAX)) <= 2**20


def test_the_producer_signs_digest_count_and_name() -> None:
    segment = Segment.of(BLOCK, ALICE)
    typed = encode_typed_data(
        full_message={
            "domain": {
                "name": "Antiphon Usage",
                "version": "1",
                "chainId": 31337,
                "verifyingContract": BETO,
            },
            "primaryType": "Segment",
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Segment": [
                    {"name": "digest", "type": "bytes32"},
                    {"name": "count", "type": "uint32"},
                    {"name": "producer", "type": "address"},
                ],
            },
            "message": {
                "digest": hashlib.sha256(BLOCK).digest(),
                "count": 2,
                "producer": ALICE,
            },
        }
    )

    assert (segment.digest, segment.count) == (segment_digest(BLOCK), 2)
    expected = keccak(b"\x19\x01" + typed.header + typed.body)
    assert segment.signing_digest(31337, BETO) == expected
    assert segment.struct_hash() == typed.body
