"""Generation ids: as an independent encoder derives them, and of nobody else's making."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chain.ledger.errors import Malformed
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import Digest, address, digest_from_hex, generation_hex

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "generation_ids.json").read_text("utf-8")
)["vectors"]
GRAPH, LINKER = address("0x" + "67" * 20), address("0x" + "6c" * 20)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["generationId"])
def test_an_id_is_the_one_worked_out_independently(vector: dict[str, Any]) -> None:
    derived = generation_of(
        int(vector["chainId"]),
        address(vector["graph"]),
        address(vector["linker"]),
        digest_from_hex(vector["salt"]),
    )

    assert "0x" + generation_hex(derived) == vector["generationId"]


def test_chain_graph_linker_and_salt_all_change_the_id() -> None:
    assert len({vector["generationId"] for vector in VECTORS}) == len(VECTORS) == 36


def test_what_is_no_salt_or_no_chain_is_refused() -> None:
    with pytest.raises(Malformed, match="salt: 32 bytes"):
        generation_of(1, GRAPH, LINKER, Digest(b"short"))
    with pytest.raises(Malformed, match="chain id"):
        generation_of(-1, GRAPH, LINKER, Digest(bytes(32)))
