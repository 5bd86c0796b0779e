"""The presence layer: an AudioSeal mark that says *whether* and *where*, beside the identity mark.

Audio goes through in pieces, so memory stays flat, and the answer is that of one pass over all of
it: bounded layers get their context, LSTMs keep their state (see `streaming`). The detector's head
is fused (see `head`). The networks and the idea are those of San Roman et al., "Proactive Detection
of Voice Cloning with Localized Watermarking", ICML 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from watermark.presence.checkpoints import load_card, load_compact, load_official
from watermark.presence.decision import (
    RUN_FRAMES,
    WINDOW_FRAMES,
    Calibration,
    Presence,
    moving_mean,
    summary,
)
from watermark.presence.head import FusedHead, frame_log_odds
from watermark.presence.message import MessageReading, readings
from watermark.presence.networks import FRAME_SAMPLES, MsgProcessor, Networks
from watermark.presence.passes import DetectorPass, GeneratorPass, fixed_message
from watermark.presence.refining import Refiner
from watermark.presence.refusal import CheckpointRefused, Reason
from watermark.presence.shaping import SAMPLE_RATE_HZ
from watermark.presence.streaming import evenly

__all__ = [
    "FRAME_SAMPLES",
    "RUN_FRAMES",
    "WINDOW_FRAMES",
    "AudioSealLayer",
    "Calibration",
    "Presence",
    "fixed_message",
    "frame_log_odds",
    "moving_mean",
    "summary",
]

SILENCE = 1e-4  # -80 dBFS: a frame that never passes it is no evidence
CHUNK_SAMPLES = 500 * FRAME_SAMPLES  # 10 s
MESSAGE_SECONDS = 20  # a message is read from the stretch of this length that is heard best
DEFAULT_SNR_DB = 30.0
COMPACT_SHAPING = "bark-1"  # the card's name for watermark.presence.shaping
COMPACT_CARD = Path(__file__).parents[1] / "weights" / "compact.json"


class AudioSealLayer:
    """Embeds and detects the presence mark at 16 kHz."""

    def __init__(
        self,
        networks: Networks,
        *,
        snr_db: float | None = None,
        device: torch.device | str = "cpu",
        precision: torch.dtype = torch.float32,
        refining_steps: int | None = None,
    ) -> None:
        """`snr_db` is how far the mark lies below the audio, at least, over any 20 ms.

        `precision` is that of the detector's convolutions; embedding is always in float32.
        `refining_steps` fit a mark of the compact weights to its host, see `refining`. Where level
        or steps are left out, the card says.
        """
        self.device = torch.device(device)
        self.card = card = networks.card
        self.snr_db = float(card.get("snr_db", DEFAULT_SNR_DB)) if snr_db is None else snr_db
        steps = int(card.get("refining_steps", 0)) if refining_steps is None else refining_steps
        self.generator = networks.generator.to(self.device).eval()
        self.detector = networks.detector.to(self.device).eval()
        self.weights_sha256 = networks.weights_sha256
        self.calibration = Calibration(**card.get("calibration", {}))
        self._shapes = card.get("shaping") == COMPACT_SHAPING
        with torch.inference_mode():
            self._head = FusedHead.of(self.detector)
        self._ear = DetectorPass(self.detector, levels=self._shapes, precision=precision)
        refiner = Refiner(self.detector, steps)
        self._hand = GeneratorPass(self.generator, shapes=self._shapes, refine=refiner)

    @staticmethod
    def load_default(
        generator_path: Path | None = None,
        detector_path: Path | None = None,
        *,
        card_path: Path | None = None,
        snr_db: float | None = None,
        device: torch.device | str = "cpu",
        precision: torch.dtype | None = None,
    ) -> AudioSealLayer | None:
        """Official checkpoints where both paths are given, a card's, the compact ones, else None.

        The detector runs in bfloat16 where the processor has it, unless `precision` says otherwise.

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
        elif card_path is not None:
            networks = load_card(card_path)
        elif COMPACT_CARD.exists():
            networks = load_compact(COMPACT_CARD)
        else:
            return None
        chosen = fastest_precision() if precision is None else precision
        return AudioSealLayer(networks, snr_db=snr_db, device=device, precision=chosen)

    def describe(self) -> dict[str, Any]:
        """Name, digest and settings, for reports and evidence."""
        return {
            "name": self.card.get("name", "unnamed"),
            "weights_sha256": self.weights_sha256,
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "snr_db": self.snr_db,
            "chunks_are_exact": True,
            "message": "zeros; the bits of this layer carry nothing",
        }

    def embed(self, samples_16k: Tensor, message: Tensor | None = None) -> Tensor:
        """The mark to add, (channel, time) like `samples_16k`, which is not changed.

        The pattern comes from the mean of the channels and takes each channel's own envelope, so
        that it survives a mix to mono and never sounds in a silent channel. `message` (bit,) is of
        use with official weights alone; zeros where it is left out.
        Raises ValueError unless the samples are (channel, time), finite, and not empty, and the
        message has the networks' bits; CheckpointRefused when the weights answer with no number.
        """
        _require_audio(samples_16k, dimensions=2)
        bits = self._message(message)
        with torch.inference_mode():
            pieces = self._pieces([samples_16k])
            mark = torch.cat(list(self._hand(pieces, bits, self.snr_db)), dim=-1)
            mark = mark[..., : samples_16k.shape[-1]].cpu().clone()
        self._require_sound(mark)
        if not self._shapes:  # an official generator sets its own level; only lower it
            power = samples_16k.square().mean().to(mark) / 10.0 ** (self.snr_db / 10.0)
            mark = mark * (power / (mark.square().mean() + 1e-20)).sqrt().clamp(max=1.0)
        return mark.to(samples_16k)

    def detect(self, samples_16k: Tensor) -> Presence:
        """Where `samples_16k` (time,) carries a presence mark.

        Raises ValueError unless the samples are (time,), finite, and not empty.
        """
        return summary(self.log_odds(samples_16k), self.calibration)

    def detect_blocks(self, blocks: Iterable[Tensor]) -> Presence:
        """As `detect`, of audio (time,) that comes block by block, in memory that does not grow."""
        return summary(self._log_odds(blocks), self.calibration)

    def log_odds(self, samples_16k: Tensor) -> Tensor:
        """Mean log-odds of every 20 ms frame, (frame,); silent frames count as unmarked."""
        _require_audio(samples_16k, dimensions=1)
        return self._log_odds([samples_16k])

    def read_message(self, samples_16k: Tensor) -> list[MessageReading]:
        """Every try at the message in `samples_16k` (time,), the most decided first.

        Read from the stretch that is heard best, at all sub-frame offsets and both polarities.
        Raises ValueError as `detect` does, and where the weights in use carry no message.
        """
        if self._shapes:
            raise ValueError("the compact weights carry no message; official AudioSeal weights do")
        reach = MESSAGE_SECONDS * SAMPLE_RATE_HZ // FRAME_SAMPLES
        heard = moving_mean(self.log_odds(samples_16k), reach)
        start = int(heard.argmax()) * FRAME_SAMPLES
        return readings(samples_16k[start : start + reach * FRAME_SAMPLES], self._hear)

    def _hear(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Log-odds (frame,) and message logits (bit, frame)."""
        with torch.inference_mode():
            hidden = torch.cat(list(self._ear(self._pieces([samples[None]]))), dim=-1)
            logits = self._head.frame_message(hidden)[0].cpu()
            return self._head.frame_log_odds(hidden)[0].cpu(), self._require_sound(logits)

    def _log_odds(self, blocks: Iterable[Tensor]) -> Tensor:
        loudest: list[Tensor] = []

        def overheard() -> Iterator[Tensor]:
            for piece in self._pieces(block[None] for block in blocks):
                _require_audio(piece, dimensions=3)
                padded = F.pad(piece, (0, -piece.shape[-1] % FRAME_SAMPLES))
                loudest.append(F.max_pool1d(padded.abs(), FRAME_SAMPLES)[0, 0].cpu())
                yield piece

        with torch.inference_mode():
            heard = [self._head.frame_log_odds(h)[0].cpu() for h in self._ear(overheard())]
        if not heard:
            raise ValueError("there is no audio")
        answers = self._require_sound(torch.cat(heard))
        return answers.masked_fill(torch.cat(loudest) <= SILENCE, self.calibration.unmarked_mean)

    def _pieces(self, blocks: Iterable[Tensor]) -> Iterator[Tensor]:
        """Blocks (channel, time) as pieces (channel, 1, time) of 10 s where the networks are."""
        for piece in evenly(blocks, CHUNK_SAMPLES):
            yield piece.to(self.device, torch.float32)[:, None]

    def _message(self, message: Tensor | None) -> Tensor:
        if message is None:
            return fixed_message(self.generator, 1)
        bits = int(cast(MsgProcessor, self.generator.msg_processor).nbits)
        if message.shape != (bits,) or not bool(((message == 0) | (message == 1)).all()):
            raise ValueError(f"the message must be {bits} zeros and ones")
        return message.to(self.device, torch.long)[None]

    def _require_sound(self, answers: Tensor) -> Tensor:
        if not bool(torch.isfinite(answers).all()):
            raise CheckpointRefused(
                str(self.card.get("name", "unnamed")),
                Reason.UNSOUND,
                "the networks answered with values that are not finite",
                "Restore the weights; no verdict was given.",
            )
        return answers


def fastest_precision() -> torch.dtype:
    """bfloat16 where the processor computes with it, which is 1.4 to 1.6 times as fast there.

    Measured on one Zen 5 core: 5.8 and 4.3 ms of processor time per second of audio for the compact
    detector, 30 and 18 ms at the stock size; the mean log-odds of 5 s move by 0.0014 at most.
    """
    has = torch.cpu.get_capabilities()
    return torch.bfloat16 if has.get("avx512_bf16") or has.get("amx_bf16") else torch.float32


def _require_audio(samples: Tensor, *, dimensions: int) -> None:
    if samples.ndim != dimensions or samples.numel() == 0:
        shape = "(channel, time)" if dimensions == 2 else "(time,)"
        raise ValueError(f"expected samples {shape} at 16 kHz, not shape {tuple(samples.shape)}")
    if not bool(torch.isfinite(samples).all()):
        raise ValueError("the samples hold values that are not finite")
