"""From log-odds per frame to a decision: thresholds, a score, and the stretches that are marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

FRAME_MS = 20
WINDOW_FRAMES = 50  # 1 s: the shortest stretch on which a decision is made
RUN_FRAMES = 250  # 5 s: the stretch on which a file's score rests
SHORTEST_SEGMENT_FRAMES = 25
SCORE_BOUND = 60.0  # log-odds beyond this are all the same to a double


class Segment(NamedTuple):
    """A marked stretch of the audio."""

    start_ms: int
    end_ms: int
    score: float


@dataclass(frozen=True)
class Presence:
    """Whether and where a presence mark was heard; nothing here names anybody.

    `score` is the calibrated chance, at even odds beforehand, that the strongest 5 s are marked.
    """

    score: float
    marked_fraction: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Calibration:
    """From mean log-odds to decisions; measured on unmarked and marked audio, kept in the card."""

    window_threshold: float = 0.0  # mean log-odds over 1 s above which it counts as marked
    score_gain: float = 1.0
    score_offset: float = 0.0
    unmarked_mean: float = -1.0  # what silence, which is no evidence, counts as

    def score(self, mean_log_odds: float) -> float:
        """0..1 for a mean log-odds."""
        odds = self.score_gain * mean_log_odds + self.score_offset
        return 1.0 / (1.0 + math.exp(-max(-SCORE_BOUND, min(SCORE_BOUND, odds))))


def moving_mean(values: Tensor, width: int) -> Tensor:
    """Mean over `width` neighbours, or over all if fewer; (n,) to (n - width + 1,)."""
    width = min(width, values.shape[0])
    sums = F.pad(values.double().cumsum(0), (1, 0))
    return (sums[width:] - sums[:-width]) / width


def summary(log_odds: Tensor, calibration: Calibration) -> Presence:
    """Score, fraction and segments from frame log-odds (frame,); pure arithmetic."""
    strongest = float(moving_mean(log_odds, RUN_FRAMES).max())
    means = moving_mean(log_odds, WINDOW_FRAMES)
    frames = log_odds.shape[0]
    reach = min(WINDOW_FRAMES, frames)
    # a frame is marked when the window centred on it is; the ends take the nearest full window
    centred = F.pad(means[None], (reach // 2, frames - means.shape[0] - reach // 2), "replicate")[0]
    marked = (centred > calibration.window_threshold).tolist()
    segments = []
    start = None
    for frame, is_marked in enumerate([*marked, False]):
        if is_marked and start is None:
            start = frame
        elif not is_marked and start is not None:
            if frame - start >= min(SHORTEST_SEGMENT_FRAMES, frames):
                score = calibration.score(float(log_odds[start:frame].double().mean()))
                segments.append(Segment(start * FRAME_MS, frame * FRAME_MS, score))
            start = None
    covered_ms = sum(segment.end_ms - segment.start_ms for segment in segments)
    return Presence(calibration.score(strongest), covered_ms / (frames * FRAME_MS), tuple(segments))
