"""Commitments and orders hash as eth_account's EIP-712 encoder says."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, CommunityId, Digest
from chain.ledger.registration import (
    Registration,
    commitment_of,
    order_digest,
    registration_domain,
)
from chain.ledger.rights import WorkKind

OWNER = Address("0x00000000000000000000000000000000000000AA")
REGISTRY = Address("0x00000000000000000000000000000000000000bb")
DOMAIN = registration_domain(31337, REGISTRY)
DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)
REGISTRATIONS = st.lists(
    st.builds(
        Registration,
        st.integers(0, 2**32 - 1).map(CommunityId),
        st.sampled_from(WorkKind),
        DIGESTS,
        DIGESTS,
    ),
    max_size=4,
)


def as_wallets_hash(primary: str, fields: list[tuple[str, str]], message: dict[str, Any]) -> bytes:
    """keccak256 of what a wallet signs, by the whole EIP-712 document."""
    members = {
        "EIP712Domain": [
            ("name", "string"),
            ("version", "string"),
            ("chainId", "uint256"),
            ("verifyingContract", "address"),
        ],
        "Registration": [
            ("communityId", "uint32"),
            ("kind", "uint8"),
            ("contentCommitment", "bytes32"),
            ("manifestDigest", "bytes32"),
        ],
        primary: fields,
    }
    document = {
        "types": {
            type_name: [{"name": name, "type": kind} for name, kind in of_type]
            for type_name, of_type in members.items()
        },
        "primaryType": primary,
        "domain": {
            "name": "Antiphon Work Registry",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": REGISTRY,
        },
        "message": message,
    }
    signable = encode_typed_data(full_message=document)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def plain(registrations: list[Registration]) -> list[dict[str, Any]]:
    return [
        {
            "communityId": one.community_id,
            "kind": int(one.kind),
            "contentCommitment": one.content_commitment,
            "manifestDigest": one.manifest_digest,
        }
        for one in registrations
    ]


@given(REGISTRATIONS, DIGESTS)
def test_a_commitment_is_a_typed_hash(registrations: list[Registration], salt: Digest) -> None:
    fields = [("owner", "address"), ("registrations", "Registration[]"), ("salt", "bytes32")]
    message = {"owner": OWNER, "registrations": plain(registrations), "salt": salt}

    expected = as_wallets_hash("Commitment", fields, message)
    assert commitment_of(DOMAIN, OWNER, registrations, salt) == expected


@given(REGISTRATIONS, st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_an_order_is_what_a_wallet_signs(
    registrations: list[Registration], nonce: int, deadline: int
) -> None:
    fields = [
        ("owner", "address"),
        ("registrations", "Registration[]"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ]
    message = {
        "owner": OWNER,
        "registrations": plain(registrations),
        "nonce": nonce,
        "deadline": deadline,
    }

    expected = as_wallets_hash("RegistrationOrder", fields, message)
    assert order_digest(DOMAIN, OWNER, registrations, nonce, deadline) == expected


def test_malformed_values_are_refused() -> None:
    with pytest.raises(Malformed, match="salt"):
        commitment_of(DOMAIN, OWNER, [], Digest(b"short"))
    with pytest.raises(Malformed, match="nonce"):
        order_digest(DOMAIN, OWNER, [], -1, 0)
    with pytest.raises(Malformed, match="deadline"):
        order_digest(DOMAIN, OWNER, [], 0, 2**256)
    with pytest.raises(Malformed, match="community id"):
        Registration(CommunityId(2**32), WorkKind.STEM, Digest(b"\1" * 32), Digest(b"\1" * 32))
