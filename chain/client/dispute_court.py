"""DisputeCourt: disputes about one payee's share of a work, and the freezes that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from chain.client.blocks import BlockPin, Call, Receipt
from chain.client.contract import Contract
from chain.client.errors import AnswerMalformed, ContractRefused, RpcRefused
from chain.client.interfaces import interface
from chain.client.royalty_ledger import shares_list
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.rights import Split

# The contract's own constants: they never change, and a test compares them.
_DAY: Final = 24 * 3600
ANSWER_SECONDS: Final = 14 * _DAY
PAYEES_SECONDS: Final = ANSWER_SECONDS // 3
RULING_SECONDS: Final = 30 * _DAY
FREEZE_SECONDS_MAX: Final = 90 * _DAY


class CaseStatus(IntEnum):
    """Where a case is; from DISMISSED on it is over."""

    NONE = 0
    OPEN = 1
    ANSWERED = 2
    UPHELD = 3
    DISMISSED = 4
    LAPSED = 5
    RELEASED = 6


class Ruling(IntEnum):
    """What an arbiter says of a case."""

    NONE = 0
    UPHELD = 1
    DISMISSED = 2


@dataclass(frozen=True)
class Matter:
    """What a case is about; its id is the hash of this."""

    disputer: Address
    work_id: WorkId
    payee: Address
    evidence: Digest

    def abi(self) -> tuple[Address, int, Address, bytes]:
        return (self.disputer, self.work_id, self.payee, self.evidence)


@dataclass(frozen=True)
class Case:
    """`opened_at` is in Unix seconds; `bond`, in base units, is what each side puts up."""

    status: CaseStatus
    opened_at: int
    bond: int
    arbiter: Address
    defender: Address


class DisputeCourt(Contract):
    """Every write raises ContractRefused."""

    NAME: ClassVar[str] = "DisputeCourt"

    def open(
        self,
        work_id: WorkId,
        payee: Address,
        evidence: Digest,
        latest_split: Split | None,
        bond_max: int,
        *,
        signer: LocalSigner,
    ) -> Matter:
        """Dispute a payee's share; the court must have the allowance for the bond."""
        shares = shares_list(latest_split) if latest_split else []
        self._write("open", work_id, payee, evidence, shares, bond_max, signer=signer)
        return Matter(signer.address, work_id, payee, evidence)

    def answer(self, matter: Matter, evidence: Digest, *, signer: LocalSigner) -> Receipt:
        """Bond against a case: the payee, and after the first third of the time anybody."""
        return self._write("answer", matter.abi(), evidence, signer=signer)

    def give_evidence(self, matter: Matter, evidence: Digest, *, signer: LocalSigner) -> Receipt:
        return self._write("giveEvidence", matter.abi(), evidence, signer=signer)

    def rule(self, matter: Matter, *, signer: LocalSigner) -> Receipt:
        """Take over what the arbiter ruled; anybody may."""
        return self._write("rule", matter.abi(), signer=signer)

    def concede(self, matter: Matter, *, signer: LocalSigner) -> Receipt:
        return self._write("concede", matter.abi(), signer=signer)

    def lapse(self, matter: Matter, *, signer: LocalSigner) -> Receipt:
        return self._write("lapse", matter.abi(), signer=signer)

    def release(self, matter: Matter, *, signer: LocalSigner) -> Receipt:
        return self._write("release", matter.abi(), signer=signer)

    def collect(self, account: Address, *, signer: LocalSigner) -> Receipt:
        """Pay an account the bonds it is owed; anybody may sign."""
        return self._write("collect", account, signer=signer)

    def case_of(self, matter: Matter, *, at: BlockPin) -> Case:
        """Raises ContractRefused (CaseUnknown)."""
        case_id = self._read("caseIdOf", matter.abi(), at=at)
        found = self._read("caseOf", case_id, at=at)
        return Case(
            CaseStatus(found["status"]),
            found["openedAt"],
            found["bond"],
            Address(found["arbiter"]),
            Address(found["defender"]),
        )

    def is_frozen(self, work_id: WorkId, payee: Address, *, at: BlockPin) -> bool:
        return bool(self._read("isFrozen", work_id, payee, at=at))

    def frozen_until(self, work_id: WorkId, payee: Address, *, at: BlockPin) -> int:
        """When the share is free again as things stand, Unix time; in the past when it is."""
        return int(self._read("frozenUntil", work_id, payee, at=at))

    def bond_for(
        self, work_id: WorkId, payee: Address, latest_split: Split | None, *, at: BlockPin
    ) -> int:
        """Base units of the bond of a case opened in that block."""
        shares = shares_list(latest_split) if latest_split else []
        return int(self._read("bondFor", work_id, payee, shares, at=at))

    def owed_to(self, account: Address, *, at: BlockPin) -> int:
        return int(self._read("owedTo", account, at=at))

    def bond_token(self, *, at: BlockPin) -> Address:
        """The currency of all bonds."""
        return Address(self._read("bondToken", at=at))

    def ruling_of(
        self, arbiter: Address, case_id: Digest, community_id: CommunityId, *, at: BlockPin
    ) -> Ruling:
        """What the arbiter would tell the court now. One that fails has not ruled."""
        asked = interface("ElderArbiter").functions["rulingOf"]
        call = Call(arbiter, asked.call_data((case_id, community_id)))
        try:
            # Arbiters keep the rulings of each court apart, and go by who asks.
            return Ruling(asked.result(self.node.call(call, at=at, sender=self.address)))
        except (ContractRefused, RpcRefused, AnswerMalformed, ValueError):
            return Ruling.NONE
