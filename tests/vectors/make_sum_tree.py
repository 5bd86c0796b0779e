"""Writes sum_tree.json: Merkle-sum trees of payouts with every proof, apart from our own code.

    python tests/vectors/make_sum_tree.py

`leafRoot` comes from OpenZeppelin's JavaScript library, everything else from the few lines below.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_utils import keccak, to_checksum_address

HERE = Path(__file__).resolve().parent
TOKEN = to_checksum_address(keccak(text="a token of the vectors")[12:])
Node = tuple[bytes, int]
PADDING: Node = (bytes(32), 0)

CASES: dict[str, list[int]] = {
    "one payee": [1_000_001],
    "two payees": [7, 2**96],
    "three payees, one of them with nothing yet": [333_333, 0, 333_334],
    "five payees": [1, 10, 100, 1_000, 10_000],
    "eight payees": [2**64 + i * 997 for i in range(8)],
}


def payees(count: int) -> list[str]:
    found = [to_checksum_address(keccak(text=f"payee {i} of {count}")[12:]) for i in range(count)]
    return sorted(found, key=str.lower)


def leaf(payee: str, cumulative: int, token: str = TOKEN) -> Node:
    packed = encode(["address", "address", "uint256"], [payee, token, cumulative])
    return keccak(keccak(packed)), cumulative


def join(left: Node, right: Node) -> Node:
    packed = left[0] + left[1].to_bytes(32, "big") + right[0] + right[1].to_bytes(32, "big")
    return keccak(packed), left[1] + right[1]


def levels_of(leaves: list[Node]) -> list[list[Node]]:
    width = 1
    while width < len(leaves):
        width *= 2
    levels = [leaves + [PADDING] * (width - len(leaves))]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([join(below[i], below[i + 1]) for i in range(0, len(below), 2)])
    return levels


def path_from(levels: list[list[Node]], level: int, position: int) -> list[Node]:
    path = []
    for nodes in levels[level:-1]:
        path.append(nodes[position ^ 1])
        position //= 2
    return path


def as_json(nodes: list[Node]) -> list[dict[str, str]]:
    return [{"hash": "0x" + node[0].hex(), "sum": str(node[1])} for node in nodes]


def ranges_of(levels: list[list[Node]], count: int) -> list[dict[str, Any]]:
    found = []
    for level, nodes in enumerate(levels):
        for position in range(len(nodes)):
            first = position << level
            if first < count:
                upper = as_json(path_from(levels, level, position))
                found.append({"firstIndex": first, "length": 1 << level, "upper": upper})
    return found


def case_of(name: str, cumulatives: list[int]) -> dict[str, Any]:
    payouts = list(zip(payees(len(cumulatives)), cumulatives, strict=True))
    leaves = [leaf(payee, cumulative) for payee, cumulative in payouts]
    levels = levels_of(leaves)
    root_hash, total = levels[-1][0]
    return {
        "name": name,
        "token": TOKEN,
        "payouts": [{"payee": p, "cumulative": str(c)} for p, c in payouts],
        "leafCount": len(leaves),
        "depth": len(levels) - 1,
        "leaves": ["0x" + hash_.hex() for hash_, _ in leaves],
        "sumRoot": "0x" + root_hash.hex(),
        "total": str(total),
        "proofs": [as_json(path_from(levels, 0, i)) for i in range(len(leaves))],
        "ranges": ranges_of(levels, len(leaves)),
    }


def leaf_roots(cases: list[dict[str, Any]]) -> list[str]:
    trees = [
        (
            ["address", "address", "uint256"],
            [[p["payee"], case["token"], p["cumulative"]] for p in case["payouts"]],
        )
        for case in cases
    ]
    command = ["node", str(HERE / "standard_leaf_root.cjs")]
    answer = subprocess.run(
        command, input=json.dumps(trees), capture_output=True, text=True, check=True
    )
    roots: list[str] = json.loads(answer.stdout)
    return roots


def main() -> None:
    cases = [case_of(name, cumulatives) for name, cumulatives in CASES.items()]
    for case, root in zip(cases, leaf_roots(cases), strict=True):
        case["leafRoot"] = root
    (HERE / "sum_tree.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
