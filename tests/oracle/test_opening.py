"""Keys: the development chain's for it alone, key files for any other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chain.client.deployment import Deployment
from chain.client.errors import KeyRefused
from chain.ledger.identifiers import ZERO_ADDRESS
from oracle.opening import load_keys
from tests.oracle.evidence_fixtures import OPERATORS

DEVELOPMENT = Deployment(31337, 1, {}, (), 3, 60, ZERO_ADDRESS, ZERO_ADDRESS)
ELSEWHERE = dataclasses.replace(DEVELOPMENT, chain_id=8453)


def write_key(folder: Path, name: str, number: int, mode: int = 0o600) -> None:
    path = folder / name
    path.write_text(number.to_bytes(32, "big").hex())
    path.chmod(mode)


def test_the_development_keys_are_for_the_development_chain_alone() -> None:
    keys = load_keys(None, DEVELOPMENT)

    assert [signer.address for signer in keys.operators] == [s.address for s in OPERATORS]
    with pytest.raises(KeyRefused, match="needs keys of your own"):
        load_keys(None, ELSEWHERE)


def test_keys_are_read_from_a_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        write_key(tmp_path, f"operator-{number}.key", number)
    write_key(tmp_path, "relay.key", 3)

    keys = load_keys(tmp_path, ELSEWHERE)

    # The accounts of the private keys 1, 2 and 3, as every wallet shows them.
    assert [signer.address for signer in keys.operators] == [
        "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
        "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF",
    ]
    assert keys.relay.address == "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69"


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_key(tmp_path, "operator-1.key", 1, mode=0o644)

    with pytest.raises(KeyRefused, match="chmod 600"):
        load_keys(tmp_path, ELSEWHERE)


def test_a_folder_without_operators_or_relay_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="holds no operator"):
        load_keys(tmp_path, ELSEWHERE)
    write_key(tmp_path, "operator-1.key", 1)
    with pytest.raises(KeyRefused, match=r"relay\.key cannot be read"):
        load_keys(tmp_path, ELSEWHERE)
