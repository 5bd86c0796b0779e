"""Machines that share an outbox, and no disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from chain.provenance import Cid, Codec, FsBlockStore
from chain.provenance.errors import BlockCorrupt, BlockMissing
from oracle.outbox import Outbox
from oracle.service import OracleKeys, OracleService
from oracle.shared_blocks import SharedBlocks
from tests.devnet import RELAY
from tests.oracle.conftest import World
from tests.postgres import Server

PAPER = b"\xa1\x61a\x01"
IDENTITY = {"chainId": "31337"}


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "shared.db"
    server: Server = request.getfixturevalue("postgres")
    return server.new_outbox()


def machine(place: Path | str, folder: Path) -> SharedBlocks:
    return SharedBlocks(FsBlockStore(folder), Outbox(place, IDENTITY, roles=()))


def test_what_one_machine_puts_another_has(place: Path | str, tmp_path: Path) -> None:
    one, other = machine(place, tmp_path / "one"), machine(place, tmp_path / "other")

    cid = one.put(Codec.DAG_CBOR, PAPER)
    one.put(Codec.DAG_CBOR, PAPER)

    assert other.has(cid)
    assert other.get(cid) == PAPER
    assert list(other.iterate()) == [cid], "kept, so that it is not asked for again"


def test_what_nobody_has_is_missing(place: Path | str, tmp_path: Path) -> None:
    unknown = FsBlockStore(tmp_path / "elsewhere").put(Codec.DAG_CBOR, PAPER)
    raw = Cid.from_digest(unknown.digest, Codec.RAW)
    one = machine(place, tmp_path / "one")

    for cid in (unknown, raw):
        assert not one.has(cid)
        with pytest.raises(BlockMissing):
            one.get(cid)


def test_a_paper_altered_in_the_database_is_no_paper(place: Path | str, tmp_path: Path) -> None:
    cid = machine(place, tmp_path / "one").put(Codec.DAG_CBOR, PAPER)
    outbox = Outbox(place, IDENTITY, roles=())
    with outbox.writing() as connection:
        connection.execute(sa.text("UPDATE paper SET body = :body"), {"body": PAPER[:-1] + b"\2"})

    with pytest.raises(BlockCorrupt):
        machine(place, tmp_path / "other").get(cid)


def test_who_sends_needs_no_disk_of_who_seals(world: World, tmp_path: Path) -> None:
    """The same world with its blocks shared, and a second service whose own folder is empty."""

    def service(folder: str) -> OracleService:
        blocks = SharedBlocks(FsBlockStore(tmp_path / folder), world.outbox)
        keys = OracleKeys(world.operators, world.operators[0], world.devnet.signers[RELAY])
        token = world.devnet.deployment.token
        return OracleService(
            world.outbox, world.view, blocks, keys, token, pause=lambda _seconds: None
        )

    sealing, sending = service("sealing"), service("sending")
    world.fund()
    world.file_plays(7)
    sealing.seal_epoch()
    sealing.collect_signatures()

    sending.post_epoch()
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    payday = sending.activate_and_push()

    assert payday is not None
    assert payday.complete
    assert [prior.epoch for prior in sending.replay()] == [1]
