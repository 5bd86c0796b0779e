"""Files that lost a part are refused, whatever the decoder library makes of them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermark.conftest import plucked_music
from watermark.audio.containers import _ogg_crc
from watermark.audio.errors import AudioRefused, AudioTooCostly, AudioTooLarge, AudioUnreadable
from watermark.audio.files import AudioFile, AudioLimits

RATE_HZ = 48_000
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def encoded(kind: str, seconds: float = 6.0) -> bytes:
    held = io.BytesIO()
    container, subtype = FORMATS[kind]
    sound = plucked_music(seconds, rate_hz=RATE_HZ, channels=2, seed=3)
    soundfile.write(held, sound, RATE_HZ, format=container, subtype=subtype)
    return held.getvalue()


def opened(folder: Path, kind: str, content: bytes, limits: AudioLimits | None = None) -> AudioFile:
    path = folder / f"given.{kind}"
    path.write_bytes(content)
    return AudioFile(path, limits or AudioLimits())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("kept", [0.98, 0.9, 0.5])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, kind: str, kept: float) -> None:
    whole = encoded(kind)
    assert opened(tmp_path, kind, whole).examine().frames > 5 * RATE_HZ

    with pytest.raises(AudioUnreadable, match=r"cut off|damaged|missing"):
        opened(tmp_path, kind, whole[: int(kept * len(whole))]).examine()


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3"])
def test_a_file_with_a_hole_is_refused(tmp_path: Path, kind: str) -> None:
    whole = encoded(kind)
    middle = len(whole) // 2

    with pytest.raises(AudioUnreadable):
        opened(tmp_path, kind, whole[:middle] + whole[middle + 9_000 :]).examine()


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus"])
@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_one_flipped_bit_is_noticed(tmp_path: Path, kind: str, place: float) -> None:
    damaged = bytearray(encoded(kind))
    damaged[int(place * len(damaged))] ^= 0x10

    with pytest.raises(AudioUnreadable):
        opened(tmp_path, kind, bytes(damaged)).examine()


def test_a_missing_ogg_page_is_noticed(tmp_path: Path) -> None:
    whole = encoded("ogg", 12.0)
    pages = [at for at in range(len(whole)) if whole[at : at + 4] == b"OggS"]

    with pytest.raises(AudioUnreadable, match="missing"):
        opened(tmp_path, "ogg", whole[: pages[3]] + whole[pages[4] :])


def test_the_ogg_checksum_is_that_of_the_standard() -> None:
    page = bytes(range(256)) * 3

    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF

    assert _ogg_crc(page) == crc
    assert crc != zlib.crc32(page)


def _wav_of(chunks: list[tuple[bytes, int, bytes]], riff: bytes = b"RIFF") -> bytes:
    body = b"".join(name + struct.pack("<I", size) + content for name, size, content in chunks)
    return riff + struct.pack("<I", len(body) + 4) + b"WAVE" + body


FORMAT_CHUNK = (b"fmt ", 16, struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16))
PCM = (np.sin(np.arange(48_000)) * 9_000).astype("<i2").tobytes()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    audio = opened(tmp_path, "wav", _wav_of([FORMAT_CHUNK, (b"data", size, PCM)]))

    if size:
        assert audio.examine().frames == 48_000


def test_a_wav_with_other_chunks_is_read(tmp_path: Path) -> None:
    note = (b"LIST", 5, b"abcde\x00")

    audio = opened(tmp_path, "wav", _wav_of([FORMAT_CHUNK, note, (b"data", len(PCM), PCM)]))

    assert audio.examine().frames == 48_000


@pytest.mark.parametrize(
    "content",
    [
        _wav_of([FORMAT_CHUNK]),
        _wav_of([FORMAT_CHUNK, (b"data", 4_000_000_000, PCM)]),
        _wav_of([(b"junk", 0, b"")] * 5000),
        _wav_of([FORMAT_CHUNK, (b"LIST", 0xFFFFFFF0, b"")]),
        _wav_of([(b"ds64", 8, bytes(8)), FORMAT_CHUNK, (b"data", 0xFFFFFFFE, PCM)], b"RF64"),
        b"RIFF\x00\x00\x00\x00WAVE",
        b"OggS",
        b"fLaC",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"\xff\xfb\x90\x00",
    ],
)
def test_headers_without_what_they_promise_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)

    with pytest.raises(AudioRefused):
        AudioFile(path, AudioLimits()).examine()


def test_ten_hours_in_a_header_are_refused_unread(tmp_path: Path) -> None:
    head = bytearray(encoded("flac"))
    frames = 10 * 3600 * RATE_HZ
    # STREAMINFO: 36 bits of total samples end 18 bytes before its end, at byte 26 of the file.
    head[21] = head[21] & 0xF0 | frames >> 32
    head[22:26] = (frames & 0xFFFFFFFF).to_bytes(4, "big")

    with pytest.raises(AudioUnreadable, match=r"cut off|damaged"):
        opened(tmp_path, "flac", bytes(head), AudioLimits(seconds_max=9 * 3600)).examine()
    with pytest.raises(AudioTooLarge, match="longer than"):
        opened(tmp_path, "flac", bytes(head))


@pytest.mark.parametrize(("kind", "minutes"), [("flac", 15), ("flac", 25), ("ogg", 15)])
def test_a_few_bytes_that_unpack_to_hours_are_refused(
    tmp_path: Path, kind: str, minutes: int
) -> None:
    path = tmp_path / f"bomb.{kind}"
    container, subtype = FORMATS[kind]
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype, format=container) as file:
        for _ in range(minutes):
            file.write(np.zeros(60 * 8_000, np.float32))
    assert path.stat().st_size < 60_000 * minutes

    with pytest.raises(AudioTooLarge, match="longer than 600 s"):
        AudioFile(path, AudioLimits(seconds_max=600.0)).examine()


def test_decoding_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(AudioTooCostly, match="processor time"):
        opened(tmp_path, "flac", encoded("flac"), AudioLimits(decode_seconds_max=0.0)).examine()


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "opus"])
def test_an_excerpt_is_that_part_of_the_whole(tmp_path: Path, kind: str) -> None:
    audio = opened(tmp_path, kind, encoded(kind))
    whole = np.concatenate(list(audio.blocks()))

    part = audio.excerpt(70_001, 90_000)
    last = audio.excerpt(280_000, 90_000)

    assert part.frames_declared == 90_000
    heard = np.concatenate(list(part.blocks()))
    assert len(heard) == 90_000
    assert np.abs(heard - whole[70_001:160_001])[9_600:].max() < 1e-4  # Opus settles after 0.1 s
    assert len(np.concatenate(list(last.blocks()))) == len(whole) - 280_000
