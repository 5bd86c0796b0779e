"""Words about licences, signed with the keys of the node's accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.rights import FOREVER
from tests.contracts.signing import Authorization, sign, typed_data


@pytest.fixture(scope="session")
def words(licences: Any, devnet: Any) -> Any:
    """The typed data of a voucher or an order, for the wallet to sign."""

    def words(value: Any, **domain: Any) -> Any:
        kind = f"Licence{type(value).__name__}"
        return typed_data(licences, kind, value, **{"chain_id": devnet.id, **domain})

    return words


@pytest.fixture(scope="session")
def signed(words: Any, key_for: Any) -> Any:
    def signed(value: Any, account: Any, **domain: Any) -> bytes:
        return sign(key_for(account), words(value, **domain))

    return signed


@pytest.fixture(scope="session")
def authorize(royalty_ledger: Any, devnet: Any, key_for: Any) -> Any:
    """An ERC-3009 authorization for the ledger, under a nonce that says what for."""

    def authorize(
        token: Any, holder: Any, value: int, nonce: bytes, *, valid_before: int = FOREVER
    ) -> Authorization:
        values = (holder, royalty_ledger, value, 0, valid_before, nonce)
        words = typed_data(token, "ReceiveWithAuthorization", values, chain_id=devnet.id)
        signature = sign(key_for(holder), words)
        r, s = signature[:32], signature[32:64]
        return Authorization(0, valid_before, nonce, signature[64], r, s)

    return authorize
