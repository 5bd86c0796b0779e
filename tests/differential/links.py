"""Random derivations: the DerivativeGraph beside `chain.ledger.vectors`, link by link."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.errors import BadLink
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import Digest, GenerationId, WorkId
from chain.ledger.rights import MAX_STACK, WorkKind
from chain.ledger.vectors import (
    ANCESTORS_MAX,
    DEPTH_MAX,
    PARENTS_MAX,
    AncestorVector,
    LicensedParent,
    depth_under,
    flatten,
)
from chain.ledger.words import uint_word
from tests.differential.around import OUTSIDERS, STEWARD, Around, must_refuse
from tests.differential.crowds import draw_crowd
from tests.differential.floors import Floors
from tests.differential.machine import Deployed, Disagreement, Machine, committed
from tests.differential.pauses import Pauses

# An episode ends when this many works exist: deeper and wider than any rule allows.
WORKS_MAX: Final = 90
_SHARE_BITS: Final = 30
# What one transaction may use (EIP-7825).
_LINK_GAS_MAX: Final = 2**24


class Links:
    """One graph that grows by random links, each compared with the model's."""

    def __init__(self, machine: Machine, around: Around, code: Interface | None = None) -> None:
        self.machine = machine
        self.around = around
        self._licences, consents, authority = (Around(machine) for _ in range(3))
        around.say("consents()", (), int(consents.address, 16))
        self.graph: Deployed = machine.deploy(
            code or committed("DerivativeGraph"),
            works=around.address,
            licences=self._licences.address,
            authority=authority.address,
        )
        self.vectors: dict[WorkId, AncestorVector] = {}
        self.depths: dict[WorkId, int] = {}
        self.roots: list[WorkId] = []
        self.displaced: set[WorkId] = set()
        self.floors = Floors(machine, self.graph, consents)
        self._licensed: set[int] = set()
        self._pauses = Pauses(machine, authority, self.graph)
        for name, most in (
            ("MAX_PARENTS", PARENTS_MAX),
            ("MAX_ANCESTORS", ANCESTORS_MAX),
            ("MAX_DEPTH", DEPTH_MAX),
            ("MAX_STACK", MAX_STACK),
        ):
            machine.expect(self.graph, name, (), most)

    @property
    def works(self) -> int:
        return len(self.roots) + len(self.vectors)

    @property
    def is_over(self) -> bool:
        return self.works >= WORKS_MAX

    def step(self, random: Random) -> None:
        """One act: a new root, a floor, a link, or a link that must be refused."""
        self.floors.wait(random)
        chance = random.random()
        if chance < 0.15 or not self.roots:
            self.add_root()
        elif chance < 0.25:
            self.floors.try_one(random.choice(self.roots), random)
        elif chance < 0.35 and self.vectors:
            self.link_wrongly(random)
        elif chance > 0.998:
            crowd = draw_crowd(self, random)
            if crowd:
                self.link_to(crowd)
        else:
            self.link(random)

    def add_root(self) -> WorkId:
        work = WorkId(self.works + 1)
        self.around.register(work, WorkKind.RECORDING)
        self.floors.add_root(work)
        self.roots.append(work)
        return work

    def link(self, random: Random) -> WorkId | None:
        """Link the next work to random parents; None when the rules forbid these."""
        recorded = random.choice(self.roots) if random.random() < 0.1 else None
        if recorded is not None and random.random() < 0.1:
            self._displace(recorded)
        return self.link_to(self._draw_parents(random), recorded)

    def link_to(
        self, parents: list[LicensedParent], recorded: WorkId | None = None
    ) -> WorkId | None:
        """Link the next work, perhaps a recording of a composition, to these parents."""
        child = WorkId(self.works + 1)
        arguments = self._arguments(child, parents)
        self.around.register(child, WorkKind.DERIVATIVE)
        if recorded is not None:
            self.around.say("compositionOf(uint64)", (child,), recorded)
        owed = recorded if recorded not in self.displaced else None
        refusal = self._forbidden(parents, owed)
        if refusal is not None:
            self._must_refuse(refusal, None, "link", arguments)
            return None
        vector = flatten(parents, self.floors.binding())
        self.machine.send(self.graph, "link", *arguments, sender=STEWARD, gas=_LINK_GAS_MAX)
        self._compare(child, parents, vector)
        self.vectors[child] = vector
        self.depths[child] = depth_under(parents)
        return child

    def link_wrongly(self, random: Random) -> None:
        """Links that no rule allows, each for one reason."""
        child = WorkId(self.works + 1)
        self.around.register(child, WorkKind.DERIVATIVE)
        linked = random.choice(list(self.vectors))
        root = random.choice(self.roots)
        ids = sorted({root, linked})
        parents = [self.parent(work, 1_000) for work in ids]
        good = self._arguments(child, parents)
        _, salt, licences, vectors = good
        at = ids.index(linked)
        spoilt = [v if i != at else _spoilt(v) for i, v in enumerate(vectors)]
        twice = ([*licences, licences[-1]], [*vectors, vectors[-1]])
        younger = (WorkId(child + 1), self._licence(WorkId(child + 1), 1_000))
        self.around.register(younger[0], WorkKind.DERIVATIVE)
        unlinked = [(child, self._licence(child, 1_000))]
        taken = (self._generation(linked), linked)
        half = MAX_STACK // 2 + 1
        too_much = self._arguments(child, [self.parent(work, half) for work in ids])
        cases: list[tuple[str, tuple[Any, ...], str, tuple[Any, ...]]] = [
            *(("NotController", (child, other), other, good) for other in OUTSIDERS),
            ("NotADerivative", (root,), STEWARD, (root, salt, licences, vectors)),
            ("AlreadyLinked", (linked,), STEWARD, (linked, salt, licences, vectors)),
            ("GenerationTaken", taken, STEWARD, (child, uint_word(linked), licences, vectors)),
            ("BadParentCount", (0,), STEWARD, (child, salt, [], [])),
            ("BadParentCount", (17,), STEWARD, (child, salt, licences[:1] * 17, [b""] * 17)),
            ("VectorMismatch", (linked,), STEWARD, (child, salt, licences, spoilt)),
            ("StackTooLarge", (2 * half,), STEWARD, too_much),
            ("ParentsOutOfOrder", (ids[-1],), STEWARD, (child, salt, *twice)),
            ("ParentsOutOfOrder", (child,), STEWARD, (child, salt, unlinked, [b""])),
            ("ParentNotLinked", (child,), STEWARD, (younger[0], salt, unlinked, [b""])),
        ]
        for name, values, sender, arguments in random.sample(cases, 3):
            self._must_refuse(name, values, "link", arguments, sender=sender)
        if random.random() < 0.2:
            self._pauses.act([("link", good, STEWARD)], random)

    def _displace(self, composition: WorkId) -> None:
        """Licences of it that were taken stay; its recordings owe it none from now on."""
        self.around.say("displacedBy(uint64)", (composition,), self.works + 1_000_000)
        self.displaced.add(composition)

    def _draw_parents(self, random: Random) -> list[LicensedParent]:
        candidates = [*self.roots, *self.vectors]
        count = min(random.choice((1, 1, 2, 2, 3, 5, 8, 16)), len(candidates))
        # The youngest come first to hand, so that there are deep works as well as wide ones.
        pool = candidates if random.random() < 0.5 else sorted(candidates)[-max(count, 4) :]
        chosen = sorted(random.sample(pool, min(count, len(pool))))
        most = MAX_STACK // len(chosen)
        # Now and then more together than the rules allow.
        most += random.random() < 0.05
        if random.random() < 0.1:
            return self._draw_poor_parents(random) or self._draw_parents(random)
        shares = (most, most - 1, random.randrange(most), random.randrange(1, 1_000), 1, 0)
        return [self.parent(work, random.choice(shares)) for work in chosen]

    def _draw_poor_parents(self, random: Random) -> list[LicensedParent]:
        """One that has next to nothing, under a protected ancestor whose floor the child must pay
        for then, and one that takes nearly all there is."""
        poor = [
            work
            for work, vector in self.vectors.items()
            if any(entry.is_protected for entry in vector.entries)
        ]
        if not poor:
            return []
        owing = random.choice(poor)
        rich = random.choice([root for root in self.roots if root != owing])
        pair = [
            self.parent(owing, random.choice((0, 1, 999))),
            self.parent(rich, MAX_STACK - random.choice((999, 999, 10**6))),
        ]
        return sorted(pair, key=lambda parent: parent.work_id)

    def parent(self, work: WorkId, share: int) -> LicensedParent:
        vector = self.vectors.get(work, AncestorVector())
        return LicensedParent(work, share, vector, self.depths.get(work, 0))

    def _licence(self, parent: WorkId, share: int) -> int:
        """A licence that is worth this share to the steward, said once."""
        licence = parent << _SHARE_BITS | share
        if licence not in self._licensed:
            self._licensed.add(licence)
            arguments = (licence, STEWARD, parent)
            self._licences.say("royaltyShareFor(uint64,address,uint64)", arguments, share)
        return licence

    def _arguments(self, child: WorkId, parents: list[LicensedParent]) -> tuple[Any, ...]:
        """What `link` is told; a child's salt has the child's number."""
        licences = [(p.work_id, self._licence(p.work_id, p.royalty_share)) for p in parents]
        return child, uint_word(child), licences, [p.vector.encode() for p in parents]

    def _generation(self, child: WorkId) -> GenerationId:
        salt = Digest(uint_word(child))
        return generation_of(self.machine.chain_id, self.graph.address, STEWARD, salt)

    def _forbidden(self, parents: list[LicensedParent], recorded: WorkId | None) -> str | None:
        if recorded is not None and all(parent.work_id != recorded for parent in parents):
            return "CompositionMissing"
        if sum(parent.royalty_share for parent in parents) > MAX_STACK:
            return "StackTooLarge"
        try:
            depth_under(parents)
            flatten(parents, self.floors.binding())
        except BadLink as bad:
            return bad.rule
        return None

    def _must_refuse(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: str = STEWARD,
    ) -> None:
        must_refuse(self.machine, self.graph, name, values, function, arguments, sender)

    def _compare(
        self, child: WorkId, parents: list[LicensedParent], vector: AncestorVector
    ) -> None:
        ((name, event),) = self.machine.events(self.graph)
        if name != "DerivativeLinked" or event["vector"] != vector.encode():
            raise Disagreement(f"vector of work {child}", vector, event)
        found = AncestorVector.decode(event["vector"])
        stored = int.from_bytes(vector.hash().ljust(32, b"\0"), "big")
        self.machine.expect(self.graph, "vectorHashOf", (child,), stored)
        self.machine.expect(self.graph, "depthOf", (child,), depth_under(parents))
        self.machine.expect(self.graph, "childOfGeneration", (self._generation(child),), child)
        floors = self.floors.binding()
        for parent in parents:
            for entry in parent.vector.entries:
                floor = min(floors.get(entry.work_id, 0), entry.share)
                if entry.is_protected and found.share_of(entry.work_id) < floor:
                    raise Disagreement(f"floor of {entry.work_id} in {child}", floor, found)


def _spoilt(vector: bytes) -> bytes:
    return vector[:-1] + bytes([vector[-1] ^ 1]) if vector else b"\0" * 11 + b"\1"
