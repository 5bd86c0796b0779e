"""A usage event is named by what was used under which licence, and by nothing else."""

from __future__ import annotations

import dataclasses

import pytest
from eth_abi.packed import encode_packed
from eth_utils import keccak

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind, usage_tree

EVENT = UsageEvent(
    UsageKind.PLAY, LicenceId(7), GenerationId(2**64 - 1), Digest(b"\xab" * 32), 1_800_000_000
)


def test_the_id_hashes_domain_kind_licence_generation_and_source() -> None:
    packed = encode_packed(
        ["string", "uint8", "uint64", "uint64", "bytes32"],
        ["antiphon.usage.2", 2, 7, 2**64 - 1, b"\xab" * 32],
    )

    assert keccak(packed) == EVENT.event_id


@pytest.mark.parametrize("seconds", [-60, 0, 60, 86_400, 10**7])
def test_a_second_sighting_is_the_same_event_whenever_it_is(seconds: int) -> None:
    midnight = EVENT.occurred_at // 86_400 * 86_400
    seen_again = dataclasses.replace(EVENT, occurred_at=midnight + seconds)

    assert seen_again.event_id == EVENT.event_id


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": UsageKind.DETECTION},
        {"licence_id": 8},
        {"generation_id": 1},
        {"source_key": b"\xac" * 32},
    ],
)
def test_an_event_that_says_anything_else_is_another_one(changed: dict[str, object]) -> None:
    assert EVENT.event_id != dataclasses.replace(EVENT, **changed).event_id  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"licence_id": -1},
        {"generation_id": 2**64},
        {"source_key": b"short"},
        {"occurred_at": -1},
        {"occurred_at": 1.5},
    ],
)
def test_an_event_that_fits_no_record_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        dataclasses.replace(EVENT, **changed)  # type: ignore[arg-type]


def test_the_usage_root_is_openzeppelins_over_bytes32() -> None:
    # Root printed by @openzeppelin/merkle-tree 1.0.8 for these five values of type bytes32.
    ids = [Digest(bytes([byte]) * 32) for byte in (0x11, 0x22, 0x33, 0x44, 0x55)]

    root = "84ff965e6ec40e39acda61b51d85b149ba962e2106f5e4f7a364a8f5c82c5fec"
    assert root == usage_tree(ids).root.hex() == usage_tree(reversed(ids)).root.hex()
