"""Where blocks live: a folder by default, memory in tests, and a locked room for restricted ones.

A store never hands out bytes that do not hash to the id asked for. Blocks are kept under their
version 1 id whatever spelling asked.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import (
    BlockCorrupt,
    BlockMissing,
    BlockTooLarge,
    CidMalformed,
)
from chain.provenance.unixfs import FileImport, import_file

# What other IPFS nodes accept from their peers.
BLOCK_BYTES_MAX: Final = 2 * 1024 * 1024
TEMPORARY_PREFIX: Final = ".partial-"
PRIVATE_FOLDER_MODE: Final = 0o700


class BlockSink(Protocol):
    """Takes blocks in; says nothing about who may read them."""

    def put(self, codec: Codec, data: bytes) -> Cid:
        """Keep one block and name it. Raises BlockTooLarge. Putting it again changes nothing."""
        ...


class BlockReader(Protocol):
    """Hands blocks out, verified: what archives and replicas are made from."""

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing, BlockCorrupt."""
        ...

    def has(self, cid: Cid) -> bool:
        """Whether the block is held; does not read it."""
        ...

    def iterate(self) -> Iterator[Cid]:
        """Every id held, in a stable order."""
        ...


class BlockStore(BlockSink, BlockReader, Protocol):
    """The port: content-addressed blocks, in and out."""


class MemoryBlockStore:
    """Blocks in a dictionary; gone with the process."""

    def __init__(self) -> None:
        self._blocks: dict[Cid, bytes] = {}

    def put(self, codec: Codec, data: bytes) -> Cid:
        """Keep one block. Raises BlockTooLarge."""
        cid = _name_block(codec, data)
        self._blocks[cid] = bytes(data)
        return cid

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing."""
        data = self._blocks.get(cid.as_v1())
        if data is None:
            raise BlockMissing(cid)
        return data

    def has(self, cid: Cid) -> bool:
        """Whether the block is held."""
        return cid.as_v1() in self._blocks

    def iterate(self) -> Iterator[Cid]:
        """Every id held, in byte order."""
        return iter(sorted(self._blocks))


class FsBlockStore:
    """One file per block: `<root>/<2 characters>/<cid>`.

    A block is written beside its place, flushed to the disk and renamed into place: after a crash
    it is there whole or not at all. Every read is hashed, so a disk fault or a meddler is found.
    """

    def __init__(self, root: Path, *, folder_mode: int = 0o755) -> None:
        self._root = root
        self._folder_mode = folder_mode
        root.mkdir(parents=True, exist_ok=True, mode=folder_mode)

    def put(self, codec: Codec, data: bytes) -> Cid:
        """Keep one block. Raises BlockTooLarge; mends a copy that was altered on the disk."""
        cid = _name_block(codec, data)
        path = self.path_of(cid)
        try:
            if path.read_bytes() == data:
                return cid
        except FileNotFoundError:
            pass
        path.parent.mkdir(exist_ok=True, mode=self._folder_mode)
        _write_whole(path, data)
        return cid

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing, BlockCorrupt."""
        path = self.path_of(cid)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise BlockMissing(cid) from error
        if not cid.matches(data):
            raise BlockCorrupt(cid, path)
        return data

    def has(self, cid: Cid) -> bool:
        """Whether the block is held."""
        return self.path_of(cid).is_file()

    def iterate(self) -> Iterator[Cid]:
        """Every id held, in order of file name; files that are no blocks are passed over."""
        for path in sorted(self._root.glob("??/*")):
            try:
                cid = Cid.parse(path.name)
            except CidMalformed:
                continue
            yield cid

    def path_of(self, cid: Cid) -> Path:
        """Where the block is, or would be."""
        name = str(cid.as_v1())
        # All ids begin alike and the last character holds three bits: the two before it spread.
        return self._root / name[-3:-1] / name


class RestrictedBlockStore:
    """Blocks that must not leave: the community's own shelf.

    Deliberately no BlockStore: it has neither `get` nor `iterate`, so no exporter, replicator or
    API that takes a store can be handed this one, by mistake or otherwise. `reveal` is the only
    way out, for whoever the community lets in.
    """

    def __init__(self, root: Path) -> None:
        self._blocks = FsBlockStore(root, folder_mode=PRIVATE_FOLDER_MODE)

    def put(self, codec: Codec, data: bytes) -> Cid:
        """Keep one block. Raises BlockTooLarge."""
        return self._blocks.put(codec, data)

    def holds(self, cid: Cid) -> bool:
        """Whether the block is on this shelf."""
        return self._blocks.has(cid)

    def reveal(self, cid: Cid) -> bytes:
        """The verified bytes, for a reader whom the caller has admitted. Raises as `get` does."""
        return self._blocks.get(cid)


def add_file(store: BlockSink, path: Path) -> FileImport:
    """Cut the file at `path` into `store`; the id equals what other IPFS nodes would compute.

    Raises OSError when the file cannot be read; blocks put before that stay, unreferenced.
    """
    with path.open("rb") as stream:
        return import_file(stream, store.put)


def _name_block(codec: Codec, data: bytes) -> Cid:
    if len(data) > BLOCK_BYTES_MAX:
        raise BlockTooLarge(len(data), BLOCK_BYTES_MAX)
    return Cid.of(codec, data)


def _write_whole(path: Path, data: bytes) -> None:
    """Write, flush, rename, flush the folder: no reader ever sees half a block."""
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
