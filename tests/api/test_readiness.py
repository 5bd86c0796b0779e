"""/livez and /readyz of the HTTP face, and `antiphon doctor`, which asks them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import doctor
from api.cli import remote
from api.cli.__main__ import main
from api.http.app import create_app
from tests.api.served_ledger import serving
from tests.api.small_ledger import SmallLedger, open_application
from tests.lying_node import lying_node


def test_ready_when_every_part_answers(http: TestClient) -> None:
    answer = http.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    names = [check["name"] for check in answer.json()["checks"]]
    assert names == ["node", "contracts", "index", "watermark", "disk"]
    assert http.get("/livez").json() == {"alive": True}


def test_a_node_that_is_away_is_told_without_its_address(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    with lying_node(ledger.devnet.node.endpoint) as node:
        app = open_application(ledger.devnet, tmp_path, ledger.watermark, rpc=node.endpoint)
        app.node.rpc._pause = lambda _seconds: None
        with TestClient(create_app(app)) as http:
            node.mode = "reset"
            answer = http.get("/readyz")

    failed = {
        check["name"]: check["detail"] for check in answer.json()["checks"] if not check["ok"]
    }
    assert answer.status_code == 503
    assert {"node", "contracts"} <= set(failed)
    assert node.endpoint not in answer.text


def test_an_index_that_is_paused_says_how_to_go_on(
    ledger: SmallLedger, http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    http.get("/v1/works")
    status = ledger.app.index_status()
    assert status is not None
    paused = replace(status, paused_reason="a fork is deeper than 64 blocks")
    monkeypatch.setattr(ledger.app, "index_status", lambda: paused)

    checks = {check["name"]: check for check in http.get("/readyz").json()["checks"]}

    assert checks["index"]["detail"] == "paused: a fork is deeper than 64 blocks"
    assert checks["index"]["next_step"] == "python -m chain.indexer repair"


def test_the_doctor_asks_the_machine_and_what_runs(
    built: SmallLedger,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(built) as url:
        monkeypatch.setattr(
            "sys.argv", ["antiphon", "doctor", "--json", "--api", url, "--state", str(tmp_path)]
        )
        with pytest.raises(SystemExit) as ended:
            main()

    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert ended.value.code == 0
    assert {"python", "anvil", "node.js", "disk", "api", "node", "watermark"} <= set(found)


def test_the_doctor_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "RUNNING_FILE", tmp_path / "none.json")
    monkeypatch.setattr(doctor.shutil, "which", lambda _name: None)

    assert doctor.check_python((3, 9)).next_step == "make setup PYTHON=python3.11"
    assert doctor.check_anvil(tmp_path / "anvil").next_step == "make setup"
    assert "Node 20" in doctor.check_node_js().next_step
    (nothing,) = doctor.check_api("")
    assert (nothing.ok, nothing.detail) == (True, "nothing runs here")
    (away,) = doctor.check_api("http://127.0.0.1:9")
    assert (away.ok, away.next_step) == (False, "antiphon up")
