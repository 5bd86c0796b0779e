"""A graph among doubles, beside what the model says of it."""

from __future__ import annotations

from typing import Any

import pytest

from chain.ledger.errors import BadLink
from chain.ledger.identifiers import WorkId
from chain.ledger.vectors import AncestorVector, LicensedParent, flatten
from tests.contracts.rights import by
from tests.contracts.royalty_ledger.stage import DERIVATIVE, RECORDING, double, refusal_of

PERCENT = 10_000_000
HALF = 500_000_000
MOST_ANCESTORS = 32


class Lineage:
    """A graph whose works are all the platform's, beside what the model says of it."""

    def __init__(self, graph: Any, around: Any, owner: Any) -> None:
        self.graph, self.around, self.owner = graph, around, owner
        self.vectors: dict[int, AncestorVector] = {}
        self.floors: dict[WorkId, int] = {}
        self.works = 0
        self.gas_used = 0

    def register(self, kind: int) -> int:
        self.works += 1
        self.around.register(self.works, self.owner, kind, by(self.owner))
        return self.works

    def roots(self, count: int) -> list[int]:
        first, self.works = self.works + 1, self.works + count
        self.around.registerMany(first, count, self.owner, RECORDING, by(self.owner))
        return list(range(first, first + count))

    def declare(self, root: int, floor: int) -> None:
        self.graph.declareFloor(root, floor, by(self.owner))
        self.floors[WorkId(root)] = floor

    def link(self, parents: dict[int, int]) -> AncestorVector:
        """Links a new derivative; contract and model agree on its vector or on the refusal."""
        child = self.register(DERIVATIVE)
        known = {parent: self.vectors.get(parent, AncestorVector()) for parent in parents}
        licensed = [LicensedParent(WorkId(p), share, known[p]) for p, share in parents.items()]
        encoded = [known[parent].encode() for parent in parents]
        arguments = (child, child.to_bytes(32, "big"), list(parents.items()), encoded)
        try:
            expected = flatten(licensed, self.floors)
        except BadLink as refusal:
            assert refusal_of(self.graph.link, *arguments, sender=self.owner)[0] == refusal.rule
            raise
        tx = self.graph.link(*arguments, by(self.owner))
        self.gas_used = tx.gas_used
        found = bytes(tx.events["DerivativeLinked"]["vector"])
        assert found == expected.encode()
        assert self.graph.vectorHashOf(child) == "0x" + expected.hash().hex()
        self.vectors[child] = expected
        return expected


@pytest.fixture
def lineage(DerivativeGraph: Any, deployer: Any, platform: Any) -> Lineage:
    """In front of registers that allow everything: a licence's number is its share, and nobody was
    ever asked to consent."""
    around = double("Surroundings").deploy(by(deployer))
    graph = DerivativeGraph.deploy(around, around, around, by(deployer))
    return Lineage(graph, around, platform)
