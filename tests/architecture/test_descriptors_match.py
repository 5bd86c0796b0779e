"""What a wallet shows is what is signed: selectors and types of the descriptors are the ABIs'."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from eth_utils import keccak

from chain.client.interfaces import interface
from scripts import descriptors

SHOWN = {"raw", "tokenAmount", "addressName", "date", "duration", "enum"}
NAMES = re.compile(r"(?<=[a-z0-9\])]) \w+")


def held(name: str) -> dict[str, Any]:
    return json.loads((descriptors.FOLDER / name).read_text())


def test_the_committed_descriptors_are_those_of_the_abis() -> None:
    assert descriptors.drift() == [], "run python -m scripts.export_abi"


@pytest.mark.parametrize("name", descriptors.DESCRIBED)
def test_every_signed_function_is_shown_under_its_selector(name: str) -> None:
    formats = held(f"calldata-{name}.json")["display"]["formats"]
    shown = {keccak(text=NAMES.sub("", key))[:4] for key in formats}
    signed = {entry["name"] for entry in descriptors.signed_functions(name)}
    selectors = {f.selector for f in interface(name).functions.values() if f.name in signed}

    assert selectors <= shown
    assert len(shown) == len(descriptors.signed_functions(name))


@pytest.mark.parametrize("name", sorted(path.name for path in descriptors.FOLDER.glob("*.json")))
def test_every_value_is_shown_and_none_is_left_out(name: str) -> None:
    document = held(name)
    for key, format_ in document["display"]["formats"].items():
        paths = [field["path"] for field in format_["fields"]]
        assert paths == format_["required"], key
        assert 0 < len(format_["intent"]) <= descriptors.INTENT_MAX, key
        for field in format_["fields"]:
            assert 0 < len(field["label"]) <= descriptors.LABEL_MAX, (key, field)
            assert field["format"] in SHOWN, (key, field)
            reference = field.get("params", {}).get("$ref", "")
            enum = reference.removeprefix("$.metadata.enums.")
            assert not reference or enum in document["metadata"]["enums"]
            token = field.get("params", {}).get("tokenPath")
            assert token is None or token in paths, "an amount of a currency that is not shown"


def test_every_message_has_the_type_that_is_hashed_on_chain() -> None:
    """The strings are taken from the sources; their hashes are in the deployed bytecode."""
    bytecode = "".join(
        json.loads(path.read_text())["bytecode"] for path in descriptors.ABI_FOLDER.glob("*.json")
    )
    found = descriptors.messages()

    assert "EpochReport" in found
    for name, (types, domain) in found.items():
        first = types[name]
        others = sorted(other for other in types if other != name)
        encoded = "".join(
            each + "(" + ",".join(m["type"] + " " + m["name"] for m in types[each]) + ")"
            for each in (name, *others)
        )
        assert first and keccak(text=encoded).hex() in bytecode, name
        assert domain is not None, f"{name} is signed in no domain"
