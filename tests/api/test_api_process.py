"""`python -m api`: one sentence and exit status 1 when it cannot open what it was given."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from api.__main__ import main
from tests.api.small_ledger import SmallLedger


def ends(capsys: pytest.CaptureFixture[str], state: Path, rpc: str, deployment: Path) -> str:
    """What it says on standard error."""
    arguments = ["--state", str(state), "--rpc", rpc, "--watermark", "http://127.0.0.1:9"]
    assert main([*arguments, "--deployment", str(deployment)]) == 1
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.count("\n") == 1
    return caught.err


def test_without_a_deployment_file_it_says_what_to_do(
    ledger: SmallLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ends(capsys, tmp_path, ledger.devnet.node.endpoint, tmp_path / "none.json")

    assert "Next: deploy first" in told


def test_without_a_node_it_says_so(
    ledger: SmallLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    deployment = ledger.devnet.deployment.write(tmp_path / "deployment.json")

    assert "Next: check that the node runs" in ends(capsys, tmp_path, nobody, deployment)


def test_a_deployment_of_another_chain_is_refused(
    ledger: SmallLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ledger.devnet.deployment.write(tmp_path / "deployment.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chainId": 1}))

    told = ends(capsys, tmp_path, ledger.devnet.node.endpoint, path)

    assert "the node is on chain 31337" in told
    assert not (tmp_path / "index.sqlite").exists()
