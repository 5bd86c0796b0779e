"""Trees built here are, on a real IPFS daemon, the same trees under the same ids.

A target of its own (`make test-ipfs`), for it installs js-ipfs from npm.
"""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ipfshttpclient
import pytest
from js_ipfs import install, running_daemon

from chain.provenance import (
    Cid,
    Codec,
    FsBlockStore,
    MemoryBlockStore,
    SegmentsManifest,
    add_file,
    clear_for_publication,
    encode_canonical,
    export_car,
    put_manifest,
    read_file,
    seal,
)
from chain.provenance.errors import DaemonTooSlow
from chain.provenance.ipfs_client import IpfsReplicator
from chain.provenance.manifests.segments import Segment

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("ANTIPHON_IPFS") != "1",
        reason="installs and starts js-ipfs; set ANTIPHON_IPFS=1",
    ),
    pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning"),
]

SEED = 20260131
MIB = 1 << 20
SIZES = [0, 1, 262_144, 262_145, MIB, MIB + 1, 5 * MIB + 3]
ISSUER = "eip155:31337:0x" + "11" * 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    install()
    with running_daemon(tmp_path_factory.mktemp("js-ipfs")) as address:
        yield address


@pytest.fixture
def client(daemon: str) -> ipfshttpclient.Client:
    return ipfshttpclient.Client(daemon, timeout=(3, 15))


@pytest.fixture
def replicator(daemon: str) -> IpfsReplicator:
    return IpfsReplicator(daemon)


@pytest.fixture
def store(tmp_path: Path) -> FsBlockStore:
    return FsBlockStore(tmp_path / "blocks")


def some_audio(size_bytes: int) -> bytes:
    return random.Random(SEED + size_bytes).randbytes(size_bytes)


def file_set(store: FsBlockStore, path: Path, data: bytes) -> tuple[Cid, Cid]:
    """A file and a manifest that links it; returns (manifest, file)."""
    path.write_bytes(data)
    file = add_file(store, path)
    body = SegmentsManifest(
        epoch=1, segments=(Segment(cid=file.cid, count=1),), event_count=1, previous=None
    )
    sealed = seal(body, issuer=ISSUER, issued_at=datetime(2026, 1, 31, tzinfo=UTC))
    return put_manifest(store, sealed), file.cid


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_pushed_tree_is_pinned_read_and_exported_as_it_is_here(
    client: ipfshttpclient.Client,
    replicator: IpfsReplicator,
    store: FsBlockStore,
    tmp_path: Path,
    size_bytes: int,
) -> None:
    data = some_audio(size_bytes)
    root, file = file_set(store, tmp_path / "audio", data)

    replicator.push(clear_for_publication(root, store, consent_is_live=lambda _: True))

    assert replicator.holds(root)
    assert client.cat(str(file)) == data
    assert client.dag.export(str(root)) == b"".join(export_car(root, store))


@pytest.mark.parametrize("size_bytes", SIZES)
def test_the_daemon_cuts_a_file_into_the_same_tree(
    client: ipfshttpclient.Client, store: FsBlockStore, tmp_path: Path, size_bytes: int
) -> None:
    path = tmp_path / "audio"
    path.write_bytes(some_audio(size_bytes))
    ours = add_file(store, path)

    opts = {"cid-version": "1", "raw-leaves": "true", "chunker": f"size-{MIB}"}
    answer = client.add_bytes(path.read_bytes(), opts=opts)

    assert Cid.parse(answer) == ours.cid


def test_the_daemon_names_a_manifest_block_as_we_do(client: ipfshttpclient.Client) -> None:
    block = encode_canonical({"title": "ꦒꦼꦤ꧀ꦝꦶꦁ", "price": "100000000000000000", "n": [1, True]})

    answer = client.block.put(io.BytesIO(block), opts={"format": "dag-cbor", "mhtype": "sha2-256"})

    assert Cid.parse(answer["Key"]) == Cid.of(Codec.DAG_CBOR, block)


def test_a_tree_comes_back_whole_into_an_empty_store(
    replicator: IpfsReplicator, store: FsBlockStore, tmp_path: Path
) -> None:
    data = some_audio(3 * MIB)
    root, file = file_set(store, tmp_path / "audio", data)
    replicator.push(clear_for_publication(root, store, consent_is_live=lambda _: True))
    back = MemoryBlockStore()

    replicator.pull(root, back)

    assert b"".join(read_file(file, back.get, limit_bytes=len(data))) == data
    assert set(back.iterate()) == set(store.iterate())


def test_what_was_never_pushed_is_not_held_and_not_waited_for(daemon: str) -> None:
    absent = Cid.of(Codec.RAW, b"never pushed")
    impatient = IpfsReplicator(daemon, read_seconds=1.0)

    assert not impatient.holds(absent)
    with pytest.raises(DaemonTooSlow):
        impatient.fetch(absent)
