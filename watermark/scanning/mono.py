"""One channel for the search: a third of the work of two, and opposed channels still heard."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import numpy as np

from watermark.audio.files import AudioFile, Samples

_CANCELLED: Final = 0.1  # of the channels' mean energy: what is left of a mix of opposed channels


class MonoSound(AudioFile):
    """A file or excerpt mixed to one channel; `frames_read` and `energy` tell what passed."""

    def __init__(self, audio: AudioFile) -> None:
        self.__dict__.update(copy.copy(audio).__dict__)
        self._source = audio
        self.channels = 1
        self.frames_read = 0
        self.energy = 0.0  # mean over channels of the sum of squares

    def blocks(self) -> Iterator[Samples]:
        """The mixed samples in order, (time, 1). Raises as those of the file."""
        self.frames_read, self.energy = 0, 0.0
        for block in self._source.blocks():
            self.frames_read += len(block)
            self.energy += float(np.vdot(block, block)) / block.shape[1]
            yield mixed(block)


def mixed(block: Samples) -> Samples:
    """The mean of the channels, or the loudest one where they cancel; (time, channel)."""
    channels = block.shape[1]
    if channels == 1:
        return block
    mean = block[:, 0].copy()
    for channel in range(1, channels):  # `mean(1)` over so few costs ten times as much
        mean += block[:, channel]
    mean /= channels
    if float(np.vdot(mean, mean)) < _CANCELLED * float(np.vdot(block, block)) / channels:
        loudest = int(np.argmax([np.vdot(block[:, c], block[:, c]) for c in range(channels)]))
        mean = block[:, loudest]
    return np.ascontiguousarray(mean)[:, None]
