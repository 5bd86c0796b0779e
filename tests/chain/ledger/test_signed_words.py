"""Hashes of what is signed for others to send, against eth_account's own EIP-712."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.rights import Tier
from chain.ledger.signed import DecisionApproval, ElderApproval, LicenceOrder, LicenceVoucher
from chain.ledger.words import SigningDomain

ACCOUNT = Address("0x00000000000000000000000000000000000000AA")
FIELDS = {
    LicenceVoucher: "uint64 workId,bytes32 termsHash,address holder,uint32 count,"
    "uint40 deadline,uint256 nonce",
    LicenceOrder: "uint64 workId,bytes32 termsHash,address holder,uint128 maxPrice,"
    "uint32 maxShare,uint40 deadline,uint256 nonce",
    ElderApproval: "address elder,uint64 workId,uint8 tier,uint48 offer,bytes32 termsHash,"
    "bool reaffirms,uint256 nonce,uint256 deadline",
    DecisionApproval: "uint32 communityId,bytes32 decisionHash,address elder,uint256 nonce,"
    "uint256 deadline",
}
HASH = st.binary(min_size=32, max_size=32).map(Digest)
WORDS = st.one_of(
    st.builds(
        LicenceVoucher,
        st.integers(1, 2**64 - 1).map(WorkId),
        HASH,
        st.just(ACCOUNT),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**40 - 1),
        st.integers(0, 2**256 - 1),
    ),
    st.builds(
        LicenceOrder,
        st.integers(1, 2**64 - 1).map(WorkId),
        HASH,
        st.just(ACCOUNT),
        st.integers(0, 2**128 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**40 - 1),
        st.integers(0, 2**256 - 1),
    ),
    st.builds(
        ElderApproval,
        st.just(ACCOUNT),
        st.integers(1, 2**64 - 1).map(WorkId),
        st.sampled_from(Tier),
        st.integers(1, 2**48 - 1),
        HASH,
        st.booleans(),
        st.integers(0, 2**256 - 1),
        st.integers(0, 2**256 - 1),
    ),
    st.builds(
        DecisionApproval,
        st.integers(1, 2**32 - 1).map(CommunityId),
        HASH,
        st.just(ACCOUNT),
        st.integers(0, 2**256 - 1),
        st.integers(0, 2**256 - 1),
    ),
)
DOMAIN = SigningDomain("Antiphon Licence Registry", "1", 31337, ACCOUNT)


def by_eth_account(word: Any) -> Any:
    fields = [
        {"type": part.split()[0], "name": part.split()[1]} for part in FIELDS[type(word)].split(",")
    ]
    values = [getattr(word, field.name) for field in dataclasses.fields(word)]
    message = {field["name"]: value for field, value in zip(fields, values, strict=True)}
    domain = {
        "name": DOMAIN.name,
        "version": DOMAIN.version,
        "chainId": DOMAIN.chain_id,
        "verifyingContract": DOMAIN.verifying_contract,
    }
    return encode_typed_data(domain, {type(word).__name__: fields}, message)


@given(WORDS)
def test_the_hash_of_signed_words_is_that_of_eip_712(word: Any) -> None:
    expected = by_eth_account(word)

    assert word.struct_hash() == expected.body
    assert DOMAIN.separator() == expected.header


@given(WORDS)
def test_words_go_to_the_contract_in_the_order_they_are_signed_in(word: Any) -> None:
    assert word.as_tuple() == dataclasses.astuple(word)


@pytest.mark.parametrize("kind", sorted(FIELDS, key=lambda kind: kind.__name__))
def test_every_kind_of_signed_words_is_tried(kind: type) -> None:
    assert len(dataclasses.fields(kind)) == len(FIELDS[kind].split(","))
