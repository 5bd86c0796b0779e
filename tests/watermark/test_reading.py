"""The reader of identity marks, on evidence made by hand and on audio made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.watermark.conftest import KEY, REGISTERED, Sound, plucked_music
from watermark.audio.errors import AudioUnreadable
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.detection import Identity
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import EpochKey, codebook, codewords
from watermark.identity.detector import IdentityReading, Reader
from watermark.identity.evidence import EVIDENCE_CONTEXT
from watermark.identity.geometry import Geometry
from watermark.identity.null_model import NullModel
from watermark.identity.open_mode import OPEN_Z_MIN
from watermark.identity.placing import Placement, own_chips, signed_evidence
from watermark.identity.search import IdSearch
from watermark.identity.sync import Alignment
from watermark.identity.windows import window_count
from watermark.marker import Marker
from watermark.payload import GenerationId

Recording = Callable[..., AudioFile]
NULL = NullModel.load()
ONE, OTHER, THIRD = REGISTERED[:3]
OLD_KEY = EpochKey(bytes(range(1, 33)))
START = Alignment(0, 0)
BLOCK_SECONDS = 16


class Handmade:
    """A file whose evidence is what a test says; its samples only number the blocks."""

    def __init__(self, blocks: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        shape = (blocks * CODEWORD_PAIRS, BANDS, PHASES)
        self.evidence = torch.randn(shape, generator=generator)

    def mark(
        self,
        generation_id: GenerationId,
        depth: float,
        *,
        key: EpochKey = KEY,
        at: Alignment = START,
        pairs: slice = slice(None),
        chips: torch.Tensor | None = None,
    ) -> Handmade:
        """Add an id's chips, from pair 0 of the file on or in some pairs only."""
        word = codewords(key, [generation_id])[0] if chips is None else chips
        repeats = len(self.evidence) // CODEWORD_PAIRS
        laid = word.roll(at.offset, dims=0).repeat(repeats, 1)
        self.evidence[pairs, :, at.phase] += depth * laid[pairs]
        return self

    def __call__(self, span: torch.Tensor, hop_ratio: float = 1.0) -> torch.Tensor:
        number = round(float(span[0, EVIDENCE_CONTEXT]) * 64) - 1
        block: torch.Tensor = self.evidence[number * CODEWORD_PAIRS :][:CODEWORD_PAIRS]
        return block

    def read(
        self,
        recording: Recording,
        searches: Sequence[IdSearch] | None = None,
        *,
        open_mode: bool = False,
    ) -> IdentityReading:
        reader = Reader(searches or (IdSearch(KEY, REGISTERED),), NULL, self)
        return reader.read(self.audio(recording), seek_geometry=False, open_mode=open_mode)

    def audio(self, recording: Recording) -> AudioFile:
        blocks = len(self.evidence) // CODEWORD_PAIRS
        levels = np.arange(1, blocks + 1, dtype=np.float32) / 64
        return recording(
            np.repeat(levels, BLOCK_SECONDS * 16_000)[:, None], 16_000, "numbered.wav", "FLOAT"
        )


def _ids(reading: IdentityReading) -> list[GenerationId]:
    return [identity.generation_id for identity in reading.identities]


def test_an_id_is_named_with_its_strength_its_rate_and_its_place(recording: Recording) -> None:
    marked = Handmade(4).mark(ONE, 0.3, pairs=slice(150, 400))

    reading = marked.read(recording)

    assert _ids(reading) == [ONE]
    (identity,) = reading.identities
    # the strongest window holds blocks 1 and 2, marked in 225 of their 250 pairs
    assert identity.z == pytest.approx(0.3 * 225 / 125 * (4000 / 2.4) ** 0.5, rel=0.15)
    expected = NULL.false_positive_rate(
        NULL.threshold_z(windows=reading.windows, ids=300), windows=reading.windows, ids=300
    )
    assert identity.false_positive_rate < expected
    first, last = identity.segments[0], identity.segments[-1]
    assert abs(first.start_ms - 150 * 128) < 600
    assert abs(last.end_ms - 400 * 128) < 600


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_the_threshold_pays_for_every_window_and_every_id(
    recording: Recording, blocks: int
) -> None:
    older = IdSearch(OLD_KEY, REGISTERED[:40])

    reading = Handmade(blocks).read(recording, (IdSearch(KEY, REGISTERED), older))

    assert reading.windows == window_count(blocks)
    assert reading.ids == 340
    expected = NULL.threshold_z(windows=window_count(blocks), ids=340)
    assert reading.threshold_z == pytest.approx(expected, abs=1e-3)
    assert reading.identities == ()


def test_a_header_that_understates_its_length_does_not_lower_the_threshold(
    recording: Recording,
) -> None:
    made = Handmade(5)
    audio = made.audio(recording)
    audio.frames_declared = 1000

    reading = Reader((IdSearch(KEY, REGISTERED),), NULL, made).read(audio, seek_geometry=False)

    assert reading.windows == window_count(5)
    assert reading.threshold_z == pytest.approx(
        NULL.threshold_z(windows=window_count(5), ids=300), abs=1e-3
    )


def test_evidence_in_one_burst_is_not_a_witness(recording: Recording) -> None:
    """Ten pairs, 1.3 s, beyond all chance, and silence around them; forty are enough."""
    searched = IdSearch(KEY, REGISTERED)
    named = {}
    for pairs in (10, 40):
        burst = Handmade(3)
        burst.evidence.zero_()
        burst.mark(ONE, 1.0, pairs=slice(60, 60 + pairs))
        strongest = Reader((searched,), NULL, burst).strongest(burst.audio(recording))
        assert strongest is not None
        assert strongest.bounded_z > 15
        named[pairs] = _ids(burst.read(recording, (searched,)))

    assert named == {10: [], 40: [ONE]}


def test_anothers_sync_chips_are_no_witness_for_an_id_in_a_burst(recording: Recording) -> None:
    """Sync is common to all ids: a strong mark must not vouch for whoever shares a second of it."""
    of_slots = (codebook(KEY).sync == 0) * codewords(KEY, [OTHER])[0]
    framed = Handmade(1).mark(ONE, 1.0)
    framed.mark(OTHER, 6.0, pairs=slice(60, 68), chips=of_slots)
    strongest = IdSearch(KEY, [OTHER]).best(
        framed.evidence[None, :CODEWORD_PAIRS], z_min=NULL.threshold_z(windows=5, ids=300)
    )[0][0]
    assert strongest.bounded_z > NULL.threshold_z(windows=5, ids=300)

    assert _ids(framed.read(recording)) == [ONE]


def test_two_ids_one_after_the_other_are_placed_apart(recording: Recording) -> None:
    spliced = Handmade(6).mark(ONE, 0.5, pairs=slice(0, 300))
    spliced.mark(OTHER, 0.5, at=Alignment(3, 40), pairs=slice(400, 700))

    reading = spliced.read(recording)

    assert set(_ids(reading)) == {ONE, OTHER}
    places = {one.generation_id: one.segments for one in reading.identities}
    assert abs(places[ONE][0].start_ms) < 600
    assert abs(places[ONE][-1].end_ms - 300 * 128) < 600
    assert abs(places[OTHER][0].start_ms - 400 * 128) < 600
    assert abs(places[OTHER][-1].end_ms - 700 * 128) < 600


def test_three_ids_at_one_alignment_are_all_named_strongest_first(recording: Recording) -> None:
    mixed = Handmade(2).mark(ONE, 0.3).mark(OTHER, 0.5).mark(THIRD, 0.4)

    assert _ids(mixed.read(recording)) == [OTHER, THIRD, ONE]


def test_one_id_at_two_alignments_is_one_identity_in_two_places(recording: Recording) -> None:
    repeated = Handmade(4).mark(ONE, 0.6, pairs=slice(0, 125))
    repeated.mark(ONE, 0.6, at=Alignment(5, 60), pairs=slice(375, 500))

    reading = repeated.read(recording)

    assert _ids(reading) == [ONE]
    segments = reading.identities[0].segments
    assert abs(segments[0].start_ms) < 600
    assert abs(segments[-1].end_ms - 500 * 128) < 600
    assert not any(s.start_ms < 250 * 128 < s.end_ms for s in segments)


def test_ids_of_older_keys_are_named_beside_those_of_the_present_one(recording: Recording) -> None:
    both = Handmade(2).mark(ONE, 0.4).mark(OTHER, 0.4, key=OLD_KEY, at=Alignment(2, 90))
    present, older = IdSearch(KEY, [ONE]), IdSearch(OLD_KEY, [OTHER])

    assert set(_ids(both.read(recording, (present, older)))) == {ONE, OTHER}
    assert _ids(both.read(recording, (present,))) == [ONE]
    assert _ids(both.read(recording, (IdSearch(KEY, [OTHER]), IdSearch(OLD_KEY, [ONE])))) == []


def test_noise_names_nobody_and_nothing_registered_finds_nobody(recording: Recording) -> None:
    assert _ids(Handmade(3, seed=5).read(recording)) == []
    nothing = Handmade(2).mark(ONE, 1.0).read(recording, (IdSearch(KEY),))
    assert (nothing.identities, nothing.ids) == ((), 0)


def test_open_mode_reads_who_was_never_registered(recording: Recording) -> None:
    unlisted = GenerationId(2**64 - 1)
    marked = Handmade(2).mark(unlisted, 0.4, at=Alignment(1, 3))

    reading = marked.read(recording, (IdSearch(KEY), IdSearch(OLD_KEY)), open_mode=True)

    assert _ids(reading) == [unlisted]
    assert reading.threshold_z == OPEN_Z_MIN
    assert reading.ids == 0
    assert 0 < reading.identities[0].false_positive_rate < 1e-6


def test_open_mode_under_another_key_reads_nobody(recording: Recording) -> None:
    marked = Handmade(2).mark(ONE, 0.6)

    assert _ids(marked.read(recording, (IdSearch(OLD_KEY),), open_mode=True)) == []
    assert _ids(Handmade(2).read(recording, (IdSearch(KEY),), open_mode=True)) == []


def test_signed_evidence_is_chip_times_evidence_of_the_slots_alone() -> None:
    made = Handmade(2)
    places = [Alignment(6, 11), Alignment(0, 124)]
    chips = own_chips(IdSearch(KEY), ONE)

    signed = list(
        signed_evidence(made.evidence.split(CODEWORD_PAIRS), [Placement(chips, p) for p in places])
    )

    of_slots = (codebook(KEY).sync == 0) * codewords(KEY, [ONE])[0]
    for place, rows in zip(places, signed, strict=True):
        laid = np.roll(of_slots.numpy(), place.offset, axis=0)
        expected = np.concatenate([laid, laid]) * made.evidence[:, :, place.phase].numpy()
        np.testing.assert_allclose(rows, expected, rtol=1 / 128)  # kept in 16 bits


def test_the_strongest_is_told_however_weak_and_nobodys_is_none(recording: Recording) -> None:
    made = Handmade(2)
    audio = made.audio(recording)

    weak = Reader((IdSearch(KEY, REGISTERED),), NULL, made).strongest(audio)

    assert weak is not None
    assert 0 < weak.bounded_z < NULL.threshold_z(windows=1, ids=1)
    assert Reader((IdSearch(KEY),), NULL, made).strongest(audio) is None


# Real marks in real sound from here on.


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory, marker: Marker) -> dict[str, Sound]:
    """The same 32 s, unmarked and marked with two ids; mono at 22.05 kHz."""
    folder = tmp_path_factory.mktemp("copies")
    original = plucked_music(32, seed=21)
    soundfile.write(folder / "original.wav", original, 22_050)
    made = {"original": original}
    for name, generation_id in (("one", ONE), ("other", OTHER)):
        copy = folder / f"{name}.flac"
        marker.embed(AudioFile(folder / "original.wav", AudioLimits()), generation_id, copy)
        made[name] = soundfile.read(copy, dtype="float32", always_2d=True)[0]
    return made


def _read(
    marker: Marker, recording: Recording, sound: Sound, reader: Reader | None = None
) -> tuple[Identity, ...]:
    audio = recording(sound, 22_050, "found.wav", "FLOAT")
    return (reader or marker.reader).read(audio, seek_geometry=False).identities


def test_five_marked_seconds_in_a_minute_are_found_and_placed(
    marker: Marker, recording: Recording, copies: dict[str, Sound]
) -> None:
    host = plucked_music(60, seed=22).copy()
    host[27 * 22_050 : 32 * 22_050] = copies["one"][9 * 22_050 : 14 * 22_050]

    (identity,) = _read(marker, recording, host)

    assert identity.generation_id == ONE
    (segment,) = identity.segments
    assert abs(segment.start_ms - 27_000) < 500
    assert abs(segment.end_ms - 32_000) < 500


def test_two_copies_one_after_the_other_are_both_named_and_placed(
    marker: Marker, recording: Recording, copies: dict[str, Sound]
) -> None:
    half = 16 * 22_050
    spliced = np.concatenate((copies["one"][:half], copies["other"][half:]))

    identities = _read(marker, recording, spliced)

    places = {one.generation_id: one.segments for one in identities}
    assert set(places) == {ONE, OTHER}
    assert abs(places[ONE][-1].end_ms - 16_000) < 500
    assert abs(places[OTHER][0].start_ms - 16_000) < 500


def test_the_average_of_two_copies_names_both(
    marker: Marker, recording: Recording, copies: dict[str, Sound]
) -> None:
    averaged = (copies["one"] + copies["other"]) / 2

    assert {one.generation_id for one in _read(marker, recording, averaged)} == {ONE, OTHER}


def test_the_original_and_a_foreign_key_name_nobody(
    marker: Marker, recording: Recording, copies: dict[str, Sound]
) -> None:
    foreign = Reader((IdSearch(OLD_KEY, REGISTERED),), NULL)

    assert _read(marker, recording, copies["original"]) == ()
    assert _read(marker, recording, copies["one"], foreign) == ()
    assert _read(marker, recording, copies["one"], Reader((IdSearch(KEY, [OTHER]),), NULL)) == ()


def test_an_id_is_read_from_real_sound_without_the_registry(
    recording: Recording, copies: dict[str, Sound]
) -> None:
    audio = recording(copies["one"], 22_050, "found.wav", "FLOAT")

    reading = Reader((IdSearch(KEY),), NULL).read(audio, seek_geometry=False, open_mode=True)

    assert _ids(reading) == [ONE]


def test_a_geometry_that_is_told_is_used_and_reported(
    marker: Marker, recording: Recording, copies: dict[str, Sound]
) -> None:
    """Written at 22,050 Hz and played at 24,000: faster and higher by 8.8 %."""
    speed = 24_000 / 22_050
    audio = recording(copies["one"], 24_000, "fast.wav", "FLOAT")

    reading = marker.reader.read(audio, geometries=[Geometry(speed, speed)], seek_geometry=False)

    (identity,) = reading.identities
    assert identity.generation_id == ONE
    assert (identity.pitch, identity.tempo) == (pytest.approx(speed, abs=1e-4),) * 2
    assert abs(identity.segments[-1].end_ms - 32_000 / speed) < 500  # in the time of the copy


def test_progress_never_falls_with_several_geometries_and_keys(
    recording: Recording, copies: dict[str, Sound]
) -> None:
    told: list[float] = []
    reader = Reader((IdSearch(KEY, [OTHER]), IdSearch(OLD_KEY, [OTHER])), NULL)
    audio = recording(copies["one"], 22_050, "found.wav", "FLOAT")

    reader.read(
        audio,
        geometries=[Geometry(), Geometry(1.02, 1.02)],
        seek_geometry=False,
        progress=told.append,
    )

    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= 3


def test_an_unreadable_file_is_an_error_and_not_a_verdict(marker: Marker, tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.full((22_050 * 4, 1), np.nan, np.float32), 22_050, subtype="FLOAT")

    with pytest.raises(AudioUnreadable, match="NaN"):
        marker.reader.read(AudioFile(path, AudioLimits()))
