"""The presence layer: an AudioSeal mark that says *whether* and *where*, beside the identity mark.

Audio goes through in chunks with context on both sides, so memory stays flat; the compact networks
have no recurrence, so a chunk's answer is the whole file's answer. The detector's head is fused:
its last two layers are linear, so their product is taken once and the frame means of the log-odds
come out directly. The networks and the idea are those of San Roman et al., "Proactive Detection of
Voice Cloning with Localized Watermarking", ICML 2024.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from watermark.presence.checkpoints import (
    AudioSealDetector,
    AudioSealWM,
    CheckpointRefused,
    MsgProcessor,
    Networks,
    Reason,
    SEANetEncoderKeepDimension,
    load_compact,
    load_official,
)
from watermark.presence.shaping import SAMPLE_RATE_HZ, levelled, shaped

FRAME_SAMPLES = 320  # one frame of the networks, 20 ms
FRAME_MS = 20
SILENCE = 1e-4  # -80 dBFS: a frame that never passes it is no evidence
CHUNK_SAMPLES = 500 * FRAME_SAMPLES  # 10 s
CONTEXT_SAMPLES = 25 * FRAME_SAMPLES  # 0.5 s; the networks without LSTM see less than 0.2 s
WINDOW_FRAMES = 50  # 1 s: the shortest stretch on which a decision is made
RUN_FRAMES = 250  # 5 s: the stretch on which a file's score rests
SHORTEST_SEGMENT_FRAMES = 25
DEFAULT_SNR_DB = 30.0
SCORE_BOUND = 60.0  # log-odds beyond this are all the same to a double
COMPACT_SHAPING = "bark-1"  # the card's name for watermark.presence.shaping
COMPACT_CARD = Path(__file__).parents[1] / "weights" / "compact.json"


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


def fixed_message(generator: AudioSealWM, batch: int) -> Tensor:
    """The message this layer always sends: zeros. Identity is the other layer's matter."""
    device = next(generator.parameters()).device
    bits = int(cast(MsgProcessor, generator.msg_processor).nbits)
    return torch.zeros(batch, bits, dtype=torch.long, device=device)


def fused_head(detector: AudioSealDetector) -> tuple[Tensor, Tensor]:
    """Weight (hidden,) and bias () that turn a hidden frame into its mean log-odds.

    The head is a transposed convolution of stride and width one frame, then a 1×1 convolution;
    the log-odds are the difference of the latter's first two rows. Averaging over the frame and
    taking the difference are linear as well, so all of them collapse into one vector, exactly.
    """
    encoder = cast(SEANetEncoderKeepDimension, detector.detector[0])
    last = cast(nn.Conv1d, detector.detector[1])
    difference = last.weight[1, :, 0] - last.weight[0, :, 0]
    spread = encoder.reverse_convolution
    assert spread.bias is not None and last.bias is not None
    weight = torch.einsum("cok,o->c", spread.weight, difference) / spread.weight.shape[-1]
    bias = spread.bias @ difference + last.bias[1] - last.bias[0]
    return weight, bias


def frame_log_odds(detector: AudioSealDetector, seen: Tensor) -> Tensor:
    """Mean log-odds of every 20 ms frame, (batch, 1, time) to (batch, frame)."""
    hidden = cast(SEANetEncoderKeepDimension, detector.detector[0]).model(seen)
    weight, bias = fused_head(detector)
    return torch.einsum("bcf,c->bf", hidden.float(), weight) + bias


class AudioSealLayer:
    """Embeds and detects the presence mark at 16 kHz."""

    def __init__(
        self,
        networks: Networks,
        *,
        snr_db: float = DEFAULT_SNR_DB,
        device: torch.device | str = "cpu",
    ) -> None:
        """`snr_db` is how far the mark lies below the audio, at least, over any 20 ms."""
        self.device = torch.device(device)
        self.snr_db = snr_db
        self.generator = networks.generator.to(self.device).eval()
        self.detector = networks.detector.to(self.device).eval()
        self.weights_sha256 = networks.weights_sha256
        self.card = networks.card
        self._shapes = networks.card.get("shaping") == COMPACT_SHAPING
        self.calibration = Calibration(**networks.card.get("calibration", {}))

    @staticmethod
    def load_default(
        generator_path: Path | None = None,
        detector_path: Path | None = None,
        *,
        snr_db: float = DEFAULT_SNR_DB,
        device: torch.device | str = "cpu",
    ) -> AudioSealLayer | None:
        """Official checkpoints where both paths are given, else the compact weights, else None.

        Raises CheckpointRefused for a file that cannot be trusted or does not fit, and where only
        one of the two paths is given.
        """
        if generator_path is not None and detector_path is not None:
            networks = load_official(generator_path, detector_path)
        elif generator_path is not None or detector_path is not None:
            raise CheckpointRefused(
                generator_path or detector_path or Path(),
                Reason.MISSING,
                "only one of the two networks was named",
                "Name both a generator and a detector, or neither.",
            )
        elif COMPACT_CARD.exists():
            networks = load_compact(COMPACT_CARD)
        else:
            return None
        return AudioSealLayer(networks, snr_db=snr_db, device=device)

    def describe(self) -> dict[str, Any]:
        """Name, digest and settings, for reports and evidence."""
        return {
            "name": self.card.get("name", "unnamed"),
            "weights_sha256": self.weights_sha256,
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "snr_db": self.snr_db,
            "chunks_are_exact": not self.card.get("lstm", 0),
            "message": "zeros; the bits of this layer carry nothing",
        }

    def embed(self, samples_16k: Tensor) -> Tensor:
        """The mark to add, (channel, time) like `samples_16k`, which is not changed.

        The pattern comes from the mean of the channels and takes each channel's own envelope, so
        that it survives a mix to mono and never sounds in a silent channel.
        Raises ValueError unless the samples are (channel, time), finite, and not empty.
        """
        _require_audio(samples_16k, dimensions=2)
        mark = self._over_chunks(samples_16k, self._mark, samples_per_answer=1)
        if not self._shapes:  # an official generator sets its own level; only lower it
            power = samples_16k.square().mean().to(mark) / 10.0 ** (self.snr_db / 10.0)
            mark = mark * (power / (mark.square().mean() + 1e-20)).sqrt().clamp(max=1.0)
        return mark.to(samples_16k)

    def detect(self, samples_16k: Tensor) -> Presence:
        """Where `samples_16k` (time,) carries a presence mark.

        Raises ValueError unless the samples are (time,), finite, and not empty.
        """
        return summary(self.log_odds(samples_16k), self.calibration)

    def log_odds(self, samples_16k: Tensor) -> Tensor:
        """Mean log-odds of every 20 ms frame, (frame,); silent frames count as unmarked."""
        _require_audio(samples_16k, dimensions=1)
        rows = self._over_chunks(samples_16k[None], self._frames, samples_per_answer=FRAME_SAMPLES)
        return rows[0]

    def _over_chunks(
        self, samples: Tensor, answer: Callable[[Tensor], Tensor], *, samples_per_answer: int
    ) -> Tensor:
        """`answer` over 10 s chunks with context, joined; the one place where networks run."""
        total = samples.shape[-1]
        parts = []
        with torch.inference_mode():
            for start in range(0, total, CHUNK_SAMPLES):
                stop = min(total, start + CHUNK_SAMPLES)
                before = min(start, CONTEXT_SAMPLES)
                chunk = samples[..., start - before : min(total, stop + CONTEXT_SAMPLES)]
                whole = answer(chunk.to(self.device, torch.float32)[:, None])
                first = before // samples_per_answer
                last = math.ceil((before + stop - start) / samples_per_answer)
                parts.append(whole[..., first:last].cpu())
        return torch.cat(parts, dim=-1).clone()

    def _mark(self, chunk: Tensor) -> Tensor:
        """(channel, 1, time) to (channel, time)."""
        middle = chunk.mean(dim=0, keepdim=True)
        message = fixed_message(self.generator, 1)
        if not self._shapes:
            raw = self.generator.get_watermark(middle, message=message)
            return raw.expand_as(chunk)[:, 0]
        raw = self.generator.get_watermark(levelled(middle), message=message)
        return shaped(raw.expand_as(chunk), chunk, self.snr_db)[:, 0]

    def _frames(self, chunk: Tensor) -> Tensor:
        """(1, 1, time) to (1, frame)."""
        answers = frame_log_odds(self.detector, levelled(chunk) if self._shapes else chunk)
        padded = F.pad(chunk, (0, -chunk.shape[-1] % FRAME_SAMPLES))
        loudest = F.max_pool1d(padded.abs(), FRAME_SAMPLES)[:, 0, : answers.shape[-1]]
        return torch.where(
            loudest > SILENCE, answers, torch.full_like(answers, self.calibration.unmarked_mean)
        )


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


def _require_audio(samples: Tensor, *, dimensions: int) -> None:
    if samples.ndim != dimensions or samples.numel() == 0:
        shape = "(channel, time)" if dimensions == 2 else "(time,)"
        raise ValueError(f"expected samples {shape} at 16 kHz, not shape {tuple(samples.shape)}")
    if not bool(torch.isfinite(samples).all()):
        raise ValueError("the samples hold values that are not finite")
