"""How audio passes through the two networks: which stages, with how much context."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import cast

import torch
from torch import Tensor, nn

from watermark.presence.networks import (
    FRAME_SAMPLES,
    AudioSealDetector,
    AudioSealWM,
    MsgProcessor,
    RawStreamingLSTM,
    SEANetEncoderKeepDimension,
)
from watermark.presence.shaping import levelled, shaped
from watermark.presence.streaming import Bounded, Recurrent, Stage, flow

# Frames to either side. Layers between waveform and frames see less than 5, levelling 2, shaping 4;
# a causal convolution of 7 frames looks 6 back, and two of them follow each other in the middle.
_WAVEFORM_REACH = 10
_FRAME_REACH = 16
_WHOLE_REACH = 25
_TO_FRAMES, _TO_SAMPLES, _STEP_BY_STEP = (
    Fraction(1, FRAME_SAMPLES),
    Fraction(FRAME_SAMPLES),
    Fraction(1),
)


def fixed_message(generator: AudioSealWM, batch: int) -> Tensor:
    """The message this layer sends unless it is given one: zeros, (batch, bit)."""
    device = next(generator.parameters()).device
    bits = int(cast(MsgProcessor, generator.msg_processor).nbits)
    return torch.zeros(batch, bits, dtype=torch.long, device=device)


# (raw mark, host, level in dB under it) to a raw mark that the detector hears better, or the same
Refine = Callable[[Tensor, Tensor, float], Tensor]


class DetectorPass:
    """Pieces (1, 1, time) to hidden frames (1, channel, frame), as one pass over all would give."""

    def __init__(
        self, detector: AudioSealDetector, *, levels: bool, precision: torch.dtype
    ) -> None:
        encoder = cast(SEANetEncoderKeepDimension, detector.detector[0])
        front, self._lstm, self._rear = _cut_at_lstm(encoder.model)
        if precision is not torch.float32:
            front = copy.deepcopy(front).to(precision)
        self._front, self._levels, self._precision = front, levels, precision

    def __call__(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Hidden frames as they become final, in float32."""
        if self._lstm is None:
            return flow(pieces, [_waveform(self._frames, _TO_FRAMES)])
        stages: list[Stage] = [
            _waveform(self._frames, _TO_FRAMES),
            Recurrent(self._lstm),
            Bounded(self._rear, _FRAME_REACH, _STEP_BY_STEP),
        ]
        return flow(pieces, stages)

    def _frames(self, samples: Tensor) -> Tensor:
        seen = levelled(samples) if self._levels else samples
        frames: Tensor = self._front(seen.to(self._precision))
        return frames.float()


class GeneratorPass:
    """Pieces (channel, 1, time) of host to pieces (channel, time) of mark."""

    def __init__(self, generator: AudioSealWM, *, shapes: bool, refine: Refine) -> None:
        self._generator, self._shapes, self._refine = generator, shapes, refine
        encoder = cast(nn.Sequential, generator.encoder.model)
        decoder = cast(nn.Sequential, generator.decoder.model)
        self._coder = (_cut_at_lstm(encoder), _cut_at_lstm(decoder))

    def __call__(
        self, pieces: Iterable[Tensor], message: Tensor, snr_db: float
    ) -> Iterator[Tensor]:
        """The mark as it becomes final; in all it may be up to a frame longer than the host."""
        (front, first, rear), (entry, second, back) = self._coder
        if self._shapes:
            whole = Bounded(
                self._shaped(message, snr_db), _WHOLE_REACH * FRAME_SAMPLES, _STEP_BY_STEP
            )
            yield from (mark[:, 0] for mark in flow(pieces, [whole]))
            return
        channels = 1

        def middles() -> Iterator[Tensor]:
            nonlocal channels
            for piece in pieces:
                channels = piece.shape[0]
                yield piece.mean(dim=0, keepdim=True)

        def between(frames: Tensor) -> Tensor:
            told = cast(MsgProcessor, self._generator.msg_processor)(rear(frames), message)
            return cast(Tensor, entry(told))

        stages: list[Stage] = [_waveform(front, _TO_FRAMES)]
        stages += [Recurrent(first)] if first is not None else []
        if second is None:
            stages += [Bounded(between, _FRAME_REACH, _TO_SAMPLES)]
        else:
            stages += [Bounded(between, _FRAME_REACH, _STEP_BY_STEP), Recurrent(second)]
            stages += [Bounded(back, _FRAME_REACH, _TO_SAMPLES)]
        yield from (mark.expand(channels, 1, -1)[:, 0] for mark in flow(middles(), stages))

    def _shaped(self, message: Tensor, snr_db: float) -> Callable[[Tensor], Tensor]:
        """(channel, 1, time) of host to the same of mark."""

        def mark(host: Tensor) -> Tensor:
            middle = host.mean(dim=0, keepdim=True)
            raw = self._generator.get_watermark(levelled(middle), message=message)
            raw = self._refine(raw, middle, snr_db)
            return shaped(raw.expand_as(host), host, snr_db)

        return mark


def _waveform(layers: Callable[[Tensor], Tensor], rate: Fraction) -> Bounded:
    return Bounded(layers, _WAVEFORM_REACH * FRAME_SAMPLES, rate)


def _cut_at_lstm(
    layers: nn.Sequential,
) -> tuple[nn.Sequential, RawStreamingLSTM | None, nn.Sequential]:
    """Layers before, the LSTM, and layers after; without one, all of them come before."""
    each = list(layers)
    for place, layer in enumerate(each):
        if isinstance(layer, RawStreamingLSTM):
            return nn.Sequential(*each[:place]), layer, nn.Sequential(*each[place + 1 :])
    return layers, None, nn.Sequential()
