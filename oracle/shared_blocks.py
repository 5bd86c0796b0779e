"""Blocks that the machines of one outbox have in common, and each keeps a copy of in its folder.

What is put here is in the outbox, too; what is not here is taken from there, hashed, and kept. So
whoever sends an epoch, or serves its papers, needs no disk of whoever sealed it.
"""

from __future__ import annotations

from collections.abc import Iterator

from chain.provenance import BlockStore, Cid, Codec
from chain.provenance.errors import BlockCorrupt, BlockMissing
from chain.settlement.segments import MAGIC
from oracle.book import Book
from oracle.outbox import Outbox


class PaperBook(Book):
    """Rows of papers, in one transaction of the outbox."""

    def put(self, cid: Cid, body: bytes) -> None:
        """Keep a block; the same one again changes nothing."""
        self._execute(
            "INSERT INTO paper (digest, codec, body) VALUES (:digest, :codec, :body) "
            "ON CONFLICT DO NOTHING",
            digest=cid.digest,
            codec=int(cid.codec),
            body=body,
        )

    def body(self, cid: Cid) -> bytes | None:
        """The bytes of a paper or a segment, as they are held; None when they are not."""
        found: bytes | None = self._scalar(
            "SELECT body FROM paper WHERE digest = :digest AND codec = :codec "
            "UNION ALL SELECT body FROM segment WHERE digest = :digest AND :codec = :raw",
            digest=cid.digest,
            codec=int(cid.codec),
            raw=int(Codec.RAW),
        )
        return found


class SharedBlocks:
    """A `BlockStore` over this machine's `own` blocks and an outbox."""

    def __init__(self, own: BlockStore, outbox: Outbox) -> None:
        self._own = own
        self._outbox = outbox

    def put(self, codec: Codec, data: bytes) -> Cid:
        """Keep one block here and for the others. Raises BlockTooLarge, OutboxUnavailable."""
        cid = self._own.put(codec, data)
        if not data.startswith(MAGIC):  # segments have a table of their own
            with self._outbox.writing() as connection:
                PaperBook(connection).put(cid, data)
        return cid

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing, BlockCorrupt, OutboxUnavailable."""
        try:
            return self._own.get(cid)
        except BlockMissing:
            with self._outbox.reading() as connection:
                found = PaperBook(connection).body(cid.as_v1())
            if found is None:
                raise
        if not cid.matches(found):
            raise BlockCorrupt(cid, None)
        self._own.put(cid.codec, found)
        return found

    def has(self, cid: Cid) -> bool:
        """Whether the block is here or with the others."""
        if self._own.has(cid):
            return True
        with self._outbox.reading() as connection:
            return PaperBook(connection).body(cid.as_v1()) is not None

    def iterate(self) -> Iterator[Cid]:
        """Every id held here."""
        return self._own.iterate()
