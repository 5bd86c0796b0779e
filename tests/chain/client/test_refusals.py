"""Every refusal of every contract has plain words and a next step."""

from __future__ import annotations

import re
import string

import pytest
from eth_abi.abi import encode

from chain.client import reverts
from chain.client.errors import ContractRefused, RpcRefused
from chain.client.plain_words import REFUSALS
from chain.client.reverts import known_errors, refusal
from chain.ledger.identifiers import Address
from chain.ledger.keccak import keccak256

ACCOUNT = Address("0x00000000000000000000000000000000000000AA")
SAMPLES = {
    "address": ACCOUNT,
    "bytes4": b"\x0a\x0b\x0c\x0d",
    "bytes32": b"\x0a" * 32,
    "string": "a text",
    "uint8": 1,
    "uint40": 1_790_000_000,
}


def revert_data(signature: str) -> bytes:
    name, _, rest = signature.partition("(")
    kinds = [kind for kind in rest.rstrip(")").split(",") if kind]
    del name
    values = [SAMPLES.get(kind, 7) for kind in kinds]
    return keccak256(signature.encode())[:4] + encode(kinds, values)


def test_the_entries_are_exactly_the_custom_errors_of_the_committed_abis() -> None:
    assert {error.signature for error in known_errors().values()} == set(REFUSALS)


@pytest.mark.parametrize("signature", sorted(REFUSALS))
def test_an_entry_names_only_parameters_its_error_has(signature: str) -> None:
    selector = keccak256(signature.encode())[:4]
    names = {field.name for field in known_errors()[selector].inputs}
    for text in REFUSALS[signature]:
        used = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        assert used <= names


@pytest.mark.parametrize("signature", sorted(REFUSALS))
def test_words_are_plain_sentences(signature: str) -> None:
    found = refusal(revert_data(signature))
    for text in (found.plain, found.next_step):
        assert text.rstrip().endswith(".")
        assert not re.search(r"(?i)revert|selector|traceback|bytes32|calldata", text)
        assert "{" not in text


def test_numbers_of_tiers_states_and_times_become_words() -> None:
    refused = refusal(revert_data("TierRefused(uint64,uint8)"))
    waiting = refusal(revert_data("ConsentNotLive(uint64,uint8,uint8)"))
    early = refusal(revert_data("WindowOpen(uint64,uint40)"))

    assert refused.plain == (
        "The community does not allow machine generation with work 7. Nothing was charged."
    )
    assert "waiting for the elders" in waiting.plain
    assert "2026-09-21 14:13 UTC" in early.plain
    assert early.arguments == {"epoch": 7, "claimableFrom": 1_790_000_000}


def test_a_date_beyond_the_calendar_is_still_a_sentence() -> None:
    data = keccak256(b"ERC2612ExpiredSignature(uint256)")[:4] + encode(["uint256"], [2**256 - 1])

    assert refusal(data).plain == "The permission to pay was valid until 9999-12-31 23:59 UTC."


def test_numbers_outside_their_lists_are_shown_as_they_are() -> None:
    data = keccak256(b"TierRefused(uint64,uint8)")[:4] + encode(["uint64", "uint8"], [1, 200])

    assert "does not allow 200 with work 1" in refusal(data).plain


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "no reason"),
        (b"\xde\xad\xbe\xef", "0xdeadbeef"),
        (b"\xde", "0xde"),
        (keccak256(b"WorkUnknown(uint64)")[:4] + b"\1", "WorkUnknown"),
    ],
    ids=["empty", "unknown", "too short", "cut off"],
)
def test_data_nobody_knows_still_gives_a_sentence(data: bytes, name: str) -> None:
    found = refusal(data, tx_hash=b"\1" * 32)

    assert found.error == name
    assert found.plain == "A contract stopped without giving a reason."
    assert found.tx_hash == b"\1" * 32


def test_a_nodes_error_is_a_refusal_only_when_a_contract_ran() -> None:
    ran = reverts.from_rpc(RpcRefused("eth_call", 3, "execution reverted"))
    other = reverts.from_rpc(RpcRefused("eth_call", -32601, "method not found"))

    assert isinstance(ran, ContractRefused)
    assert isinstance(other, RpcRefused)
