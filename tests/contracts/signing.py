"""EIP-712 words signed by a node's key, independent of the code under test: eth_account encodes."""

from __future__ import annotations

from typing import Any, NamedTuple

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from tests.contracts.rights import FOREVER, ZERO

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

TYPES = {
    "LicenceVoucher": "uint64 workId,bytes32 termsHash,address holder,uint32 count,"
    "uint40 deadline,uint256 nonce",
    "LicenceOrder": "uint64 workId,bytes32 termsHash,address holder,uint128 maxPrice,"
    "uint32 maxShare,uint40 deadline,uint256 nonce",
    "ElderApproval": "address elder,uint64 workId,uint8 tier,uint48 offer,bytes32 termsHash,"
    "bool reaffirms,uint256 nonce,uint256 deadline",
    "DecisionApproval": "uint32 communityId,bytes32 decisionHash,address elder,uint256 nonce,"
    "uint256 deadline",
    "CancelAuthorization": "address authorizer,bytes32 nonce",
    "ReceiveWithAuthorization": "address from,address to,uint256 value,uint256 validAfter,"
    "uint256 validBefore,bytes32 nonce",
}
NAMES = {
    "LicenceRegistry": "Antiphon Licence Registry",
    "ConsentRegistry": "Antiphon Consent Registry",
    "DevStablecoin": "Antiphon Dev Dollar",
}


class Authorization(NamedTuple):
    """The fields of the `Authorization` struct, in its order."""

    valid_after: int
    valid_before: int
    nonce: bytes
    v: int
    r: bytes
    s: bytes


class Voucher(NamedTuple):
    """The fields of the `LicenceVoucher` struct, in its order."""

    work: int
    terms_hash: bytes
    holder: str = ZERO
    count: int = 1
    deadline: int = FOREVER
    nonce: int = 7


class Order(NamedTuple):
    """The fields of the `LicenceOrder` struct, in its order."""

    work: int
    terms_hash: bytes
    holder: str
    max_price: int
    max_share: int = 0
    deadline: int = FOREVER
    nonce: int = 9


class ElderApproval(NamedTuple):
    """The fields of the `ElderApproval` struct, in its order."""

    elder: str
    work: int
    tier: int
    offer: int
    terms_hash: bytes
    reaffirms: bool = False
    nonce: int = 3
    deadline: int = FOREVER


class DecisionApproval(NamedTuple):
    """The arguments of `approveDecisionSigned`, in their order."""

    community: int
    decision_hash: bytes
    elder: str
    nonce: int = 4
    deadline: int = FOREVER


def typed_data(contract: Any, kind: str, values: Any, *, chain_id: int, **domain: Any) -> Any:
    """The words as a wallet would be shown them; `domain` overrides where they hold."""
    fields = [{"type": part.split()[0], "name": part.split()[1]} for part in TYPES[kind].split(",")]
    given = {
        "name": NAMES[contract._name],
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": str(contract.address),
    }
    message = {
        field["name"]: str(value) if field["type"] == "address" else value
        for field, value in zip(fields, values, strict=True)
    }
    return encode_typed_data({**given, **domain}, {kind: fields}, message)


def digest_of(signable: Any) -> bytes:
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))


def sign(key: bytes, signable: Any) -> bytes:
    """65 bytes: r, s, v."""
    return bytes(Account.sign_message(signable, key).signature)


def sign_for_wallet(key: bytes, wallet: Any, signable: Any) -> bytes:
    """A keeper's signature for its SignerWallet."""
    hashed = keccak(bytes(12) + bytes.fromhex(str(wallet.address)[2:]) + digest_of(signable))
    return bytes(Account.unsafe_sign_hash(hashed, key).signature)


def mirrored(signature: bytes) -> bytes:
    """The other signature of the same words by the same key, which has to be refused."""
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
