"""Whatever hashes must be Keccak-256, not SHA3-256, and is asked before it is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.keccak import _from_eth_hash, _from_pysha3, choose_keccak, keccak256


def fips_sha3() -> Callable[[bytes], bytes]:
    return lambda data: hashlib.sha3_256(data).digest()


def not_installed() -> Callable[[bytes], bytes]:
    raise ImportError


@given(st.binary(max_size=300))
def test_every_choice_agrees_with_eth_utils(data: bytes) -> None:
    expected = keccak(data)

    assert expected == keccak256(data) == _from_pysha3()(data) == _from_eth_hash()(data)


def test_an_implementation_that_pads_like_sha3_is_passed_over() -> None:
    chosen = choose_keccak((fips_sha3, not_installed, _from_eth_hash))

    assert keccak(b"abc") == chosen(b"abc")


def test_without_a_right_implementation_nothing_starts() -> None:
    with pytest.raises(RuntimeError, match="pip install safe-pysha3"):
        choose_keccak((fips_sha3, not_installed))
