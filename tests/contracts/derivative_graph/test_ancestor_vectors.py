"""Ancestor vectors, to the bit, against tests/vectors/ancestor_vectors.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.ledger.rights import WorkKind
from chain.ledger.vectors import FLOOR_NOTICE
from tests.contracts.rights import Terms, by

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "ancestor_vectors.json"
CASES = json.loads(VECTORS.read_text())["cases"]


@pytest.fixture
def licence_at(licences, stablecoin, grant, take_licence, platform):
    """A free GENERATION licence for a parent at a share; one per parent and share."""
    taken = {}

    def licence_at(work, share):
        if (work, share) not in taken:
            terms = Terms.generation(stablecoin, share=share, price=0)
            grant(platform, work, terms)
            taken[work, share] = take_licence(platform, work, terms, stablecoin)
        return taken[work, share]

    return licence_at


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vectors_are_those_worked_out_independently(
    graph, register_work, licence_at, platform, mine_at, case
):
    derivatives = {link["child"] for link in case["links"]}
    for work in range(1, case["works"] + 1):
        kind = WorkKind.DERIVATIVE if work in derivatives else WorkKind.RECORDING
        assert register_work(platform, kind=kind) == work
    encoded = {}

    for link in case["links"]:
        child, parents = link["child"], [parent["work"] for parent in link["parents"]]
        for declared in link["floors"]:
            tx = graph.declareFloor(declared["work"], declared["floor"], by(platform))
            mine_at(tx.timestamp + FLOOR_NOTICE)
        tx = graph.link(
            child,
            child.to_bytes(32, "big"),
            [(p["work"], licence_at(p["work"], p["share"])) for p in link["parents"]],
            [encoded.get(work, b"") for work in parents],
            by(platform),
        )
        encoded[child] = tx.events["DerivativeLinked"]["vector"]

        # Brownie writes no bytes at all as 0x00.
        assert str(encoded[child]) == (link["encoded"] if link["vector"] else "0x00")
        assert graph.vectorHashOf(child) == link["hash"]
        assert graph.depthOf(child) == link["depth"] == tx.events["DerivativeLinked"]["depth"]
