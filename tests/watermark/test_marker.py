"""Embedding and detection end to end, on audio made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from scipy import signal

from tests.watermark.conftest import KEY, REGISTERED, Sound, plucked_music
from watermark.audio.errors import AudioTooShort, AudioUnmarkable
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.detection import Marked, Presence, PresenceSegment, Unmarked
from watermark.identity.codewords import codewords
from watermark.identity.embedder import EMBED_CONTEXT, mark_change
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import Marker
from watermark.payload import GenerationId
from watermark.presence.opinion import joined
from watermark.writing import SNR_MIN_DB

Recording = Callable[..., AudioFile]
RATE_HZ = 44_100


def _read(path: Path) -> Sound:
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def _snr_db(original: Sound, copy: Sound) -> float:
    change = copy.astype(np.float64) - original
    return float(10 * np.log10((original.astype(np.float64) ** 2).sum() / (change**2).sum()))


def _found(marker: Marker, audio: AudioFile) -> list[GenerationId]:
    detection = marker.detect(audio, seek_geometry=False)
    return [i.generation_id for i in detection.identities] if isinstance(detection, Marked) else []


def test_a_marked_copy_names_its_generation(
    marker: Marker, marked_piece: tuple[Path, Path]
) -> None:
    detection = marker.detect(AudioFile(marked_piece[1], AudioLimits()))

    assert isinstance(detection, Marked)
    (identity,) = detection.identities
    assert identity.generation_id == REGISTERED[7]
    assert identity.z > detection.detector.threshold_z
    assert identity.false_positive_rate < 1e-9
    assert detection.detector.registered_ids == len(REGISTERED)


def test_the_original_names_nobody(marker: Marker, marked_piece: tuple[Path, Path]) -> None:
    detection = marker.detect(AudioFile(marked_piece[0], AudioLimits()), seek_geometry=False)

    assert isinstance(detection, Unmarked)
    assert detection.presence is None


def test_the_copy_keeps_length_rate_channels_and_at_least_the_signal_to_noise_ratio_promised(
    marked_piece: tuple[Path, Path],
) -> None:
    original, copy = (_read(path) for path in marked_piece)

    assert soundfile.info(marked_piece[1]).samplerate == RATE_HZ
    assert copy.shape == original.shape
    assert _snr_db(original, copy) >= SNR_MIN_DB


def test_nothing_above_eight_kilohertz_changes(marked_piece: tuple[Path, Path]) -> None:
    original, copy = (_read(path) for path in marked_piece)
    high = signal.butter(8, 8200, "highpass", fs=RATE_HZ, output="sos")

    change = (copy - original)[:, 0].astype(np.float64)

    above = signal.sosfilt(high, change)
    assert float((above**2).mean()) < 1e-3 * float((change**2).mean())


def test_the_report_tells_the_truth_about_the_copy(
    marker: Marker, recording: Recording, tmp_path: Path
) -> None:
    audio = recording(plucked_music(12, channels=2, seed=9))

    report = marker.embed(audio, REGISTERED[0], tmp_path / "copy.flac")

    copy = AudioFile(tmp_path / "copy.flac", AudioLimits())
    assert report.snr_db == pytest.approx(_snr_db(_read(audio.path), _read(copy.path)), abs=0.01)
    assert report.marked == copy.examine()
    assert report.source == audio.examine()
    assert 0.5 < report.masked_fraction <= 1.0


def _crop(sound: Sound) -> Sound:
    return sound[RATE_HZ * 7 + 331 : RATE_HZ * 17 + 331]


def _through_mp3(sound: Sound, folder: Path) -> Sound:
    soundfile.write(
        folder / "a.mp3", sound, RATE_HZ, compression_level=0.889, bitrate_mode="CONSTANT"
    )
    return _read(folder / "a.mp3")


def _noisy(sound: Sound) -> Sound:
    added = np.random.default_rng(0).normal(scale=sound.std() * 0.1, size=sound.shape)
    return np.asarray(sound + added, np.float32)


CHANGES: dict[str, Callable[[Sound, Path], Sound]] = {
    "polarity": lambda sound, _: -sound,
    "one channel inverted": lambda sound, _: sound * np.array([1, -1], np.float32),
    "gain": lambda sound, _: sound * np.float32(0.05),
    "crop of 10 s": lambda sound, _: _crop(sound),
    "left channel alone": lambda sound, _: sound[:, :1],
    "noise at 20 dB": lambda sound, _: _noisy(sound),
    "MP3 at 64 kb/s": _through_mp3,
    "22.05 kHz": lambda sound, _: soxr.resample(sound, 2, 1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_id_survives(
    change: str,
    marker: Marker,
    marked_piece: tuple[Path, Path],
    recording: Recording,
    tmp_path: Path,
) -> None:
    changed = CHANGES[change](_read(marked_piece[1]), tmp_path)
    rate_hz = 22_050 if change == "22.05 kHz" else RATE_HZ

    audio = recording(changed, rate_hz, "found.wav", "FLOAT")

    assert _found(marker, audio) == [REGISTERED[7]]


def test_a_faster_copy_is_found_when_its_speed_is_tried(
    marker: Marker, marked_piece: tuple[Path, Path], recording: Recording
) -> None:
    fast = soxr.resample(_read(marked_piece[1]), 1.06, 1.0)
    audio = recording(fast, RATE_HZ, "fast.wav", "FLOAT")

    straight = marker.detect(audio, seek_geometry=False)
    with_speed = marker.detect(audio, speeds=(1.0, 1.06), seek_geometry=False)

    assert isinstance(straight, Unmarked)
    assert isinstance(with_speed, Marked)
    (identity,) = with_speed.identities
    assert identity.generation_id == REGISTERED[7]
    assert (identity.pitch, identity.tempo) == (1.06, 1.06)


def test_two_ids_in_one_file_are_both_named(
    marker: Marker, marked_piece: tuple[Path, Path], tmp_path: Path
) -> None:
    marker.embed(AudioFile(marked_piece[1], AudioLimits()), REGISTERED[8], tmp_path / "twice.flac")

    found = _found(marker, AudioFile(tmp_path / "twice.flac", AudioLimits()))

    assert set(found) == {REGISTERED[7], REGISTERED[8]}


def test_an_excerpt_spliced_into_other_music_is_placed(
    marker: Marker, marked_piece: tuple[Path, Path], recording: Recording
) -> None:
    host = plucked_music(40, channels=2, seed=77).copy()
    marked = soxr.resample(_read(marked_piece[1]), 2, 1)
    host[22_050 * 20 : 22_050 * 32] = marked[22_050 * 5 : 22_050 * 17]

    detection = marker.detect(recording(host))

    assert isinstance(detection, Marked)
    (identity,) = detection.identities
    longest = max(identity.segments, key=lambda segment: segment.end_ms - segment.start_ms)
    assert abs(longest.start_ms - 20_000) < 1_000
    assert abs(longest.end_ms - 32_000) < 1_000


def test_an_id_that_is_not_registered_is_not_named(
    marked_piece: tuple[Path, Path],
) -> None:
    others = Marker(IdSearch(KEY, REGISTERED[8:]), NullModel.load())

    assert _found(others, AudioFile(marked_piece[1], AudioLimits())) == []


@pytest.mark.parametrize("length", [81_920, 100_352, 256_000])
def test_the_change_does_not_depend_on_how_the_file_is_cut(length: int) -> None:
    sound = torch.from_numpy(plucked_music(18, rate_hz=16_000).T.copy())[:, :256_000]
    codeword = codewords(KEY, REGISTERED[:1])[0]

    def change(start: int, samples: int) -> torch.Tensor:
        padded = torch.nn.functional.pad(sound, (EMBED_CONTEXT, EMBED_CONTEXT))
        span = padded[:, start : start + samples + 2 * EMBED_CONTEXT]
        return mark_change(span, start, codeword).samples

    parts = [change(start, min(length, 256_000 - start)) for start in range(0, 256_000, length)]

    assert torch.allclose(torch.cat(parts, dim=1), change(0, 256_000), atol=1e-6)


def test_progress_never_falls_and_ends_at_one(
    marker: Marker, marked_piece: tuple[Path, Path], tmp_path: Path
) -> None:
    told: list[float] = []
    audio = AudioFile(marked_piece[0], AudioLimits())

    marker.embed(audio, REGISTERED[1], tmp_path / "copy.flac", progress=told.append)
    embedding, told[:] = list(told), []
    marker.detect(audio, progress=told.append)

    for heard in (embedding, told):
        assert heard == sorted(heard)
        assert heard[-1] == 1.0


def test_four_seconds_are_too_short_to_mark(
    marker: Marker, recording: Recording, tmp_path: Path
) -> None:
    with pytest.raises(AudioTooShort, match="a mark needs 5 s"):
        marker.embed(recording(plucked_music(4)), REGISTERED[0], tmp_path / "copy.flac")

    assert not (tmp_path / "copy.flac").exists()


def test_a_faint_hum_alone_cannot_be_marked_and_leaves_nothing_behind(
    marker: Marker, recording: Recording, tmp_path: Path
) -> None:
    time = np.arange(8 * 22_050) / 22_050
    hum = np.asarray(0.003 * np.sin(2 * np.pi * 50 * time)[:, None], np.float32)

    with pytest.raises(AudioUnmarkable, match="312 Hz"):
        marker.embed(recording(hum), REGISTERED[0], tmp_path / "copy.flac")

    assert not (tmp_path / "copy.flac").exists()


class LoudPresence:
    """A second layer that adds a tone at -20 dB and always hears it."""

    weights_sha256 = "cd" * 32

    def embed(self, samples_16k: torch.Tensor) -> torch.Tensor:
        time = torch.arange(samples_16k.shape[1]) / 16_000
        level = samples_16k.square().mean().sqrt() * 0.14
        return (level * torch.sin(2 * torch.pi * 7000 * time)).expand_as(samples_16k)

    def detect(self, samples_16k: torch.Tensor) -> Presence:
        assert samples_16k.ndim == 1
        return Presence(0.9, 1.0, (PresenceSegment(0, 1000, 0.9),))


def test_a_second_layer_shares_the_allowance_and_is_reported(
    recording: Recording, tmp_path: Path
) -> None:
    both = Marker(IdSearch(KEY, REGISTERED), NullModel.load(), LoudPresence())
    audio = recording(plucked_music(20, channels=2, seed=3))

    report = both.embed(audio, REGISTERED[4], tmp_path / "copy.flac")
    detection = both.detect(AudioFile(tmp_path / "copy.flac", AudioLimits()))

    assert report.snr_db >= SNR_MIN_DB
    assert report.presence_weights_sha256 == "cd" * 32
    assert isinstance(detection, Marked)
    assert detection.identities[0].generation_id == REGISTERED[4]
    assert detection.presence == Presence(0.9, 1.0, (PresenceSegment(0, 1000, 0.9),))
    assert detection.detector.weights_sha256 == "cd" * 32


def test_opinions_of_parts_become_one_of_the_whole() -> None:
    ten_seconds = 160_000
    first = Presence(0.2, 0.0, ())
    second = Presence(0.9, 1.0, (PresenceSegment(0, 5000, 0.9),))

    whole = joined([(0, ten_seconds, first), (ten_seconds, ten_seconds // 2, second)])

    assert whole == Presence(0.9, pytest.approx(1 / 3), (PresenceSegment(10_000, 15_000, 0.9),))
