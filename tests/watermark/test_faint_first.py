"""A shifted copy is often heard faintly as it stands; how it was altered must still be found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import python_stretch
import soundfile

from tests.watermark.conftest import REGISTERED
from watermark.audio.waveform import AudioFile
from watermark.detection import Marked
from watermark.marker import Marker


def test_a_copy_a_semitone_up_is_read_at_its_own_pitch(
    marker: Marker, marked_piece: tuple[Path, Path], recording: Callable[..., AudioFile]
) -> None:
    sound, rate_hz = soundfile.read(marked_piece[1], dtype="float32", always_2d=True)
    shift = python_stretch.Signalsmith.Stretch()
    shift.preset(sound.shape[1], rate_hz)
    shift.setTransposeSemitones(1)
    higher = np.ascontiguousarray(shift.process(np.ascontiguousarray(sound.T)).T)

    detection = marker.detect(recording(higher, rate_hz, "higher.wav", "FLOAT"))

    assert isinstance(detection, Marked)
    (identity,) = detection.identities
    assert identity.generation_id == REGISTERED[7]
    assert identity.pitch == pytest.approx(2 ** (1 / 12), rel=0.012)
