"""ERC-2612 permits, signed as a wallet signs them."""

from __future__ import annotations

from typing import Any, NamedTuple

from eth_account import Account

# The development node's accounts; their keys are public knowledge.
MNEMONIC = "test test test test test test test test test test test junk"
ACCOUNTS = 31

Account.enable_unaudited_hdwallet_features()


class Permit(NamedTuple):
    """What `takeLicence` wants; `deadline` zero means that there is none."""

    value: int = 0
    deadline: int = 0
    v: int = 0
    r: bytes = bytes(32)
    s: bytes = bytes(32)


NO_PERMIT = Permit()


def key_of(index: int) -> bytes:
    """The private key of the node's account number `index`."""
    path = f"m/44'/60'/0'/0/{index}"
    return bytes(Account.from_mnemonic(MNEMONIC, account_path=path).key)


def sign_permit(
    token: Any,
    *,
    key: bytes,
    spender: str,
    value: int,
    deadline: int,
    chain_id: int,
    nonce: int | None = None,
    owner: str | None = None,
) -> Permit:
    """A permit of `owner`, by default the key's own account; `nonce` is the next by default."""
    signer = Account.from_key(key).address
    holder = owner or signer
    signed = Account.sign_typed_data(
        key,
        domain_data={
            "name": token.name(),
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": str(token.address),
        },
        message_types={
            "Permit": [
                {"name": "owner", "type": "address"},
                {"name": "spender", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ]
        },
        message_data={
            "owner": holder,
            "spender": str(spender),
            "value": value,
            "nonce": token.nonces(holder) if nonce is None else nonce,
            "deadline": deadline,
        },
    )
    return Permit(
        value, deadline, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    )
