"""Two workers and one outbox: whoever was followed by another writes nothing more."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from oracle.errors import LeaseLost, OutboxInUse, OutboxNotHeld, OutboxUnavailable
from oracle.lease import Role
from oracle.outbox import Outbox
from oracle.schema import meta, set_meta
from tests.postgres import Server, running_postgres

IDENTITY = {"chainId": "31337"}


def test_a_hanging_worker_is_followed_when_its_lease_is_out_and_can_write_nothing_more(
    postgres: Server,
) -> None:
    place = postgres.new_outbox()
    hanging = Outbox(place, IDENTITY, lease_seconds=0)

    follower = Outbox(place, IDENTITY)

    with pytest.raises(LeaseLost), hanging.writing() as connection:
        set_meta(connection, "written by", "the hanging one")
    with pytest.raises(OutboxNotHeld):
        hanging.require(Role.EPOCH)
    with follower.writing() as connection:
        assert meta(connection, "written by") is None
    with pytest.raises(OutboxInUse):
        Outbox(place, IDENTITY)
    follower.close()
    hanging.close()


def test_a_follower_of_a_hanging_worker_is_not_followed_when_that_one_ends(
    postgres: Server,
) -> None:
    place = postgres.new_outbox()
    hanging = Outbox(place, IDENTITY, lease_seconds=0)
    follower = Outbox(place, IDENTITY)

    hanging.close()
    with follower.writing():
        pass

    with pytest.raises(OutboxInUse):
        Outbox(place, IDENTITY)
    follower.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_killed_worker_is_followed_at_once(
    tmp_path: Path, postgres: Server, database: str
) -> None:
    place = tmp_path / "outbox.db" if database == "sqlite" else postgres.new_outbox()
    child = os.fork()
    if child == 0:
        Outbox(place, IDENTITY)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    Outbox(place, IDENTITY).close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_each_role_has_a_worker_of_its_own(tmp_path: Path, postgres: Server, database: str) -> None:
    place = tmp_path / "outbox.db" if database == "sqlite" else postgres.new_outbox()
    sealing = Outbox(place, IDENTITY, roles=[Role.EPOCH])
    sending = Outbox(place, IDENTITY, roles=[Role.SUBMIT])

    assert sealing.holds(Role.EPOCH)
    with pytest.raises(OutboxNotHeld, match="does not hold the role submit"):
        sealing.require(Role.SUBMIT)
    for taken in (Role.EPOCH, Role.SUBMIT):
        with pytest.raises(OutboxInUse):
            Outbox(place, IDENTITY, roles=[taken])
    with pytest.raises(OutboxInUse):
        Outbox(place, IDENTITY)
    sending.close()
    with sealing.writing() as connection:
        set_meta(connection, "note", "still here")
    Outbox(place, IDENTITY, roles=[Role.SUBMIT]).close()
    sealing.close()


def test_a_worker_with_nothing_to_write_keeps_its_lease(postgres: Server) -> None:
    place = postgres.new_outbox()
    idle = Outbox(place, IDENTITY, lease_seconds=3_600)
    filer = Outbox(place, IDENTITY, roles=[])
    with filer.writing() as connection:
        connection.exec_driver_sql("UPDATE lease SET expires_at = 0")
    # As if a third of the time had gone by.
    for lease in idle._leases:
        lease._renewed_at -= 1_201

    idle.keep_leases()

    with pytest.raises(OutboxInUse):
        Outbox(place, IDENTITY)
    filer.close()
    idle.close()


def test_whoever_only_files_needs_no_lease_and_loses_none(postgres: Server) -> None:
    place = postgres.new_outbox()
    worker = Outbox(place, IDENTITY)
    filer = Outbox(place, IDENTITY, roles=())

    with filer.writing() as connection:
        set_meta(connection, "note", "filed")

    with worker.writing() as connection:
        assert meta(connection, "note") == "filed"
    filer.close()
    worker.close()


def test_a_database_that_is_away_is_said_and_waited_for() -> None:
    with running_postgres() as server:
        box = Outbox(server.new_outbox(), IDENTITY)
    advice = pytest.raises(OutboxUnavailable, match="check its disk and its database server")
    with advice, box.writing():
        pass
    box.close()


def test_a_full_disk_keeps_nothing_of_a_step_and_says_what_to_do(tmp_path: Path) -> None:
    """In a process of its own, for whom no file may grow; then there is room again."""
    place = tmp_path / "outbox.db"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            box = Outbox(place, IDENTITY)
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
            with pytest.raises(OutboxUnavailable, match="nothing of this step was kept"):
                write(box, "on a full disk")
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            write(box, "with room")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    box = Outbox(place, IDENTITY)
    with box.reading() as connection:
        assert meta(connection, "note") == "with room"
    box.close()


def write(box: Outbox, note: str) -> None:
    with box.writing() as connection:
        set_meta(connection, "note", note)
