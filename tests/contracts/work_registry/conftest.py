"""Registrations as the register takes them, and orders to register, signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from eth_account import Account

from chain.ledger.identifiers import Address, CommunityId, Digest
from chain.ledger.registration import Registration, registration_domain
from chain.ledger.rights import WorkKind
from chain.ledger.words import SigningDomain
from tests.contracts.rights import digest

REGISTRATION_TYPE = [
    {"name": "communityId", "type": "uint32"},
    {"name": "kind", "type": "uint8"},
    {"name": "contentCommitment", "type": "bytes32"},
    {"name": "manifestDigest", "type": "bytes32"},
]


def registration(
    name: str = "song", community: int = 0, kind: WorkKind = WorkKind.RECORDING
) -> Registration:
    content, manifest = Digest(digest(f"sound of {name}")), Digest(digest(f"manifest of {name}"))
    return Registration(CommunityId(community), kind, content, manifest)


def tuples(registrations: Sequence[Registration]) -> list[tuple[Any, ...]]:
    return [one.as_tuple() for one in registrations]


def order_message(
    domain: dict[str, Any],
    owner: str,
    registrations: Sequence[Registration],
    nonce: int,
    deadline: int,
) -> dict[str, Any]:
    """An order as wallets are shown it."""
    return {
        "domain_data": domain,
        "message_types": {
            "RegistrationOrder": [
                {"name": "owner", "type": "address"},
                {"name": "registrations", "type": "Registration[]"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ],
            "Registration": REGISTRATION_TYPE,
        },
        "message_data": {
            "owner": owner,
            "registrations": [
                {
                    "communityId": one.community_id,
                    "kind": int(one.kind),
                    "contentCommitment": one.content_commitment,
                    "manifestDigest": one.manifest_digest,
                }
                for one in registrations
            ],
            "nonce": nonce,
            "deadline": deadline,
        },
    }


@pytest.fixture
def domain(works: Any, devnet: Any) -> SigningDomain:
    return registration_domain(devnet.id, Address(works.address))


@pytest.fixture
def sign_order(works: Any, devnet: Any) -> Callable[..., bytes]:
    """Signs as a wallet does; `domain` members and fields can be given wrong on purpose."""

    def sign(
        key: bytes,
        owner: Any,
        registrations: Sequence[Registration],
        nonce: int,
        deadline: int,
        **domain: Any,
    ) -> bytes:
        here = {
            "name": "Antiphon Work Registry",
            "version": "1",
            "chainId": devnet.id,
            "verifyingContract": works.address,
        }
        message = order_message({**here, **domain}, str(owner), registrations, nonce, deadline)
        return bytes(Account.sign_typed_data(key, **message).signature)

    return sign
