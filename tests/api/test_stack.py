"""The local stack before anything listens: ports, folders, and what was left by an earlier run."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from api.demo.story import MARKER, clear
from api.stack.lock import StateInUse, hold
from api.stack.processes import Launch, Process, StackError
from api.stack.stack import ROOT, Stack
from chain.client.errors import DeploymentInvalid
from tests.api.small_ledger import SmallLedger


def run(program: str, log: Path, seconds: float = 30.0) -> Process:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return Process.launch(Launch("deploy", command, log, lambda: False, {}, seconds))


def test_a_step_that_ends_well_is_done(tmp_path: Path) -> None:
    process = run("print('deployed')", tmp_path / "log")

    process.wait_done()

    assert (tmp_path / "log").read_text() == "deployed\n"


def test_a_step_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = run("print('no compiler'); raise SystemExit(2)", tmp_path / "log")

    with pytest.raises(StackError, match=r"deploy failed with exit code 2.\nno compiler\nNext:"):
        process.wait_done()


def test_a_step_that_hangs_is_ended(tmp_path: Path) -> None:
    process = run("import time; time.sleep(60)", tmp_path / "log", seconds=0.3)

    with pytest.raises(StackError, match="deploy was not done after 0 s"):
        process.wait_done()

    assert not process.alive


def test_a_folder_given_relative_is_the_same_for_every_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    stack = Stack(Path("var/ledger"))

    assert stack.deployment_file == tmp_path / "var" / "ledger" / "deployment.json"


def test_two_processes_cannot_open_one_state(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from api.stack.lock import hold\n"
    program += f"kept = hold(Path({str(tmp_path)!r})); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(StateInUse, match="in use by another antiphon"), Stack(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()

    # However the other one ended, the folder is free again.
    with Stack(tmp_path):
        pass


def test_a_demo_is_not_told_over_a_folder_that_is_being_shown(tmp_path: Path) -> None:
    clear(tmp_path / "demo")
    (tmp_path / "demo" / "chain.json").write_text("{}")
    with hold(tmp_path / "demo"), pytest.raises(StateInUse):
        clear(tmp_path / "demo")

    assert (tmp_path / "demo" / "chain.json").exists()
    assert (tmp_path / "demo" / MARKER).exists()


def test_an_old_state_is_opened_and_not_deployed_again(ledger: SmallLedger, tmp_path: Path) -> None:
    stack = Stack(tmp_path, node_url=ledger.devnet.node.endpoint)
    ledger.devnet.deployment.write(stack.deployment_file)

    assert stack.deploy(60) == dict(ledger.devnet.deployment.contracts)
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"contracts": {}}'])
def test_a_damaged_deployment_file_is_named(
    ledger: SmallLedger, tmp_path: Path, damage: str
) -> None:
    stack = Stack(tmp_path, node_url=ledger.devnet.node.endpoint)
    stack.deployment_file.write_text(damage)

    with pytest.raises(DeploymentInvalid, match=r"deployment\.json"):
        stack.deploy(60)
