"""A key that a remote signer keeps: web3signer in its `eth1` mode, or what speaks like it.

`POST /api/v1/eth1/sign/{public key}` signs keccak256 of the `data` it is given, without a prefix
(its source: CredentialSigner over web3j's Sign.signMessage). So it is given what would be hashed:
the 66 bytes of EIP-712, or a transaction without its signature. A digest given as data would be
hashed once more. Its `eth_signTypedData` is not used: it wants all of the JSON, and hashes by rules
of its own.
"""

from __future__ import annotations

import string
from typing import Any, Final

import coincurve
import httpx

from chain.client.errors import KeyRefused, SignerAway
from chain.client.signer import RECOVERY_OFFSET, Signer, address_of_key
from chain.ledger.identifiers import Address
from chain.ledger.keccak import keccak256

# Below the time for which others wait for the outbox, whose lock is held while a relay signs.
ANSWER_SECONDS: Final = 10.0
SIGNATURE_BYTES: Final = 65
PUBLIC_KEY_BYTES: Final = 64
KEYS_MAX: Final = 10_000
ANSWER_CHARACTERS_MAX: Final = 140 * KEYS_MAX
CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class RemoteSigner(Signer):
    """One key of the signer at `url`, by its account. Nothing is asked until it is used."""

    def __init__(self, url: str, account: Address) -> None:
        self._url = url.rstrip("/")
        self._account = account
        self._identifier: str | None = None

    @property
    def address(self) -> Address:
        return self._account

    def sign_preimage(self, preimage: bytes, *, chain_id: int) -> bytes:
        """See `Signer`. What comes back is recovered before it is believed; high s is turned low.

        Raises SignerAway; KeyRefused when the signer does not hold the key.
        """
        self.admit(chain_id)
        if self._identifier is None:
            self._identifier = self._find()
        text = self._ask(
            "POST", f"/api/v1/eth1/sign/{self._identifier}", json={"data": "0x" + preimage.hex()}
        )
        signature = _octets(text.strip())
        if len(signature) != SIGNATURE_BYTES:
            raise SignerAway(self._url, "what it answers is no signature")
        return self._believed(_low(signature), keccak256(preimage))

    def _believed(self, signature: bytes, digest: bytes) -> bytes:
        compact = signature[:64] + bytes([signature[64] - RECOVERY_OFFSET])
        try:
            key = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
        except ValueError as error:
            raise SignerAway(self._url, "its signature recovers to no key") from error
        found = address_of_key(key)
        if found != self._account:
            raise SignerAway(self._url, f"it signed as {found}, not as {self._account}")
        return signature

    def _find(self) -> str:
        """The public key by which the signer knows the account."""
        listed = self._ask("GET", "/api/v1/eth1/publicKeys")
        for word in listed.replace('"', " ").replace(",", " ").strip("[] \n").split()[:KEYS_MAX]:
            key = _octets(word)
            if len(key) == PUBLIC_KEY_BYTES and _account_of(key) == self._account:
                return "0x" + key.hex()
        raise KeyRefused(
            f"the signer at {self._url} does not hold the key of {self._account}. "
            "Next: load it there, or correct the account"
        )

    def _ask(self, method: str, path: str, **how: Any) -> str:
        try:
            with (
                httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client,
                client.stream(method, self._url + path, **how) as answer,
            ):
                body = b""
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > ANSWER_CHARACTERS_MAX:
                        raise SignerAway(self._url, "it answers without end")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SignerAway(self._url, type(error).__name__) from error
        if answer.status_code != httpx.codes.OK:
            raise SignerAway(self._url, f"status {answer.status_code}")
        return body.decode("ascii", "replace")


def _low(signature: bytes) -> bytes:
    """The same signature with s in the lower half (EIP-2) and v of 27 or 28."""
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    odd = v in (1, RECOVERY_OFFSET + 1)
    if s > CURVE_ORDER // 2:
        s, odd = CURVE_ORDER - s, not odd
    return signature[:32] + s.to_bytes(32, "big") + bytes([RECOVERY_OFFSET + odd])


def _octets(word: str) -> bytes:
    digits = word.removeprefix("0x")
    if len(digits) % 2 or not set(digits) <= set(string.hexdigits):
        return b""
    return bytes.fromhex(digits)


def _account_of(public_key: bytes) -> Address:
    try:
        return address_of_key(coincurve.PublicKey(b"\x04" + public_key))
    except ValueError:
        return Address("")
