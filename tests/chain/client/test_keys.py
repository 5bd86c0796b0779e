"""Keys behind one port: whatever keeps the key, the same bytes come out; or a plain sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import eth_keyfile
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from api.stack.stack import ROOT
from chain.client.errors import KeyRefused, SignerAway
from chain.client.keys import open_key, passphrase_from
from chain.client.remote_signer import RemoteSigner
from chain.client.signer import LocalSigner, Signer, dev_signer
from chain.ledger.identifiers import Address
from chain.ledger.keccak import keccak256

KEY = bytes(range(1, 33))
ACCOUNT = Address(Account.from_key(KEY).address)
PASSPHRASE = "korrekt pferd batterie"
TRANSACTION: dict[str, Any] = {
    "type": 2,
    "chainId": 8453,
    "nonce": 7,
    "to": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "data": b"\1\2\3",
    "value": 0,
    "gas": 90_000,
    "maxFeePerGas": 2_000_000_000,
    "maxPriorityFeePerGas": 1_000_000_000,
}
TYPED: dict[str, Any] = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "chainId", "type": "uint256"},
        ],
        "Note": [{"name": "text", "type": "string"}],
    },
    "primaryType": "Note",
    "domain": {"name": "test", "chainId": 8453},
    "message": {"text": "hello"},
}


@contextmanager
def running_signer(behaviour: str = "honest") -> Iterator[RemoteSigner]:
    command = [sys.executable, "-m", "tests.chain.client.signer_process", KEY.hex(), behaviour]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            yield RemoteSigner(f"http://127.0.0.1:{port}", ACCOUNT)
        finally:
            process.kill()


def keystore(folder: Path) -> Path:
    path = folder / "operator.json"
    # As few rounds as the format allows: this is about the format.
    document = eth_keyfile.create_keyfile_json(KEY, PASSPHRASE.encode(), kdf="scrypt", iterations=2)
    path.write_text(json.dumps(document))
    return path


def opened(place: str, chain_id: int = 8453, passphrase: str = PASSPHRASE) -> Signer:
    variables = {"SECRET": KEY.hex()}
    return open_key(place, chain_id=chain_id, passphrase=lambda: passphrase, variables=variables)


def check_signs(signer: Signer) -> None:
    """The same bytes as eth_account makes from the key itself."""
    assert signer.address == ACCOUNT
    signable = encode_typed_data(full_message=TYPED)
    assert signer.sign_typed_data(TYPED) == bytes(Account.sign_message(signable, KEY).signature)
    expected = Account.sign_transaction(TRANSACTION, KEY)
    assert signer.sign_transaction(TRANSACTION) == (
        bytes(expected.raw_transaction),
        bytes(expected.hash),
    )
    creation = {**TRANSACTION, "data": "0x6001"}
    del creation["to"]
    assert signer.sign_transaction(creation)[0] == bytes(
        Account.sign_transaction(creation, KEY).raw_transaction
    )


def test_a_key_in_memory_signs_as_wallets_do() -> None:
    check_signs(LocalSigner(KEY))


def test_a_keystore_signs_as_wallets_do(tmp_path: Path) -> None:
    check_signs(opened(f"keystore:{keystore(tmp_path)}"))


@pytest.mark.parametrize("behaviour", ["honest", "high-s", "small-v"])
def test_a_remote_signer_signs_as_wallets_do(behaviour: str) -> None:
    with running_signer(behaviour) as signer:
        check_signs(signer)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("other-key", "it signed as"),
        ("prefixes", "it signed as"),
        ("garbage", "no signature"),
        ("locked", "status 404"),
    ],
)
def test_what_a_remote_signer_says_is_not_believed(behaviour: str, words: str) -> None:
    with running_signer(behaviour) as signer, pytest.raises(SignerAway, match=words):
        signer.sign_preimage(b"anything", chain_id=1)


def test_a_remote_signer_without_the_key_is_refused() -> None:
    with running_signer("empty") as signer, pytest.raises(KeyRefused, match="does not hold"):
        signer.sign_preimage(b"anything", chain_id=1)


def test_a_remote_signer_that_is_away_is_said() -> None:
    signer = opened(f"remote:http://127.0.0.1:9#{ACCOUNT}")

    with pytest.raises(SignerAway, match="ConnectError"):
        signer.sign_preimage(b"anything", chain_id=1)


def test_a_key_file_and_the_development_keys_open_by_their_word(tmp_path: Path) -> None:
    path = tmp_path / "operator.key"
    path.write_text(KEY.hex())
    path.chmod(0o600)

    assert opened(f"file:{path}").address == ACCOUNT
    assert opened("env:SECRET", chain_id=31337).address == ACCOUNT
    assert opened("dev:3", chain_id=31337).address == dev_signer(3).address


def test_a_key_of_the_environment_signs_for_the_development_chain_alone() -> None:
    signer = opened("env:SECRET", chain_id=31337)

    assert len(signer.sign_preimage(b"x", chain_id=31337)) == 65
    with pytest.raises(KeyRefused):
        signer.sign_preimage(b"x", chain_id=1)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("env:SECRET", "are for the development chain"),
        ("dev:3", "are for the development chain"),
        ("dev:x", "are for the development chain"),
        ("keystore:nowhere.json", "cannot be read"),
        ("remote:ftp://there#0x00", "remote:https://host:port#0xAccount"),
        ("remote:http://there", "account is needed behind #"),
        (KEY.hex(), "begins with keystore:"),
    ],
)
def test_a_place_that_is_none_is_refused_without_quoting_a_key(place: str, words: str) -> None:
    with pytest.raises(KeyRefused, match=words) as refusal:
        opened(place)

    assert KEY.hex() not in str(refusal.value)


def test_a_wrong_passphrase_and_a_damaged_keystore_are_said(tmp_path: Path) -> None:
    path = keystore(tmp_path)
    with pytest.raises(KeyRefused, match="does not open keystore"):
        opened(f"keystore:{path}", passphrase="wrong")

    document = json.loads(path.read_text())
    del document["crypto"]["mac"]
    path.write_text(json.dumps(document))
    with pytest.raises(KeyRefused, match="no keystore of version 3"):
        opened(f"keystore:{path}")

    path.write_text("{}")
    with pytest.raises(KeyRefused, match="no keystore of version 3"):
        opened(f"keystore:{path}")


def test_a_passphrase_comes_from_a_private_file_or_from_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o644)
    with pytest.raises(KeyRefused, match="open to others"):
        passphrase_from(path)()
    path.chmod(0o600)
    assert passphrase_from(path)() == PASSPHRASE

    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(KeyRefused, match="nobody is there"):
        passphrase_from(None)()


def test_a_preimage_is_hashed_once() -> None:
    signer = LocalSigner(KEY)

    by_preimage = signer.sign_preimage(b"\x19\x01" + bytes(64), chain_id=1)

    assert by_preimage == signer.sign_digest(keccak256(b"\x19\x01" + bytes(64)), chain_id=1)
