"""Works, catalogues and the rules communities share by, as the index has them at one block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection

from chain.client.blocks import BlockPin
from chain.indexer import tables
from chain.indexer.index_reader import IndexReader, ordered, placed
from chain.indexer.records import CatalogueRecord, WorkRecord
from chain.indexer.row_reading import place_of, work_of
from chain.ledger.catalogue import Catalogue
from chain.ledger.identifiers import Address, CommunityId, Digest, EpochNumber, WorkId
from chain.ledger.sharing import Announcement, SharingRule


class WorkStore(IndexReader):
    """What was registered, by whom, and under which root."""

    def works(
        self,
        *,
        at: BlockPin,
        community_id: CommunityId | None = None,
        after: WorkId | None = None,
        limit: int | None = None,
    ) -> list[WorkRecord]:
        """Works by ascending id, from the one after `after`."""
        table = tables.work_registered
        wanted = [] if community_id is None else [table.c.community_id == community_id]
        wanted += [] if after is None else [table.c.work_id > after]
        with self._at(at) as connection:
            owners, displaced = self._owners(connection, at), self._displaced(connection, at)
            rows = connection.execute(
                placed(table, at, *wanted).order_by(table.c.work_id).limit(limit)
            )
            return [work_of(row, owners, displaced) for row in rows]

    def work(self, work_id: WorkId, *, at: BlockPin) -> WorkRecord | None:
        return self._one_work(at, tables.work_registered.c.work_id == work_id)

    def work_by_content(self, content_commitment: Digest, *, at: BlockPin) -> WorkRecord | None:
        """The work registered for a recording; of several, the one nobody displaced."""
        column = tables.work_registered.c.content_commitment
        return self._one_work(at, column == content_commitment)

    def catalogues(self, *, at: BlockPin) -> list[CatalogueRecord]:
        """Catalogues in the order of their registration, with the works made real so far."""
        with self._at(at) as connection:
            materialised: dict[bytes, dict[int, WorkId]] = defaultdict(dict)
            for row in ordered(connection, tables.work_materialised, at):
                materialised[row.catalogue_hash][row.catalogue_position] = WorkId(row.work_id)
            return [
                CatalogueRecord(
                    Catalogue(
                        row.owner,
                        CommunityId(row.community_id),
                        row.works,
                        Digest(row.root),
                        Digest(row.manifest_digest),
                    ),
                    materialised[row.catalogue_hash],
                    place_of(row),
                )
                for row in ordered(connection, tables.catalogue_registered, at)
            ]

    def sharing_rule(
        self, community_id: CommunityId, epoch: EpochNumber, *, at: BlockPin
    ) -> Announcement:
        """The rule by which a community divides what it earns in an epoch."""
        default = Announcement(SharingRule.PRO_RATA, 0, 0, EpochNumber(0))
        return self.sharing_rules(epoch, at=at).get(community_id, default)

    def sharing_rules(self, epoch: EpochNumber, *, at: BlockPin) -> dict[CommunityId, Announcement]:
        """The rule that holds in an epoch, of every community that announced one."""
        table = tables.sharing_rule_announced
        with self._at(at) as connection:
            # First epochs never fall, so of those that began the last announced one holds.
            return {
                CommunityId(row.community_id): Announcement(
                    SharingRule(row.rule), row.phi_bps, row.version, EpochNumber(row.from_epoch)
                )
                for row in ordered(connection, table, at, table.c.from_epoch <= epoch)
            }

    def works_of_communities(
        self, communities: Iterable[CommunityId], *, at: BlockPin
    ) -> dict[WorkId, CommunityId]:
        """The works that these communities decide for: a displaced one is its displacer's."""
        table = tables.work_registered
        wanted = table.c.community_id.in_(list(communities))
        with self._at(at) as connection:
            displaced = self._displaced(connection, at)
            found = {
                WorkId(row.work_id): CommunityId(row.community_id)
                for row in ordered(connection, table, at, wanted)
                if row.work_id not in displaced
            }
        for work in displaced:
            holder = displaced[work]
            while holder in displaced:
                holder = displaced[holder]
            if holder in found:
                found[WorkId(work)] = found[holder]
        return found

    def _one_work(self, at: BlockPin, wanted: ColumnElement[bool]) -> WorkRecord | None:
        # A content that was displaced has several works; the newest has it.
        newest_first = tables.work_registered.c.work_id.desc()
        with self._at(at) as connection:
            query = placed(tables.work_registered, at, wanted).order_by(newest_first)
            row = connection.execute(query).first()
            if row is None:
                return None
            owners = self._owners(connection, at, WorkId(row.work_id))
            return work_of(row, owners, self._displaced(connection, at))

    @staticmethod
    def _displaced(connection: Connection, at: BlockPin) -> dict[int, WorkId]:
        rows = ordered(connection, tables.work_displaced, at)
        return {row.work_id: WorkId(row.displaced_by) for row in rows}

    @staticmethod
    def _owners(
        connection: Connection, at: BlockPin, work_id: WorkId | None = None
    ) -> dict[int, Address]:
        table = tables.work_transferred
        wanted = [] if work_id is None else [table.c.work_id == work_id]
        return {row.work_id: row.recipient for row in ordered(connection, table, at, *wanted)}
