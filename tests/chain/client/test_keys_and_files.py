"""Keys stay where they belong, and a damaged deployment file is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from chain.client.deployment import Deployment
from chain.client.errors import DeploymentInvalid, KeyRefused
from chain.client.interfaces import CORE_CONTRACTS
from chain.client.signer import LocalSigner, dev_signers

# The first two accounts of the published development mnemonic, as every tool shows them.
DEVELOPMENT_ADDRESSES = (
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
)
KEY = bytes(range(1, 33))


def typed_data(chain_id: int) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "Note": [{"name": "text", "type": "string"}],
        },
        "primaryType": "Note",
        "domain": {"name": "test", "chainId": chain_id},
        "message": {"text": "hello"},
    }


def test_development_accounts_are_the_published_ones() -> None:
    assert tuple(s.address for s in dev_signers(2)) == DEVELOPMENT_ADDRESSES
    assert len({s.address for s in dev_signers(30)}) == 30


def test_development_accounts_are_refused_off_the_development_chain() -> None:
    with pytest.raises(KeyRefused, match="chain 1 is not the development chain"):
        dev_signers(1, chain_id=1)


def test_a_development_key_signs_nothing_for_another_chain() -> None:
    signer = dev_signers(1)[0]

    with pytest.raises(KeyRefused):
        signer.sign_typed_data(typed_data(1))
    with pytest.raises(KeyRefused):
        signer.sign_digest(b"\1" * 32, chain_id=1)
    with pytest.raises(KeyRefused):
        signer.sign_transaction({"chainId": 1})


def test_a_digest_and_its_typed_data_are_signed_alike() -> None:
    signer = LocalSigner(KEY)
    signable = encode_typed_data(full_message=typed_data(5))
    digest = Account.sign_message(signable, KEY).message_hash

    by_data = signer.sign_typed_data(typed_data(5))
    by_digest = signer.sign_digest(bytes(digest), chain_id=5)

    assert by_data == by_digest
    assert len(by_data) == 65
    assert by_data[64] in (27, 28)
    assert Account.recover_message(signable, signature=by_data) == signer.address


def test_a_key_never_shows_in_what_is_printed() -> None:
    signer = LocalSigner(KEY)

    assert KEY.hex() not in repr(signer)
    assert signer.address in repr(signer)


@pytest.mark.parametrize("key", [b"", b"\1" * 31, b"\0" * 32, b"\xff" * 32])
def test_no_key_is_refused_without_quoting_it(key: bytes) -> None:
    with pytest.raises(KeyRefused) as caught:
        LocalSigner(key)

    assert caught.value.__cause__ is None
    assert key.hex() not in str(caught.value) or not key


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "operator.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_file_is_read_when_only_its_owner_can(tmp_path: Path) -> None:
    signer = LocalSigner.from_file(key_file(tmp_path, f"0x{KEY.hex()}\n"))

    assert signer.address == Account.from_key(KEY).address


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyRefused, match="chmod 600"):
        LocalSigner.from_file(key_file(tmp_path, KEY.hex(), mode))


@pytest.mark.parametrize("text", ["", "not hex", KEY.hex()[:-2], KEY.hex() + "00"])
def test_a_key_file_with_something_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        LocalSigner.from_file(key_file(tmp_path, text))

    assert text not in str(caught.value) or not text


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="check the path"):
        LocalSigner.from_file(tmp_path / "none.key")


def sound_file() -> dict[str, Any]:
    names = (*CORE_CONTRACTS, "DevStablecoin")
    return {
        "chainId": 31337,
        "block": 4,
        "contracts": {name: f"0x{i:040x}" for i, name in enumerate(names, start=1)},
        "operators": [DEVELOPMENT_ADDRESSES[0]],
        "threshold": 1,
        "windowSeconds": 60,
        "curator": DEVELOPMENT_ADDRESSES[0],
        "council": DEVELOPMENT_ADDRESSES[1],
    }


def test_a_deployment_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "31337.json"
    path.write_text(json.dumps(sound_file()))

    found = Deployment.load(path)

    assert (found.chain_id, found.block, found.window_seconds) == (31337, 4, 60)
    assert found.token.lower() == sound_file()["contracts"]["DevStablecoin"]
    assert found.operators == (DEVELOPMENT_ADDRESSES[0],)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chainId": None}, "is damaged"),
        ({"contracts": {}}, "has no ConsentRegistry"),
        ({"contracts": []}, "is damaged"),
        ({"curator": "0x12"}, "is damaged"),
        ({"council": DEVELOPMENT_ADDRESSES[0].replace("f39F", "F39f")}, "is damaged"),
        ({"operators": 7}, "is damaged"),
    ],
)
def test_a_damaged_deployment_file_is_named(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "31337.json"
    path.write_text(json.dumps(sound_file() | change))

    with pytest.raises(DeploymentInvalid, match=said) as caught:
        Deployment.load(path)

    assert caught.value.path == path


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_deployment_file_that_is_no_document_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "31337.json"
    path.write_text(content)

    with pytest.raises(DeploymentInvalid):
        Deployment.load(path)


def test_a_chain_without_a_deployment_says_deploy_first() -> None:
    with pytest.raises(DeploymentInvalid, match="deploy first"):
        Deployment.of_chain(424_242)
