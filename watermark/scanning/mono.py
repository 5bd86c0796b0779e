"""One channel for the search, and what was heard on the way of all of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from watermark.audio.files import AudioFile, Loudness, Samples
from watermark.identity.windows import mixed


class MonoSound(AudioFile):
    """A file or excerpt mixed to one channel; `loudness` tells what passed at the last reading."""

    def __init__(self, audio: AudioFile) -> None:
        self.__dict__.update(copy.copy(audio).__dict__)
        self._source = audio
        self.channels = 1
        self.loudness = Loudness(audio.channels)

    def blocks(self) -> Iterator[Samples]:
        """The mixed samples in order, (time, 1). Raises as those of the file."""
        self.loudness = Loudness(self._source.channels)
        yield from mixed(self._heard(), self.sample_rate_hz)

    def _heard(self) -> Iterator[Samples]:
        for block in self._source.blocks():
            self.loudness.add(block)
            yield block
