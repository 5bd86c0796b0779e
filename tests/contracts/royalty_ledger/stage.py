"""What the tests of the money contracts stand on: doubles, refusals with arguments, trees."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import requests
from brownie import accounts, web3
from brownie.project import compile_source, get_loaded_projects
from eth_abi import decode
from eth_utils import keccak

from tests.contracts.rights import split_hash
from tests.vectors.make_sum_tree import Node, leaf, levels_of, path_from

HERE = Path(__file__).resolve().parent
ZERO = "0x0000000000000000000000000000000000000000"
SCALE = 1_000_000_000
BPS = 10_000
RECORDING, DERIVATIVE = 1, 4
EVERYTHING = 2**256 - 1
SOLIDITY_ERRORS = [
    {"name": "Panic", "inputs": [{"type": "uint256"}]},
    {"name": "Error", "inputs": [{"type": "string"}]},
    {"name": "WorkUnknown", "inputs": [{"type": "uint64"}]},
    {"name": "UnitCapExceeded", "inputs": [{"type": t} for t in ("uint64", "uint256", "uint64")]},
]

Refusal = tuple[Any, ...]


@cache
def double(name: str) -> Any:
    """A contract of Surroundings.sol, which is no part of the project."""
    source = (HERE / "Surroundings.sol").read_text()
    return compile_source(source, solc_version="0.8.37", evm_version="cancun")[name]


@cache
def _errors() -> dict[bytes, tuple[str, list[str]]]:
    """Every custom error of the project, by selector."""
    found = list(SOLIDITY_ERRORS)
    for project in get_loaded_projects():
        for container in project:
            found += [item for item in container.abi if item["type"] == "error"]
    by_selector = {}
    for item in found:
        types = [given["type"] for given in item["inputs"]]
        signature = f"{item['name']}({','.join(types)})"
        by_selector[keccak(text=signature)[:4]] = (item["name"], types)
    return by_selector


def refusal_of(method: Any, *arguments: Any, sender: Any, gas: int | None = None) -> Refusal:
    """The error a call would revert with: name, then arguments. Fails when it would go through."""
    call = {
        "from": str(sender),
        "to": method._address,
        "data": method.encode_input(*arguments),
        **({} if gas is None else {"gas": hex(gas)}),
    }
    answer = web3.provider.make_request("eth_call", [call, "latest"])
    assert "error" in answer, f"went through: {answer['result']}"
    data = bytes.fromhex(str(answer["error"].get("data", "0x"))[2:])
    if data[:4] not in _errors():
        return (data.hex(), answer["error"]["message"])
    name, types = _errors()[data[:4]]
    return (name, *(_plain(value) for value in decode(types, data[4:])))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("0x"):
        return web3.to_checksum_address(value)
    return value


def vector_bytes(vector: dict[int, int]) -> bytes:
    entries = sorted(vector.items())
    return b"".join(work.to_bytes(8, "big") + share.to_bytes(4, "big") for work, share in entries)


def ascending(*accounts: Any) -> list[str]:
    return sorted((web3.to_checksum_address(str(a)) for a in accounts), key=str.lower)


class PayoutTree:
    """A tree of payouts to real accounts, with the arguments the distributor wants."""

    def __init__(self, token: Any, payouts: dict[str, int]) -> None:
        self.payouts = sorted(payouts.items(), key=lambda item: item[0].lower())
        leaves = [leaf(payee, cumulative, str(token)) for payee, cumulative in self.payouts]
        self.levels: list[list[Node]] = levels_of(leaves)
        self.root, self.total = self.levels[-1][0]
        self.leaf_count = len(leaves)
        self.width = len(self.levels[0])

    def proposal(self, epoch: int, token: Any) -> tuple[Any, ...]:
        return (epoch, report_of(epoch), token, self.root, self.leaf_count, self.total)

    def leaf(self, index: int) -> tuple[Any, ...]:
        """A leaf with its place and path, as proofs of a fault want it."""
        return (index, self.payouts[index], path_from(self.levels, 0, index))

    def leaf_of(self, payee: Any) -> tuple[Any, ...]:
        return self.leaf(self.index_of(payee))

    def index_of(self, payee: Any) -> int:
        return [p.lower() for p, _ in self.payouts].index(str(payee).lower())

    def claim(self, token: Any, payee: Any) -> tuple[Any, ...]:
        index = self.index_of(payee)
        return (token, index, self.payouts[index], path_from(self.levels, 0, index))

    def range(self, token: Any, first: int, length: int) -> tuple[Any, ...]:
        padded = self.payouts + [(ZERO, 0)] * (self.width - self.leaf_count)
        upper = path_from(self.levels, length.bit_length() - 1, first // length)
        return (token, first, padded[first : first + length], upper)

    def whole(self, token: Any) -> tuple[Any, ...]:
        return self.range(token, 0, self.width)


def report_of(epoch: int) -> bytes:
    """Stands for the hash of an epoch's report where no report matters."""
    return bytes(keccak(text=f"report {epoch}"))


def deploy_distributor(
    contracts: Any, deployer: Any, oracle: Any, council: Any, window: int, ceiling: int = 10_000
) -> Any:
    """A distributor whose council is a plain account with the council's role."""
    authority = contracts.Authority.deploy(deployer, by(deployer))
    distributor = contracts.EpochDistributor.deploy(
        oracle, authority, window, ceiling, by(deployer)
    )
    selectors = [distributor.signatures[name] for name in ("cosign", "reject")]
    authority.setTargetFunctionRole(distributor, selectors, 3, by(deployer))
    authority.grantRole(3, council, 0, by(deployer))
    return distributor


def by(account: Any) -> dict[str, Any]:
    """Transaction parameters: sent by this account."""
    return {"from": account}


def resplit(
    ledger: Any,
    work: int,
    present: list[tuple[str, int]],
    shares: list[tuple[str, int]],
    controller: Any,
    vector: bytes = b"",
) -> Any:
    """The next split at once: proposed, agreed to by every payee of the present one, enacted."""
    ledger.proposeSplit(work, shares, by(controller))
    for payee, _ in present:
        account = accounts.at(payee, force=True)
        ledger.consentToSplit(work, split_hash(shares), present, by(account))
    return ledger.enactSplit(work, shares, vector, by(controller))


_session = requests.Session()
_encoded: dict[tuple[str, str, str], str] = {}


def _call(view: Any, arguments: tuple[Any, ...]) -> dict[str, str]:
    """The call's parameters; encoding is slow, and the same questions are asked again and again."""
    key = (view._address, view.signature, repr(arguments))
    if key not in _encoded:
        _encoded[key] = view.encode_input(*arguments)
    return {"to": view._address, "data": _encoded[key]}


def read_all(reads: list[tuple[Any, tuple[Any, ...]]]) -> list[Any]:
    """What many views of numbers answer, in one request: a number, or a tuple of them."""
    batch = [
        {"jsonrpc": "2.0", "id": n, "method": "eth_call", "params": [_call(*read), "latest"]}
        for n, read in enumerate(reads)
    ]
    answers = _session.post(web3.provider.endpoint_uri, json=batch, timeout=30).json()
    by_number = {answer["id"]: bytes.fromhex(answer["result"][2:]) for answer in answers}
    return [_words(by_number[n]) for n in range(len(reads))]


def _words(data: bytes) -> Any:
    words = tuple(int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32))
    return words[0] if len(words) == 1 else words
