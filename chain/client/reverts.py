"""From the bytes a contract refuses with to plain words and a next step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from chain.client.errors import AnswerMalformed, ContractRefused, RpcRefused
from chain.client.interfaces import (
    ABI_FOLDER,
    SELECTOR_BYTES,
    CustomError,
    interface,
    parse_interface,
)
from chain.client.plain_words import REFUSALS, UNNAMED
from chain.client.words import Words

TIER_WORDS: Final = ("machine training", "machine generation", "distribution")
CONSENT_WORDS: Final = (
    "not given",
    "waiting for the elders",
    "given, but its time has run out",
    "suspended",
    "refused",
    "withdrawn",
)
TIME_PARAMETERS: Final = frozenset(
    {"until", "notBefore", "expiry", "parentExpiry", "claimableFrom", "deadline"}
)
CONSENT_PARAMETERS: Final = frozenset({"state", "from"})
SHOWN_TEXT_MAX: Final = 200
UNIX_SECONDS_SHOWN_MAX: Final = 253_402_300_799  # the last second of the year 9999
REVERTED_WORDS: Final = ("revert", "execution", "out of gas", "invalid opcode")
# The compiler's own two errors are in no ABI.
_BUILT_IN: Final = parse_interface(
    "Solidity",
    [
        {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
        {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
    ],
    b"",
)


@cache
def known_errors() -> Mapping[bytes, CustomError]:
    """Every custom error of the committed ABIs, by selector."""
    found = dict(_BUILT_IN.errors)
    for path in sorted(ABI_FOLDER.glob("*.json")):
        for selector, error in interface(path.stem).errors.items():
            found.setdefault(selector, error)
    return found


def refusal(data: bytes, *, tx_hash: bytes | None = None) -> ContractRefused:
    """The refusal that revert data stand for; unknown data become a refusal without a name."""
    error = known_errors().get(data[:SELECTOR_BYTES])
    if error is None:
        name = "0x" + data[:SELECTOR_BYTES].hex() if data else "no reason"
        return ContractRefused(name, {}, *UNNAMED, tx_hash=tx_hash)
    try:
        arguments = error.values(data)
    except AnswerMalformed:
        return ContractRefused(error.name, {}, *UNNAMED, tx_hash=tx_hash)
    words = REFUSALS.get(error.signature, Words(f"A contract refused: {error.name}.", UNNAMED[1]))
    shown = {name: _in_words(name, value) for name, value in arguments.items()}
    return ContractRefused(
        error.name,
        arguments,
        words.plain.format_map(shown),
        words.next_step.format_map(shown),
        tx_hash=tx_hash,
    )


def from_rpc(refused: RpcRefused) -> ContractRefused | RpcRefused:
    """A contract's refusal when the node's error is one, and the node's error otherwise."""
    if refused.data is not None:
        return refusal(refused.data)
    if any(word in refused.message.lower() for word in REVERTED_WORDS):
        return refusal(b"")
    return refused


def _in_words(name: str, value: Any) -> str:
    if name == "tier" and value < len(TIER_WORDS):
        return TIER_WORDS[value]
    if name in CONSENT_PARAMETERS and isinstance(value, int) and value < len(CONSENT_WORDS):
        return CONSENT_WORDS[value]
    if name in TIME_PARAMETERS:
        moment = datetime.fromtimestamp(min(value, UNIX_SECONDS_SHOWN_MAX), UTC)
        return moment.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)[:SHOWN_TEXT_MAX]
