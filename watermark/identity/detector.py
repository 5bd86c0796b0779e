"""Reads identity marks: which registered ids a file carries, how surely, and where.

The file is read in blocks of one codeword, 16 s, and searched in the windows of `windows`; a
second pass, for long files a second reading, places what was found. When the file read straight
shows nothing, the geometry of a sped-up, stretched or pitched copy is sought and undone. Memory
does not grow with the length of the file.

An id is named when its z is over the calibrated threshold *and* two disjoint halves of the
stretch in which it was found each speak for it: one burst of coincidence is not a witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import torch

from watermark.audio.waveform import AudioFile
from watermark.detection import Identity
from watermark.identity.evidence import block_evidence
from watermark.identity.excerpts import covers, excerpts
from watermark.identity.geometry import STRAIGHT, Geometry, find_geometries
from watermark.identity.marked_segments import joint_z
from watermark.identity.null_model import NullModel
from watermark.identity.open_mode import CRC_CHANCE, OPEN_Z_MIN
from watermark.identity.placing import Placed, Placement, own_chips, placed, signed_evidence
from watermark.identity.search import ALIGNMENTS_TRIED, IdSearch, Score
from watermark.identity.sync import Alignment
from watermark.identity.windows import (
    LONG_FILE_BLOCKS,
    LONG_SYNC_Z_MIN,
    BlocksOfFile,
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
IDENTITIES_MAX: Final = 32  # of one file; the strongest are told
_WINDOWS_AT_ONCE: Final = 12  # bounds the memory of one search
_ALIGNMENTS_MAX: Final = 3  # of one id in one file: splices and repeats
_SURE_MARGIN_Z: Final = 5.0  # a copy shifted by a semitone is faintly heard as it is, too
_PROMISING_Z: Final = 4.2  # of a geometry; the best of a million chance alignments reaches 4.9
_PROMISING_UNHEARD_Z: Final = 5.5  # the same when excerpts leave most of the file unheard

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
    """What is known of one id of one key so far."""

    search: IdSearch
    generation_id: GenerationId
    geometry: Geometry
    z: float = 0.0
    bounded_z: float = 0.0
    alignments: list[Alignment] = field(default_factory=list)  # the strongest first

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

    def distinct_alignments(self) -> list[Alignment]:
        kept: list[Alignment] = []
        for alignment in self.alignments:
            if not any(alignment.near(other) for other in kept):
                kept.append(alignment)
        return kept[:_ALIGNMENTS_MAX]


_Finds = dict[tuple[str, GenerationId], _Found]  # by key id and generation id


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

        `geometries` (at least one) are read as given; if none shows an id beyond doubt and
        `seek_geometry`, the file's own is looked for. With `open_mode` ids are decoded from the
        cells instead of looked up, so any id under these keys is read, registered or not; that
        takes about twice the z.
        """
        if not geometries:
            raise ValueError("name at least one geometry to read; STRAIGHT is the file as it is")
        finds: _Finds = {}
        blocks = BlocksOfFile(audio, self.evidence)
        windows = 0
        share = (0.3 if seek_geometry else 0.9) / len(geometries)
        for number, geometry in enumerate(geometries):
            heard = _part(progress, number * share, share)
            windows += self._collect(audio, blocks, geometry, open_mode, finds, heard)
        sure_z = self._threshold_z(max(windows, 1), open_mode) + _SURE_MARGIN_Z
        faint = all(one.bounded_z < sure_z for one in finds.values())
        if seek_geometry and self.searches and faint:
            books = [search.book for search in self.searches]
            z_min = _PROMISING_Z if covers(audio) else _PROMISING_UNHEARD_Z
            heard = _part(progress, 0.3, 0.5)
            for sighting in find_geometries(excerpts(audio), books, z_min=z_min, heard=heard):
                if any(sighting.geometry.near(known) for known in geometries):
                    continue
                windows += self._collect(audio, blocks, sighting.geometry, open_mode, finds)
        threshold_z = self._threshold_z(windows, open_mode)
        over = [one for one in finds.values() if one.bounded_z >= threshold_z]
        over = _once_each(sorted(over, key=lambda one: -one.bounded_z))[:IDENTITIES_MAX]
        identities = self._identities(blocks, over, windows, open_mode)
        progress(1.0)
        ids = 0 if open_mode else self.ids
        return IdentityReading(tuple(identities), round(threshold_z, 3), windows, ids)

    def strongest(self, audio: AudioFile, *, geometry: Geometry = STRAIGHT) -> Score | None:
        """The best score of any id in any window, however weak; None when nothing is searched."""
        blocks = BlocksOfFile(audio, self.evidence)
        scores = [
            score
            for _, _, scores in self._scores(audio, blocks, geometry, float("inf"), False)
            for score in scores
        ]
        return max(scores, key=lambda score: score.bounded_z, default=None)

    def own_z(self, copy: AudioFile, search: IdSearch, generation_id: GenerationId) -> float:
        """How strongly a fresh copy agrees with its id from its first sample on, all chips."""
        start = Placement(search.chips(generation_id), Alignment(phase=0, offset=0))
        (signed,) = signed_evidence(evidence_blocks(copy, evidence=self.evidence), (start,))
        return joint_z(signed)

    def _collect(
        self,
        audio: AudioFile,
        blocks: BlocksOfFile,
        geometry: Geometry,
        open_mode: bool,
        finds: _Finds,
        progress: Progress = unheard,
    ) -> int:
        """Gather what one geometry shows; the number of windows looked at."""
        promised = block_count(audio, geometry)
        z_min = self._threshold_z(window_count(promised), open_mode)
        done = 0
        for done, search, scores in self._scores(audio, blocks, geometry, z_min, open_mode):
            for score in scores:
                if score.bounded_z >= z_min:
                    place = (search.key.key_id, score.generation_id)
                    fresh = _Found(search, score.generation_id, geometry)
                    finds.setdefault(place, fresh).add(score, geometry)
            progress(min(1.0, done / promised))
        return window_count(max(done, 1))

    def _scores(
        self,
        audio: AudioFile,
        blocks: BlocksOfFile,
        geometry: Geometry,
        z_min: float,
        open_mode: bool,
    ) -> Iterator[tuple[int, IdSearch, list[Score]]]:
        """Scores under each key as they come, with the number of blocks read so far."""
        long = block_count(audio, geometry) > LONG_FILE_BLOCKS
        gate_z = LONG_SYNC_Z_MIN if long else -torch.inf
        windows = windows_of(blocks.read(geometry), gate_z)
        for group in _batched(windows):
            stacked = torch.stack([window.evidence for _, window in group])
            sync_z_min = [window.sync_z_min for _, window in group]
            for search in self.searches:
                with torch.inference_mode():
                    if open_mode:
                        best = search.decoded(stacked, sync_z_min)
                    else:
                        best = search.best(stacked, z_min=z_min, sync_z_min=sync_z_min)
                yield group[-1][0], search, [score for found in best for score in found]

    def _threshold_z(self, windows: int, open_mode: bool) -> float:
        return OPEN_Z_MIN if open_mode else self.null.threshold_z(windows=windows, ids=self.ids)

    def _identities(
        self, blocks: BlocksOfFile, over: list[_Found], windows: int, open_mode: bool
    ) -> list[Identity]:
        """Who is named: one pass per geometry places them all and hears the two witnesses."""
        identities = []
        for geometry in sorted({one.geometry for one in over}):
            finds = [one for one in over if one.geometry == geometry]
            placements = [
                Placement(own_chips(one.search, one.generation_id), alignment)
                for one in finds
                for alignment in one.distinct_alignments()
            ]
            evidence = signed_evidence(blocks.again(geometry), placements)
            for one in finds:
                places = [placed(next(evidence), a, geometry) for a in one.distinct_alignments()]
                if any(place.witnessed for place in places):
                    identities.append(self._identity(one, places, windows, open_mode))
        return sorted(identities, key=lambda identity: -identity.z)

    def _identity(
        self, found: _Found, places: list[Placed], windows: int, open_mode: bool
    ) -> Identity:
        if open_mode:
            rate = CRC_CHANCE * windows * ALIGNMENTS_TRIED * len(self.searches)
        else:
            rate = self.null.false_positive_rate(found.bounded_z, windows=windows, ids=self.ids)
        segments = [segment for place in places for segment in place.segments]
        return Identity(
            found.generation_id,
            round(found.z, 3),
            rate,
            tuple(sorted(segments, key=lambda segment: segment.start_ms)),
            pitch=round(found.geometry.pitch, 4),
            tempo=round(found.geometry.tempo, 4),
        )


def _once_each(finds: list[_Found]) -> list[_Found]:
    """An id that two keys wrote, as after a rotation, is told once, as the stronger shows it."""
    first: dict[GenerationId, _Found] = {}
    for one in finds:
        first.setdefault(one.generation_id, one)
    return list(first.values())


def _batched(windows: Iterator[tuple[int, Window]]) -> Iterator[list[tuple[int, Window]]]:
    while group := list(islice(windows, _WINDOWS_AT_ONCE)):
        yield group


def _part(progress: Progress, begun: float, share: float) -> Progress:
    """Progress of a step that is `share` of the whole."""
    return lambda fraction: progress(begun + share * fraction)
