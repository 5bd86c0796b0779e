"""A detection in words: how rare by chance, where, how altered, and whether the sound agrees."""

from __future__ import annotations

import pytest

from api import verdict
from watermark.detection import (
    AudioExamined,
    Corroborated,
    Corroboration,
    Detector,
    Identity,
    Marked,
    Segment,
    Unmarked,
)
from watermark.payload import GenerationId

SEMITONE = 2 ** (1 / 12)


def identity(
    *,
    rate: float = 1e-12,
    segments: tuple[Segment, ...] = (),
    pitch: float = 1.0,
    tempo: float = 1.0,
    outcome: Corroborated = Corroborated.SAME_RECORDING,
) -> Identity:
    compared = Corroboration(outcome, 500, 400, 0, 1e-30)
    return Identity(GenerationId(7), 20.0, rate, segments, pitch, tempo, compared)


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (1e-30, "less than once in 10⁹ files"),
        (9.9e-10, "less than once in 10⁹ files"),
        (2e-9, "once in 500,000,000 files"),
        (0.001, "once in 1,000 files"),
        (1.0, "once in 1 files"),
    ],
)
def test_no_rate_is_told_finer_than_it_was_fitted(rate: float, told: str) -> None:
    assert verdict.chance(rate) == f"a file without any mark would look like this {told}"


@pytest.mark.parametrize(
    ("pitch", "tempo", "told"),
    [
        (1.0, 1.0, ""),
        (1.001, 1.001, ""),
        (1.04, 1.04, "played 4.0 % faster"),
        (0.801, 0.8, "played 20.0 % slower"),
        (SEMITONE, 1.0, "1.0 semitones higher at the same tempo"),
        (1 / SEMITONE**2, 1.0, "2.0 semitones lower at the same tempo"),
        (1.0, 0.9, "10.0 % slower at the same pitch"),
        (SEMITONE, 0.9, "1.0 semitones higher and 10.0 % slower"),
    ],
)
def test_what_was_done_to_speed_and_pitch_is_said_as_people_say_it(
    pitch: float, tempo: float, told: str
) -> None:
    assert verdict.alteration(identity(pitch=pitch, tempo=tempo)) == told


def test_places_are_minutes_and_seconds_and_a_long_list_is_cut() -> None:
    one = (Segment(61_400, 130_000, 12.0),)
    many = tuple(Segment(n * 10_000, n * 10_000 + 5_000, 6.0) for n in range(6))

    assert verdict.places(identity(segments=one)) == "1:01-2:10"
    assert (
        verdict.places(identity(segments=many))
        == "0:00-0:05, 0:10-0:15, 0:20-0:25, 0:30-0:35 and 2 more"
    )
    assert verdict.places(identity()) == ""


def test_what_was_searched_for_is_said_with_what_was_tried() -> None:
    audio = AudioExamined("", "", 1_000, 16_000, 1)

    def detector(ids: int) -> Detector:
        return Detector("d", "1", None, 7.0, ids)

    assert verdict.searched_for(Unmarked(None, audio, detector(1_200))) == (
        "The file was searched for 1,200 ids issued here, also at other speeds and pitches"
    )
    assert verdict.searched_for(Marked((identity(),), None, audio, detector(1))) == (
        "The file was searched for the one id issued here"
    )


def test_only_the_same_sound_is_said_to_be_the_recording() -> None:
    other = identity(outcome=Corroborated.OTHER_RECORDING)
    unknown = identity(outcome=Corroborated.NOT_CHECKED)

    assert verdict.sound(identity()).startswith(
        "the sound is that of the marked recording (400 of 500"
    )
    assert "names nobody and pays nobody" in verdict.sound(other)
    assert "nothing is paid" in verdict.sound(unknown)
    assert verdict.sound_in_short(identity()) == "same recording (400/500)"
    assert verdict.sound_in_short(other) == "OTHER recording (400/500)"
    assert verdict.sound_in_short(unknown) == "not compared"
