"""/livez, /readyz and /metrics of an oracle on a real node, and the alerts that read them."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from chain.client.node import Node
from oracle.operations import checks, json_logs, spans
from oracle.operations.checks import TROUBLES, Check
from oracle.operations.heartbeat import SILENCE_SECONDS_MAX, Heartbeat
from oracle.operations.listening import HOST, listening, monitoring_app
from oracle.operations.numbers import Numbers
from oracle.operations.pausing import PauseLevel
from tests.oracle.conftest import World

PACKAGED = Path(checks.__file__).parent


@pytest.fixture
def numbers(world: World) -> Numbers:
    return Numbers(world.service.watch.readings, TROUBLES)


@pytest.fixture
def monitor(world: World, numbers: Numbers) -> TestClient:
    def asked() -> tuple[Check, ...]:
        return world.service.watch.checks(world.folder / "blocks")

    return TestClient(monitoring_app(Heartbeat(), asked, numbers))


def value(numbers: Numbers, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(numbers.exposition().decode()):
        for sample in family.samples:
            if sample.name == f"antiphon_oracle_{name}" and sample.labels == labels:
                return sample.value
    return None


def test_ready_when_everything_holds(world: World, monitor: TestClient) -> None:
    world.view.refresh()

    answer = monitor.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert [check["name"] for check in answer.json()["checks"]] == [
        "node", "contracts", "index", "outbox", "pauses", "relay", "disk",
    ]  # fmt: skip


def test_a_pause_makes_it_unready_and_says_how_to_end_it(world: World, monitor: TestClient) -> None:
    world.view.refresh()
    world.service.pauses.begin(PauseLevel.SUBMIT, "audit", now=1)

    answer = monitor.get("/readyz")

    (failed,) = [check for check in answer.json()["checks"] if not check["ok"]]
    assert answer.status_code == 503
    assert (failed["detail"], failed["next_step"]) == (
        "submit: audit",
        "python -m oracle resume submit",
    )


def test_a_node_that_is_away_fails_what_needs_it_and_nothing_else(world: World) -> None:
    world.view.refresh()
    world.view.node = Node("http://127.0.0.1:9")

    found = world.service.watch.checks(world.folder / "blocks")

    assert {check.name for check in found if not check.ok} == {
        "node", "contracts", "index", "relay",
    }  # fmt: skip


def test_an_old_head_and_a_wrong_clock_are_told_apart(world: World) -> None:
    node, head = world.devnet.node, world.now()

    def told(now: int) -> str:
        return checks.check_node(node, 31337, mined_on_demand=False, now=now).detail

    assert told(head + checks.HEAD_AGE_SECONDS_MAX + 1) == "its newest block is 301 s old"
    assert "121 s ahead of ours" in told(head - checks.CLOCK_AHEAD_SECONDS_MAX - 1)
    assert checks.check_node(node, 31337, mined_on_demand=False, now=head).ok


def test_a_poor_relay_and_a_full_disk_are_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.view.refresh()
    monkeypatch.setattr(checks, "RELAY_WEI_MIN", 1 << 100)
    monkeypatch.setattr(checks, "DISK_FREE_BYTES_MIN", 1 << 60)

    found = world.service.watch.checks(world.folder / "blocks")

    failed = {check.name: check.next_step for check in found if not check.ok}
    assert failed == {"relay": "send it native coin for fees", "disk": "make room"}


def test_numbers_follow_an_epoch(world: World, numbers: Numbers) -> None:
    world.fund(10_000_000)
    world.file_plays(25)
    world.service.seal_epoch()
    numbers.epochs(world.service.watch.epochs())
    waiting = value(numbers, "usage_events", state="sealed")
    world.service.tick()
    world.view.refresh()
    numbers.epochs(world.service.watch.epochs())
    total = world.service.watch.epochs()[0].report.cumulative_total

    assert waiting == 25
    assert value(numbers, "usage_events", state="counted") == 25
    assert value(numbers, "epochs", state="FINAL") == 1
    assert value(numbers, "last_epoch") == 1
    assert value(numbers, "funded_units") == 10_000_000
    assert value(numbers, "holders_unfunded") == value(numbers, "events_unfunded") == 0
    assert value(numbers, "unsettled_units") == total
    assert value(numbers, "nonce_gap") == 0
    assert value(numbers, "conservation_error_units") == 0
    assert value(numbers, "epoch_stage_seconds_count", stage="FINAL") == 1

    assert (value(numbers, "roots_waiting"), value(numbers, "payday_overdue_seconds")) == (1, 0)

    world.devnet.pass_time(world.devnet.deployment.window_seconds + 90)
    world.view.refresh()
    late = value(numbers, "payday_overdue_seconds")
    world.service.tick()
    world.view.refresh()

    assert late is not None
    assert 90 <= late < 90 + 600, "the chain's clock goes on while we work"
    assert value(numbers, "unsettled_units") == 0
    assert (value(numbers, "roots_waiting"), value(numbers, "payday_overdue_seconds")) == (0, 0)


def test_custody_that_lacks_something_is_a_number(world: World, numbers: Numbers) -> None:
    world.fund(1_000)
    world.view.refresh()
    distributor, token = world.devnet.distributor.address, world.devnet.deployment.token
    slot = balance_slot(world, token, distributor)
    world.devnet.node.rpc.request(
        "anvil_setStorageAt", token, slot, "0x" + (900).to_bytes(32, "big").hex()
    )
    world.devnet.node.rpc.request("evm_mine")
    world.view.refresh()

    assert value(numbers, "conservation_error_units") == 100


def balance_slot(world: World, token: str, account: str) -> str:
    """Where the coin keeps an account's balance: the first of its mappings that holds it."""
    from chain.ledger.keccak import keccak256

    for place in range(10):
        key = bytes(12) + bytes.fromhex(account[2:]) + place.to_bytes(32, "big")
        slot = "0x" + keccak256(key).hex()
        word = world.devnet.node.rpc.request("eth_getStorageAt", token, slot, "latest")
        if int(word, 16) == 1_000:
            return slot
    raise LookupError(account)


def test_numbers_that_cannot_be_read_are_left_out(world: World, numbers: Numbers) -> None:
    world.view.refresh()
    assert value(numbers, "readable") == 1
    world.view.node = Node("http://127.0.0.1:9")

    assert value(numbers, "readable") == 0
    assert value(numbers, "block") is None


def test_a_loop_that_hangs_is_not_alive(world: World, numbers: Numbers) -> None:
    now = [0.0]
    heartbeat = Heartbeat(lambda: now[0])
    monitor = TestClient(monitoring_app(heartbeat, lambda: (), numbers))

    now[0] = SILENCE_SECONDS_MAX - 1
    assert monitor.get("/livez").status_code == 200
    now[0] = SILENCE_SECONDS_MAX
    assert monitor.get("/livez").status_code == 503
    heartbeat.beat()
    assert monitor.get("/livez").json() == {"alive": True, "silence_seconds": 0.0}


def test_monitors_are_answered_on_a_socket_and_a_taken_port_is_an_error(
    world: World, numbers: Numbers
) -> None:
    app = monitoring_app(Heartbeat(), lambda: (), numbers)
    with listening(app, 0) as port:
        answer = httpx.get(f"http://{HOST}:{port}/metrics", timeout=10)
    assert "antiphon_oracle_readable" in answer.text

    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(OSError), listening(app, taken.getsockname()[1]):
            pass


def test_packaged_alerts_and_dashboard_name_numbers_that_exist(
    world: World, numbers: Numbers
) -> None:
    world.fund()
    world.file_plays(5)
    numbers.tick("done")
    numbers.epochs(world.service.watch.epochs())
    world.service.seal_epoch()
    numbers.epochs(world.service.watch.epochs())
    world.service.tick()
    numbers.epochs(world.service.watch.epochs())
    told = {
        sample.name
        for family in text_string_to_metric_families(numbers.exposition().decode())
        for sample in family.samples
    }
    rules = yaml.safe_load((PACKAGED / "alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((PACKAGED / "dashboard.json").read_text())["panels"]
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    names = {name for expr in asked for name in re.findall(r"antiphon_[a-z_]+", expr)}

    assert len(rules) == 9
    assert len(panels) == 15
    assert names <= told


def test_a_log_line_is_an_object_with_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    record = logging.makeLogRecord(
        {"name": "oracle", "levelno": 20, "levelname": "INFO", "msg": "epoch %d", "args": (3,)}
        | {"epoch": 3, "report_id": b"\x01\x02"}
    )

    line = json.loads(json_logs.JsonFormatter().format(record))

    assert line["message"] == "epoch 3"
    assert (line["level"], line["epoch"], line["report_id"]) == ("info", 3, "0x0102")


def test_traces_without_the_sdk_are_refused_with_the_next_step() -> None:
    with pytest.raises(spans.TracingUnavailable, match="pip install opentelemetry-sdk"):
        spans.turn_on()
    with spans.span("round", epoch=1):
        pass
