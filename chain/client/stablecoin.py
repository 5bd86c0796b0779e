"""An ERC-20 payment token with ERC-2612 permits; `mint` exists on the development coin alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.errors import AnswerMalformed
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, Digest
from chain.ledger.keccak import keccak256
from chain.ledger.money import Currency
from chain.ledger.words import SigningDomain, address_word, uint_word

PERMIT_TYPE: Final = (
    b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
RECEIVE_TYPE: Final = (
    b"ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
    b"uint256 validBefore,bytes32 nonce)"
)


@dataclass(frozen=True)
class Authorization:
    """An ERC-3009 authorization for a contract to take an amount between two Unix times."""

    valid_after: int
    valid_before: int
    nonce: Digest
    v: int
    r: bytes
    s: bytes

    def as_tuple(self) -> tuple[int, int, bytes, int, bytes, bytes]:
        return (self.valid_after, self.valid_before, self.nonce, self.v, self.r, self.s)


@dataclass(frozen=True)
class Permit:
    """An ERC-2612 permission. `NO_PERMIT` says that the allowance is there already."""

    value: int
    deadline: int
    v: int
    r: bytes
    s: bytes

    def as_tuple(self) -> tuple[int, int, int, bytes, bytes]:
        return (self.value, self.deadline, self.v, self.r, self.s)


NO_PERMIT: Final = Permit(0, 0, 0, bytes(32), bytes(32))


class Stablecoin(Contract):
    """The token's own money functions. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "DevStablecoin"

    def currency(self, *, at: BlockPin) -> Currency:
        symbol, decimals = self.read_many([("symbol", ()), ("decimals", ())], at=at)
        return Currency(self.address, symbol, decimals)

    def balance_of(self, account: Address, *, at: BlockPin) -> int:
        return int(self._read("balanceOf", account, at=at))

    def allowance(self, owner: Address, spender: Address, *, at: BlockPin) -> int:
        return int(self._read("allowance", owner, spender, at=at))

    def permit_nonce(self, owner: Address, *, at: BlockPin) -> int:
        return int(self._read("nonces", owner, at=at))

    def mint(self, to: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        """Make money out of nothing; the development coin alone can."""
        return self._write("mint", to, amount, signer=signer)

    def approve(self, spender: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        return self._write("approve", spender, amount, signer=signer)

    def transfer(self, to: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        return self._write("transfer", to, amount, signer=signer)

    def sign_permit(
        self,
        spender: Address,
        value: int,
        deadline: int,
        *,
        at: BlockPin,
        signer: LocalSigner,
    ) -> Permit:
        """Sign a permission for `spender` with the nonce that holds at a block.

        `deadline` is in Unix seconds. Sends nothing. Raises AnswerMalformed when the token signs
        in another domain than its ERC-5267 answer says.
        """
        domain = self._domain(at)
        nonce = self.permit_nonce(signer.address, at=at)
        struct = (
            keccak256(PERMIT_TYPE)
            + address_word(signer.address)
            + address_word(spender)
            + uint_word(value)
            + uint_word(nonce)
            + uint_word(deadline)
        )
        digest = domain.digest(Digest(keccak256(struct)))
        signature = signer.sign_digest(digest, chain_id=domain.chain_id)
        return Permit(value, deadline, signature[64], signature[:32], signature[32:64])

    def sign_authorization(
        self,
        to: Address,
        value: int,
        nonce: Digest,
        *,
        valid_before: int,
        at: BlockPin,
        signer: LocalSigner,
    ) -> Authorization:
        """Sign that the contract `to` may take `value` once, under a nonce that says what for.

        Sends nothing. Raises AnswerMalformed as `sign_permit`.
        """
        domain = self._domain(at)
        struct = (
            keccak256(RECEIVE_TYPE)
            + address_word(signer.address)
            + address_word(to)
            + uint_word(value)
            + uint_word(0)
            + uint_word(valid_before)
            + nonce
        )
        digest = domain.digest(Digest(keccak256(struct)))
        signature = signer.sign_digest(digest, chain_id=domain.chain_id)
        r, s = signature[:32], signature[32:64]
        return Authorization(0, valid_before, nonce, signature[64], r, s)

    def _domain(self, at: BlockPin) -> SigningDomain:
        answer, separator = self.read_many([("eip712Domain", ()), ("DOMAIN_SEPARATOR", ())], at=at)
        _, name, version, chain_id, contract, _, _ = answer
        domain = SigningDomain(name, version, chain_id, Address(contract))
        if domain.separator() != separator:
            raise AnswerMalformed("the token's signing domain", "its separator differs")
        return domain
