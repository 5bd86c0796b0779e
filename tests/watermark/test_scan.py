"""Scanning archives: what is read, what is found, what a second run skips."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.watermark.conftest import KEY, REGISTERED, plucked_music
from watermark.audio.errors import AudioMislabelled, AudioSilent, AudioUnreadable
from watermark.audio.files import AudioFile, AudioLimits
from watermark.identity.codewords import EpochKey, codebook
from watermark.identity.detector import Reader
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.windows import mixed
from watermark.marker import Marker
from watermark.scanning import scan as scanning
from watermark.scanning.journal import Journal, JournalUnusable, audio_paths
from watermark.scanning.mono import MonoSound
from watermark.scanning.scan import Scanned, ScanOptions, scan
from watermark.scanning.stretches import Stretch, joined, tastes, whole
from watermark.scanning.tasting import GATE_Z, sync_scores, taste

RATE_HZ = 16_000
OWNER = REGISTERED[7]
LONG_SECONDS = 320
MARKED_FROM, MARKED_TO = 120, 210


@pytest.fixture(scope="session")
def reader() -> Reader:
    torch.set_num_threads(1)
    return Reader([IdSearch(KEY, REGISTERED)], NullModel.load())


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, marker: Marker) -> Path:
    """A folder: a long file marked in its middle, one without a mark, and four that are bad."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "inner").mkdir()
    host = np.concatenate([plucked_music(40, rate_hz=RATE_HZ, seed=s) for s in range(8)])
    soundfile.write(folder / "inner" / "unmarked.flac", host, RATE_HZ)
    soundfile.write(folder / "part.wav", host[MARKED_FROM * RATE_HZ : MARKED_TO * RATE_HZ], RATE_HZ)
    marker.embed(AudioFile(folder / "part.wav", AudioLimits()), OWNER, folder / "part.flac")
    marked = host.copy()
    marked[MARKED_FROM * RATE_HZ : MARKED_TO * RATE_HZ, 0] = soundfile.read(folder / "part.flac")[0]
    soundfile.write(folder / "inner" / "marked.flac", marked, RATE_HZ)
    for name in ("part.wav", "part.flac"):
        (folder / name).unlink()
    (folder / "cut.flac").write_bytes((folder / "inner" / "unmarked.flac").read_bytes()[:700_000])
    soundfile.write(folder / "silent.flac", np.zeros((300 * RATE_HZ, 1)), RATE_HZ)
    (folder / "page.mp3").write_text("<html>")
    (folder / "named.wav").write_bytes((folder / "silent.flac").read_bytes())
    (folder / "notes.txt").write_text("not audio")
    return folder


BAD = {
    "cut.flac": AudioUnreadable,
    "silent.flac": AudioSilent,
    "page.mp3": AudioUnreadable,
    "named.wav": AudioMislabelled,
}


@pytest.mark.parametrize("duration", [1.0, 8.0, 8.5, 80.0, 88.0, 89.0, 3600.0])
def test_tastes_reach_from_the_beginning_to_the_end(duration: float) -> None:
    found = tastes(duration)

    assert found[0].start == 0.0
    assert found[-1].end == pytest.approx(duration)
    gaps = [b.start - a.start for a, b in itertools.pairwise(found)]
    assert all(0 < gap <= 81.0 for gap in gaps)


def test_surroundings_are_joined_and_stay_inside_the_file() -> None:
    hits = [Stretch(500.0, 508.0), Stretch(10.0, 18.0), Stretch(80.0, 88.0)]

    assert joined(hit.widened(32.0, 520.0) for hit in hits) == [
        Stretch(0.0, 120.0),
        Stretch(468.0, 520.0),
    ]
    assert joined([]) == []


@pytest.mark.parametrize("duration", [5.0, 616.0, 617.0, 1300.0, 36_000.0])
def test_parts_of_a_whole_file_overlap_by_a_codeword(duration: float) -> None:
    parts = whole(duration)

    assert (parts[0].start, parts[-1].end) == (0.0, duration)
    for one, following in itertools.pairwise(parts):
        assert one.end - following.start == 16.0
    assert max(part.seconds for part in parts) <= 616.0


def _scores(path: Path, key: EpochKey = KEY, seconds: float = LONG_SECONDS) -> list[float]:
    audio = AudioFile(path, AudioLimits())
    heard = list(taste(audio, [Stretch(s, s + 8.0) for s in np.arange(0.0, seconds - 8, 16.0)]))
    return sync_scores([sound for sound, _ in heard], [codebook(key)])


def test_marked_windows_stand_out_for_the_holder_of_the_key_alone(archive: Path) -> None:
    own = _scores(archive / "inner" / "marked.flac")
    strangers = _scores(archive / "inner" / "marked.flac", EpochKey(bytes(32)))

    starts = np.arange(0, LONG_SECONDS - 8, 16)
    inside = np.array(own)[(starts >= MARKED_FROM) & (starts <= MARKED_TO - 8)]
    assert np.mean(inside >= GATE_Z) > 0.8
    assert np.mean(np.array(strangers) >= GATE_Z) < 0.2


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_is_searched_past_its_bad_files(
    archive: Path, reader: Reader, coarse: bool, workers: int
) -> None:
    paths = list(audio_paths([archive], [".flac", ".wav", ".mp3"]))

    found = {
        one.path.name: one
        for one in scan(paths, reader, ScanOptions(coarse=coarse), workers=workers)
    }

    assert {name: type(one.refusal) for name, one in found.items() if one.refusal} == BAD
    assert found["unmarked.flac"].outcome == "unmarked"
    marked = found["marked.flac"]
    assert marked.outcome == "marked"
    assert [one.generation_id for one in marked.identities] == [OWNER]
    where = marked.identities[0].segments
    assert where[0].start_ms == pytest.approx(MARKED_FROM * 1000, abs=6000)
    assert where[-1].end_ms == pytest.approx(MARKED_TO * 1000, abs=6000)
    assert marked.identities[0].false_positive_rate <= 1e-9
    unmarked = found["unmarked.flac"]
    assert (unmarked.heard_seconds < 0.5 * LONG_SECONDS) == coarse


def test_a_long_file_is_read_in_parts_and_an_id_in_two_of_them_is_one(
    archive: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = [Stretch(0.0, 176.0), Stretch(160.0, 320.0)]
    monkeypatch.setattr(scanning, "whole", lambda duration: halves)

    (found,) = scan([archive / "inner" / "marked.flac"], reader, ScanOptions())

    (identity,) = found.identities
    assert identity.generation_id == OWNER
    assert identity.segments[0].start_ms == pytest.approx(MARKED_FROM * 1000, abs=6000)
    assert identity.segments[-1].end_ms == pytest.approx(MARKED_TO * 1000, abs=6000)
    assert len(identity.segments) == 1


def test_a_file_that_is_gone_is_a_refusal(tmp_path: Path, reader: Reader) -> None:
    (found,) = scan([tmp_path / "gone.wav"], reader, ScanOptions())

    assert found.outcome == "refused"
    assert "No such file" in str(found.refusal)


def test_opposed_channels_are_heard() -> None:
    one = plucked_music(2, rate_hz=RATE_HZ, seed=4)
    opposed = np.concatenate((one, -one), 1)

    (heard,) = mixed([opposed], RATE_HZ)
    assert float(np.square(heard).mean()) > 0.05 * float(np.square(one).mean())
    (same,) = mixed([np.concatenate((one, one), 1)], RATE_HZ)
    assert np.allclose(same, one, atol=1e-6)


def test_what_passes_is_measured(tmp_path: Path) -> None:
    sound = plucked_music(3, rate_hz=RATE_HZ, channels=2, seed=4)
    soundfile.write(tmp_path / "a.wav", sound, RATE_HZ, subtype="FLOAT")
    mono = MonoSound(AudioFile(tmp_path / "a.wav", AudioLimits()))

    assert sum(len(block) for block in mono.blocks()) == mono.loudness.frames == 3 * RATE_HZ
    assert mono.loudness._squares == pytest.approx(float(np.square(sound).sum()), rel=1e-4)


def _journal(path: Path, options: ScanOptions | None = None, ids: int = 300) -> Journal:
    return Journal(path, options or ScanOptions(), ["k1"], ids)


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    return Scanned(path, 3.0, 3.0)


def test_a_second_run_skips_what_was_done_in_the_same_way(tmp_path: Path, scanned: Scanned) -> None:
    out = tmp_path / "scan.ndjson"
    with _journal(out) as journal:
        assert not journal.is_done(scanned.path)
        journal.add(scanned)

    assert _journal(out).is_done(scanned.path)
    assert _journal(out, ids=301).is_done(scanned.path)
    assert not _journal(out, ids=301).is_done(scanned.path, for_all_ids=True)
    assert not _journal(out, ScanOptions(coarse=True)).is_done(scanned.path)
    assert not Journal(out, ScanOptions(), ["k2"], 300).is_done(scanned.path)
    scanned.path.write_bytes(b"RIFFRIFF")
    assert not _journal(out).is_done(scanned.path)


@pytest.mark.parametrize("kept", [1, 40])
def test_a_line_that_was_cut_off_is_written_again(
    tmp_path: Path, scanned: Scanned, kept: int
) -> None:
    out = tmp_path / "scan.ndjson"
    other = Scanned(tmp_path / "b.wav", refusal=AudioUnreadable("cut off"))
    with _journal(out) as journal:
        journal.add(scanned)
        journal.add(other)
    lines = out.read_text().splitlines(keepends=True)
    out.write_text(lines[0] + lines[1][:kept])

    with _journal(out) as journal:
        assert journal.is_done(scanned.path)
        assert not journal.is_done(other.path)
        journal.add(other)

    read = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["outcome"] for line in read] == ["unmarked", "refused"]
    assert read[1]["refusal"] == {"code": "audio-unreadable", "detail": "cut off"}


def test_another_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    out = tmp_path / "song.wav"
    out.write_text("RIFF\nnothing\n")

    with pytest.raises(JournalUnusable, match="give another --out"):
        _journal(out)


def test_progress_rises_to_the_whole(archive: Path, reader: Reader) -> None:
    told: list[float] = []

    list(
        scan(
            [archive / "inner" / "unmarked.flac"],
            reader,
            ScanOptions(coarse=True),
            told=lambda path, fraction: told.append(fraction),
        )
    )

    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_a_scan_that_is_left_early_ends_its_threads(archive: Path, reader: Reader) -> None:
    running = scan([archive / "page.mp3"] * 20, reader, ScanOptions())

    next(running)
    running.close()  # type: ignore[attr-defined]
