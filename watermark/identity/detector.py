"""Reads identity marks: which registered ids a file carries, how surely, and where.

The file is read in blocks of one codeword, 16 s. Searched are every block, every two neighbouring
blocks together, and the whole file folded onto one codeword; a second reading places what was
found. When the file read straight shows nothing, the geometry of a sped-up, stretched or pitched
copy is sought and undone. Memory does not grow with the length of the file.

An id is named when its z is over the calibrated threshold *and* two disjoint halves of the
stretch in which it was found each speak for it: one burst of coincidence is not a witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import torch
from torch import Tensor

from watermark.audio.waveform import AudioFile, at_16_khz, spans
from watermark.detection import Identity, Segment
from watermark.identity.cells import BLOCK_SAMPLES, PAIR_SAMPLES, PHASES, SAMPLE_RATE_HZ
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
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
from watermark.identity.search import IdSearch, Score
from watermark.identity.sync import Alignment
from watermark.payload import GenerationId

DETECTOR_NAME: Final = "antiphon cell mark"
DETECTOR_VERSION: Final = "2"
HALF_Z_MIN: Final = 3.0  # of each of two disjoint halves
_WINDOWS_AT_ONCE: Final = 4  # 32 alignments: one pass over the ids
_ALIGNMENTS_MAX: Final = 4  # of one id in one file: splices and repeats

Progress = Callable[[float], None]


class Evidence(Protocol):
    """Turns a span into evidence; the classical `block_evidence` or a trained network."""

    def __call__(self, span: Tensor, hop_ratio: float = 1.0) -> Tensor: ...


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
    z: float
    alignments: list[Alignment] = field(default_factory=list)

    def add(self, alignment: Alignment) -> None:
        if len(self.alignments) < _ALIGNMENTS_MAX and not any(
            alignment.near(known) for known in self.alignments
        ):
            self.alignments.append(alignment)


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
        progress: Progress = unheard,
    ) -> IdentityReading:
        """Search a file for every id. Raises AudioRefused kinds as the reading of it does.

        `geometries` are read as given; if none shows an id and `seek_geometry`, the file's own is
        looked for.
        """
        blocks = _blocks(audio, geometries)
        windows = len(geometries) * _window_count(blocks)
        found: dict[GenerationId, _Found] = {}
        share = (0.3 if seek_geometry else 0.9) / len(geometries)
        for number, geometry in enumerate(geometries):
            threshold_z = self.null.threshold_z(windows=windows, ids=self.ids)
            at = number * share
            self._collect(
                audio, geometry, threshold_z, found, lambda f, at=at: progress(at + share * f)
            )

        def seeking(fraction: float) -> None:
            progress(0.3 + 0.5 * fraction)

        if not found and seek_geometry:
            for search in self.searches:
                sightings = find_geometries(excerpts(audio), search.book, heard=seeking)
                windows += len(sightings) * _window_count(blocks)
                threshold_z = self.null.threshold_z(windows=windows, ids=self.ids)
                for sighting in sightings:
                    self._collect(audio, sighting.geometry, threshold_z, found, unheard, search)
        threshold_z = self.null.threshold_z(windows=windows, ids=self.ids)
        identities = [
            identity
            for generation_id, known in found.items()
            if known.z >= threshold_z
            and (identity := self._identity(audio, generation_id, known, windows)) is not None
        ]
        progress(1.0)
        identities.sort(key=lambda identity: -identity.z)
        return IdentityReading(tuple(identities), round(threshold_z, 3), windows, self.ids)

    def strongest(self, audio: AudioFile, *, geometry: Geometry = STRAIGHT) -> Score | None:
        """The best score of any id in any window, however weak; None when nothing is searched."""
        scores = [
            score
            for search in self.searches
            for _, scores in _scan(self._blocks_of(audio, geometry), search, float("inf"))
            for score in scores
        ]
        return max(scores, key=lambda score: score.z, default=None)

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
        threshold_z: float,
        found: dict[GenerationId, _Found],
        progress: Progress,
        only: IdSearch | None = None,
    ) -> None:
        blocks = max(1, _blocks(audio, (geometry,)))
        for search in self.searches if only is None else (only,):
            stream = self._blocks_of(audio, geometry)
            for done, scores in _scan(stream, search, threshold_z):
                for score in scores:
                    if score.z < threshold_z:
                        continue
                    known = found.setdefault(score.generation_id, _Found(search, geometry, score.z))
                    if score.z > known.z:
                        known.z = score.z
                        if geometry != known.geometry:
                            known.geometry, known.alignments = geometry, []
                        known.alignments.insert(0, score.alignment)
                    elif geometry == known.geometry:
                        known.add(score.alignment)
                progress(min(1.0, done / blocks))

    def _identity(
        self, audio: AudioFile, generation_id: GenerationId, known: _Found, windows: int
    ) -> Identity | None:
        chips = known.search.chips(generation_id)
        segments: list[Segment] = []
        kept: list[Alignment] = []
        witnessed = False
        for alignment in known.alignments:
            if any(alignment.near(other) for other in kept):
                continue
            kept.append(alignment)
            signed = self.signed(audio, chips, alignment, known.geometry)
            found = stretches(signed)
            witnessed = witnessed or weaker_half_z(signed, found) >= HALF_Z_MIN
            segments.extend(_segment(one, alignment, known.geometry) for one in found)
        if not witnessed:
            return None
        rate = self.null.false_positive_rate(known.z, windows=windows, ids=self.ids)
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


def evidence_blocks(
    audio: AudioFile, *, geometry: Geometry = STRAIGHT, evidence: Evidence = block_evidence
) -> Iterator[Tensor]:
    """The evidence of each 16 s of a file, in order; (pair, band, phase)."""
    stream = at_16_khz(audio, speed=geometry.pitch)
    length = round(BLOCK_SAMPLES * geometry.hop_ratio)
    context = round(EVIDENCE_CONTEXT * geometry.hop_ratio)
    with torch.inference_mode():
        for span in spans(stream, audio.channels, length=length, context=context):
            yield evidence(torch.from_numpy(span.samples), geometry.hop_ratio)


def own_z(audio: AudioFile, search: IdSearch, generation_id: GenerationId) -> float:
    """How strongly a fresh copy agrees with its own id, all chips together, from its beginning."""
    reader = Reader((search,), NullModel.load())
    chips = search.chips(generation_id)
    return joint_z(reader.signed(audio, chips, Alignment(phase=0, offset=0)))


def _blocks(audio: AudioFile, geometries: Sequence[Geometry]) -> int:
    samples = audio.frames_declared * SAMPLE_RATE_HZ / audio.sample_rate_hz
    longest = max(geometry.tempo for geometry in geometries)
    return max(1, -(-int(samples * longest) // BLOCK_SAMPLES))


def _window_count(blocks: int) -> int:
    """Single blocks, neighbouring pairs, and the whole when it is neither."""
    return blocks + max(blocks - 1, 0) + (1 if blocks > 2 else 0)


def _scan(
    blocks: Iterator[Tensor], search: IdSearch, z_min: float
) -> Iterator[tuple[int, list[Score]]]:
    """Scores of all windows, as they come, with the number of blocks read so far."""
    waiting: list[Tensor] = []
    whole: Tensor | None = None
    previous: Tensor | None = None
    count = 0

    def scores() -> list[Score]:
        with torch.inference_mode():
            return [
                one for found in search.best(torch.stack(waiting), z_min=z_min) for one in found
            ]

    for block in blocks:
        count += 1
        waiting.append(block)
        if previous is not None:
            waiting.append(previous + block)
        whole = block if whole is None else whole + block
        previous = block
        if len(waiting) >= _WINDOWS_AT_ONCE:
            yield count, scores()
            waiting = []
    if whole is not None and count > 2:
        waiting.append(whole)
    if waiting:
        yield count, scores()


def _segment(stretch: Stretch, alignment: Alignment, geometry: Geometry) -> Segment:
    def at_ms(pair: int) -> int:
        at_16k = pair * PAIR_SAMPLES + alignment.phase * PAIR_SAMPLES // PHASES
        return round(at_16k * 1000 / SAMPLE_RATE_HZ / geometry.tempo)

    return Segment(at_ms(stretch.first), at_ms(stretch.past_last), round(stretch.z, 3))
