"""A mark and its recording: kept together by honest copies, torn apart by forgers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy import signal
from scipy.ndimage import uniform_filter

from tests.watermark.conftest import REGISTERED, Sound, plucked_music
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.detection import (
    AudioExamined,
    Corroborated,
    Detector,
    Identity,
    Marked,
    Segment,
    to_json,
)
from watermark.fingerprint.archive import FingerprintArchive
from watermark.fingerprint.corroboration import SHARE_MIN
from watermark.marker import Marker
from watermark.payload import GenerationId

ID = REGISTERED[7]
RATE_HZ = 44_100
AUDIO = AudioExamined("aa" * 32, "bb" * 32, 24_000, RATE_HZ, 2)
DETECTOR = Detector("cells", "1", None, 8.4, 300)
Write = Callable[..., AudioFile]


@pytest.fixture
def archive(tmp_path: Path, marked_piece: tuple[Path, Path]) -> FingerprintArchive:
    """Holds the fingerprint of the marked piece under ID."""
    made = FingerprintArchive(tmp_path / "state" / "fingerprints.sqlite")
    made.keep(ID, AudioFile(marked_piece[1], AudioLimits()))
    return made


def samples(path: Path) -> Sound:
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def other_music(seconds: float = 24.0) -> Sound:
    """Unrelated, though in the same beat, tuning and sound."""
    return plucked_music(seconds, rate_hz=RATE_HZ, channels=2, seed=99)


def found(*identities: Identity) -> Marked:
    return Marked(identities, None, AUDIO, DETECTOR)


def heard(generation_id: GenerationId, start_ms: int = 0, end_ms: int = 24_000) -> Identity:
    return Identity(generation_id, 20.0, 1e-20, (Segment(start_ms, end_ms, 20.0),))


def outcomes(archive: FingerprintArchive, detection: Marked, audio: AudioFile) -> list[str]:
    weighed = archive.weighed(detection, audio)
    assert isinstance(weighed, Marked)
    return [str(one.corroboration.outcome) for one in weighed.identities]


def gains_carried_over(original: Sound, copy: Sound, host: Sound) -> Sound:
    """The mark's own gains, read off a pair of files and laid on other music: the copy attack."""

    def spectra(sound: Sound) -> tuple[np.ndarray, np.ndarray]:
        _, _, one = signal.stft(sound.T, nperseg=1408, noverlap=1056)
        smooth = uniform_filter(np.abs(one) ** 2, (0, 3, 5))
        return one, np.sqrt(smooth)

    plain, marked = spectra(original)[1], spectra(copy)[1]
    carried = spectra(host)[0] * np.clip((marked / np.maximum(plain, 1e-9)) ** 2, 0.5, 2.0)
    _, sound = signal.istft(carried, nperseg=1408, noverlap=1056)
    return np.asarray(sound.T[: len(host)], np.float32)


@pytest.mark.parametrize("forger", ["copies the mark", "holds the key"])
def test_a_mark_on_other_music_is_found_and_called_ambiguous(
    archive: FingerprintArchive,
    marked_piece: tuple[Path, Path],
    marker: Marker,
    recording: Write,
    tmp_path: Path,
    forger: str,
) -> None:
    original, copy = (samples(path) for path in marked_piece)
    if forger == "holds the key":
        path = tmp_path / "forged.flac"
        marker.embed(recording(other_music(), RATE_HZ), ID, path)
        forged = AudioFile(path, AudioLimits())
    else:
        carried = gains_carried_over(original, copy, other_music())
        forged = recording(carried, RATE_HZ, "forged.flac")
    detection = marker.detect(forged)
    assert isinstance(detection, Marked), "the mark must be found for this test to say much"
    assert [one.generation_id for one in detection.identities] == [ID]

    weighed = archive.weighed(detection, forged)

    assert isinstance(weighed, Marked)
    (identity,) = weighed.identities
    assert identity.corroboration.outcome is Corroborated.OTHER_RECORDING
    assert identity.corroboration.false_agreement_rate > 1e-6
    assert weighed.is_ambiguous
    assert to_json(weighed)["outcome"] == "ambiguous"


def test_a_genuine_copy_is_the_same_recording_after_mp3_and_a_cut(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path], recording: Write
) -> None:
    cut = samples(marked_piece[1])[7 * RATE_HZ : 17 * RATE_HZ].mean(1)
    clip = recording(cut, RATE_HZ, "clip.mp3", "MPEG_LAYER_III")

    weighed = archive.weighed(found(heard(ID, 0, 10_000)), clip)

    assert isinstance(weighed, Marked)
    (identity,) = weighed.identities
    compared = identity.corroboration
    assert compared.outcome is Corroborated.SAME_RECORDING
    assert compared.offset_ms is not None
    assert abs(compared.offset_ms - 7_000) < 300
    assert 0.5 * compared.compared < compared.agreeing <= compared.compared
    assert compared.false_agreement_rate < 1e-12
    assert not weighed.is_ambiguous


def test_a_copy_at_another_speed_is_compared_at_the_speed_the_mark_tells(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path], recording: Write
) -> None:
    fast = recording(samples(marked_piece[1]), round(RATE_HZ * 1.1), "fast.flac")
    told = dataclasses.replace(heard(ID, 0, 21_000), pitch=1.1, tempo=1.1)

    assert outcomes(archive, found(told), fast) == ["same-recording"]
    assert outcomes(archive, found(heard(ID, 0, 21_000)), fast) == ["other-recording"]


def test_a_mix_of_two_marked_recordings_is_both(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path], recording: Write
) -> None:
    second = recording(other_music(), RATE_HZ, "second.flac")
    archive.keep(REGISTERED[8], second)
    mix = recording((samples(marked_piece[1]) + samples(second.path)) / 2, RATE_HZ, "mix.flac")

    both = found(heard(ID), heard(REGISTERED[8]))

    assert outcomes(archive, both, mix) == ["same-recording", "same-recording"]


def test_a_recording_faintly_under_other_music_is_not_confirmed(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path], recording: Write
) -> None:
    """As when the residue of a marked copy is carried over: chance does not explain its sound."""
    piece = samples(marked_piece[1])
    host = soxr.resample(other_music(30.0), 1.13 * RATE_HZ, RATE_HZ)  # in a beat of its own
    faint = host[: len(piece)] + 0.6 * piece
    weighed = archive.weighed(found(heard(ID)), recording(faint / 2, RATE_HZ, "faint.flac"))

    assert isinstance(weighed, Marked)
    compared = weighed.identities[0].corroboration
    assert compared.false_agreement_rate < 1e-6
    assert compared.agreeing < SHARE_MIN * compared.compared
    assert compared.outcome is Corroborated.OTHER_RECORDING
    assert weighed.is_ambiguous


def test_a_splice_is_judged_where_the_mark_was_found(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path], recording: Write
) -> None:
    parts = (other_music(20.0), samples(marked_piece[1])[: 10 * RATE_HZ])
    splice = recording(np.concatenate(parts), RATE_HZ, "splice.flac")

    assert outcomes(archive, found(heard(ID, 20_000, 30_000)), splice) == ["same-recording"]
    assert outcomes(archive, found(heard(ID, 0, 15_000)), splice) == ["other-recording"]


@pytest.mark.parametrize(
    ("generation_id", "seconds"), [(REGISTERED[9], 24), (ID, 2.5)], ids=["not kept", "too short"]
)
def test_what_cannot_be_compared_is_said_to_be_not_checked(
    archive: FingerprintArchive,
    marked_piece: tuple[Path, Path],
    recording: Write,
    generation_id: GenerationId,
    seconds: float,
) -> None:
    piece = samples(marked_piece[1])[: int(seconds * RATE_HZ)]
    audio = recording(piece, RATE_HZ, "piece.flac")

    assert outcomes(archive, found(heard(generation_id)), audio) == ["not-checked"]


def test_no_answer_holds_a_landmark(
    archive: FingerprintArchive, marked_piece: tuple[Path, Path]
) -> None:
    audio = AudioFile(marked_piece[1], AudioLimits())
    told = to_json(archive.weighed(found(heard(ID)), audio))["identities"][0]["corroboration"]

    assert set(told) == {"outcome", "compared", "agreeing", "offset_ms", "false_agreement_rate"}
