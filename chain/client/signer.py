"""Keys that sign transactions and typed data.

The development keys are public; they sign for the development chain and for no other.
"""

from __future__ import annotations

import stat
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import coincurve
import rlp
from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.messages import encode_typed_data

from chain.client.errors import KeyRefused
from chain.ledger.identifiers import Address, address_bytes, address_from_bytes
from chain.ledger.keccak import keccak256

DEVELOPMENT_CHAIN_ID: Final = 31337
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"
DEVELOPMENT_PATH: Final = "m/44'/60'/0'/0/{index}"
PRIVATE_KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 32
RECOVERY_OFFSET: Final = 27
DYNAMIC_FEE: Final = b"\x02"


class Signer(ABC):
    """One account's key, wherever it is kept. All that it does is sign keccak256 of some bytes: a
    transaction's, or those of EIP-712 data. That is also all that remote signers offer."""

    @property
    @abstractmethod
    def address(self) -> Address:
        """The account it signs as."""

    @abstractmethod
    def sign_preimage(self, preimage: bytes, *, chain_id: int) -> bytes:
        """65 bytes r, s, v over keccak256 of `preimage`, which is for `chain_id`; s is low, v is 27
        or 28. Raises KeyRefused, SignerAway."""

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Raw signed bytes and their hash, of an EIP-1559 transaction. Raises as `sign_preimage`.

        Source: EIP-1559, EIP-2718.
        """
        chain_id = int(transaction["chainId"])
        self.admit(chain_id)
        fields = _dynamic_fee_fields(transaction)
        signature = self.sign_preimage(DYNAMIC_FEE + rlp.encode(fields), chain_id=chain_id)
        parity = signature[64] - RECOVERY_OFFSET
        numbers = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"))
        raw = DYNAMIC_FEE + rlp.encode([*fields, parity, *numbers])
        return raw, keccak256(raw)

    def sign_typed_data(self, message: Mapping[str, Any]) -> bytes:
        """65 bytes r, s, v over EIP-712 data with `domain`, `types`, `primaryType`, `message`.
        Raises as `sign_preimage`."""
        signable = encode_typed_data(full_message=dict(message))
        preimage = b"\x19" + signable.version + signable.header + signable.body
        return self.sign_preimage(preimage, chain_id=int(message["domain"]["chainId"]))

    def admit(self, chain_id: int) -> None:
        """Raises KeyRefused for a chain that this key is not for."""
        del chain_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"


class LocalSigner(Signer):
    """An account whose key is in memory. With `only_chain_id` it signs for that chain alone."""

    def __init__(self, key: bytes, *, only_chain_id: int | None = None) -> None:
        """Raises KeyRefused when `key` is no private key."""
        try:
            # coincurve would take a shorter key, and put zeros before it.
            if len(key) != PRIVATE_KEY_BYTES:
                raise ValueError
            self._key = coincurve.PrivateKey(key)
        except (ValueError, TypeError):
            # The cause may quote the key, so it is not chained.
            raise KeyRefused("this is no private key: 32 bytes in hexadecimal are") from None
        self._address = address_of_key(self._key.public_key)
        self._only_chain_id = only_chain_id

    @classmethod
    def from_file(cls, path: Path) -> LocalSigner:
        """Read a key file that only its owner can read. Raises KeyRefused."""
        return cls.from_text(read_private(path, "key file"), f"key file {path}")

    @classmethod
    def from_text(cls, text: str, where: str, *, only_chain_id: int | None = None) -> LocalSigner:
        """A key in hexadecimal; `where` it was found is told when it is none. Raises KeyRefused."""
        try:
            key = bytes.fromhex(text.strip().removeprefix("0x"))
        except ValueError:
            raise KeyRefused(f"{where} holds no hexadecimal key") from None
        if len(key) != PRIVATE_KEY_BYTES:
            raise KeyRefused(f"{where} holds {len(key)} bytes, a key has 32")
        return cls(key, only_chain_id=only_chain_id)

    @classmethod
    def from_keystore(cls, path: Path, password: str) -> LocalSigner:
        """Decrypt a keystore of version 3, as wallets and `geth account` write it. Raises
        KeyRefused."""
        try:
            key = bytes(Account.decrypt(path.read_text(), password))
        except OSError as error:
            raise KeyRefused(f"keystore {path} cannot be read. Next: check the path") from error
        except (ValueError, TypeError, KeyError, NotImplementedError) as error:
            # What they say may quote the file.
            wrong = "MAC mismatch" in str(error)
            raise KeyRefused(
                f"the password does not open keystore {path}. Next: try again"
                if wrong
                else f"{path} is no keystore of version 3. Next: give the wallet's own file"
            ) from None
        return cls(key)

    @property
    def address(self) -> Address:
        return self._address

    def sign_preimage(self, preimage: bytes, *, chain_id: int) -> bytes:
        return self.sign_digest(keccak256(preimage), chain_id=chain_id)

    def sign_digest(self, digest: bytes, *, chain_id: int) -> bytes:
        """65 bytes r, s, v over an EIP-712 digest made for `chain_id`. Raises KeyRefused."""
        assert len(digest) == DIGEST_BYTES
        self.admit(chain_id)
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:-1] + bytes([signature[-1] + RECOVERY_OFFSET])

    def admit(self, chain_id: int) -> None:
        if self._only_chain_id is not None and chain_id != self._only_chain_id:
            raise KeyRefused(
                f"a public development key would sign for chain {chain_id}. "
                "Next: give a key file of your own"
            )


def address_of_key(key: coincurve.PublicKey) -> Address:
    """The account of a public key."""
    return address_from_bytes(keccak256(key.format(compressed=False)[1:])[12:])


def read_private(path: Path, what: str) -> str:
    """A file that only its owner can read. Raises KeyRefused."""
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"{what} {path} cannot be read. Next: check the path") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{what} {path} is open to others. Next: chmod 600 {path}")
    return text


def _dynamic_fee_fields(transaction: Mapping[str, Any]) -> list[Any]:
    """What is signed of a transaction, in the order of EIP-1559."""
    to, data = transaction.get("to"), transaction["data"]
    return [
        int(transaction["chainId"]),
        int(transaction["nonce"]),
        int(transaction["maxPriorityFeePerGas"]),
        int(transaction["maxFeePerGas"]),
        int(transaction["gas"]),
        b"" if to is None else address_bytes(Address(to)),
        int(transaction["value"]),
        bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else bytes(data),
        [],
    ]


@cache
def _development_seed() -> bytes:
    # Two thousand rounds of key stretching: once is enough.
    return bytes(seed_from_mnemonic(DEVELOPMENT_MNEMONIC, passphrase=""))


@cache
def dev_signer(index: int) -> LocalSigner:
    """The development account at `index`; it signs for chain 31337 alone."""
    key = key_from_seed(_development_seed(), DEVELOPMENT_PATH.format(index=index))
    return LocalSigner(bytes(key), only_chain_id=DEVELOPMENT_CHAIN_ID)


def dev_signers(count: int, *, chain_id: int = DEVELOPMENT_CHAIN_ID) -> tuple[LocalSigner, ...]:
    """The first `count` development accounts. Raises KeyRefused off the development chain."""
    if chain_id != DEVELOPMENT_CHAIN_ID:
        raise KeyRefused(
            f"the development keys are public and chain {chain_id} is not the development chain. "
            "Next: give a key file of your own"
        )
    return tuple(dev_signer(index) for index in range(count))
