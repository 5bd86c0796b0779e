"""From a list of works to a catalogue: one root for all, and a proof for each."""

from __future__ import annotations

import csv
from pathlib import Path

from chain.ledger.catalogue import CatalogueTree, CatalogueWork
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import digest_from_hex
from chain.ledger.rights import WorkKind

COLUMNS = ("kind", "content_commitment", "manifest_digest")


def read_catalogue(path: Path) -> CatalogueTree:
    """Build the tree of a CSV file with the columns of `COLUMNS`, digests as 64 hex digits.

    A work's position is its row, from 0. Raises Malformed with the row that is wrong, OSError.
    """
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise Malformed("catalogue", f"its first line is not {','.join(COLUMNS)}")
        return CatalogueTree([_work(position, row) for position, row in enumerate(rows)])


def _work(position: int, row: dict[str, str]) -> CatalogueWork:
    kind, content, manifest = (row[column] or "" for column in COLUMNS)
    if kind not in WorkKind.__members__:
        known = ", ".join(WorkKind.__members__)
        raise Malformed(f"work {position}", f"{kind[:40]!r} is not one of {known}")
    return CatalogueWork(
        position,
        WorkKind[kind],
        digest_from_hex(content, f"content commitment of work {position}"),
        digest_from_hex(manifest, f"manifest digest of work {position}"),
    )
