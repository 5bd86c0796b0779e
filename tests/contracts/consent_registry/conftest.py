"""Elders' words, signed with the keys of the node's accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.signing import sign, typed_data


@pytest.fixture(scope="session")
def words(consents: Any, devnet: Any) -> Any:
    def words(value: Any, **domain: Any) -> Any:
        return typed_data(
            consents, type(value).__name__, value, **{"chain_id": devnet.id, **domain}
        )

    return words


@pytest.fixture(scope="session")
def signed(words: Any, key_for: Any) -> Any:
    def signed(value: Any, account: Any, **domain: Any) -> bytes:
        return sign(key_for(account), words(value, **domain))

    return signed
