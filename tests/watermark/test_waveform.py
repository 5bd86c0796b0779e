from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark.conftest import plucked_music
from watermark.audio.errors import (
    AudioClipped,
    AudioEmpty,
    AudioMislabelled,
    AudioSilent,
    AudioTooLarge,
    AudioTooShort,
    AudioUnreadable,
)
from watermark.audio.waveform import (
    AudioFile,
    AudioLimits,
    at_16_khz,
    in_step,
    resampled,
    sniff,
    spans,
)

Recording = Callable[..., AudioFile]


@pytest.mark.parametrize(
    ("name", "container", "subtype", "kind"),
    [
        ("a.wav", "WAV", "PCM_16", "wav"),
        ("a.wav", "WAV", "FLOAT", "wav"),
        ("a.flac", "FLAC", "PCM_24", "flac"),
        ("a.mp3", "MP3", "MPEG_LAYER_III", "mp3"),
        ("a.ogg", "OGG", "VORBIS", "ogg"),
        ("a.opus", "OGG", "OPUS", "ogg"),
    ],
)
def test_every_promised_format_is_read(
    tmp_path: Path, name: str, container: str, subtype: str, kind: str
) -> None:
    path = tmp_path / name
    soundfile.write(
        path, plucked_music(3, rate_hz=48_000), 48_000, format=container, subtype=subtype
    )

    facts = AudioFile(path, AudioLimits()).examine()

    assert sniff(path.read_bytes()[:16]) == kind
    assert facts.sample_rate_hz == 48_000
    assert abs(facts.duration_ms - 3000) < 60  # MP3 pads its ends
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_sample_digest_does_not_depend_on_the_container(recording: Recording) -> None:
    sound = np.rint(plucked_music(3, channels=2) * 32_000).astype(np.int16)

    wav = recording(sound, name="a.wav").examine()
    flac = recording(sound, name="a.flac").examine()

    steps = soundfile.read(recording(sound, name="b.wav").path, dtype="int32")[0]
    assert wav.pcm_sha256 == hashlib.sha256(steps.astype("<i4").tobytes()).hexdigest()
    assert wav.pcm_sha256 == flac.pcm_sha256
    assert wav.sha256 != flac.sha256


def test_a_file_of_no_bytes_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()

    with pytest.raises(AudioEmpty):
        AudioFile(tmp_path / "a.wav", AudioLimits())


def test_a_file_of_no_samples_is_empty(recording: Recording) -> None:
    with pytest.raises(AudioEmpty):
        recording(np.zeros((0, 1), np.float32)).examine()


@pytest.mark.parametrize("content", [b"<html>not found</html>", b"\x00" * 4096, b"%PDF-1.7\n"])
def test_bytes_that_are_no_audio_are_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)

    with pytest.raises(AudioUnreadable, match="hand in WAV"):
        AudioFile(tmp_path / "a.wav", AudioLimits())


def test_a_header_without_a_body_is_unreadable_or_empty(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"fLaC" + bytes(40))

    with pytest.raises((AudioUnreadable, AudioEmpty)):
        AudioFile(tmp_path / "a.flac", AudioLimits()).examine()


def test_a_file_cut_in_the_middle_is_refused(recording: Recording, tmp_path: Path) -> None:
    whole = recording(plucked_music(6), name="a.flac").path.read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(AudioUnreadable):
        AudioFile(tmp_path / "cut.flac", AudioLimits()).examine()


def test_a_wrong_suffix_is_named(recording: Recording, tmp_path: Path) -> None:
    flac = recording(plucked_music(3), name="a.flac").path

    with pytest.raises(AudioMislabelled, match=r"named \.mp3 but the bytes are flac"):
        AudioFile(flac, AudioLimits(), name="found.mp3")


def test_a_name_without_a_suffix_promises_nothing(recording: Recording) -> None:
    flac = recording(plucked_music(3), name="a.flac").path

    assert AudioFile(flac, AudioLimits(), name="found").channels == 1


@pytest.mark.parametrize("level", [0.0, 5e-5])
def test_silence_is_refused(recording: Recording, level: float) -> None:
    with pytest.raises(AudioSilent, match="-80 dBFS"):
        recording(np.full((44_100, 1), level, np.float32), subtype="FLOAT").examine()


def test_a_blink_of_audio_is_too_short(recording: Recording) -> None:
    with pytest.raises(AudioTooShort, match=r"0\.50 s of audio; at least 2 s"):
        recording(plucked_music(0.5)).examine()


@pytest.mark.parametrize("level", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_offset_without_sound_is_silence(
    recording: Recording, channels: int, level: float
) -> None:
    offset = np.full((66_150, channels), level, np.float32) * np.array([1, -0.8][:channels])

    with pytest.raises(AudioSilent, match="below -80 dBFS"):
        recording(offset, subtype="FLOAT").examine()
    heard = offset + 0.01 * plucked_music(3, channels=channels)
    assert recording(heard, subtype="FLOAT").examine().frames == 66_150


def test_what_lies_at_full_scale_is_no_recording(recording: Recording) -> None:
    sound = plucked_music(3, seed=2)

    with pytest.raises(AudioClipped, match="lie at full scale"):
        recording(np.sign(sound + 1e-9)).examine()
    loud = np.clip(3 * sound, -1, 1)  # clipped music is still music
    assert recording(loud).examine().frames == 66_150


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused(recording: Recording, poison: float) -> None:
    sound = plucked_music(3).copy()
    sound[12_345] = poison

    with pytest.raises(AudioUnreadable, match="NaN or infinity"):
        recording(sound, subtype="FLOAT").examine()


def test_bytes_over_the_limit_are_refused(recording: Recording) -> None:
    path = recording(plucked_music(3)).path

    with pytest.raises(AudioTooLarge, match="the limit is 1000"):
        AudioFile(path, AudioLimits(bytes_max=1000))


def test_a_duration_over_the_limit_is_refused(recording: Recording) -> None:
    path = recording(plucked_music(3)).path

    with pytest.raises(AudioTooLarge, match=r"longer than 2\.5 s"):
        AudioFile(path, AudioLimits(seconds_max=2.5)).examine()
    with pytest.raises(AudioTooLarge, match="longer than 1 s"):
        AudioFile(path, AudioLimits(seconds_max=1.0))


def test_too_many_channels_and_odd_rates_are_refused(recording: Recording) -> None:
    nine = np.zeros((4000, 9), np.float32)

    with pytest.raises(AudioTooLarge, match="9 channels; at most 8"):
        recording(nine)
    with pytest.raises(AudioTooLarge, match="sample rate 4000 Hz"):
        recording(plucked_music(3), rate_hz=4000)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 96_000])
def test_a_tone_keeps_its_place_through_resampling(recording: Recording, rate_hz: int) -> None:
    time = np.arange(4 * rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * time, dtype=np.float64)[:, None].astype(np.float32)

    blocks = list(at_16_khz(recording(tone, rate_hz, subtype="FLOAT")))

    heard = np.concatenate(blocks)[:, 0]
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16_000)
    assert abs(len(heard) - 64_000) <= 1
    assert np.abs(heard - expected)[800:-800].max() < 1e-3


def test_there_and_back_leaves_no_delay() -> None:
    sound = plucked_music(4, rate_hz=44_100, channels=2)
    pieces = [sound[i : i + 9973] for i in range(0, len(sound), 9973)]

    low = resampled(pieces, 44_100, 16_000, 2)
    back = np.concatenate(list(resampled(low, 16_000, 44_100, 2)))[: len(sound)]

    correlations = [
        float(np.sum(sound[100:-100, 0] * np.roll(back[:, 0], shift)[100:-100]))
        for shift in range(-3, 4)
    ]
    assert int(np.argmax(correlations)) == 3


@pytest.mark.parametrize("samples", [0, 1, 99, 100, 101, 250, 300, 1000])
def test_spans_cover_every_sample_once_with_true_surroundings(samples: int) -> None:
    sound = np.arange(1, samples + 1, dtype=np.float32)[:, None]
    blocks = [sound[i : i + 37] for i in range(0, samples, 37)]
    around = np.concatenate((np.zeros(20), sound[:, 0], np.zeros(20)))

    found = list(spans(blocks, 1, length=100, context=20))

    assert [span.start for span in found] == list(range(0, samples, 100))
    assert sum(span.length for span in found) == samples
    for span in found:
        expected = around[span.start : span.start + span.length + 40]
        assert np.array_equal(span.samples[0], expected)


def test_two_streams_walk_in_step_whatever_their_pieces() -> None:
    first = np.arange(100, dtype=np.float32)[:, None]
    second = -np.arange(93, dtype=np.float32)[:, None]
    passed: list[int] = []

    pairs = list(
        in_step(
            [first[i : i + 30] for i in range(0, 100, 30)],
            [second[i : i + 7] for i in range(0, 93, 7)],
            passed.append,
        )
    )

    assert all(len(a) == len(b) for a, b in pairs)
    assert np.array_equal(np.concatenate([a for a, _ in pairs]), first)
    filled = np.concatenate((second, np.zeros((7, 1), np.float32)))
    assert np.array_equal(np.concatenate([b for _, b in pairs]), filled)
    assert passed == list(itertools.accumulate([30, 30, 30, 10]))
