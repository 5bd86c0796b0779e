"""Finds which of the issued ids agrees with a window at the alignments that sync offers.

At one alignment the evidence is first compared with all 256 patterns of every slot; an id's score
is then the sum of 32 entries of that table, one per slot, whatever the length of the audio:

    z = sum over slots of (pattern of the id's symbol . evidence) / norm of the evidence

For an id that was not embedded the patterns are coin tosses independent of the audio, so z has
mean 0 and variance 1 whatever the audio is, and P(z >= t) <= exp(-t * t / 2) (Hoeffding 1963).
No slot counts for more than SLOT_LIMIT of its own deviations: an id that happens to share a few
symbols with a strong mark cannot live on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import EpochKey, codebook, codewords
from watermark.identity.open_mode import read_open
from watermark.identity.symbols import ALPHABET, SLOTS, Ids, Symbols, symbols_of
from watermark.identity.sync import Alignment, best_alignments, sync_z
from watermark.payload import GenerationId

ALIGNMENTS_TRIED: Final = (
    4  # of each window; the right one is among the first where an id can be named
)
SLOT_LIMIT: Final = 4.0
_OPEN_SYNC_Z_MIN: Final = 5.0  # half of what an id of the least z that decodes brings along
_IDS_AT_ONCE: Final = 1 << 11  # their rows stay in the processor's cache
_COLUMNS_AT_ONCE: Final = 64  # alignments scored in one pass over the ids
_ROWS_FOLDED: Final = 64
_IDS_ENCODED_AT_ONCE: Final = 1 << 16
Row = TypeVar("Row", bound=np.generic)
_ROWS = torch.arange(SLOTS, dtype=torch.int32) * ALPHABET


@dataclass(frozen=True)
class Score:
    """An id's agreement with one window at one alignment.

    `bounded_z`, limited per slot as above, decides; `z` is the same without the limit, for people.
    """

    generation_id: GenerationId
    z: float
    bounded_z: float
    alignment: Alignment


@dataclass(frozen=True)
class Candidate:
    """An alignment that the sync chips of a window offer."""

    window: int
    alignment: Alignment
    sync_z: float


class IdSearch:
    """Scores windows of evidence against a growing list of ids of one epoch key."""

    def __init__(self, key: EpochKey, ids: Sequence[GenerationId] = ()) -> None:
        self.key = key
        self.book = codebook(key)
        self._count = 0
        self._values: Ids = np.empty(0, np.uint64)
        self._symbols: Symbols = np.empty((0, SLOTS), np.uint8)
        self._sorted: Ids = np.empty(0, np.uint64)
        self.add(ids)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, generation_id: GenerationId) -> bool:
        place = int(np.searchsorted(self._sorted, np.uint64(generation_id.value)))
        return place < len(self._sorted) and int(self._sorted[place]) == generation_id.value

    def add(self, ids: Sequence[GenerationId]) -> None:
        """Search these too from now on; ids already known are passed over."""
        self.add_values(np.array([one.value for one in ids], np.uint64))

    def add_values(self, values: Ids) -> None:
        """As `add`, from an array of 64-bit numbers: for registries of millions."""
        assert values.dtype == np.uint64  # signed numbers would pass through floats and lose bits
        fresh = np.unique(values)
        places = np.searchsorted(self._sorted, fresh)
        known = np.zeros(len(fresh), bool)
        within = places < len(self._sorted)
        known[within] = self._sorted[places[within]] == fresh[within]
        fresh, places = fresh[~known], places[~known]
        if not len(fresh):
            return
        begin, self._count = self._count, self._count + len(fresh)
        self._values = _with_room(self._values, begin, self._count)
        self._values[begin : self._count] = fresh
        self._symbols = _with_room(self._symbols, begin, self._count)
        for first in range(begin, self._count, _IDS_ENCODED_AT_ONCE):  # bounds memory
            some = self._values[first : min(first + _IDS_ENCODED_AT_ONCE, self._count)]
            self._symbols[first : first + len(some)] = symbols_of(self.key.secret, some)
        self._sorted = np.insert(self._sorted, places, fresh) if begin else fresh

    def candidates(
        self, windows: Tensor, sync_z_min: Sequence[float] | None = None
    ) -> list[Candidate]:
        """Alignments worth trying, window by window, best first; (window, pair, band, phase)."""
        assert windows.shape[1:] == (CODEWORD_PAIRS, BANDS, PHASES)
        found = []
        for number, row in enumerate(sync_z(self.book, windows)):
            floor = -np.inf if sync_z_min is None else sync_z_min[number]
            for alignment in best_alignments(row, ALIGNMENTS_TRIED):
                z = float(row[alignment.place])
                if z >= floor:
                    found.append(Candidate(number, alignment, z))
        return found

    def best(
        self, windows: Tensor, *, z_min: float, sync_z_min: Sequence[float] | None = None
    ) -> list[list[Score]]:
        """Ids of `bounded_z` >= `z_min` in each window, best first, and the best even below it.

        Alignments of window w whose sync z is under `sync_z_min[w]` are not tried.
        """
        found: list[list[Score]] = [[] for _ in windows]
        offered = self.candidates(windows, sync_z_min) if self._count else []
        for first in range(0, len(offered), _COLUMNS_AT_ONCE):
            tried = offered[first : first + _COLUMNS_AT_ONCE]
            slots = torch.stack(
                [self._by_slot(windows[one.window], one.alignment) for one in tried]
            )
            for column, index, bounded_z in self._strongest(self._tables(slots, True), z_min):
                generation_id, one = GenerationId(int(self._values[index])), tried[column]
                z = bounded_z
                if bounded_z >= z_min:
                    (z,) = self.z_of([generation_id], self._tables(slots[column, None], False)[0])
                found[one.window].append(Score(generation_id, float(z), bounded_z, one.alignment))
        return [
            self._each_on_its_own(window, scores, z_min)
            for window, scores in zip(windows, found, strict=True)
        ]

    def decoded(self, windows: Tensor, sync_z_min: Sequence[float]) -> list[list[Score]]:
        """Ids that open mode reads in each window, registered or not."""
        found: list[list[Score]] = [[] for _ in windows]
        floors = [max(floor, _OPEN_SYNC_Z_MIN) for floor in sync_z_min]
        for one in self.candidates(windows, floors):
            table = self.table(windows[one.window], one.alignment, limited=False)
            if (read := read_open(self.key.secret, table.numpy())) is not None:
                found[one.window].append(Score(read[0], read[1], read[1], one.alignment))
        return found

    def table(self, window: Tensor, alignment: Alignment, *, limited: bool = True) -> Tensor:
        """What every symbol of every slot adds to z at one alignment; (slot, symbol)."""
        return self._tables(self._by_slot(window, alignment)[None], limited)[0]

    def _by_slot(self, window: Tensor, alignment: Alignment) -> Tensor:
        """The evidence of one alignment in the order of the slots' chips; (slot, pair)."""
        aligned = window[:, :, alignment.phase].roll(-alignment.offset, dims=0)
        return aligned.gather(1, self.book.slot_bands).T

    def _tables(self, by_slot: Tensor, limited: bool) -> Tensor:
        """`table` of several alignments; (alignment, slot, pair) -> (alignment, slot, symbol)."""
        agreement = torch.bmm(self.book.patterns, by_slot.permute(1, 2, 0)).permute(2, 0, 1)
        if limited:
            limit = SLOT_LIMIT * by_slot.norm(dim=2, keepdim=True)
            agreement = torch.minimum(torch.maximum(agreement, -limit), limit)
        whole: Tensor = agreement / by_slot.flatten(1).norm(dim=1).clamp_min(1e-6)[:, None, None]
        return whole

    def scores(self, tables: Tensor) -> Tensor:
        """z of every id at some alignments; (alignment, slot, symbol) -> (id, alignment)."""
        return torch.cat([part for _, part in self._parts(tables)])

    def z_of(self, ids: Sequence[GenerationId], table: Tensor) -> Tensor:
        """z of some ids, known or not, at one alignment; (id,)."""
        values = np.array([one.value for one in ids], np.uint64)
        symbols = torch.from_numpy(symbols_of(self.key.secret, values).astype(np.int64))
        return table[torch.arange(SLOTS), symbols].sum(1)

    def chips(self, generation_id: GenerationId) -> Tensor:
        """The chips of an id, sync and slots; (pair, band)."""
        return codewords(self.key, [generation_id])[0]

    def _each_on_its_own(self, window: Tensor, scores: list[Score], z_min: float) -> list[Score]:
        """Drop who reaches `z_min` only by symbols shared with a stronger id; best first."""
        ranked = sorted(scores, key=lambda score: -score.bounded_z)
        kept: list[Score] = []
        for score in ranked:
            stronger = [one for one in kept if one.alignment.near(score.alignment)]
            if score.bounded_z >= z_min and stronger:
                taken = np.array([one.generation_id.value for one in (score, *stronger)], np.uint64)
                symbols = symbols_of(self.key.secret, taken)
                shared = torch.from_numpy((symbols[1:] == symbols[0]).any(0))
                table = self.table(window, score.alignment)
                table[shared] = 0.0
                if float(self.z_of([score.generation_id], table)[0]) < z_min:
                    continue
            kept.append(score)
        return kept

    def _strongest(self, tables: Tensor, z_min: float) -> Iterator[tuple[int, int, float]]:
        """(column, id, z) of all scores from `z_min` up and of the best one per column."""
        best_z = torch.full((len(tables),), -torch.inf)
        best_part = torch.zeros(len(tables), dtype=torch.long)
        for first, part in self._parts(tables):
            peak = _column_peaks(part)
            best_part = torch.where(peak > best_z, first, best_part)
            best_z = torch.maximum(peak, best_z)
            if float(peak.max()) >= z_min:
                for row, column in (part >= z_min).nonzero().tolist():
                    yield column, first + row, float(part[row, column])
        for column in (best_z < z_min).nonzero()[:, 0].tolist():
            first = int(best_part[column])  # scored again, rather than every place kept
            ((_, part),) = self._parts(tables[column, None], first, first + _IDS_AT_ONCE)
            yield column, first + int(part[:, 0].argmax()), float(best_z[column])

    def _parts(
        self, tables: Tensor, begin: int = 0, end: int | None = None
    ) -> Iterator[tuple[int, Tensor]]:
        """z of some ids at a time, (id, alignment), with the place of the first."""
        # (slot x symbol, alignment). A copy even of one column, which passes for contiguous with
        # strides that send `embedding_bag` on its slow path, fifteen times as slow.
        weights = tables.flatten(1).T.clone(memory_format=torch.contiguous_format)
        end = self._count if end is None else min(end, self._count)
        rows = torch.empty(min(_IDS_AT_ONCE, end - begin), SLOTS, dtype=torch.int32)
        for first in range(begin, end, _IDS_AT_ONCE):
            symbols = torch.from_numpy(self._symbols[first : min(first + _IDS_AT_ONCE, end)])
            held = rows[: len(symbols)].copy_(symbols).add_(_ROWS)
            yield first, torch.nn.functional.embedding_bag(held, weights, mode="sum")


def _with_room(held: npt.NDArray[Row], count: int, needed: int) -> npt.NDArray[Row]:
    """Grown by doubling, so that a registry that grows id by id stays linear."""
    if needed <= len(held):
        return held
    wider = np.empty((max(needed, 2 * len(held)), *held.shape[1:]), held.dtype)
    wider[:count] = held[:count]
    return wider


def _column_peaks(part: Tensor) -> Tensor:
    """As `part.amax(0)`, which takes a fifteenth of the time once rows are 64 numbers or more."""
    rows, columns = part.shape
    if rows % _ROWS_FOLDED:
        return part.amax(0)
    return part.view(-1, _ROWS_FOLDED * columns).amax(0).view(_ROWS_FOLDED, columns).amax(0)
