"""A database that cannot be used is one plain error; nothing of the index is only in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from chain.indexer import cursor as index
from chain.indexer import database, tables
from chain.indexer.database import open_database, writing
from chain.indexer.errors import IndexUnusable
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from tests.devnet import Devnet
from tests.heritage import Heritage


def built_index(devnet: Devnet, path: Path) -> None:
    engine = open_database(f"sqlite:///{path}")
    Follower(devnet.node, devnet.deployment, engine).catch_up()
    engine.dispose()


def test_a_file_that_is_no_database_says_delete_and_rebuild(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"this is not a database, but it is long enough to be read as one" * 99)

    with pytest.raises(IndexUnusable, match="delete the file and"):
        Store(open_database(f"sqlite:///{path}")).head()


def test_a_truncated_database_is_unusable_and_rebuilds_to_the_same(
    heritage: Heritage, devnet: Devnet, tmp_path: Path
) -> None:
    path = tmp_path / "index.sqlite"
    built_index(devnet, path)
    works = Store(open_database(f"sqlite:///{path}"))
    before = works.works(at=works.head())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    damaged = Store(open_database(f"sqlite:///{path}"))
    with pytest.raises(IndexUnusable):
        damaged.logs(at=damaged.head())

    for leftover in tmp_path.glob("index.sqlite*"):
        leftover.unlink()
    built_index(devnet, path)
    again = Store(open_database(f"sqlite:///{path}"))
    assert again.works(at=again.head()) == before


def test_a_writer_that_must_wait_too_long_is_told(
    heritage: Heritage, devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 20)
    url = f"sqlite:///{tmp_path / 'index.sqlite'}"
    built_index(devnet, tmp_path / "index.sqlite")

    with writing(open_database(url)) as connection:
        connection.execute(update(tables.index_state).values(reorg_count=7))
        with pytest.raises(IndexUnusable, match="locked"):
            index.pause(open_database(url), "never written")

    assert index.read_status(open_database(url)).reorg_count == 7
    assert index.read_status(open_database(url)).paused_reason is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(IndexUnusable, match="check space and rights"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'sub' / 'index.sqlite'}")
