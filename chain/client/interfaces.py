"""The committed ABIs, and encoding and decoding by them.

Decoding goes through eth_abi by types cached per function, event and error; addresses come out
with their checksum, `bytesN` as bytes, tuples as dicts by their field names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from chain.client.errors import AnswerMalformed
from chain.ledger.identifiers import Address, address
from chain.ledger.keccak import keccak256

ABI_FOLDER: Final = Path(__file__).with_name("abi")
SELECTOR_BYTES: Final = 4
WORD_BYTES: Final = 32
ADDRESS_CACHE_ENTRIES: Final = 65_536

# The contracts that hold the ledger's rules, in no particular order; the dev coin is not of them.
CORE_CONTRACTS: Final = (
    "ConsentRegistry",
    "WorkRegistry",
    "LicenceRegistry",
    "DerivativeGraph",
    "RoyaltyLedger",
    "UsageOracle",
    "EpochDistributor",
    "DisputeCourt",
    "SharingRules",
    "DirectReports",
)


@dataclass(frozen=True)
class Field:
    """One parameter: `type` as in a signature, `parts` the fields when it is a tuple."""

    name: str
    type: str
    indexed: bool
    parts: tuple[Field, ...]


@dataclass(frozen=True)
class Function:
    name: str
    selector: bytes
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    def call_data(self, arguments: Sequence[Any]) -> bytes:
        """Selector and ABI-encoded arguments. Raises ValueError when they do not fit."""
        try:
            return self.selector + encode([f.type for f in self.inputs], list(arguments))
        except (EncodingError, TypeError, OverflowError) as error:
            raise ValueError(f"{self.name}: {error}") from error

    def result(self, data: bytes) -> Any:
        """The decoded answer: one value, or a tuple of several. Raises AnswerMalformed."""
        values = _decode_fields(self.name, self.outputs, data)
        return values[0] if len(values) == 1 else tuple(values)


@dataclass(frozen=True)
class Event:
    name: str
    topic: bytes
    inputs: tuple[Field, ...]

    def values(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Parameters by name, indexed ones included. Raises AnswerMalformed."""
        indexed = [f for f in self.inputs if f.indexed]
        if len(topics) != len(indexed) + 1 or topics[0] != self.topic:
            raise AnswerMalformed(f"event {self.name}", f"{len(topics)} topics")
        found = {}
        for field, topic in zip(indexed, topics[1:], strict=True):
            found[field.name] = _decode_fields(self.name, (field,), topic)[0]
        plain = tuple(f for f in self.inputs if not f.indexed)
        for field, value in zip(plain, _decode_fields(self.name, plain, data), strict=True):
            found[field.name] = value
        return found


@dataclass(frozen=True)
class CustomError:
    name: str
    signature: str
    selector: bytes
    inputs: tuple[Field, ...]

    def values(self, data: bytes) -> dict[str, Any]:
        """Parameters by name from revert data (with selector). Raises AnswerMalformed."""
        decoded = _decode_fields(self.name, self.inputs, data[SELECTOR_BYTES:])
        return {f.name: v for f, v in zip(self.inputs, decoded, strict=True)}


@dataclass(frozen=True)
class Interface:
    """One contract's committed ABI. `bytecode` is its creation code without arguments."""

    name: str
    functions: Mapping[str, Function]
    events: Mapping[bytes, Event]
    errors: Mapping[bytes, CustomError]
    constructor: tuple[Field, ...]
    bytecode: bytes

    def event_named(self, name: str) -> Event:
        """Raises KeyError when the contract has no such event."""
        for event in self.events.values():
            if event.name == name:
                return event
        raise KeyError(f"{self.name} has no event {name}")

    def creation_data(self, arguments: Sequence[Any]) -> bytes:
        """What a transaction that creates the contract carries."""
        return self.bytecode + encode([f.type for f in self.constructor], list(arguments))


@cache
def interface(name: str) -> Interface:
    """The committed interface. Raises FileNotFoundError for a name that has none."""
    document = json.loads((ABI_FOLDER / f"{name}.json").read_text())
    return parse_interface(name, document["abi"], bytes.fromhex(document["bytecode"][2:]))


def parse_interface(name: str, abi: Sequence[Mapping[str, Any]], bytecode: bytes) -> Interface:
    """An interface from ABI JSON. Of overloaded functions the longest is kept."""
    functions: dict[str, Function] = {}
    events, errors = {}, {}
    constructor: tuple[Field, ...] = ()
    for entry in sorted(abi, key=lambda e: len(e.get("inputs", ()))):
        inputs = _fields(entry.get("inputs", ()))
        kind = entry["type"]
        if kind == "constructor":
            constructor = inputs
            continue
        if "name" not in entry:
            continue
        signature = f"{entry['name']}({','.join(f.type for f in inputs)})"
        digest = keccak256(signature.encode())
        if kind == "function":
            functions[entry["name"]] = Function(
                entry["name"], digest[:SELECTOR_BYTES], inputs, _fields(entry["outputs"])
            )
        elif kind == "event":
            events[digest] = Event(entry["name"], digest, inputs)
        elif kind == "error":
            selector = digest[:SELECTOR_BYTES]
            errors[selector] = CustomError(entry["name"], signature, selector, inputs)
    return Interface(name, functions, events, errors, constructor, bytecode)


@lru_cache(maxsize=ADDRESS_CACHE_ENTRIES)
def checksum_address(text: str) -> Address:
    """The EIP-55 spelling, remembered: a log names few accounts many times. Raises BadAddress."""
    return address(text)


def _fields(entries: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    return tuple(_field(entry) for entry in entries)


def _field(entry: Mapping[str, Any]) -> Field:
    parts = _fields(entry.get("components", ()))
    kind: str = entry["type"]
    if kind.startswith("tuple"):
        kind = f"({','.join(p.type for p in parts)}){kind.removeprefix('tuple')}"
    return Field(entry["name"], kind, bool(entry.get("indexed", False)), parts)


def _decode_fields(what: str, fields: Sequence[Field], data: bytes) -> list[Any]:
    try:
        values = decode([f.type for f in fields], data)
    except (DecodingError, OverflowError, UnicodeDecodeError) as error:
        raise AnswerMalformed(what, type(error).__name__) from error
    return [_shaped(f, v) for f, v in zip(fields, values, strict=True)]


def _shaped(field: Field, value: Any) -> Any:
    if field.type.endswith("]"):
        inner = Field(field.name, field.type[: field.type.rindex("[")], False, field.parts)
        return tuple(_shaped(inner, v) for v in value)
    if field.parts:
        return {p.name: _shaped(p, v) for p, v in zip(field.parts, value, strict=True)}
    return checksum_address(value) if field.type == "address" else value
