"""Audio made on the spot; nothing here is read from disk or network."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch

from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.identity.codewords import EpochKey
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import Marker
from watermark.payload import GenerationId

torch.set_num_threads(1)

Sound = npt.NDArray[np.float32]  # (time, channel)

KEY = EpochKey(bytes(range(32)))
REGISTERED = tuple(GenerationId(7919 * number + 1) for number in range(300))


@functools.cache
def plucked_music(
    seconds: float, *, rate_hz: int = 22_050, channels: int = 1, seed: int = 0
) -> Sound:
    """Notes with eight decaying partials over a little noise; (time, channel), read-only."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    sound = rng.normal(scale=0.004, size=(len(time), channels))
    for start in np.arange(0.0, seconds, 0.21):
        pitch_hz = 110 * 2 ** (rng.integers(0, 24) / 12)
        begun = time[(time >= start) & (time < start + 1.5)] - start
        note = np.zeros(len(begun))
        for partial in range(1, 9):
            decay = np.exp(-begun * (1.5 + 0.5 * partial))
            wave = np.sin(2 * np.pi * partial * pitch_hz * begun + rng.uniform(0, 6.28))
            note += decay * wave / partial
        first = int(np.searchsorted(time, start))
        loudness = 0.12 * rng.uniform(0.5, 1.0, channels)
        sound[first : first + len(begun)] += note[:, None] * loudness
    made = np.asarray(sound / max(1.0, np.abs(sound).max() / 0.9), np.float32)
    made.flags.writeable = False
    return made


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., AudioFile]:
    """Writes a sound and opens it: `recording(sound, rate_hz, name)`."""

    def write(
        sound: Sound, rate_hz: int = 22_050, name: str = "recording.wav", subtype: str = "PCM_16"
    ) -> AudioFile:
        path = tmp_path / name
        soundfile.write(path, sound, rate_hz, subtype=subtype)
        return AudioFile(path, AudioLimits())

    return write


@pytest.fixture(scope="session")
def marker() -> Marker:
    """Identity layer alone, 300 registered ids."""
    return Marker(IdSearch(KEY, REGISTERED), NullModel.load())


@pytest.fixture(scope="session")
def marked_piece(tmp_path_factory: pytest.TempPathFactory, marker: Marker) -> tuple[Path, Path]:
    """A 24 s stereo recording at 44.1 kHz and its copy marked with REGISTERED[7]."""
    folder = tmp_path_factory.mktemp("marked")
    original, copy = folder / "original.wav", folder / "copy.flac"
    soundfile.write(original, plucked_music(24, rate_hz=44_100, channels=2, seed=5), 44_100)
    marker.embed(AudioFile(original, AudioLimits()), REGISTERED[7], copy)
    return original, copy
