"""Reads identity marks: which registered ids a file carries, how surely, and where.

The file is read in blocks of one codeword, 16 s. Searched are every block, every two neighbouring
blocks together, and the whole file folded onto one codeword; a second reading places what was
found. Memory does not grow with the length of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from watermark.audio.waveform import AudioFile, at_16_khz, spans
from watermark.detection import Identity, Segment
from watermark.identity.cells import BLOCK_SAMPLES, CODEWORD_PAIRS, PAIR_SAMPLES, SAMPLE_RATE_HZ
from watermark.identity.codewords import codewords
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.marked_segments import SignedEvidence, Stretch, joint_z, stretches
from watermark.identity.null_model import NullModel
from watermark.identity.search import Alignment, IdSearch, Score
from watermark.payload import GenerationId

DETECTOR_NAME: Final = "antiphon cell mark"
DETECTOR_VERSION: Final = "1"
_WINDOWS_AT_ONCE: Final = 8  # bounds the memory of one search
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

    z: float
    alignments: list[Alignment] = field(default_factory=list)

    def add(self, score: Score) -> None:
        if score.z > self.z:
            self.z = score.z
        if len(self.alignments) < _ALIGNMENTS_MAX and not any(
            score.alignment.near(known) for known in self.alignments
        ):
            self.alignments.append(score.alignment)


def evidence_blocks(audio: AudioFile, *, speed: float = 1.0) -> Iterator[Tensor]:
    """The evidence of each 16 s of a file, in order; (pair, band, phase)."""
    stream = at_16_khz(audio, speed=speed)
    with torch.inference_mode():
        for span in spans(stream, audio.channels, length=BLOCK_SAMPLES, context=EVIDENCE_CONTEXT):
            yield block_evidence(torch.from_numpy(span.samples))


def read_identities(
    audio: AudioFile,
    search: IdSearch,
    null: NullModel,
    *,
    speeds: tuple[float, ...] = (1.0,),
    progress: Progress = unheard,
) -> IdentityReading:
    """Search a file for every id of `search`. Raises AudioRefused as the reading of it does.

    `speeds` are the playback speeds to undo; each costs a reading and counts as further windows.
    """
    samples = audio.frames_declared * SAMPLE_RATE_HZ // audio.sample_rate_hz
    blocks = max(1, -(-samples // BLOCK_SAMPLES))
    windows = len(speeds) * _window_count(blocks)
    best: dict[float, list[Score]] = {}
    for number, speed in enumerate(speeds):
        scores: list[Score] = []
        for done, window_scores in _scan(audio, search, speed):
            scores.extend(window_scores)
            progress(min(0.9, 0.9 * (number + done / max(blocks, 1)) / len(speeds)))
        best[speed] = scores
    threshold_z = null.threshold_z(windows=windows, ids=len(search))
    found = {speed: _over_threshold(scores, threshold_z) for speed, scores in best.items()}
    identities = []
    for speed, generation_id, known in _strongest_readings(found):
        segments = _segments(audio, search, generation_id, known.alignments, speed)
        rate = null.false_positive_rate(known.z, windows=windows, ids=len(search))
        identities.append(Identity(generation_id, round(known.z, 3), rate, segments))
    progress(1.0)
    identities.sort(key=lambda identity: -identity.z)
    return IdentityReading(tuple(identities), round(threshold_z, 3), windows, len(search))


def z_at(
    audio: AudioFile, search: IdSearch, generation_id: GenerationId, alignment: Alignment
) -> float:
    """How strongly a whole file agrees with one id at a known alignment."""
    return joint_z(_signed_evidence(audio, search, generation_id, alignment, 1.0))


def strongest(
    audio: AudioFile, search: IdSearch, *, speeds: tuple[float, ...] = (1.0,)
) -> Score | None:
    """The best score of any id in any window, however weak; None when nothing is searched."""
    scores = [s for speed in speeds for _, window in _scan(audio, search, speed) for s in window]
    return max(scores, key=lambda score: score.z, default=None)


def _window_count(blocks: int) -> int:
    """Single blocks, neighbouring pairs, and the whole when it is neither."""
    return blocks + max(blocks - 1, 0) + (1 if blocks > 2 else 0)


def _scan(audio: AudioFile, search: IdSearch, speed: float) -> Iterator[tuple[int, list[Score]]]:
    """Scores of all windows, as they come, with the number of blocks read so far."""
    waiting: list[Tensor] = []
    whole: Tensor | None = None
    previous: Tensor | None = None
    count = 0
    for block in evidence_blocks(audio, speed=speed):
        count += 1
        waiting.append(block)
        if previous is not None:
            waiting.append(previous + block)
        whole = block if whole is None else whole + block
        previous = block
        if len(waiting) >= _WINDOWS_AT_ONCE:
            yield count, _scores(search, waiting)
            waiting = []
    if whole is not None and count > 2:
        waiting.append(whole)
    if waiting:
        yield count, _scores(search, waiting)


def _scores(search: IdSearch, windows: list[Tensor]) -> list[Score]:
    return [score for scores in search.best(torch.stack(windows)) for score in scores]


def _over_threshold(scores: list[Score], threshold_z: float) -> dict[GenerationId, _Found]:
    found: dict[GenerationId, _Found] = {}
    for score in sorted(scores, key=lambda score: -score.z):
        if score.z >= threshold_z:
            found.setdefault(score.generation_id, _Found(score.z)).add(score)
    return found


def _strongest_readings(
    found: dict[float, dict[GenerationId, _Found]],
) -> list[tuple[float, GenerationId, _Found]]:
    """Each id once, at the speed that shows it best."""
    ids = {generation_id for at_speed in found.values() for generation_id in at_speed}
    readings = []
    for generation_id in ids:
        speed = max(
            (s for s in found if generation_id in found[s]),
            key=lambda s: found[s][generation_id].z,
        )
        readings.append((speed, generation_id, found[speed][generation_id]))
    return readings


def _signed_evidence(
    audio: AudioFile,
    search: IdSearch,
    generation_id: GenerationId,
    alignment: Alignment,
    speed: float,
) -> SignedEvidence:
    """Chip times evidence for every 128 ms of a file; (pair, band). Positive speaks for the id."""
    chips = codewords(search.key, [generation_id])[0].roll(alignment.offset, dims=0)
    rows = [block[:, :, alignment.phase] * chips for block in evidence_blocks(audio, speed=speed)]
    return torch.cat(rows).numpy()


def _segments(
    audio: AudioFile,
    search: IdSearch,
    generation_id: GenerationId,
    alignments: list[Alignment],
    speed: float,
) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for alignment in alignments:
        signed = _signed_evidence(audio, search, generation_id, alignment, speed)
        segments.extend(_segment(found, alignment, speed) for found in stretches(signed))
    return tuple(sorted(segments, key=lambda segment: segment.start_ms))


def _segment(stretch: Stretch, alignment: Alignment, speed: float) -> Segment:
    def at_ms(pair: int) -> int:
        at_16k = pair * PAIR_SAMPLES + alignment.phase * PAIR_SAMPLES // 16
        return round(at_16k * 1000 / SAMPLE_RATE_HZ / speed)

    return Segment(at_ms(stretch.first), at_ms(stretch.past_last), round(stretch.z, 3))


assert BLOCK_SAMPLES == CODEWORD_PAIRS * PAIR_SAMPLES
