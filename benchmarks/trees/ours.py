"""Builds one of our trees in this process and prints what came out and what it cost.

    python -m benchmarks.trees.ours ROWS.bin usage|payouts COUNT PROVEN,PROVEN,…

A process of its own, so that its peak memory is the tree's, input included.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from chain.columns.keccak import BATCH, Rows
from chain.columns.standard_tree import ColumnarStandardTree, standard_leaves
from chain.columns.sum_tree import ColumnarSumTree
from chain.ledger.identifiers import Digest, address_from_bytes
from chain.ledger.standard_tree import verify_standard

ROW_BYTES = {"usage": 32, "payouts": 72}


def main(file: str, kind: str, count: str, proven: str) -> None:
    content = np.fromfile(Path(file), np.uint8, int(count) * ROW_BYTES[kind])
    rows = content.reshape(-1, ROW_BYTES[kind])
    wall, cpu = time.perf_counter(), time.process_time()
    if kind == "usage":
        leaves = standard_leaves(rows)
        sum_tree = None
    else:
        token = address_from_bytes(rows[0, 20:40].tobytes())
        sum_tree = ColumnarSumTree(token, rows[:, :20], rows[:, 40:])
        leaves = sum_tree.leaves
    tree = ColumnarStandardTree(leaves)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    asked = [int(index) for index in proven.split(",")]
    started = time.perf_counter()
    proofs = [_proof(tree, leaves, index) for index in asked]
    proving = time.perf_counter() - started
    answer: dict[str, Any] = {
        "root": "0x" + tree.root.hex(),
        "cpu_seconds": spent[0],
        "wall_seconds": spent[1],
        "rss_bytes": _peak_bytes(),
        "proofs": proofs,
        "proofs_per_second": len(asked) / proving,
        "hash": BATCH.name,
        "total": None if sum_tree is None else str(sum_tree.root.sum),
    }
    print(json.dumps(answer))


def _peak_bytes() -> int:
    """This process's own peak; `ru_maxrss` would be its parent's where that was larger."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def _proof(tree: ColumnarStandardTree, leaves: Rows, index: int) -> list[str]:
    """The proof of one leaf, checked by the ledger's verifier before it is shown."""
    leaf = Digest(leaves[index].tobytes())
    proof = tree.proof(leaf)
    verify_standard(tree.root, leaf, proof)
    return ["0x" + node.hex() for node in proof]


if __name__ == "__main__":
    main(*sys.argv[1:])
