"""Files get the ids that Kubo gives them; expectations are Kubo's own published test vectors."""

from __future__ import annotations

import hashlib
import io
import os

import pytest
from Crypto.Cipher import ChaCha20

from chain.provenance.block_store import MemoryBlockStore
from chain.provenance.cid import Cid, Codec
from chain.provenance.dag_pb import PbLink, PbNode, decode_node, encode_field, encode_node
from chain.provenance.errors import NodeMalformed
from chain.provenance.unixfs import CHUNK_BYTES, import_file, read_file

MIB = 1 << 20
GIB = 1 << 30

# Kubo, test/cli: deterministic files for the profile unixfs-v1-2025.
SMALL_VECTORS = [
    (MIB, "chunk-v1-seed", "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta"),
    (MIB + 1, "chunk-v1-seed", "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"),
]
LARGE_VECTORS = [
    (GIB, "v1-2025-seed", "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm"),
    (GIB + 1, "v1-2025-seed", "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe"),
]


class SeededFile(io.RawIOBase):
    """Kubo's pseudo-random file: the ChaCha20 key stream of SHA-256(seed)."""

    def __init__(self, size_bytes: int, seed: str) -> None:
        key = hashlib.sha256(seed.encode()).digest()
        self._stream = ChaCha20.new(key=key, nonce=bytes(12))
        self._left = size_bytes

    def read(self, size: int = -1) -> bytes:
        take = self._left if size < 0 else min(size, self._left)
        self._left -= take
        return self._stream.encrypt(bytes(take))


class Trickle(io.RawIOBase):
    """Gives one byte short of what is asked, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._source.read(max(1, size - 1))


def forget(codec: Codec, data: bytes) -> Cid:
    return Cid.of(codec, data)


@pytest.mark.parametrize(("size_bytes", "seed", "expected"), SMALL_VECTORS)
def test_a_file_gets_the_id_that_kubo_published(size_bytes: int, seed: str, expected: str) -> None:
    assert str(import_file(SeededFile(size_bytes, seed), forget).cid) == expected


@pytest.mark.skipif(os.environ.get("ANTIPHON_SLOW") != "1", reason="1 GiB; set ANTIPHON_SLOW=1")
@pytest.mark.parametrize(("size_bytes", "seed", "expected"), LARGE_VECTORS)
def test_a_large_file_gets_the_id_that_kubo_published(
    size_bytes: int, seed: str, expected: str
) -> None:
    assert str(import_file(SeededFile(size_bytes, seed), forget).cid) == expected


def test_hello_world_and_the_empty_file_have_their_well_known_ids() -> None:
    hello = import_file(io.BytesIO(b"hello world"), forget)
    empty = import_file(io.BytesIO(b""), forget)

    assert str(hello.cid) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert str(empty.cid) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert (hello.size_bytes, empty.size_bytes, empty.block_count) == (11, 0, 1)


@pytest.mark.parametrize("size_bytes", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 7])
def test_a_file_reads_back_whatever_its_length(size_bytes: int) -> None:
    data = SeededFile(size_bytes, "round trip").read()
    store = MemoryBlockStore()

    imported = import_file(io.BytesIO(data), store.put)

    assert imported.size_bytes == size_bytes
    assert imported.block_count == len(list(store.iterate()))
    assert b"".join(read_file(imported.cid, store.get, limit_bytes=size_bytes)) == data


def test_short_reads_change_nothing() -> None:
    data = SeededFile(2 * MIB + 5, "trickle").read()

    whole = import_file(io.BytesIO(data), forget)
    trickled = import_file(Trickle(data), forget)

    assert trickled == whole


def test_the_tree_deepens_after_1024_leaves() -> None:
    nodes: list[bytes] = []

    def keep_nodes(codec: Codec, data: bytes) -> Cid:
        if codec is Codec.DAG_PB:
            nodes.append(data)
        return Cid(1, codec, hashlib.sha256(codec.to_bytes() + len(data).to_bytes(4)).digest())

    class Zeros(io.RawIOBase):
        left = 1025 * CHUNK_BYTES

        def read(self, size: int = -1) -> bytes:
            take = min(size, self.left)
            self.left -= take
            return ZERO_CHUNK[:take]

    imported = import_file(Zeros(), keep_nodes)

    assert [len(decode_node(node).links) for node in nodes] == [1024, 1, 2]
    assert imported.block_count == 1025 + 3


ZERO_CHUNK = bytes(CHUNK_BYTES)


def file_node(
    links: tuple[PbLink, ...], sizes: tuple[int, ...], total: int, kind: int = 2
) -> bytes:
    data = encode_field(1, kind) + encode_field(3, total)
    data += b"".join(encode_field(4, size) for size in sizes)
    return encode_node(PbNode(links, data))


def test_a_tree_that_unfolds_without_end_is_cut_off() -> None:
    store = MemoryBlockStore()
    leaf = PbLink(store.put(Codec.RAW, bytes(1000)), 1000)
    bomb = store.put(Codec.DAG_PB, file_node((leaf,) * 1000, (1000,) * 1000, 1_000_000))

    with pytest.raises(NodeMalformed, match="more than 50000 bytes"):
        list(read_file(bomb, store.get, limit_bytes=50_000))


def test_a_tree_deeper_than_any_file_is_refused() -> None:
    store = MemoryBlockStore()
    cid = store.put(Codec.RAW, b"x")
    for _ in range(5):
        cid = store.put(Codec.DAG_PB, file_node((PbLink(cid, 1),), (1,), 1))

    with pytest.raises(NodeMalformed, match="too deep"):
        list(read_file(cid, store.get, limit_bytes=10))


@pytest.mark.parametrize(
    ("sizes", "total", "kind"),
    [((5,), 6, 2), ((5,), 5, 1), ((5, 5), 10, 2), ((4,), 4, 2)],
    ids=["total", "directory", "one size too many", "leaf of another length"],
)
def test_sizes_that_contradict_the_leaves_are_refused(
    sizes: tuple[int, ...], total: int, kind: int
) -> None:
    store = MemoryBlockStore()
    leaf = PbLink(store.put(Codec.RAW, b"12345"), 5)
    cid = store.put(Codec.DAG_PB, file_node((leaf,), sizes, total, kind))

    with pytest.raises(NodeMalformed):
        list(read_file(cid, store.get, limit_bytes=100))


def test_a_manifest_is_no_file() -> None:
    store = MemoryBlockStore()
    cid = store.put(Codec.DAG_CBOR, b"\xa0")

    with pytest.raises(NodeMalformed, match="no file node"):
        list(read_file(cid, store.get, limit_bytes=100))


@pytest.mark.parametrize(
    "block",
    [
        b"\x0a",
        b"\x0a\x05abc",
        b"\x0d\x01\x02\x03\x04",
        b"\x1a\x00",
        b"\x12\x00",
        b"\x12\x06\x0a\x01x\x12\x00\x18\x01",
        b"\x0a\x00\x12\x00",
        encode_field(1, b"") * 2,
    ],
    ids=["cut", "short", "fixed32", "unknown", "no hash", "bad cid", "order", "data twice"],
)
def test_a_node_that_no_writer_would_write_is_refused(block: bytes) -> None:
    with pytest.raises(NodeMalformed):
        decode_node(block)
