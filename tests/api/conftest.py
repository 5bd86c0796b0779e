"""One small ledger on a real node for the whole run, and ways to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from tests.api.small_ledger import SmallLedger, build_small_ledger
from tests.devnet import Devnet, devnet_process

__all__ = ["devnet_process"]


@pytest.fixture(scope="session")
def built(devnet_process: Devnet, tmp_path_factory: pytest.TempPathFactory) -> SmallLedger:
    return build_small_ledger(devnet_process, tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def ledger(built: SmallLedger) -> Iterator[SmallLedger]:
    """The small ledger, to be read; the stand-in hears and refuses nothing at the start."""
    marks = dict(built.watermark.marks)
    yield built
    built.watermark.marks = marks
    built.watermark.refusal, built.watermark.away = None, False


@pytest.fixture
def http(ledger: SmallLedger) -> Iterator[TestClient]:
    with TestClient(create_app(ledger.app), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def writable(ledger: SmallLedger, tmp_path: Path) -> Iterator[Application]:
    """An application of its own over the small ledger's chain, which is rolled back afterwards."""
    with ledger.devnet.rolled_back():
        yield ledger.reopen(tmp_path / "state")
