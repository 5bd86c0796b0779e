"""Reads identity marks: which registered ids a file carries, how surely, and where.

The file is read in blocks of one codeword, 16 s, and searched in the windows of `windows`; a
second reading places what was found. When the file read straight shows nothing, the geometry of a
sped-up, stretched or pitched copy is sought and undone. Memory does not grow with the length of
the file.

An id is named when its z is over the calibrated threshold *and* two disjoint halves of the
stretch in which it was found each speak for it: one burst of coincidence is not a witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import torch
from torch import Tensor

from watermark.audio.waveform import AudioFile
from watermark.detection import Identity, Segment
from watermark.identity.cells import PAIR_SAMPLES, PHASES, SAMPLE_RATE_HZ
from watermark.identity.evidence import block_evidence
from watermark.identity.excerpts import excerpts
from watermark.identity.geometry import STRAIGHT, Geometry, find_geometries
from watermark.identity.marked_segments import (
    SignedEvidence,
    Stretch,
    joint_z,
    stretches,
    weaker_half_z,
)
from watermark.identity.null_model import NullModel
from watermark.identity.open_mode import CRC_CHANCE, OPEN_Z_MIN
from watermark.identity.search import ALIGNMENTS_TRIED, IdSearch, Score
from watermark.identity.sync import Alignment
from watermark.identity.windows import (
    Evidence,
    Window,
    block_count,
    evidence_blocks,
    window_count,
    windows_of,
)
from watermark.payload import GenerationId

DETECTOR_NAME: Final = "antiphon cell mark"
DETECTOR_VERSION: Final = "2"
HALF_Z_MIN: Final = 3.0  # of each of two disjoint halves
_WINDOWS_AT_ONCE: Final = 12  # bounds the memory of one search
_ALIGNMENTS_MAX: Final = 4  # of one id in one file: splices and repeats

Progress = Callable[[float], None]


def unheard(fraction: float) -> None:
    """The progress reporter of callers who do not listen."""


@dataclass(frozen=True)
class IdentityReading:
    """All ids over the threshold, strongest first, and the rule by which they were chosen."""

    identities: tuple[Identity, ...]
    threshold_z: float
    windows: int
    ids: int


@dataclass
class _Found:
    """What is known of one id so far."""

    search: IdSearch
    geometry: Geometry
    z: float = 0.0
    bounded_z: float = 0.0
    alignments: list[Alignment] = field(default_factory=list)

    def add(self, score: Score, geometry: Geometry) -> None:
        if score.z > self.z and geometry != self.geometry:
            self.geometry, self.alignments = geometry, []
        if geometry != self.geometry:
            return
        if score.z > self.z:
            self.alignments.insert(0, score.alignment)
        elif not any(score.alignment.near(known) for known in self.alignments):
            self.alignments.append(score.alignment)
        self.z = max(self.z, score.z)
        self.bounded_z = max(self.bounded_z, score.bounded_z)


@dataclass(frozen=True)
class Reader:
    """How files are read: what is searched for, by what law of chance, with whose evidence."""

    searches: Sequence[IdSearch]  # one per epoch key
    null: NullModel
    evidence: Evidence = block_evidence

    @property
    def ids(self) -> int:
        return sum(len(search) for search in self.searches)

    def read(
        self,
        audio: AudioFile,
        *,
        geometries: Sequence[Geometry] = (STRAIGHT,),
        seek_geometry: bool = True,
        open_mode: bool = False,
        progress: Progress = unheard,
    ) -> IdentityReading:
        """Search a file for every id. Raises AudioRefused kinds as the reading of it does.

        `geometries` are read as given; if none shows an id and `seek_geometry`, the file's own is
        looked for. With `open_mode` ids are decoded from the cells instead of looked up, so any
        id under these keys is read, registered or not; that takes about twice the z.
        """
        found: dict[GenerationId, _Found] = {}
        windows = 0
        share = (0.3 if seek_geometry else 0.9) / len(geometries)
        for number, geometry in enumerate(geometries):
            heard = _part(progress, number * share, share)
            windows += self._collect(audio, geometry, self.searches, open_mode, found, heard)
        for number, search in enumerate(self.searches if seek_geometry and not found else ()):
            each = 0.5 / len(self.searches)
            heard = _part(progress, 0.3 + number * each, each)
            for sighting in find_geometries(excerpts(audio), search.book, heard=heard):
                windows += self._collect(audio, sighting.geometry, (search,), open_mode, found)
        threshold_z = self._threshold_z(windows, open_mode)
        identities = [
            identity
            for generation_id, known in found.items()
            if known.bounded_z >= threshold_z
            and (identity := self._identity(audio, generation_id, known, windows, open_mode))
        ]
        progress(1.0)
        identities.sort(key=lambda identity: -identity.z)
        ids = 0 if open_mode else self.ids
        return IdentityReading(tuple(identities), round(threshold_z, 3), windows, ids)

    def strongest(self, audio: AudioFile, *, geometry: Geometry = STRAIGHT) -> Score | None:
        """The best score of any id in any window, however weak; None when nothing is searched."""
        scores = [
            score
            for search in self.searches
            for _, scores in _scan(
                windows_of(self._blocks_of(audio, geometry)), search, float("inf")
            )
            for score in scores
        ]
        return max(scores, key=lambda score: score.bounded_z, default=None)

    def signed(
        self,
        audio: AudioFile,
        chips: Tensor,
        alignment: Alignment,
        geometry: Geometry = STRAIGHT,
    ) -> SignedEvidence:
        """Chip times evidence for every 128 ms of a file; (pair, band). Positive agrees."""
        placed = chips.roll(alignment.offset, dims=0)
        rows = [block[:, :, alignment.phase] * placed for block in self._blocks_of(audio, geometry)]
        return torch.cat(rows).numpy()

    def _collect(
        self,
        audio: AudioFile,
        geometry: Geometry,
        searches: Sequence[IdSearch],
        open_mode: bool,
        found: dict[GenerationId, _Found],
        progress: Progress = unheard,
    ) -> int:
        """Gather what one geometry shows; the number of windows looked at."""
        blocks = block_count(audio, geometry)
        z_min = self._threshold_z(window_count(blocks), open_mode)
        for search in searches:
            windows = windows_of(self._blocks_of(audio, geometry))
            for done, scores in _scan(windows, search, z_min, open_mode):
                for score in scores:
                    if score.bounded_z >= z_min:
                        fresh = _Found(search, geometry)
                        found.setdefault(score.generation_id, fresh).add(score, geometry)
                progress(min(1.0, done / blocks))
        return window_count(blocks)

    def _threshold_z(self, windows: int, open_mode: bool) -> float:
        return OPEN_Z_MIN if open_mode else self.null.threshold_z(windows=windows, ids=self.ids)

    def _identity(
        self,
        audio: AudioFile,
        generation_id: GenerationId,
        known: _Found,
        windows: int,
        open_mode: bool,
    ) -> Identity | None:
        """What is told of an id, or None when no two halves of a stretch speak for it."""
        chips = known.search.chips(generation_id)
        segments: list[Segment] = []
        kept: list[Alignment] = []
        witnessed = False
        for alignment in known.alignments:
            if len(kept) == _ALIGNMENTS_MAX or any(alignment.near(other) for other in kept):
                continue
            kept.append(alignment)
            signed = self.signed(audio, chips, alignment, known.geometry)
            found = stretches(signed)
            witnessed = witnessed or weaker_half_z(signed, found) >= HALF_Z_MIN
            segments.extend(_segment(one, alignment, known.geometry) for one in found)
        if not witnessed:
            return None
        if open_mode:
            rate = CRC_CHANCE * windows * ALIGNMENTS_TRIED
        else:
            rate = self.null.false_positive_rate(known.bounded_z, windows=windows, ids=self.ids)
        return Identity(
            generation_id,
            round(known.z, 3),
            rate,
            tuple(sorted(segments, key=lambda segment: segment.start_ms)),
            pitch=round(known.geometry.pitch, 4),
            tempo=round(known.geometry.tempo, 4),
        )

    def _blocks_of(self, audio: AudioFile, geometry: Geometry) -> Iterator[Tensor]:
        return evidence_blocks(audio, geometry=geometry, evidence=self.evidence)


def own_z(audio: AudioFile, search: IdSearch, generation_id: GenerationId) -> float:
    """How strongly a fresh copy agrees with its own id, all chips together, from its beginning."""
    reader = Reader((search,), NullModel.load())
    chips = search.chips(generation_id)
    return joint_z(reader.signed(audio, chips, Alignment(phase=0, offset=0)))


def _scan(
    windows: Iterator[tuple[int, Window]], search: IdSearch, z_min: float, open_mode: bool = False
) -> Iterator[tuple[int, list[Score]]]:
    """Scores of all windows, as they come, with the number of blocks read so far."""
    for group in _batched(windows):
        stacked = torch.stack([window.evidence for _, window in group])
        sync_z_min = [window.sync_z_min for _, window in group]
        with torch.inference_mode():
            if open_mode:
                best = search.decoded(stacked, sync_z_min)
            else:
                best = search.best(stacked, z_min=z_min, sync_z_min=sync_z_min)
        yield group[-1][0], [score for found in best for score in found]


def _batched(windows: Iterator[tuple[int, Window]]) -> Iterator[list[tuple[int, Window]]]:
    while group := list(islice(windows, _WINDOWS_AT_ONCE)):
        yield group


def _part(progress: Progress, begun: float, share: float) -> Progress:
    """Progress of a step that is `share` of the whole."""
    return lambda fraction: progress(begun + share * fraction)


def _segment(stretch: Stretch, alignment: Alignment, geometry: Geometry) -> Segment:
    def at_ms(pair: int) -> int:
        at_16k = pair * PAIR_SAMPLES + alignment.phase * PAIR_SAMPLES // PHASES
        return round(at_16k * 1000 / SAMPLE_RATE_HZ / geometry.tempo)

    return Segment(at_ms(stretch.first), at_ms(stretch.past_last), round(stretch.z, 3))
