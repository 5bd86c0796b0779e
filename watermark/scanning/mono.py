"""One channel for the search: a third of the work of two, and opposed channels still heard."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from watermark.audio.files import AudioFile, Samples
from watermark.identity.windows import mixed


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
        yield from mixed(self._counted(), self.sample_rate_hz)

    def _counted(self) -> Iterator[Samples]:
        for block in self._source.blocks():
            self.frames_read += len(block)
            self.energy += float(np.vdot(block, block)) / block.shape[1]
            yield block
