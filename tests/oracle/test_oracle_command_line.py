"""`python -m oracle`: plain output, exit codes, one sentence with the next step when it cannot."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.stack.stack import ROOT
from chain.settings import SettingsInvalid
from oracle.__main__ import main
from oracle.lease import HELD
from oracle.opening import open_oracle
from oracle.outbox import Outbox
from oracle.settings import OracleSettings
from oracle.transaction_book import TransactionBook
from tests.devnet import RELAY
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World


def variables(world: World, **changes: str) -> dict[str, str]:
    """What a shell would set, with the deployment written where it says."""
    deployment = world.devnet.deployment
    path = world.folder / "deployment.json"
    deployment.write(path)
    return {
        "ANTIPHON_RPC_URL": world.devnet.node.endpoint,
        "ANTIPHON_DEPLOYMENT": str(path),
        "ANTIPHON_INDEX_URL": f"sqlite:///{world.folder / 'cli-index.sqlite'}",
        "ANTIPHON_OUTBOX": str(world.folder / "cli-outbox.sqlite"),
        "ANTIPHON_BLOCKS": str(world.folder / "blocks"),
    } | changes


@dataclass
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[[str, Mapping[str, str]], Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, with these variables set."""

    def once(command: str, given: Mapping[str, str]) -> Ended:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        code = main(command.split())
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return once


def test_status_is_json_and_replay_says_that_nothing_differs(world: World, run: Run) -> None:
    given = variables(world)

    status, replay = run("status", given), run("replay", given)

    assert (status.returncode, status.stderr) == (0, "")
    assert json.loads(status.stdout)["nextEpoch"]["number"] == 1
    assert (replay.returncode, replay.stdout) == (0, "nothing is lost and nothing differs\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ANTIPHON_DEPLOYMENT": "/nowhere/31337.json"}, "deploy first"),
        ({"ANTIPHON_RPC_URL": "http://127.0.0.1:9"}, "check that the node runs"),
        ({"ANTIPHON_RPC_URL": "ftp://there"}, "ANTIPHON_RPC_URL"),
        ({"ANTIPHON_FINAL_DEPTH": "deep"}, "ANTIPHON_FINAL_DEPTH: give a whole number"),
        ({"ANTIPHON_ORACLE_KEYS": "/nowhere"}, "holds no operator-*.key"),
        ({"ANTIPHON_TOKEN": "0x12"}, "40 hex digits"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_one(
    world: World, run: Run, change: dict[str, str], words: str
) -> None:
    ended = run("status", variables(world, **change))

    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_an_outbox_that_another_worker_holds_is_said(world: World, run: Run) -> None:
    given = variables(world, ANTIPHON_OUTBOX=str(world.folder / "outbox.db"))

    ended = run("replay", given)

    assert ended.returncode == HELD
    assert "another oracle works on" in ended.stderr


def test_an_outbox_of_another_chain_is_said(world: World, run: Run) -> None:
    world.outbox.close()
    path = world.folder / "outbox.db"
    given = variables(world, ANTIPHON_OUTBOX=str(path))
    assert run("replay", given).returncode == 0
    elsewhere = json.loads(Path(given["ANTIPHON_DEPLOYMENT"]).read_text())
    elsewhere["block"] += 1
    Path(given["ANTIPHON_DEPLOYMENT"]).write_text(json.dumps(elsewhere))

    ended = run("replay", given | {"ANTIPHON_INDEX_URL": f"sqlite:///{path}.index"})

    assert ended.returncode == 1
    assert "belongs to another deployment" in ended.stderr


def test_a_file_that_is_no_database_is_said(world: World, run: Run) -> None:
    given = variables(world)
    Path(given["ANTIPHON_OUTBOX"]).write_text("notes " * 200)

    ended = run("replay", given)

    assert ended.returncode == 1
    assert "a database cannot be used" in ended.stderr
    assert Path(given["ANTIPHON_OUTBOX"]).read_text() == "notes " * 200


def test_settings_have_defaults_and_name_the_variable_that_is_wrong() -> None:
    assert OracleSettings.parse({}).final_depth == 0
    with pytest.raises(SettingsInvalid) as refusal:
        OracleSettings.parse({"ANTIPHON_ORACLE_POLL_SECONDS": "-1"})
    assert refusal.value.variable == "ANTIPHON_ORACLE_POLL_SECONDS"


def test_a_running_oracle_pays_what_others_file_and_stops_when_told(world: World) -> None:
    world.fund()
    given = variables(world, ANTIPHON_ORACLE_POLL_SECONDS="0")
    process = subprocess.Popen(
        [sys.executable, "-m", "oracle", "run"],
        env={**os.environ, **given, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        body, signature = world.segment(world.plays(25))
        with open_oracle(OracleSettings.parse(given), roles=()) as filer:
            filer.file_segment(body, signature)

        posted = said_until(process, "epoch 1 is FINAL")
        world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
        paid = said_until(process, "epoch 1: 3 payees paid, 0 deferred")
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=60)
    finally:
        process.kill()
        process.communicate()

    assert [line for line in posted if not line.startswith("sent ")] == [
        "epoch 1 sealed: 25 events",
        "epoch 1 signed by 5 operators",
        "epoch 1 is FINAL",
    ]
    assert len(paid) == 1
    assert ended == 0


def test_a_running_oracle_posts_at_its_pace_while_earlier_epochs_wait(world: World) -> None:
    """Six epochs to a window, of which there are three: each is paid when its own is over."""
    world.fund()
    window = world.devnet.deployment.window_seconds
    period = window // 6
    given = variables(world, ANTIPHON_ORACLE_POLL_SECONDS="0", ANTIPHON_EPOCH_SECONDS=str(period))
    process = subprocess.Popen(
        [sys.executable, "-m", "oracle", "run"],
        env={**os.environ, **given, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    # Whoever files follows the chain by an index of its own: one that two write to is refused.
    beside = given | {"ANTIPHON_INDEX_URL": f"sqlite:///{world.folder / 'beside.sqlite'}"}
    try:
        with open_oracle(OracleSettings.parse(beside), roles=()) as filer:
            for number in range(1, 4):
                filer.file_segment(*world.segment(world.plays(7, first=7 * number)))
                said += said_until(process, f"epoch {number} is FINAL")
                world.devnet.pass_time(period)
        for number, wait in ((1, window - 3 * period), (2, period), (3, period)):
            world.devnet.pass_time(wait)
            said += said_until(process, f"epoch {number}: 3 payees paid, 0 deferred")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()

    at, token = world.devnet.node.head(), world.devnet.deployment.token
    lane = world.devnet.distributor.lane_of(token, at=at)
    assert lane.claimed == lane.committed > 0
    assert [line for line in said if line.endswith(("FINAL", "deferred"))] == [
        *(f"epoch {number} is FINAL" for number in (1, 2, 3)),
        *(f"epoch {number}: 3 payees paid, 0 deferred" for number in (1, 2, 3)),
    ]


def said_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """The lines a process prints, up to and with `last` (or its end)."""
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.strip())
        if lines[-1] == last:
            break
    return lines


def test_a_pause_is_set_seen_and_ended_beside_a_running_worker(world: World, run: Run) -> None:
    given = variables(world, ANTIPHON_OUTBOX=str(world.folder / "outbox.db"))
    world.view.refresh()

    paused = run("pause submit fees are absurd", given)
    checked = run("check", given)
    resumed = run("resume submit", given)
    again = run("resume submit", given)

    assert paused.returncode == 0
    assert paused.stdout.startswith("submit is paused: fees are absurd. Next, when it is over")
    assert checked.returncode == 3
    assert "NO  pauses     submit: fees are absurd" in checked.stdout
    assert (resumed.stdout, again.stdout) == ("submit goes on\n", "submit was not paused\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [("pause everything now", "say which level: seal or submit"), ("pause seal", "say why")],
)
def test_a_pause_without_its_words_is_refused(
    world: World, run: Run, command: str, words: str
) -> None:
    ended = run(command, variables(world))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr


def test_a_rehearsal_is_json_and_says_what_is_missing(world: World, run: Run) -> None:
    world.fund(5 * UNIT_PRICE)
    world.file_plays(5)
    given = variables(world, ANTIPHON_OUTBOX=str(world.folder / "outbox.db"))

    ended = run("rehearse", given)

    document = json.loads(ended.stdout)
    assert ended.returncode == 3
    assert (document["epoch"], document["counted"]) == (1, 5)
    assert "ask the council to look at it and to cosign" in document["obstacles"][0]


@pytest.fixture
def own_logging() -> Iterator[None]:
    """What a command does to the process's loggers ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_lines_for_programs_are_json(world: World, run: Run, own_logging: None) -> None:
    given = variables(world, ANTIPHON_LOG="json")
    ended = run("replay", given)

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert lines[-1]["message"] == "nothing is lost and nothing differs"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANTIPHON_OUTBOX_URL", "sqlite:///outbox.sqlite"),
        ("ANTIPHON_FEE_CAP_GWEI", "much"),
        ("ANTIPHON_BUMP_BLOCKS", "-1"),
        ("ANTIPHON_IN_FLIGHT_MAX", "1001"),
        ("ANTIPHON_HEAD_AGE_SECONDS", "1.5"),
        ("ANTIPHON_EPOCH_SECONDS", "hourly"),
        ("ANTIPHON_EPOCH_SECONDS", "31622401"),
    ],
)
def test_a_setting_of_the_relay_that_is_wrong_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        OracleSettings.parse({variable: value})

    assert refusal.value.variable == variable


def test_no_shortest_time_is_another_thing_than_none_said() -> None:
    assert OracleSettings.parse({}).epoch_seconds is None
    assert OracleSettings.parse({"ANTIPHON_EPOCH_SECONDS": "0"}).epoch_seconds == 0
    assert OracleSettings.parse({"ANTIPHON_EPOCH_SECONDS": "3600"}).epoch_seconds == 3_600


def test_the_relay_is_set_by_the_environment() -> None:
    settings = OracleSettings.parse(
        {"ANTIPHON_OUTBOX_URL": "postgresql://host/db", "ANTIPHON_FEE_CAP_GWEI": "7"}
    )

    assert settings.outbox == "postgresql://host/db"
    assert settings.relay.fee_cap_wei == 7 * 10**9


def test_resuming_says_what_was_paused(world: World, run: Run) -> None:
    world.outbox.close()
    relay = world.devnet.signers[RELAY].address
    box = Outbox(world.folder / "outbox.db", {"chainId": "31337"})
    with box.writing() as connection:
        TransactionBook(connection).pause(relay, "somebody else sent with it")
    box.close()
    given = variables(world, ANTIPHON_OUTBOX=str(world.folder / "outbox.db"))

    first, second = run("resume", given), run("resume", given)

    assert first.stdout == f"{relay} sends again\n"
    assert second.stdout == "no relay key was paused\n"
