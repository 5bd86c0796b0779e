"""Constellations slid along each other: what agrees, where, and what only seems to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from watermark.fingerprint.agreement import LANDMARKS_MIN, Agreement, agreement
from watermark.fingerprint.chance import ChanceLaw, ChanceUnknown, fit
from watermark.fingerprint.landmarks import Landmarks

LAW = ChanceLaw.load()
REGISTERED_MS = 120_000.0


def constellation(seed: int, length_ms: float = REGISTERED_MS, per_second: float = 20) -> Landmarks:
    rng = np.random.default_rng(seed)
    count = int(length_ms / 1000 * per_second)
    time = np.sort(rng.uniform(0, length_ms, count)).astype(np.float32)
    return Landmarks(time, rng.uniform(0, 4.3, count).astype(np.float32), np.ones(count, np.bool_))


def copied(
    whole: Landmarks,
    start_ms: float,
    length_ms: float,
    *,
    kept: float = 1.0,
    tempo: float = 1.0,
    pitch: float = 1.0,
    seed: int = 0,
) -> Landmarks:
    """A stretch as a copy shows it: `kept` of its landmarks, the rest in wrong places."""
    rng = np.random.default_rng(seed)
    part = whole.between(start_ms, start_ms + length_ms)
    lost = rng.random(len(part)) >= kept
    time = np.where(lost, rng.uniform(start_ms, start_ms + length_ms, len(part)), part.time_ms)
    time = (time - start_ms + rng.normal(0, 5, len(part))) / tempo
    moved = np.where(lost, rng.uniform(0, 4.3, len(part)), part.pitch) + np.log2(pitch)
    order = np.argsort(time)
    return Landmarks(
        time[order].astype(np.float32), moved[order].astype(np.float32), part.strong[order]
    )


def compared(found: Landmarks, registered: Landmarks, **geometry: float) -> Agreement:
    result = agreement(found, registered, **geometry)
    assert result is not None
    return result


@pytest.mark.parametrize("kept", [1.0, 0.3])
def test_a_stretch_is_found_where_it_was_cut(kept: float) -> None:
    whole = constellation(1)
    found = copied(whole, 71_000, 10_000, kept=kept)

    result = compared(found, whole)

    assert LAW.is_same_recording(result)
    assert abs(result.offset_ms - (71_000 + found.time_ms[0])) <= 32
    assert result.agreeing >= 0.9 * kept * result.compared


def test_another_recording_does_not_agree() -> None:
    result = compared(copied(constellation(1), 0, 30_000), constellation(2))

    assert not LAW.is_same_recording(result)
    assert LAW.rate(result.strength, result.places) > 1e-4


@pytest.mark.parametrize(("tempo", "pitch"), [(1.2, 1.2), (0.8, 1.0), (1.0, 2 ** (2 / 12))])
def test_speed_stretch_and_pitch_are_undone_when_they_are_told(tempo: float, pitch: float) -> None:
    whole = constellation(1)
    found = copied(whole, 20_000, 20_000, tempo=tempo, pitch=pitch)

    told = compared(found, whole, tempo=tempo, pitch=pitch)

    assert LAW.is_same_recording(told)
    assert abs(told.offset_ms - (20_000 + found.time_ms[0] * tempo)) <= 48
    assert not LAW.is_same_recording(compared(found, whole))


def test_a_tempo_told_a_third_of_a_percent_wrong_does_not_hide_a_copy() -> None:
    whole = constellation(1)

    result = compared(copied(whole, 20_000, 30_000, tempo=1.1033), whole, tempo=1.1)

    assert result.agreeing > 0.8 * result.compared


def test_the_same_beat_and_key_are_not_the_same_recording() -> None:
    """Five of twelve pitches on every beat: unrelated, and 42 % agree at any offset of beats."""

    def on_a_grid(seed: int) -> Landmarks:
        rng = np.random.default_rng(seed)
        scale = np.linspace(0.2, 4.0, 12)
        pitch = np.concatenate([rng.choice(scale, 5, replace=False) for _ in range(480)])
        time = np.repeat(np.arange(480) * 250.0, 5)
        return Landmarks(
            time.astype(np.float32), pitch.astype(np.float32), np.ones(len(time), np.bool_)
        )

    result = compared(on_a_grid(1).between(0, 30_000), on_a_grid(2))

    assert result.agreeing > 0.3 * result.compared
    assert not LAW.is_same_recording(result)


def test_a_copy_of_music_that_repeats_itself_still_agrees() -> None:
    bar = constellation(1, 4_000)
    repeats = [
        Landmarks(bar.time_ms + np.float32(4_000 * n), bar.pitch, bar.strong) for n in range(30)
    ]
    whole = Landmarks.joined(repeats)

    assert LAW.is_same_recording(compared(copied(whole, 41_500, 10_000, kept=0.5), whole))


def test_an_hour_is_compared_in_blocks_and_one_good_block_is_enough() -> None:
    whole = constellation(1, 3_600_000)
    strange = constellation(9, 2_000_000)
    first = strange.between(0, 500_000)
    own = copied(whole, 900_000, 1_500_000)
    moved = Landmarks(own.time_ms + np.float32(500_000), own.pitch, own.strong)

    result = compared(Landmarks.joined([first, moved]), whole)

    assert LAW.is_same_recording(result)


@pytest.mark.parametrize(
    "found",
    [
        constellation(1, 10_000).between(0, 2_500),
        constellation(1, 30_000, per_second=(LANDMARKS_MIN - 4) / 30),
        constellation(1, 10_000).between(20_000, 30_000),
    ],
    ids=["2.5 s", "too few", "none"],
)
def test_what_is_too_short_decides_nothing(found: Landmarks) -> None:
    assert agreement(found, constellation(1)) is None


def test_the_law_gives_back_the_tail_it_was_drawn_from() -> None:
    rng = np.random.default_rng(7)
    places = np.full(200_000, 1_000.0)
    strengths = np.log(1_000 * 0.01) / 0.5 + rng.gumbel(scale=2.0, size=200_000)

    law = fit(strengths, places, recordings=1, seed=7, audio="drawn")

    assert law.slope == pytest.approx(0.5, rel=0.05)
    for strength in (15.0, 20.0):
        share = float(np.mean(strengths >= strength))
        assert law.rate(strength, 1_000) == pytest.approx(share, rel=0.3)


def test_a_law_that_is_missing_or_malformed_says_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "chance.json"
    with pytest.raises(ChanceUnknown, match=r"python -m watermark\.fingerprint calibrate"):
        ChanceLaw.load(path)
    path.write_text('{"level": 1}')
    with pytest.raises(ChanceUnknown) as refusal:
        ChanceLaw.load(path)
    assert refusal.value.path == path
