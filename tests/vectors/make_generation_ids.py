"""Writes generation_ids.json: ids that follow from chain, graph, linker and salt.

    python tests/vectors/make_generation_ids.py

Encoded by eth_abi and hashed by eth_utils, not by the ledger's own code. Source of the rule:
contracts/interfaces/IDerivativeGraph.sol.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_utils import keccak, to_checksum_address

HERE = Path(__file__).resolve().parent
DOMAIN = "antiphon.generation.1"
CHAIN_IDS = (1, 31337, 2**64)
GRAPHS = tuple(to_checksum_address(keccak(text=f"graph {i}")[12:]) for i in range(2))
LINKERS = tuple(to_checksum_address(keccak(text=f"linker {i}")[12:]) for i in range(2))
SALTS = (bytes(32), keccak(text="a salt"), b"\xff" * 32)


def vector(chain_id: int, graph: str, linker: str, salt: bytes) -> dict[str, Any]:
    fields = ["bytes32", "uint256", "address", "address", "bytes32"]
    encoded = encode(fields, [keccak(text=DOMAIN), chain_id, graph, linker, salt])
    number = int.from_bytes(keccak(encoded), "big") % (2**64 - 1) + 1
    return {
        "chainId": str(chain_id),
        "graph": graph,
        "linker": linker,
        "salt": "0x" + salt.hex(),
        "generationId": f"0x{number:016x}",
    }


def main() -> None:
    vectors = [vector(*each) for each in product(CHAIN_IDS, GRAPHS, LINKERS, SALTS)]
    text = json.dumps({"domain": DOMAIN, "vectors": vectors}, indent=1)
    (HERE / "generation_ids.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
