"""Keys that sign transactions and typed data in this process.

The development keys are public; they sign for the development chain and for no other.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey

from chain.client.errors import KeyRefused
from chain.ledger.identifiers import Address

DEVELOPMENT_CHAIN_ID: Final = 31337
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"
DEVELOPMENT_PATH: Final = "m/44'/60'/0'/0/{index}"
PRIVATE_KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 32
RECOVERY_OFFSET: Final = 27


class LocalSigner:
    """An account whose key is in memory. With `only_chain_id` it signs for that chain alone."""

    def __init__(self, key: bytes, *, only_chain_id: int | None = None) -> None:
        """Raises KeyRefused when `key` is no private key."""
        try:
            self._account: LocalAccount = Account.from_key(key)
        except (ValueError, TypeError) as error:
            # The cause may quote the key, so it is not chained.
            del error
            raise KeyRefused("this is no private key: 32 bytes in hexadecimal are") from None
        self._only_chain_id = only_chain_id

    @classmethod
    def from_file(cls, path: Path) -> LocalSigner:
        """Read a key file that only its owner can read. Raises KeyRefused."""
        try:
            mode = path.stat().st_mode
            text = path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused(f"key file {path} cannot be read. Next: check the path") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRefused(f"key file {path} is open to others. Next: chmod 600 {path}")
        try:
            key = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise KeyRefused(f"key file {path} holds no hexadecimal key") from None
        if len(key) != PRIVATE_KEY_BYTES:
            raise KeyRefused(f"key file {path} holds {len(key)} bytes, a key has 32")
        return cls(key)

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
        return Address(self._account.address)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Raw signed bytes and their hash. Raises KeyRefused for a chain this key is not for."""
        self._admit(int(transaction["chainId"]))
        signed = self._account.sign_transaction(dict(transaction))
        return bytes(signed.raw_transaction), bytes(signed.hash)

    def sign_typed_data(self, message: Mapping[str, Any]) -> bytes:
        """65 bytes r, s, v over EIP-712 data with `domain`, `types`, `primaryType`, `message`.

        Raises KeyRefused for a domain of a chain this key is not for.
        """
        self._admit(int(message["domain"]["chainId"]))
        signable = encode_typed_data(full_message=dict(message))
        return bytes(self._account.sign_message(signable).signature)

    def sign_digest(self, digest: bytes, *, chain_id: int) -> bytes:
        """65 bytes r, s, v over an EIP-712 digest made for `chain_id`. Raises KeyRefused."""
        assert len(digest) == DIGEST_BYTES
        self._admit(chain_id)
        signature = PrivateKey(bytes(self._account.key)).sign_msg_hash(digest).to_bytes()
        return signature[:-1] + bytes([signature[-1] + RECOVERY_OFFSET])

    def _admit(self, chain_id: int) -> None:
        if self._only_chain_id is not None and chain_id != self._only_chain_id:
            raise KeyRefused(
                f"a public development key would sign for chain {chain_id}. "
                "Next: give a key file of your own"
            )

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"


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
