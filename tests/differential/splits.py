"""Random new splits of a RoyaltyLedger's works: proposed, answered, overruled, enacted."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from eth_abi.abi import encode

from chain.ledger.identifiers import Address, WorkId, address_bytes
from chain.ledger.keccak import keccak256
from chain.ledger.rights import Share, Split
from tests.differential.around import OUTSIDERS, STEWARD

if TYPE_CHECKING:
    from tests.differential.royalties import Royalties

Table = tuple[tuple[Address, int], ...]
OBJECTION_SECONDS: Final = 7 * 24 * 60 * 60
# More would only make the comparisons slower.
VERSIONS_MAX: Final = 5
COMMUNITY: Final = 7


class Splits:
    """The controllers of one ledger's works and their payees."""

    def __init__(self, pair: Royalties) -> None:
        self._pair = pair
        self._machine = pair.machine

    def first(self, work: WorkId, random: Random) -> None:
        version = self._pair.act("setSplit", work, self.draw(random), sender=STEWARD)
        self._machine.agree("the first version", 1, version)

    def anew(self, work: WorkId, random: Random) -> None:
        """A proposal from beginning to end; one that somebody objected to may come to nothing."""
        pair, machine = self._pair, self._machine
        version = pair.book.split_count(work)
        if version == VERSIONS_MAX:
            return
        shares, present = self.draw(random), pair.shares(work, version)
        proposed = split_of(shares).hash()
        told = pair.act("proposeSplit", work, shares, sender=STEWARD)
        machine.agree("the version proposed", version + 1, told)
        enactable_from = machine.now + OBJECTION_SECONDS
        place = {"workId": work, "version": version + 1}
        pair.must_tell("SplitProposed", **place, enactableFrom=enactable_from)
        self._expect_proposal(work, proposed, enactable_from, 0, len(present))
        self._answer_wrongly(work, proposed, present, version)
        enacted = (work, shares, pair.vectors[work].encode())
        # A contract sends no transactions of its own, so that one never answers.
        people = [payee for payee, _ in present if payee != pair.rejecting.address]
        objected = bool(people) and random.random() < 0.3
        if objected:
            objector = random.choice(people)
            pair.act("objectToSplit", work, proposed, present, sender=objector)
            pair.must_tell("SplitObjected", **place, payee=objector)
        if len(people) == len(present) and random.random() < 0.5:
            consents = 0
            for at, (payee, _) in enumerate(present):
                self._refuse("SplitTooEarly", (work, enactable_from), "enactSplit", enacted)
                pair.act("consentToSplit", work, proposed, present, sender=payee)
                pair.must_tell("SplitConsented", **place, payee=payee)
                consents |= 1 << at
                self._expect_proposal(
                    work, proposed, enactable_from, consents, len(present), objected
                )
        else:
            machine.wait(OBJECTION_SECONDS - 1)
            self._refuse("SplitTooEarly", (work, enactable_from), "enactSplit", enacted)
            machine.wait(1)
            if people:
                late = (work, proposed, present)
                values = (work, enactable_from)
                pair.refuse("ObjectionTooLate", values, "objectToSplit", late, people[0])
            if objected and not self._is_overruled(work, version + 1, proposed, enacted, random):
                return
        told = pair.act("enactSplit", *enacted, sender=STEWARD)
        machine.agree("the version enacted", version + 1, told)
        self._refuse("ProposalMismatch", (work,), "enactSplit", enacted)
        self._join(work, 0, 0)

    def draw(self, random: Random) -> Table:
        payees = self._pair.payees
        count = random.randint(1, len(payees))
        chosen = sorted(random.sample(payees, count), key=address_bytes)
        cuts = sorted(random.sample(range(1, 10_000), count - 1))
        bounds = [0, *cuts, 10_000]
        return tuple((payee, bounds[at + 1] - bounds[at]) for at, payee in enumerate(chosen))

    def _answer_wrongly(self, work: WorkId, proposed: bytes, present: Table, version: int) -> None:
        """Whoever answers names what is proposed and the split in force, and is one of its payees;
        another split is enacted by nobody."""
        refuse = self._pair.refuse
        outsider = OUTSIDERS[0]
        own = ((outsider, 10_000),)
        other = bytes(keccak256(proposed))
        for answer in ("consentToSplit", "objectToSplit"):
            strange = (work, proposed, present)
            refuse("NotAPayee", (outsider,), answer, strange, outsider)
            refuse("SplitMismatch", (work, version), answer, (work, proposed, own), outsider)
            refuse("ProposalMismatch", (work,), answer, (work, other, present), outsider)
        enacted = (work, own, self._pair.vectors[work].encode())
        self._refuse("ProposalMismatch", (work,), "enactSplit", enacted)

    def _is_overruled(
        self, work: WorkId, version: int, proposed: bytes, enacted: tuple[Any, ...], random: Random
    ) -> bool:
        """An objection stands unless elders who have a say decided for this very split."""
        contested = ("SplitContested", (work, version), "enactSplit", enacted)
        self._refuse(*contested)
        ledger = self._pair.ledger
        enact = ledger.interface.functions["enactSplit"].selector
        types = ["bytes4", "uint256", "address", "uint64", "uint32", "bytes32"]
        told = [enact, self._machine.chain_id, ledger.address, work, version, proposed]
        decision = bytes(keccak256(encode(types, told)))
        digest = int.from_bytes(decision, "big")
        self._machine.expect(ledger, "splitDecision", (work, version, proposed), digest)
        decided = ("isDecided(uint32,bytes32)", (COMMUNITY, decision))
        self._pair.consents.say(*decided, 0)
        self._join(work, COMMUNITY, 2)
        self._refuse(*contested)
        self._pair.consents.say(*decided, 1)
        # Where no approvals are asked for, the steward would decide alone.
        self._join(work, COMMUNITY, 0)
        self._refuse(*contested)
        self._join(work, 0, 2)
        self._refuse(*contested)
        if random.random() < 0.5:
            return False
        self._join(work, COMMUNITY, 2)
        return True

    def _join(self, work: WorkId, community: int, approvals: int) -> None:
        """The work's community, and how many of its elders have to agree."""
        self._pair.works.say("workOf(uint64)", (work,), community, 1, 1, work)
        for number, needed in ((community, approvals), (0, 2)):
            known = (int(STEWARD, 16), needed, 3, 1, 0)
            self._pair.consents.say("communityOf(uint32)", (number,), *known)

    def _expect_proposal(
        self,
        work: WorkId,
        proposed: bytes,
        enactable_from: int,
        consents: int,
        payees: int,
        objected: bool = False,
    ) -> None:
        stored = int.from_bytes(proposed[:28].ljust(32, b"\0"), "big")
        is_unanimous = consents == (1 << payees) - 1
        told = (stored, enactable_from, consents, int(is_unanimous), int(objected))
        self._machine.expect(self._pair.ledger, "proposalOf", (work,), *told)

    def _refuse(self, *refused: Any) -> None:
        self._pair.refuse(*refused, STEWARD)


def split_of(shares: Table) -> Split:
    return Split(tuple(Share(payee, bps) for payee, bps in shares))
