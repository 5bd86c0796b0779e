"""python -m chain.indexer says what it did, or one plain sentence and exit code 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.indexer.__main__ import main
from tests.devnet import Devnet
from tests.heritage import Heritage


@pytest.fixture
def settings(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    deployment = devnet.deployment
    path = tmp_path / "31337.json"
    deployment.write(path)
    monkeypatch.setenv("ANTIPHON_RPC_URL", devnet.node.endpoint)
    monkeypatch.setenv("ANTIPHON_DEPLOYMENT", str(path))
    monkeypatch.setenv("ANTIPHON_INDEX_URL", f"sqlite:///{tmp_path / 'new' / 'index.sqlite'}")
    return path


def test_rebuild_replays_and_status_tells_where_it_is(
    settings: Path, heritage: Heritage, devnet: Devnet, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebuild"]) == 0
    assert "logs" in capsys.readouterr().out
    assert main(["status"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["block"] == devnet.node.head().number
    assert found["blocksBehind"] == 0
    assert found["pausedReason"] is None


def test_repair_and_audit_say_what_they_did(
    settings: Path, heritage: Heritage, devnet: Devnet, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebuild"]) == 0
    devnet.reorganise(2)
    capsys.readouterr()

    assert main(["repair"]) == 0
    assert capsys.readouterr().out == "2 blocks undone, 2 indexed anew\n"
    assert main(["audit", "--blocks", "7"]) == 0
    assert "7 stored blocks" in capsys.readouterr().out


def test_status_of_nothing_says_what_to_do(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 1
    assert "python -m chain.indexer follow" in capsys.readouterr().err


def test_a_node_that_is_away_is_one_sentence(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_RPC_URL", "http://127.0.0.1:1")

    assert main(["rebuild"]) == 1
    assert "check that the node runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ANTIPHON_RPC_URL", "localhost:8545", "begins with http"),
        ("ANTIPHON_RPC_WITNESSES", "http://one two", "begins with http"),
        ("ANTIPHON_REORG_DEPTH", "0", "1 to 4096"),
        ("ANTIPHON_REORG_DEPTH", "²", "1 to 4096"),
        ("ANTIPHON_DEPLOYMENT", "/nowhere/31337.json", "deploy first"),
    ],
)
def test_a_bad_setting_is_named(
    settings: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, value)

    assert main(["rebuild"]) == 1
    assert said in capsys.readouterr().err
