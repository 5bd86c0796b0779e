"""What `antiphon up`, `status` and `doctor` refuse or tell without a whole ledger running."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from api.stack.holders import holders, told
from chain.client.node import Node
from oracle.errors import OutboxUnavailable
from oracle.lease import Holding, Role
from oracle.opening import identity_of
from oracle.outbox import Outbox
from tests.api.served_ledger import Antiphon, antiphon, url
from tests.api.small_ledger import SmallLedger

__all__ = ["antiphon", "url"]


@pytest.fixture
def deployment(ledger: SmallLedger, tmp_path: Path) -> str:
    return str(ledger.devnet.deployment.write(tmp_path / "elsewhere.json"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "relay"), "there is no role relay. Next: give ingest, epoch, submit, index"),
        (("--role", "epoch"), "--role needs --rpc and --deployment"),
        (
            ("--role", "ingest", "--rpc", "http://a", "--deployment", "f"),
            "--role needs --watermark",
        ),
        (("--rpc", "http://a"), "--rpc goes with --role"),
        (("--role", "epoch", "--split"), "--split does not go with --role"),
        (("--role", "epoch", "--node-port", "1"), "--node-port does not go with --role"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    antiphon: Antiphon, words: tuple[str, ...], said: str
) -> None:
    ended = antiphon("up", *words)

    assert ended.code == 1
    assert said in ended.err
    assert not Path("var").exists(), "nothing was begun"


def test_a_port_that_is_taken_and_was_asked_for_is_named_with_its_holder(
    antiphon: Antiphon,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = antiphon("up", "--watermark-port", str(port))

    assert ended.code == 1
    assert f"port {port} is taken: " in ended.err
    assert f"(process {os.getpid()}) listens there" in ended.err
    assert "give another --watermark-port" in ended.err


def test_a_role_that_cannot_start_ends_all_with_the_end_of_its_log(
    antiphon: Antiphon, deployment: str, ledger: SmallLedger
) -> None:
    rpc = ledger.devnet.node.endpoint
    nowhere = "postgresql://postgres@127.0.0.1:1/postgres"

    ended = antiphon(
        "up",
        *("--role", "index", "--role", "epoch", "--rpc", rpc),
        *("--deployment", deployment, "--database", nowhere),
    )

    assert ended.code == 1
    assert "epoch cannot start (exit code 1)" in ended.err
    assert "a database cannot be used" in ended.err
    assert "Next: read" in ended.err
    index = Path("var/ledger/logs/index.log")
    assert "index is at the head" in index.read_text(), "it ran, and was ended"
    assert not Path("var/running.json").exists()


def test_a_crew_that_is_told_of_no_chain_says_so(antiphon: Antiphon, deployment: str) -> None:
    ended = antiphon(
        *("up", "--role", "submit", "--rpc", "http://127.0.0.1:1", "--deployment", deployment)
    )

    assert ended.code == 1
    assert "submit cannot start (exit code 1)" in ended.err


def test_status_and_doctor_tell_who_has_which_role(
    antiphon: Antiphon, ledger: SmallLedger, url: str
) -> None:
    state = Path("var/ledger")
    identity = identity_of(Node(ledger.devnet.node.endpoint), ledger.devnet.deployment)
    worker = Outbox(state / "outbox.sqlite", identity, roles=[Role.SUBMIT])

    plain = antiphon("status", "--json", "--api", url).document
    table = antiphon("status", "--api", url)
    ill = antiphon("doctor", "--api", url)

    assert plain["api"] == url
    assert plain["health"]["chain_id"] == 31337
    assert plain["roles"]["epoch"] is None
    held = plain["roles"]["submit"]
    assert (held["process"], held["host"], held["over"]) == (
        os.getpid(),
        socket.gethostname(),
        False,
    )
    assert 0 < held["lease_seconds"] <= 120
    words = " ".join(table.out.split())
    assert f"role submit │ process {os.getpid()} on {socket.gethostname()}" in words
    assert "role epoch │ nobody. Next: antiphon up" in words
    assert ill.code == 3
    said = " ".join(ill.out.split())
    assert f"epoch: nobody, submit: process {os.getpid()}" in said
    worker.close()
    Outbox(state / "outbox.sqlite", identity).close()
    both = antiphon("status", "--json", "--api", url).document["roles"]
    assert {held["process"] for held in both.values()} == {os.getpid()}


def test_status_without_anything_says_what_to_do(antiphon: Antiphon) -> None:
    ended = antiphon("status")

    assert ended.code == 1
    assert ended.err == "no Antiphon is running here. Next: antiphon up (or give --api URL)\n"
    assert "no outbox here" in antiphon("doctor").out
    assert not Path("var").exists(), "asking makes no folder"


def test_a_database_that_is_away_is_named_without_its_password(antiphon: Antiphon) -> None:
    away = "postgresql://somebody:secret@127.0.0.1:1/outbox"

    ended = antiphon("status", "--database", away)
    ill = antiphon("doctor", "--database", away)

    assert ended.code == 1
    assert "cannot be used now" in ended.err
    assert "roles" in ill.out
    for said in (ended.err, ill.out):
        assert "secret" not in said
    with pytest.raises(OutboxUnavailable):
        holders(away)


def test_a_holder_that_ended_or_was_not_heard_of_has_nothing() -> None:
    here = socket.gethostname()
    gone = 2**22 + 1  # above every process id of Linux

    assert told(None) == "nobody"
    assert told(Holding(f"{here}:{os.getpid()}", 5)) == f"process {os.getpid()}"
    assert told(Holding(f"{here}:1", 5)) == "process 1"
    assert told(Holding(f"{here}:{gone}", 5)) == f"nobody (process {gone} had it last)"
    assert told(Holding("elsewhere:7", 5)) == "process 7 on elsewhere"
    assert told(Holding("elsewhere:7", 0)) == "nobody (process 7 on elsewhere had it last)"
