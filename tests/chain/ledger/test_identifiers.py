"""Accounts and ids are read strictly and written one way."""

from __future__ import annotations

import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import BadAddress, Malformed
from chain.ledger.identifiers import (
    GenerationId,
    address,
    address_bytes,
    address_from_bytes,
    checked_digest,
    checked_uint,
    digest_from_hex,
    generation_from_hex,
    generation_hex,
)

# From the text of EIP-55.
EIP55_EXAMPLES = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)


@pytest.mark.parametrize("text", EIP55_EXAMPLES)
def test_an_account_gets_the_capitals_of_eip_55(text: str) -> None:
    assert text == address(text.lower())
    assert text == address("0x" + text[2:].upper())
    assert text == address(text)


@given(st.binary(min_size=20, max_size=20))
def test_accounts_survive_the_way_through_bytes(raw: bytes) -> None:
    account = address_from_bytes(raw)

    assert to_checksum_address(raw) == account
    assert raw == address_bytes(account)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        EIP55_EXAMPLES[0][:-1],
        EIP55_EXAMPLES[0] + "0",
        EIP55_EXAMPLES[0][2:],
        "0x" + "g" * 40,
        EIP55_EXAMPLES[0].replace("5aA", "5aa"),
        None,
        7,
    ],
)
def test_a_mistyped_account_is_refused(text: object) -> None:
    with pytest.raises(BadAddress) as refusal:
        address(text)  # type: ignore[arg-type]

    assert text == refusal.value.value


def test_an_account_of_another_length_is_refused() -> None:
    with pytest.raises(BadAddress, match="19 bytes"):
        address_from_bytes(bytes(19))


def test_a_generation_is_sixteen_hex_digits() -> None:
    assert generation_hex(GenerationId(255)) == "00000000000000ff"
    assert generation_from_hex("f" * 16) == 2**64 - 1


@pytest.mark.parametrize("text", ["", "ff", "F" * 16, "0" * 17, "0x00000000000000"])
def test_other_spellings_of_a_generation_are_refused(text: str) -> None:
    with pytest.raises(Malformed, match="16 lower-case hex digits"):
        generation_from_hex(text)


@pytest.mark.parametrize("value", [-1, 2**64, True, 1.0, "1"])
def test_a_number_that_does_not_fit_is_refused(value: object) -> None:
    with pytest.raises(Malformed, match="work id"):
        checked_uint(value, 64, "work id")  # type: ignore[arg-type]


def test_a_digest_has_32_bytes() -> None:
    assert checked_digest(b"\x01" * 32) == b"\x01" * 32
    assert digest_from_hex("0x" + "01" * 32) == b"\x01" * 32
    for wrong in (b"", b"\x01" * 31, "01" * 32):
        with pytest.raises(Malformed, match="32 bytes"):
            checked_digest(wrong)  # type: ignore[arg-type]
    with pytest.raises(Malformed, match="not hex"):
        digest_from_hex("0xzz")
