"""Laying out a provenance graph: sources left, what was made from them right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from api.reading import WorkShown
from chain.indexer.records import Provenance
from chain.ledger.identifiers import WorkId

BOX_WIDTH, BOX_HEIGHT = 230, 58
GAP_ACROSS, GAP_DOWN = 190, 22
MARGIN = 14
TITLE_CHARACTERS = 26


@dataclass(frozen=True)
class Box:
    """A work at its place, in pixels."""

    work: WorkShown
    x: int
    y: int
    is_root: bool

    @property
    def title(self) -> str:
        text = self.work.title
        cut = len(text) > TITLE_CHARACTERS
        return text[: TITLE_CHARACTERS - 1] + "…" if cut else text


@dataclass(frozen=True)
class Arrow:
    """From a parent to what was made from it, with the licence and the share it passes back."""

    path: str
    label: str
    label_x: int
    label_y: int


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(found: Provenance, works: dict[WorkId, WorkShown]) -> Drawing:
    """Place every work in the column of its longest way from a source."""
    columns = columns_of(found)
    rows: dict[int, list[WorkId]] = defaultdict(list)
    for node in found.nodes:
        rows[columns[node.work_id]].append(node.work_id)
    tallest = max(len(column) for column in rows.values())
    height = 2 * MARGIN + tallest * (BOX_HEIGHT + GAP_DOWN) - GAP_DOWN
    boxes = {
        work_id: Box(
            works[work_id],
            MARGIN + column * (BOX_WIDTH + GAP_ACROSS),
            (height - len(members) * (BOX_HEIGHT + GAP_DOWN) + GAP_DOWN) // 2
            + row * (BOX_HEIGHT + GAP_DOWN),
            work_id == found.root,
        )
        for column, members in rows.items()
        for row, work_id in enumerate(members)
    }
    arrows = tuple(
        arrow(
            boxes[e.parent], boxes[e.child], f"licence {e.licence_id}, {e.royalty_share / 1e7:g} %"
        )
        for e in found.edges
    )
    width = 2 * MARGIN + len(rows) * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS
    return Drawing(width, height, tuple(boxes.values()), arrows)


def columns_of(found: Provenance) -> dict[WorkId, int]:
    """Ids ascend from parents to children, so one pass is enough."""
    columns = {node.work_id: 0 for node in found.nodes}
    for edge in sorted(found.edges, key=lambda e: e.child):
        columns[edge.child] = max(columns[edge.child], columns[edge.parent] + 1)
    return columns


def arrow(parent: Box, child: Box, label: str) -> Arrow:
    x1, y1 = parent.x + BOX_WIDTH, parent.y + BOX_HEIGHT // 2
    x2, y2 = child.x, child.y + BOX_HEIGHT // 2
    middle = (x1 + x2) // 2
    path = f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 2} {y2}"
    # Beside the parent, where no other arrow crosses yet.
    return Arrow(path, label, x1 + 8, y1 - 8)
