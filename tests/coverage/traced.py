"""A pytest plugin: every transaction and view of the tests is traced, and what was reached is kept.

    ANTIPHON_TRACES=traces.json pytest -p tests.coverage.traced tests/contracts/royalty_ledger

The file has, for every code by its kind and size, the places that were reached and the ways that
conditional jumps went; see tracer.js. One transaction of a kind is enough: those that did the same
function of the same contract for the same gas are taken to have gone the same way, and so are those
of one test beyond its first forty. That can only hide what was reached.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import pytest
from brownie._config import CONFIG
from web3.providers.rpc import HTTPProvider

TRACER: Final = "".join(
    line
    for line in (Path(__file__).parent / "tracer.js").read_text().splitlines(keepends=True)
    if not line.startswith("//")
)
SENT: Final = {"eth_sendTransaction", "eth_sendRawTransaction"}
SELECTOR_END: Final = 10
# So much of a transaction that creates a contract tells which.
MADE_DIGITS: Final = 4_000
_make_request: Any = HTTPProvider.make_request

Reached = dict[str, tuple[set[int], set[int]]]
reached: Reached = defaultdict(lambda: (set(), set()))
ALIKE_MAX: Final = 40
# What the node says to a call that it does not even begin, for too little gas.
NEVER_RAN: Final = -32_000
# Half a minute is Brownie's, and too little for a trace on a busy machine.
CONFIG.networks["development"]["timeout"] = 900
_seen: set[tuple[Any, ...]] = set()
_alike: Counter[tuple[str, str, str]] = Counter()
_test = [""]
# What the node has taken and not mined yet, since some tests have it wait.
_waiting: list[tuple[HTTPProvider, str]] = []


def pytest_runtest_setup(item: Any) -> None:
    _test[0] = item.originalname


@pytest.hookimpl(tryfirst=True)  # before the test's world is wound back
def pytest_runtest_teardown() -> None:
    _trace_waiting()
    _waiting.clear()


def _traced(provider: HTTPProvider, method: Any, params: Any) -> Any:
    answer = _make_request(provider, method, params)
    if method in SENT and "result" in answer:
        _waiting.append((provider, answer["result"]))
        _trace_waiting()
    elif method == "eth_getTransactionReceipt":
        _trace_waiting()
    elif method == "eth_call":
        _trace_view(provider, params, answer)
    return answer


setattr(HTTPProvider, "make_request", _traced)  # noqa: B010 (a method of theirs)


def _trace_waiting() -> None:
    for each in list(_waiting):
        receipt = _make_request(each[0], "eth_getTransactionReceipt", [each[1]]).get("result")
        if receipt is not None:
            _waiting.remove(each)
            _trace_sent(*each, receipt)


def _trace_sent(provider: HTTPProvider, transaction: str, receipt: Any) -> None:
    sent: Any = _make_request(provider, "eth_getTransactionByHash", [transaction])["result"]
    data, to = sent["input"], receipt["to"]
    # Refusals of one name may have different causes.
    asked = "" if int(receipt["status"], 16) else data
    if to is not None and _is_known(to, data, receipt["gasUsed"], asked):
        return
    _keep(provider, "debug_traceTransaction", [transaction, {"tracer": TRACER}], data, receipt)


def _trace_view(provider: HTTPProvider, params: Any, answer: Any) -> None:
    call = params[0]
    data = call.get("data") or call.get("input") or "0x"
    said = json.dumps(answer.get("result") or answer.get("error"), sort_keys=True, default=str)
    if _is_known(call.get("to"), data, data, said):
        return
    arguments = [call, params[1] if len(params) > 1 else "latest", {"tracer": TRACER}]
    _keep(provider, "debug_traceCall", arguments, data, {"to": call.get("to")})


def _is_known(to: str, data: str, *outcome: Any) -> bool:
    kind = (to, data[:SELECTOR_END], *outcome)
    alike = (_test[0], to, data[:SELECTOR_END])
    if kind in _seen or _alike[alike] == ALIKE_MAX:
        return True
    _seen.add(kind)
    _alike[alike] += 1
    return False


def _keep(provider: HTTPProvider, method: str, params: Any, data: str, sent: Any) -> None:
    asked: Any = _make_request(provider, method, params)
    if asked.get("error", {}).get("code") == NEVER_RAN:
        return
    assert "result" in asked, f"{method} of {data[:SELECTOR_END]}: {asked.get('error')}"
    created = (sent.get("contractAddress") or "").lower() if sent["to"] is None else None
    for kind, address, size, places, jumps in asked["result"]:
        # What was refused while it was made has no code.
        if created is not None and (address == created or size == 0):
            kind, size = "made", data.removeprefix("0x")[:MADE_DIGITS]
        reached[f"{kind} {size}"][0].update(_numbers(places))
        reached[f"{kind} {size}"][1].update(_numbers(jumps))


def _numbers(joined: str) -> list[int]:
    return [int(number) for number in joined.split(",")] if joined else []


def pytest_sessionfinish() -> None:
    found = {key: [sorted(places), sorted(jumps)] for key, (places, jumps) in reached.items()}
    Path(os.environ["ANTIPHON_TRACES"]).write_text(json.dumps(found))
