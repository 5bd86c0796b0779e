"""A PostgreSQL server of our own for tests, from a wheel that bundles one; a schema for each test.

It listens on a socket in a folder of its own and on no port, and keeps its data in memory where
there is room. The server refuses to run as root, so that root starts it as `nobody`.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

START_SECONDS = 30.0
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made there)
_schemas = itertools.count(1)


class Server:
    """A running server; `new_outbox` is the address of an empty schema in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_outbox(self) -> str:
        """An address for `Outbox`, like an SQLite path that does not exist yet."""
        schema = f"outbox_{os.getpid()}_{next(_schemas)}"
        with self.connected() as connection:
            connection.execute(f"CREATE SCHEMA {schema}")  # type: ignore[arg-type]
        return f"{self._address}&options=-csearch_path%3D{schema}"

    def connected(self) -> psycopg.Connection[Any]:
        """A session as the superuser, each statement by itself."""
        return psycopg.connect(self._address, autocommit=True)

    @property
    def _address(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"


@contextmanager
def running_postgres() -> Iterator[Server]:
    """Make a cluster, run it, and leave nothing behind."""
    base = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="antiphon-pg-", dir=base))
    as_nobody: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        as_nobody = {"user": "nobody", "extra_groups": []}
    try:
        programs = _programs(folder, as_nobody)
        data = folder / "data"
        options = ["--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8"]
        command = [programs / "initdb", "-D", data, *options, "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, **as_nobody)
        # The kills are of our own processes: the server's disk may be forgetful.
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *settings],
                stdout=log,
                stderr=log,
                # Fork children of tests are killed, and must not take the server with them.
                start_new_session=True,
                **as_nobody,
            )
        try:
            server = Server(folder)
            _wait_for(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of a run that ask for it."""
    with running_postgres() as server:
        yield server


def _programs(folder: Path, as_nobody: dict[str, Any]) -> Path:
    """The wheel's programs, where the server's user can start them."""
    found = importlib.util.find_spec("pgserver")
    assert found is not None and found.origin is not None, "make setup installs pgserver"
    installed = Path(found.origin).parent / "pginstall"
    program = [installed / "bin" / "postgres", "--version"]
    try:
        subprocess.run(program, check=True, capture_output=True, **as_nobody)
    except PermissionError:
        return Path(shutil.copytree(installed, folder / "programs")) / "bin"
    return installed / "bin"


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connected().close()
        except psycopg.OperationalError:
            log = server.folder / "log"
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
