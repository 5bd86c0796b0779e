"""Networks over audio of any length, piece by piece, with the answer of one pass over all of it.

A convolution sees a bounded stretch, so a piece needs that much context and no more. An LSTM looks
back without end but never ahead, so it needs its state carried over. Networks are cut into such
stages; each takes what is new, keeps what it will need again, and hands on what is final. Memory is
that of a piece, however long the audio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Protocol

import torch
from torch import Tensor

from watermark.presence.networks import RawStreamingLSTM


class Stage(Protocol):
    """Part of a network that is fed in pieces."""

    def push(self, piece: Tensor, *, last: bool) -> Tensor:
        """What `piece` (batch, channel, time) makes final; everything that is left when `last`."""


class Bounded:
    """Layers that see at most `reach` input steps to either side.

    `rate` is output steps per input step; `reach`, and the length of every piece but the last, are
    whole numbers of output steps, so that strides fall where they would in one pass.
    """

    def __init__(self, layers: Callable[[Tensor], Tensor], reach: int, rate: Fraction) -> None:
        assert (reach * rate).denominator == 1
        self._layers, self._reach, self._rate = layers, reach, rate
        self._held: Tensor | None = None
        self._seen = 0  # leading steps of what is held that are context, already answered

    def push(self, piece: Tensor, *, last: bool) -> Tensor:
        """See Stage."""
        held = piece if self._held is None else torch.cat([self._held, piece], dim=-1)
        ready = held.shape[-1] if last else max(self._seen, held.shape[-1] - self._reach)
        first = int(self._seen * self._rate)
        if ready > self._seen:
            answers = self._layers(held)[..., first : None if last else int(ready * self._rate)]
        else:
            answers = held.new_zeros(0)
        kept_from = max(0, ready - self._reach)
        self._held, self._seen = held[..., kept_from:].clone(), ready - kept_from
        return answers


class Recurrent:
    """An LSTM whose state goes from piece to piece."""

    def __init__(self, layer: RawStreamingLSTM) -> None:
        self._layer = layer
        self._state: tuple[Tensor, Tensor] | None = None

    def push(self, piece: Tensor, *, last: bool) -> Tensor:  # noqa: ARG002  (it never looks ahead)
        """See Stage."""
        steps = piece.permute(2, 0, 1)
        answers, self._state = self._layer.lstm(steps, self._state)
        if self._layer.skip:
            answers = answers + steps
        whole: Tensor = answers.permute(1, 2, 0)
        return whole


def flow(pieces: Iterable[Tensor], stages: Sequence[Stage]) -> Iterator[Tensor]:
    """Send pieces through stages; yields what comes out, none of it empty."""
    upcoming = iter(pieces)
    piece = next(upcoming, None)
    while piece is not None:
        following = next(upcoming, None)
        answers: Tensor = piece
        for stage in stages:
            if answers.numel() == 0 and following is not None:
                break
            answers = stage.push(answers, last=following is None)
        if answers.numel():
            yield answers
        piece = following


def evenly(blocks: Iterable[Tensor], length: int) -> Iterator[Tensor]:
    """Blocks (..., time) of any length as pieces of `length`, the last one shorter."""
    held: list[Tensor] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += block.shape[-1]
        if count >= length:
            whole = torch.cat(held, dim=-1)
            taken = count // length * length
            yield from torch.split(whole[..., :taken], length, dim=-1)
            held, count = [whole[..., taken:]], count - taken
    if count:
        yield torch.cat(held, dim=-1)
