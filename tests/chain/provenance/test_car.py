"""Archives are byte-identical for a root, and a stranger's archive is checked before it is kept."""

from __future__ import annotations

import io

import libipld
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.provenance import MemoryBlockStore, import_file
from chain.provenance.canonical import encode_canonical
from chain.provenance.car import CarLimits, export_car, import_car
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import BlockMissing, CarInvalid
from chain.provenance.varint import encode_varint


def section(cid: Cid, data: bytes) -> bytes:
    return encode_varint(len(cid.to_bytes()) + len(data)) + cid.to_bytes() + data


def header(*roots: Cid, version: int = 1) -> bytes:
    encoded = encode_canonical({"roots": list(roots), "version": version})
    return encode_varint(len(encoded)) + encoded


def tree() -> tuple[MemoryBlockStore, Cid, list[Cid]]:
    """A root over two manifests that share a leaf; returns the order in which to expect them."""
    store = MemoryBlockStore()
    leaf = store.put(Codec.RAW, b"leaf")
    other = store.put(Codec.RAW, b"other")
    left = store.put(Codec.DAG_CBOR, encode_canonical({"leaf": leaf}))
    right = store.put(Codec.DAG_CBOR, encode_canonical({"leaf": leaf, "other": other}))
    root = store.put(Codec.DAG_CBOR, encode_canonical({"a": left, "b": right}))
    return store, root, [root, left, leaf, right, other]


def archive_of(store: MemoryBlockStore, root: Cid) -> bytes:
    return b"".join(export_car(root, store))


def refused(archive: bytes, reason: str, **options: object) -> None:
    store = MemoryBlockStore()
    with pytest.raises(CarInvalid, match=reason):
        import_car(io.BytesIO(archive), store, **options)  # type: ignore[arg-type]
    assert list(store.iterate()) == [], "nothing of a refused archive is kept"


def test_an_archive_is_root_first_depth_first_first_seen() -> None:
    store, root, order = tree()

    expected = header(root) + b"".join(section(cid, store.get(cid)) for cid in order)
    assert archive_of(store, root) == expected


def test_another_implementation_reads_the_archive() -> None:
    store = MemoryBlockStore()
    child = store.put(Codec.DAG_CBOR, encode_canonical({"name": "child"}))
    root = store.put(Codec.DAG_CBOR, encode_canonical({"child": child}))

    read_header, blocks = libipld.decode_car(archive_of(store, root))

    assert read_header == {"roots": [root.to_bytes()], "version": 1}
    assert blocks == {
        root.to_bytes(): {"child": child.to_bytes()},
        child.to_bytes(): {"name": "child"},
    }


def test_an_archive_comes_back_whole() -> None:
    store, root, order = tree()
    back = MemoryBlockStore()

    assert import_car(io.BytesIO(archive_of(store, root)), back) == root
    assert set(back.iterate()) == set(order)


@settings(max_examples=20)
@given(st.integers(0, 3 << 20))
def test_a_file_of_any_length_travels(size_bytes: int) -> None:
    store, back = MemoryBlockStore(), MemoryBlockStore()
    root = import_file(io.BytesIO(bytes(size_bytes)), store.put).cid

    import_car(io.BytesIO(archive_of(store, root)), back, expected=root)

    assert set(back.iterate()) == set(store.iterate())


def test_a_block_that_is_missing_here_stops_the_export() -> None:
    store = MemoryBlockStore()
    root = store.put(Codec.DAG_CBOR, encode_canonical({"gone": Cid.of(Codec.RAW, b"gone")}))

    with pytest.raises(BlockMissing):
        list(export_car(root, store))


def test_every_single_changed_byte_is_refused() -> None:
    store, root, _ = tree()
    archive = archive_of(store, root)

    for at in range(len(archive)):
        altered = archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]
        refused(altered, ".", expected=root)


def test_every_cut_is_refused() -> None:
    store, root, _ = tree()
    archive = archive_of(store, root)

    for length in range(len(archive)):
        refused(archive[:length], ".")


def test_a_forged_block_is_named() -> None:
    leaf = Cid.of(Codec.RAW, b"leaf")

    refused(header(leaf) + section(leaf, b"fake"), f"block {leaf} is forged")


def test_a_missing_block_is_named() -> None:
    gone = Cid.of(Codec.RAW, b"gone")
    block = encode_canonical({"gone": gone})
    root = Cid.of(Codec.DAG_CBOR, block)

    refused(header(root) + section(root, block), f"block {gone} is missing")


def test_a_block_that_nothing_links_is_refused() -> None:
    leaf, stray = Cid.of(Codec.RAW, b"leaf"), Cid.of(Codec.RAW, b"stray")

    refused(header(leaf) + section(leaf, b"leaf") + section(stray, b"stray"), "do not belong")


def test_another_root_than_the_expected_is_refused() -> None:
    leaf, other = Cid.of(Codec.RAW, b"leaf"), Cid.of(Codec.RAW, b"other")

    refused(header(leaf) + section(leaf, b"leaf"), "the archive of", expected=other)


LEAF = Cid.of(Codec.RAW, b"leaf")


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"", "no header"),
        (b"\xff" * 20, "varint"),
        (encode_varint(1 << 40) + b"x", "no header"),
        (b"\x03abc", "header"),
        (header(LEAF, version=2), "version"),
        (header(), "one root"),
        (header(LEAF, LEAF), "one root"),
        (header(LEAF) + encode_varint(1 << 30) + b"x", "over the limit"),
        (header(LEAF) + b"\x00", "content id"),
        (header(LEAF) + b"\x05\x01\x55\x00\x01x", "hash 0x0"),
    ],
    ids=[
        "empty",
        "no varint",
        "huge header",
        "text",
        "v2",
        "rootless",
        "roots",
        "bomb",
        "nil",
        "id",
    ],
)
def test_a_malformed_archive_is_refused(archive: bytes, reason: str) -> None:
    refused(archive, reason)


def test_limits_on_bytes_and_blocks_hold() -> None:
    store, root, _ = tree()
    archive = archive_of(store, root)

    refused(archive, "over the limit", limits=CarLimits(block_count=4))
    refused(archive, "over the limit", limits=CarLimits(total_bytes=100))


def test_a_link_to_a_malformed_node_is_refused() -> None:
    node = b"\x1a\x00"
    root = Cid.of(Codec.DAG_PB, node)

    refused(header(root) + section(root, node), "not a UnixFS")
