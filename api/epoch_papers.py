"""The blocks that an epoch is recomputed from, for whoever recomputes it: operators before they
sign, and anybody later. No other block of the store is given out here: the publish gate decides of
those."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from api.application import Application
from api.errors import NotFound
from chain.ledger.identifiers import Digest
from chain.provenance import Cid, Codec
from chain.provenance.dag_walk import walk
from chain.provenance.errors import BlockMissing
from oracle.epoch_book import EpochBook


class EpochPapers:
    """Segment sets, segments, evidence and payouts of epochs, sealed here or posted by anybody."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._looking = threading.Lock()
        self._roots: set[Cid] = set()
        self._known: set[Cid] = set()

    def block(self, cid: Cid) -> bytes:
        """The verified bytes. Raises NotFound for what is no epoch's, BlockMissing, BlockCorrupt,
        OutboxUnavailable, RpcUnavailable."""
        name = cid.as_v1()
        with self._looking:
            if name not in self._known:
                self._look()
            if name not in self._known:
                raise NotFound("paper of an epoch", cid)
        return self._app.papers.get(name)

    def _look(self) -> None:
        for root in self._wanted():
            if root in self._roots:
                continue
            found: set[Cid] = set()
            try:
                found.update(cid.as_v1() for cid, _ in walk(root, self._app.papers.get))
            except BlockMissing:
                # Not here, or not all of it yet: what is here may be had, and is looked at again.
                self._known |= found
                continue
            self._roots.add(root)
            self._known |= found

    def _wanted(self) -> Iterator[Cid]:
        for record in self._app.store.epochs(at=self._app.refresh()):
            yield _segments(record.report.segments_digest)
        place = self._app.settings.oracle.outbox
        if isinstance(place, Path) and not place.exists():
            return
        with self._app.outbox.reading() as connection:
            rows = EpochBook(connection).all()
        for row in rows:
            yield _segments(row.report.segments_digest)
            yield row.evidence_cid
            yield row.payouts_cid


def _segments(digest: Digest) -> Cid:
    return Cid.from_digest(digest, Codec.DAG_CBOR)
