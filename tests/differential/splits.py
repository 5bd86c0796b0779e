"""Random new splits of a RoyaltyLedger's works: proposed, answered, overruled, enacted."""

from __future__ import annotations

import itertools
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
        # Works that take the place of others; none of them is a work of the ledger's.
        self._successors = itertools.count(1_000_000)

    def first(self, work: WorkId, random: Random) -> None:
        """Set by the controller; where elders have a say, after they decided on just that."""
        shares = self.draw(random)
        if random.random() < 0.5:
            decision = self._decision(work, 1, split_of(shares).hash())
            decided = ("isDecided(uint32,bytes32)", (COMMUNITY, decision))
            self._join(work, COMMUNITY, 2)
            self._pair.consents.say(*decided, 0)
            values = (work, COMMUNITY, decision)
            self._refuse("SplitNotDecided", values, "setSplit", (work, shares))
            if random.random() < 0.5:
                self._pair.consents.say(*decided, 1)
            else:
                self._join(work, COMMUNITY, 0)
        version = self._pair.act("setSplit", work, shares, sender=STEWARD)
        self._machine.agree("the first version", 1, version)
        self._join(work, 0, 0)

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
        pair.must_tell(
            "SplitProposed", workId=work, version=version + 1, enactableFrom=enactable_from
        )
        enacted = (work, shares, pair.vectors[work].encode())
        last = LastWords(pair, work, version, proposed, present, enactable_from)
        last.expect()
        self._answer_wrongly(work, proposed, present, version)
        people = last.people
        early = ("SplitTooEarly", (work, enactable_from), "enactSplit", enacted)
        for payee in random.choices(people, k=random.randrange(5)) if people else ():
            last.say(payee, random.random() < 0.6)
            if not last.is_unanimous:
                self._refuse(*early)
        if len(people) == len(present) and random.random() < 0.5:
            for payee, _ in present:
                last.say(payee, True)
        if not last.is_unanimous:
            machine.wait(OBJECTION_SECONDS - 1)
            self._refuse(*early)
            machine.wait(1)
            if people:
                late = (work, proposed, present)
                values = (work, enactable_from)
                pair.refuse("ObjectionTooLate", values, "objectToSplit", late, people[0])
            for payee in last.objectors:
                if random.random() < 0.3:
                    last.say(payee, True)
            if last.objectors and not self._is_overruled(
                work, version + 1, proposed, enacted, random
            ):
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
        """An objection stands unless elders who have a say decided for this very split, or the
        work was displaced since the present one began."""
        contested = ("SplitContested", (work, version), "enactSplit", enacted)
        self._refuse(*contested)
        decision = self._decision(work, version, proposed)
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
        outcome = random.randrange(3)
        if outcome == 0:
            by = next(self._successors)
            self._pair.works.say("displacedBy(uint64)", (work,), by)
        elif outcome == 1:
            self._join(work, COMMUNITY, 2)
        return outcome < 2

    def _decision(self, work: WorkId, version: int, proposed: bytes) -> bytes:
        ledger = self._pair.ledger
        enact = ledger.interface.functions["enactSplit"].selector
        types = ["bytes4", "uint256", "address", "uint64", "uint32", "bytes32"]
        told = [enact, self._machine.chain_id, ledger.address, work, version, proposed]
        decision = bytes(keccak256(encode(types, told)))
        digest = int.from_bytes(decision, "big")
        self._machine.expect(ledger, "splitDecision", (work, version, proposed), digest)
        return decision

    def _join(self, work: WorkId, community: int, approvals: int) -> None:
        """The work's community, and how many of its elders have to agree."""
        self._pair.works.say("communityIdOf(uint64)", (work,), community)
        for number, needed in ((community, approvals), (0, 2)):
            known = (int(STEWARD, 16), needed, 3, 1, 0)
            self._pair.consents.say("communityOf(uint32)", (number,), *known)

    def _refuse(self, *refused: Any) -> None:
        self._pair.refuse(*refused, STEWARD)


class LastWords:
    """What the present payees of a work say to a proposal: the last word of each counts."""

    def __init__(
        self,
        pair: Royalties,
        work: WorkId,
        version: int,
        proposed: bytes,
        present: Table,
        enactable_from: int,
    ) -> None:
        self._pair = pair
        self._work, self._version, self._proposed = work, version, proposed
        self._present = present
        self._enactable_from = enactable_from
        self._words: dict[Address, bool] = {}

    @property
    def people(self) -> list[Address]:
        """Who may answer: a contract sends no transactions of its own, so that one never does."""
        return [payee for payee, _ in self._present if payee != self._pair.rejecting.address]

    @property
    def is_unanimous(self) -> bool:
        return len(self._words) == len(self._present) and all(self._words.values())

    @property
    def objectors(self) -> list[Address]:
        return [payee for payee in self.people if self._words.get(payee) is False]

    def say(self, payee: Address, is_yes: bool) -> None:
        answer, event = (
            ("consentToSplit", "SplitConsented") if is_yes else ("objectToSplit", "SplitObjected")
        )
        self._pair.act(answer, self._work, self._proposed, self._present, sender=payee)
        self._pair.must_tell(event, workId=self._work, version=self._version + 1, payee=payee)
        self._words[payee] = is_yes
        self.expect()

    def expect(self) -> None:
        stored = int.from_bytes(self._proposed[:28].ljust(32, b"\0"), "big")
        consents, objections = (
            sum(
                1 << at
                for at, (payee, _) in enumerate(self._present)
                if self._words.get(payee) is said
            )
            for said in (True, False)
        )
        told = (stored, self._enactable_from, consents, objections, int(self.is_unanimous))
        self._pair.machine.expect(self._pair.ledger, "proposalOf", (self._work,), *told)


def split_of(shares: Table) -> Split:
    return Split(tuple(Share(payee, bps) for payee, bps in shares))
