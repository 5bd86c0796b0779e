"""Serving a small ledger, and the command line run against it in this process."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.cli.__main__ import main
from api.http.app import create_app
from tests.api.small_ledger import SmallLedger


@contextmanager
def serving(ledger: SmallLedger, **how: Any) -> Iterator[str]:
    """The API on a port of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Whoever asks before the server runs waits, and is not refused.
        listener.listen()
        config = uvicorn.Config(create_app(ledger.app, **how), log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def url(built: SmallLedger) -> Iterator[str]:
    with serving(built) as address:
        yield address


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Antiphon = Callable[..., Ended]


@pytest.fixture
def antiphon(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    ledger: SmallLedger,
) -> Antiphon:
    """Run the command line in this process, in a folder where nothing runs."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["antiphon", *arguments])
        try:
            main()
            code: int | str | None = 0
        except SystemExit as end:
            code = end.code
        caught = capsys.readouterr()
        assert isinstance(code, int)
        return Ended(code, caught.out, caught.err)

    return run
