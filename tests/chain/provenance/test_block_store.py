"""A store gives back what it was given, or says which file was altered."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.provenance import block_store
from chain.provenance.block_store import (
    BLOCK_BYTES_MAX,
    BlockStore,
    FsBlockStore,
    MemoryBlockStore,
    RestrictedBlockStore,
    add_file,
)
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import BlockCorrupt, BlockMissing, BlockTooLarge


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlockStore:
    return MemoryBlockStore() if request.param == "memory" else FsBlockStore(tmp_path / "blocks")


def test_a_block_comes_back_under_either_version_of_its_id(store: BlockStore) -> None:
    cid = store.put(Codec.DAG_PB, b"\x0a\x04\x08\x02\x18\x00")

    old = Cid.parse("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
    assert store.get(cid) == store.get(old) == b"\x0a\x04\x08\x02\x18\x00"
    assert store.has(cid)
    assert store.has(old)


def test_an_absent_block_is_named(store: BlockStore) -> None:
    absent = Cid.of(Codec.RAW, b"absent")

    assert not store.has(absent)
    with pytest.raises(BlockMissing) as refusal:
        store.get(absent)
    assert refusal.value.cid == absent


def test_putting_twice_changes_nothing(store: BlockStore) -> None:
    cids = [store.put(Codec.RAW, data) for data in (b"a", b"b", b"a")]

    assert cids[0] == cids[2]
    assert set(store.iterate()) == set(cids)
    assert len(list(store.iterate())) == 2


def test_the_same_bytes_under_two_codecs_are_two_blocks(store: BlockStore) -> None:
    assert store.put(Codec.RAW, b"\xa0") != store.put(Codec.DAG_CBOR, b"\xa0")


def test_a_block_over_the_limit_is_refused(store: BlockStore) -> None:
    with pytest.raises(BlockTooLarge) as refusal:
        store.put(Codec.RAW, bytes(BLOCK_BYTES_MAX + 1))

    assert refusal.value.size_bytes == BLOCK_BYTES_MAX + 1
    assert list(store.iterate()) == []


def test_an_altered_block_is_found_and_its_file_named(tmp_path: Path) -> None:
    store = FsBlockStore(tmp_path)
    cid = store.put(Codec.RAW, b"true")
    store.path_of(cid).write_bytes(b"fake")

    with pytest.raises(BlockCorrupt) as refusal:
        store.get(cid)

    assert refusal.value.cid == cid
    assert refusal.value.path == store.path_of(cid)
    assert str(store.path_of(cid)) in str(refusal.value)


def test_putting_the_true_bytes_again_mends_an_altered_block(tmp_path: Path) -> None:
    store = FsBlockStore(tmp_path)
    cid = store.put(Codec.RAW, b"true")
    store.path_of(cid).write_bytes(b"fake")

    store.put(Codec.RAW, b"true")

    assert store.get(cid) == b"true"


def test_blocks_outlive_the_process(tmp_path: Path) -> None:
    cid = FsBlockStore(tmp_path).put(Codec.RAW, b"kept")

    assert FsBlockStore(tmp_path).get(cid) == b"kept"


def test_blocks_lie_as_documented(tmp_path: Path) -> None:
    cid = FsBlockStore(tmp_path).put(Codec.RAW, b"hello world")

    name = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert str(cid) == name
    assert (tmp_path / "n5" / name).read_bytes() == b"hello world"


def test_a_failed_write_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FsBlockStore(tmp_path)

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(block_store.os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space"):
        store.put(Codec.RAW, b"data")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_partial_file_of_a_crash_is_no_block(tmp_path: Path) -> None:
    store = FsBlockStore(tmp_path)
    cid = store.put(Codec.RAW, b"data")
    (store.path_of(cid).parent / ".partial-abc").write_bytes(b"da")

    assert list(store.iterate()) == [cid]


def test_a_file_is_added_whole(tmp_path: Path) -> None:
    store = MemoryBlockStore()
    (tmp_path / "audio").write_bytes(b"hello world")

    imported = add_file(store, tmp_path / "audio")

    assert store.get(imported.cid) == b"hello world"


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        add_file(MemoryBlockStore(), tmp_path / "absent")


def test_the_restricted_shelf_takes_files_and_is_no_block_store(tmp_path: Path) -> None:
    shelf = RestrictedBlockStore(tmp_path / "restricted")
    (tmp_path / "audio").write_bytes(b"sung at night")

    imported = add_file(shelf, tmp_path / "audio")

    assert shelf.holds(imported.cid)
    assert shelf.reveal(imported.cid) == b"sung at night"
    assert not hasattr(shelf, "get")
    assert not hasattr(shelf, "iterate")
    assert (tmp_path / "restricted").stat().st_mode & 0o077 == 0
