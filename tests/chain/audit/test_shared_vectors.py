"""Both verifiers come to the vectors that contracts and settlement are held against."""

from __future__ import annotations

import json
import subprocess
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak

from tests.chain.audit.checking import VERIFIER, verifier

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
HARNESS = Path(__file__).with_name("vectors.mjs")
LENGTHS = (0, 1, 31, 32, 65, 134, 135, 136, 137, 271, 272, 273, 1000)


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return found


@pytest.fixture(scope="module")
def javascript() -> dict[str, Any]:
    command = ["node", str(HARNESS), str(VERIFIER), str(VECTORS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_ancestors_are_flattened_as_the_contract_does(javascript: dict[str, Any]) -> None:
    ledger_module, bundle = verifier("ledger"), verifier("bundle")
    for case, theirs in zip(cases("ancestor_vectors"), javascript["ancestors"], strict=True):
        ledger = ledger_module.Ledger(bundle.Report(), {})
        floors: dict[int, int] = {}
        for link, text in zip(case["links"], theirs, strict=True):
            floors |= {f["work"]: f["floor"] for f in link["floors"]}
            ledger.licences = {
                n: {"royaltyShare": p["share"]} for n, p in enumerate(link["parents"])
            }
            parents = [(p["work"], n) for n, p in enumerate(link["parents"])]
            vector = ledger._flatten(parents, floors)
            ledger.vectors[link["child"]] = vector
            encoded = "0x" + ledger_module.encoded(vector).hex()
            assert (encoded, text) == (link["encoded"], link["encoded"]), case["name"]


def test_pools_are_divided_as_the_contract_does(javascript: dict[str, Any]) -> None:
    divide = verifier("epochs").pro_rata
    for case, theirs in zip(cases("sharing_rules"), javascript["shares"], strict=True):
        pool, seed = int(case["pool"]), int(case["epochHash"], 16)
        groups = [list(map(int, group)) for group in case["groups"]]
        whole = list(map(str, divide(pool, [w for group in groups for w in group], seed)))
        between = divide(pool, [isqrt(sum(group) << 64) for group in groups], seed)
        parts = [divide(part, g, seed) for part, g in zip(between, groups, strict=True)]
        rooted = [list(map(str, row)) for row in parts]

        assert whole == theirs["proRata"] == case["proRata"][0]
        assert rooted == theirs["communityRoot"] == case["communityRoot"][0]


def test_trees_have_the_contracts_roots(javascript: dict[str, Any]) -> None:
    epochs = verifier("epochs")
    for case, theirs in zip(cases("sum_tree"), javascript["trees"], strict=True):
        payouts = [(p["payee"].lower(), int(p["cumulative"])) for p in case["payouts"]]
        levels, leaves = epochs.sum_tree(case["token"].lower(), payouts)
        hashes, sums = levels[-1]
        ours = ["0x" + hashes[0].hex(), str(sums[0]), epochs.standard_root(leaves)]

        assert ours == theirs == [case["sumRoot"], case["total"], case["leafRoot"]]


def test_keccak_is_the_evms() -> None:
    hashing = verifier("keccak")
    messages = [bytes([n % 251]) * n for n in LENGTHS] * 50
    assert hashing.keccak256_many(messages) == [keccak(message) for message in messages]
    assert hashing.keccak256(b"") == keccak(b"")
