"""RoyaltyLedger: the direct lane, paying a work's payees at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, Digest, WorkId
from chain.ledger.rights import Split


@dataclass(frozen=True)
class Flow:
    """Base units paid for a derivative, and how much of them was passed on."""

    gross: int
    settled: int


@dataclass(frozen=True)
class SplitProposal:
    """A split that is to be the next; `enactable_from` is when the time to object is over.

    `consents` and `objections` have a bit for each present payee, by its place in the split: the
    last word of each counts.
    """

    split_hash: bytes
    enactable_from: int
    consents: int
    objections: int
    is_unanimous: bool


def shares_list(split: Split) -> list[tuple[str, int]]:
    """A split in the form of the contract's Share[]."""
    return [(share.payee, share.bps) for share in split.shares]


class RoyaltyLedger(Contract):
    """Payments and payouts, exact to the numerator. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "RoyaltyLedger"

    def accept_token(self, token: Address, *, signer: LocalSigner) -> Receipt:
        return self._write("acceptToken", token, signer=signer)

    def set_split(self, work_id: WorkId, split: Split, *, signer: LocalSigner) -> Receipt:
        """Who is paid, for the first time; the version is `split_version(receipt)`. Where elders
        have a say they have made the `split_decision` of version 1 before."""
        return self._write("setSplit", work_id, shares_list(split), signer=signer)

    def propose_split(self, work_id: WorkId, split: Split, *, signer: LocalSigner) -> Receipt:
        """Put the next split forward; present payees have seven days to object."""
        return self._write("proposeSplit", work_id, shares_list(split), signer=signer)

    def consent_to_split(
        self, work_id: WorkId, proposed: Split, present: Split, *, signer: LocalSigner
    ) -> Receipt:
        """A present payee agrees, whatever it said before; when all do, nobody has to wait."""
        given = (work_id, proposed.hash(), shares_list(present))
        return self._write("consentToSplit", *given, signer=signer)

    def object_to_split(
        self, work_id: WorkId, proposed: Split, present: Split, *, signer: LocalSigner
    ) -> Receipt:
        """A present payee objects, whatever it said before; elders alone can overrule it."""
        given = (work_id, proposed.hash(), shares_list(present))
        return self._write("objectToSplit", *given, signer=signer)

    def enact_split(
        self, work_id: WorkId, split: Split, vector: bytes, *, signer: LocalSigner
    ) -> Receipt:
        """Make the proposed split the present one; `vector` settles what came in before."""
        return self._write("enactSplit", work_id, shares_list(split), vector, signer=signer)

    def split_version(self, receipt: Receipt) -> int:
        return int(self._one_event(receipt, "SplitSet")["version"])

    def pay(self, work_id: WorkId, token: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        """Pay a work in base units; the ledger must have the allowance."""
        return self._write("pay", work_id, token, amount, signer=signer)

    def settle(
        self, work_id: WorkId, token: Address, vector: bytes, *, signer: LocalSigner
    ) -> Receipt:
        """Pass a derivative's income on to its ancestors, by its encoded ancestor vector."""
        return self._write("settle", work_id, token, vector, signer=signer)

    def claim(
        self,
        work_id: WorkId,
        token: Address,
        version: int,
        split: Split,
        payee: Address,
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Pay one payee; anybody may sign, the money goes to the payee."""
        return self._write(
            "claim", work_id, token, version, shares_list(split), payee, signer=signer
        )

    def push(
        self, work_id: WorkId, token: Address, version: int, split: Split, *, signer: LocalSigner
    ) -> Receipt:
        """Pay every payee of a split version; who cannot take it delays nobody."""
        return self._write("push", work_id, token, version, shares_list(split), signer=signer)

    def set_payout_address(self, to: Address, *, signer: LocalSigner) -> Receipt:
        return self._write("setPayoutAddress", to, signer=signer)

    def flow_of(self, work_id: WorkId, token: Address, *, at: BlockPin) -> Flow:
        found = self._read("flowOf", work_id, token, at=at)
        return Flow(found["gross"], found["settled"])

    def accrued_of(self, work_id: WorkId, token: Address, *, at: BlockPin) -> int:
        """Cumulative income as a numerator of SHARE_SCALE."""
        return int(self._read("accruedOf", work_id, token, at=at))

    def split_count_of(self, work_id: WorkId, *, at: BlockPin) -> int:
        return int(self._read("splitCountOf", work_id, at=at))

    def proposal_of(self, work_id: WorkId, *, at: BlockPin) -> SplitProposal | None:
        """The split that is proposed, if one is."""
        found = self._read("proposalOf", work_id, at=at)
        if not any(found["splitHash"]):
            return None
        return SplitProposal(
            found["splitHash"],
            found["enactableFrom"],
            found["consents"],
            found["objections"],
            found["isUnanimous"],
        )

    def split_decision(
        self, work_id: WorkId, version: int, proposed: Split, *, at: BlockPin
    ) -> Digest:
        """What elders approve in the ConsentRegistry: a first split, or a later one objected to."""
        return Digest(self._read("splitDecision", work_id, version, proposed.hash(), at=at))

    def segment_start_of(
        self, work_id: WorkId, token: Address, version: int, *, at: BlockPin
    ) -> int:
        """The accrued numerator at which a split version begins."""
        return int(self._read("segmentStartOf", work_id, token, version, at=at))

    def paid_to(
        self, work_id: WorkId, token: Address, version: int, payee: Address, *, at: BlockPin
    ) -> int:
        return int(self._read("paidTo", work_id, token, version, payee, at=at))

    def due_to(
        self,
        work_id: WorkId,
        token: Address,
        version: int,
        split: Split,
        payee: Address,
        *,
        at: BlockPin,
    ) -> int:
        """Base units that `claim` would pay. Raises ContractRefused (SplitMismatch)."""
        shares = shares_list(split)
        return int(self._read("dueTo", work_id, token, version, shares, payee, at=at))

    def payout_address_of(self, payee: Address, *, at: BlockPin) -> Address:
        return Address(self._read("payoutAddressOf", payee, at=at))
