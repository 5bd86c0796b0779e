"""Fixtures for what talks to a chain; tests that do not ask for them start no node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from tests.devnet import Devnet, devnet, devnet_process
from tests.heritage import Heritage, build_heritage

__all__ = ["devnet", "devnet_process"]


@pytest.fixture
def heritage(devnet: Devnet) -> Heritage:
    """The world of `tests.heritage`, on the test's node."""
    return build_heritage(devnet)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty index database."""
    engine = open_database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def follower(devnet: Devnet, engine: Engine) -> Follower:
    return Follower(devnet.node, devnet.deployment, engine)


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)
