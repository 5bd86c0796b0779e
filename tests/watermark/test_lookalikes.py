"""Files without a mark that sound like a kept recording, and the index that finds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.watermark.conftest import plucked_music
from watermark.audio.waveform import AudioFile
from watermark.detection import AudioExamined, Detector, Unmarked, from_json, to_json
from watermark.fingerprint import index as index_module
from watermark.fingerprint.archive import FingerprintArchive
from watermark.fingerprint.index import TripleIndex
from watermark.fingerprint.triples import Keys
from watermark.payload import GenerationId

RATE_HZ = 22_050
NOTHING = Unmarked(
    None,
    AudioExamined("aa" * 32, "bb" * 32, 15_000, RATE_HZ, 1),
    Detector("cells", "1", None, 8.4, 3),
)
Write = Callable[..., AudioFile]


def kept(archive: FingerprintArchive, recording: Write, seeds: range) -> None:
    for seed in seeds:
        sound = plucked_music(24, rate_hz=RATE_HZ, seed=seed)
        archive.keep(GenerationId(seed), recording(sound, RATE_HZ, f"{seed}.wav"))


def alike(archive: FingerprintArchive, audio: AudioFile) -> list[int]:
    weighed = archive.weighed(NOTHING, audio)
    assert isinstance(weighed, Unmarked)
    assert from_json(to_json(weighed)) == weighed
    return [one.generation_id.value for one in weighed.lookalikes]


@pytest.mark.parametrize("speed", [1.0, 1.12])
def test_the_same_recording_without_its_mark_is_told_as_a_hint(
    tmp_path: Path, recording: Write, speed: float
) -> None:
    archive = FingerprintArchive(tmp_path / "fingerprints.sqlite")
    kept(archive, recording, range(1, 4))
    piece = plucked_music(24, rate_hz=RATE_HZ, seed=2)[5 * RATE_HZ : 20 * RATE_HZ]

    assert alike(archive, recording(piece, round(RATE_HZ * speed), "found.flac")) == [2]


def test_other_music_of_the_same_kind_looks_like_nothing(tmp_path: Path, recording: Write) -> None:
    archive = FingerprintArchive(tmp_path / "fingerprints.sqlite")
    kept(archive, recording, range(1, 4))
    other = recording(plucked_music(24, rate_hz=RATE_HZ, seed=9), RATE_HZ, "other.wav")

    assert alike(archive, other) == []


def test_what_another_process_kept_since_the_last_look_is_found(
    tmp_path: Path, recording: Write
) -> None:
    path = tmp_path / "fingerprints.sqlite"
    archive, other_process = FingerprintArchive(path), FingerprintArchive(path)
    found = recording(plucked_music(24, rate_hz=RATE_HZ, seed=1), RATE_HZ, "found.wav")
    assert alike(archive, found) == []

    kept(other_process, recording, range(1, 3))

    assert alike(archive, found) == [1]


def many_keys(serial: int) -> Keys:
    return np.random.default_rng(serial).integers(0, 2**32, 700, dtype=np.uint64)


def counted(asked: Keys, serials: range) -> dict[int, int]:
    """The same answer from sets, without an index."""
    wanted = set(asked.tolist())
    shared = {n: len(wanted & set(many_keys(n).tolist())) for n in serials}
    return {serial: count for serial, count in shared.items() if count}


def test_the_index_answers_as_sets_do_through_files_merges_and_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "FLUSHED_POSTINGS", 2_000)
    index = TripleIndex(tmp_path)
    asked = np.concatenate([many_keys(serial)[: 10 + serial] for serial in (1, 20, 55)])
    for serial in range(1, 61):
        index.add(serial, many_keys(serial))
        if serial % 25 == 0:
            index = TripleIndex(tmp_path)  # what waited in memory comes from the store again
            for missed in range(index.last_serial + 1, serial + 1):
                index.add(missed, many_keys(missed))

    serials, shared = index.shared(asked)

    assert dict(zip(serials.tolist(), shared.tolist(), strict=True)) == counted(asked, range(1, 61))
    assert len(list(tmp_path.iterdir())) < 16, "files are merged"


def test_files_a_killed_process_left_behind_are_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "FLUSHED_POSTINGS", 600)
    index = TripleIndex(tmp_path)
    for serial in (1, 2, 3):
        index.add(serial, many_keys(serial))
    first = tmp_path / "0000000001-0000000001.triples1"
    assert first.exists()
    (tmp_path / "0000000002-0000000002.triples1").unlink()  # a gap: what follows is not trusted
    (tmp_path / f"{first.name}.0a0b.draft").write_bytes(b"half")

    again = TripleIndex(tmp_path)

    assert again.last_serial == 1
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
