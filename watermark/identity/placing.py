"""Where in a file the ids that were found lie, and whether two witnesses speak for each.

All ids of one geometry are placed in one reading of the file. Only the chips of an id's own slots
count: sync chips are common to all ids, and would speak for a stranger placed on somebody's mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from watermark.detection import Segment
from watermark.identity.cells import PAIR_SAMPLES, PHASES, SAMPLE_RATE_HZ
from watermark.identity.geometry import Geometry
from watermark.identity.marked_segments import (
    SignedEvidence,
    Stretch,
    stretches,
    weaker_half_z,
)
from watermark.identity.search import IdSearch
from watermark.identity.sync import Alignment
from watermark.payload import GenerationId

HALF_Z_MIN: Final = 3.0  # of each of two disjoint halves


@dataclass(frozen=True)
class Placement:
    """One id at one alignment."""

    chips: Tensor  # (pair, band), 0 where they shall not count
    alignment: Alignment


@dataclass(frozen=True)
class Placed:
    """The stretches of one placement, and whether both of two halves speak for it."""

    segments: tuple[Segment, ...]
    witnessed: bool


def own_chips(search: IdSearch, generation_id: GenerationId) -> Tensor:
    """The chips that an id shares with no other by design; (pair, band), 0 at sync chips."""
    return search.chips(generation_id) * (search.book.sync == 0)


def signed_evidence(
    blocks: Iterable[Tensor], placements: Sequence[Placement]
) -> Iterator[SignedEvidence]:
    """Chip times evidence for every 128 ms of a file, one (pair, band) each; positive agrees.

    All are gathered in one reading, at 80 bytes per 128 ms each, and handed out one by one.
    """
    turned = [one.chips.roll(one.alignment.offset, dims=0) for one in placements]
    rows: list[list[Tensor]] = [[] for _ in placements]
    for block in blocks:
        for one, chips, kept in zip(placements, turned, rows, strict=True):
            kept.append((block[:, :, one.alignment.phase] * chips).to(torch.bfloat16))
    for kept in rows:
        yield torch.cat(kept).float().numpy()


def placed(signed: SignedEvidence, alignment: Alignment, geometry: Geometry) -> Placed:
    """Turn evidence into segments of the file as it was handed in."""
    found = stretches(signed)
    return Placed(
        segments=tuple(_segment(one, alignment, geometry) for one in found),
        witnessed=weaker_half_z(signed, found) >= HALF_Z_MIN,
    )


def _segment(stretch: Stretch, alignment: Alignment, geometry: Geometry) -> Segment:
    def at_ms(pair: int) -> int:
        at_16k = pair * PAIR_SAMPLES + alignment.phase * PAIR_SAMPLES // PHASES
        return round(at_16k * 1000 / SAMPLE_RATE_HZ / geometry.tempo)

    return Segment(at_ms(stretch.first), at_ms(stretch.past_last), round(stretch.z, 3))
