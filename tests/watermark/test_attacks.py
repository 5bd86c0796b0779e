"""Each attack does what it says, measured by other means than its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import signal

from tests.watermark.conftest import Sound as Samples
from tests.watermark.conftest import plucked_music
from watermark.robustness.attack import Change, Sound, Specimen
from watermark.robustness.attacks import (
    codecs,
    edits,
    filters,
    levels,
    noises,
    rooms,
    spectral,
    tempo,
)

RATE_HZ = 44_100


def _always(_: Sound) -> bool:
    return True


def attacked_specimen(
    samples: Samples, rate_hz: int = RATE_HZ, is_named: Callable[[Sound], bool] = _always
) -> Specimen:
    """A clip whose copies differ by known additions, so that mixtures can be checked."""

    def copy(number: int) -> Samples:
        return np.asarray(samples + np.float32(0.001 * (number + 1)), np.float32)

    return Specimen(
        original=samples,
        rate_hz=rate_hz,
        copy=copy,
        over=lambda: np.asarray(samples * 2, np.float32),
        stranger=plucked_music(3, rate_hz=rate_hz, channels=samples.shape[1], seed=99),
        is_named=is_named,
    )


def music(seconds: float = 4, channels: int = 1) -> Samples:
    return plucked_music(seconds, rate_hz=RATE_HZ, channels=channels, seed=3)


def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def through(change: Change, samples: Samples, rate_hz: int = RATE_HZ) -> Samples:
    return change(samples, rate_hz, generator())


def _tone(hz: float, seconds: float = 2.0, rate_hz: int = RATE_HZ) -> Samples:
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.asarray(0.3 * np.sin(2 * np.pi * hz * time)[:, None], np.float32)


def _level_db(samples: Samples) -> float:
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(middle, dtype=np.float64)))))


def _peak_hz(samples: Samples, rate_hz: int) -> float:
    """Frequency of the strongest partial, to a fraction of a bin by its neighbours."""
    mono = samples[len(samples) // 4 : 3 * len(samples) // 4, 0].astype(np.float64)
    level = np.log(np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) + 1e-12)
    top = int(level.argmax())
    left, middle, right = level[top - 1 : top + 2]
    peak = top + 0.5 * (left - right) / (left - 2 * middle + right)
    return float(peak) * rate_hz / len(mono)


@pytest.mark.parametrize("snr_db", [5, 10, 20, 40])
def test_white_noise_lies_exactly_as_far_below_as_its_name(snr_db: float) -> None:
    clean = music()

    added = through(noises.white(snr_db), clean).astype(np.float64) - clean

    measured = 10 * np.log10(np.square(clean, dtype=np.float64).sum() / np.square(added).sum())
    assert measured == pytest.approx(snr_db, abs=0.1)


def test_background_lies_exactly_as_far_below_as_its_name() -> None:
    specimen = attacked_specimen(music())

    found = noises.background(10)(specimen, generator())

    added = found.samples.astype(np.float64) - specimen.marked
    energy = np.square(specimen.marked, dtype=np.float64).sum()
    assert 10 * np.log10(energy / np.square(added).sum()) == pytest.approx(10, abs=0.1)


def test_noise_of_a_fixed_deviation_has_it_and_pink_falls_three_decibels_an_octave() -> None:
    silence = np.zeros((1 << 18, 1), np.float32)

    white = through(noises.white_of(0.05), silence)
    pink = through(noises.pink_of(0.1), silence)

    assert white.std() == pytest.approx(0.05, rel=0.01)
    assert pink.std() == pytest.approx(0.1, rel=0.01)
    frequency, density = signal.welch(pink[:, 0], RATE_HZ, nperseg=8192)
    octaves = [
        10 * np.log10(density[(frequency >= low) & (frequency < 2 * low)].mean())
        for low in (250, 500, 1000, 2000, 4000)
    ]
    assert np.diff(octaves) == pytest.approx([-3.01] * 4, abs=0.5)


@pytest.mark.parametrize(
    ("change", "kept_hz", "lost_hz"),
    [
        (filters.sinc("highpass", 1500), 4000, 300),
        (filters.sinc("lowpass", 500), 200, 1500),
        (filters.sinc("bandpass", 500, 5000), 1500, 12_000),
        (filters.butterworth("highpass", 1500), 6000, 150),
        (filters.butterworth("lowpass", 3000), 300, 12_000),
        (filters.band("bandpass", 300, 3400), 1000, 30),
        (filters.of_sample_rate("lowpass", 0.1), 1000, 8000),
        (filters.of_sample_rate("highpass", 0.1), 9000, 1000),
    ],
)
def test_filters_keep_and_lose_what_they_say(
    change: Change, kept_hz: float, lost_hz: float
) -> None:
    kept, lost = _tone(kept_hz), _tone(lost_hz)

    assert _level_db(through(change, kept)) - _level_db(kept) == pytest.approx(0, abs=1.0)
    assert _level_db(through(change, lost)) - _level_db(lost) < -25


@pytest.mark.parametrize("edge_hz", [500, 1500, 3000])
def test_a_butterworth_edge_loses_three_decibels(edge_hz: float) -> None:
    tone = _tone(edge_hz)

    for kind in ("highpass", "lowpass"):
        changed_db = _level_db(through(filters.butterworth(kind, edge_hz), tone)) - _level_db(tone)
        assert changed_db == pytest.approx(-3.01, abs=0.1)


def test_smoothing_is_the_mean_of_its_window() -> None:
    samples = music()

    found = through(filters.smoothed(5), samples)

    assert found[1000, 0] == pytest.approx(float(samples[998:1003, 0].mean()), abs=1e-6)


def test_linear_phase_filters_do_not_delay() -> None:
    pulse = np.zeros((8001, 1), np.float32)
    pulse[4000] = 1

    for change in (filters.sinc("lowpass", 4000), filters.octave_equaliser(6.0)):
        assert int(np.abs(through(change, pulse)).argmax()) == 4000


def test_an_equaliser_moves_its_bands_within_its_range_and_not_all_alike() -> None:
    moved = []
    for centre_hz in (250, 1000, 4000):
        tone = _tone(centre_hz)
        moved.append(_level_db(through(filters.octave_equaliser(6.0), tone)) - _level_db(tone))

    assert max(np.abs(moved)) <= 6.2
    assert np.ptp(moved) > 0.5


@pytest.mark.parametrize("kbps", [24, 32, 64, 128])
def test_an_mp3_has_the_bit_rate_of_its_name_and_no_delay(kbps: float) -> None:
    specimen = attacked_specimen(music(8, channels=2))

    found = codecs.mp3(kbps)(specimen, generator())

    assert specimen.notes["kbps"] == pytest.approx(kbps, rel=0.03)
    assert _delay(specimen.marked, found) == pytest.approx(0, abs=1e-4)


def test_aac_and_opus_have_the_bit_rates_of_their_names_and_no_delay() -> None:
    for attack, kbps in ((codecs.aac(64), 64), (codecs.opus(16), 16), (codecs.opus(6), 6)):
        specimen = attacked_specimen(music(8, channels=1))

        found = attack(specimen, generator())

        container = 1.0  # an Ogg page a second
        assert kbps * 0.9 <= specimen.notes["kbps"] <= kbps * 1.06 + container
        assert _delay(specimen.marked, found) == pytest.approx(0, abs=5e-4)


def test_vorbis_and_telephone_codecs_give_back_what_they_were_given() -> None:
    for attack, rate_hz in (
        (codecs.vorbis(0), 44_100),
        (codecs.telephone("g722"), 16_000),
        (codecs.telephone("amr"), 8_000),
        (codecs.telephone("mulaw"), 8_000),
    ):
        found = attack(attacked_specimen(music(4)), generator())

        assert found.rate_hz == rate_hz
        assert found.seconds == pytest.approx(4, abs=0.05)
        assert found.samples.std() > 1e-3


def _delay(sent: Samples, found: Sound) -> float:
    """Seconds by which `found` is late, from the peak of the cross-correlation at 8 kHz."""
    low = 8000
    one = signal.resample_poly(sent[:, 0], low, RATE_HZ)
    two = signal.resample_poly(found.samples[:, 0], low, found.rate_hz)
    length = min(len(one), len(two))
    lags = signal.correlate(two[:length], one[:length])
    return (int(np.abs(lags).argmax()) - (length - 1)) / low


@pytest.mark.parametrize("ratio", [0.8, 0.9, 1.1, 1.25])
def test_speed_changes_length_and_pitch_and_a_stretch_length_alone(ratio: float) -> None:
    specimen = attacked_specimen(_tone(440, seconds=4))

    sped = tempo.played_at(ratio)(specimen, generator())
    stretched = tempo.stretched((ratio, ratio))(specimen, generator())

    assert sped.seconds == pytest.approx(4 / ratio, rel=0.002)
    assert stretched.seconds == pytest.approx(4 / ratio, rel=0.01)
    assert _cents(sped, 440) == pytest.approx(1200 * np.log2(ratio), abs=2)
    assert _cents(stretched, 440) == pytest.approx(0, abs=6)


@pytest.mark.parametrize("semitones", [-2, -1, 0.05, 1, 2])
def test_a_pitch_shift_moves_by_its_cents_and_keeps_the_length(semitones: float) -> None:
    specimen = attacked_specimen(_tone(440, seconds=4))

    found = tempo.shifted(semitones)(specimen, generator())

    assert found.seconds == pytest.approx(4, rel=0.01)
    assert _cents(found, 440) == pytest.approx(100 * semitones, abs=6)
    assert specimen.notes["pitch"] == pytest.approx(2 ** (semitones / 12))


def _cents(found: Sound, hz: float) -> float:
    return float(1200 * np.log2(_peak_hz(found.samples, found.rate_hz) / hz))


def test_an_echo_is_the_clip_again_at_its_time_and_volume() -> None:
    pulse = np.zeros((RATE_HZ, 1), np.float32)
    pulse[100] = 1

    found = through(rooms.echo(0.25, 0.5), pulse)

    assert np.flatnonzero(found[:, 0]).tolist() == [100, 100 + RATE_HZ // 4]
    assert found[100 + RATE_HZ // 4, 0] == pytest.approx(0.5)


@pytest.mark.parametrize("ratio_db", [-3.0, 0.0, 3.0, 12.0])
def test_a_room_has_its_direct_to_reverberant_ratio_and_decay(ratio_db: float) -> None:
    response = rooms.room(0.5, ratio_db, RATE_HZ, 2, generator())

    energy = np.square(response)
    direct, late = energy[: RATE_HZ // 200].sum(0), energy[RATE_HZ // 200 :].sum(0)
    assert 10 * np.log10(direct / late) == pytest.approx([ratio_db] * 2, abs=0.01)
    early_db, end_db = (
        10 * np.log10(energy[int(at * RATE_HZ) :][:2205].mean()) for at in (0.05, 0.40)
    )
    assert early_db - end_db == pytest.approx(60 * 0.35 / 0.5, abs=2)  # 60 dB in half a second


def test_levels_words_and_polarity() -> None:
    samples = music()

    assert np.array_equal(through(levels.inverted, samples), -samples)
    assert np.allclose(through(levels.gain(0.1), samples), samples * 0.1)
    assert len(np.unique(through(levels.quantised(16), samples))) <= 16
    eight = through(levels.word_length(8), samples)
    assert np.array_equal(np.rint(eight * 128), (eight * 128).astype(np.float64))
    assert np.abs(eight - samples).max() <= 0.5 / 128 + 1e-6


def test_dynamics_act_by_their_ratio_on_steady_tones() -> None:
    tone = _tone(1000, seconds=3) / np.float32(0.3) * np.float32(0.5)  # -9.03 dB mean power
    level_db = _level_db(tone)
    threshold = (level_db - 12.0, level_db - 12.0)

    compressed = _level_db(through(levels.compressor(4, threshold), tone)) - level_db
    limited = _level_db(through(levels.limiter(threshold), tone)) - level_db
    above = (level_db + 6.0, level_db + 6.0)
    expanded = _level_db(through(levels.expander(4, above), tone)) - level_db

    assert compressed == pytest.approx(-12 * 3 / 4, abs=1)
    assert limited == pytest.approx(-12, abs=1)
    assert expanded == pytest.approx(-6 * 3, abs=2)


@pytest.mark.parametrize(("run", "heard_hz"), [(1, 1000 / 0.9), (2000, 1000)])
def test_deleted_samples_make_the_clip_faster_and_single_ones_higher(
    run: int, heard_hz: float
) -> None:
    specimen = attacked_specimen(_tone(1000, seconds=4))

    found = edits.deleted(0.1, run)(specimen, generator())

    assert len(found.samples) / len(specimen.marked) == pytest.approx(0.9, abs=0.02)
    assert specimen.notes["tempo"] == pytest.approx(len(specimen.marked) / len(found.samples))
    assert specimen.notes["pitch"] * 1000 == pytest.approx(heard_hz, rel=0.01)
    assert _peak_hz(found.samples, RATE_HZ) == pytest.approx(heard_hz, rel=0.01)


def test_edits_cut_what_they_say() -> None:
    samples = music(4)

    assert len(through(edits.crop(1.5), samples)) == round(1.5 * RATE_HZ)
    assert len(through(edits.trimmed(1.234), samples)) == len(samples) - round(1.234 * RATE_HZ)
    assert len(through(edits.cut(20, 20), samples)) >= len(samples) - 400
    assert len(through(edits.zeros_inserted(20), samples)) == len(samples) + 20
    quiet = through(edits.shushed(0.1), samples)
    assert not quiet[: len(samples) // 10].any()
    assert np.array_equal(quiet[len(samples) // 10 + 1 :], samples[len(samples) // 10 + 1 :])
    suppressed = through(edits.suppressed(0.25), samples)
    assert np.mean(suppressed == 0) == pytest.approx(0.25, abs=0.02)
    flipped = through(edits.flipped(50, 0.5), samples)
    assert np.array_equal(np.abs(flipped), np.abs(samples))
    assert not np.array_equal(flipped, samples)


def test_a_crop_is_a_stretch_of_the_clip() -> None:
    samples = music(4)

    found = through(edits.crop(1), samples)

    at = int(np.flatnonzero(samples[:, 0] == found[0, 0])[0])
    starts = np.flatnonzero(samples[:, 0] == found[0, 0])
    assert any(np.array_equal(samples[one : one + len(found)], found) for one in starts), at


def test_a_splice_holds_only_its_seconds_of_the_marked_clip() -> None:
    specimen = attacked_specimen(music(6))
    host = np.resize(specimen.stranger, specimen.marked.shape)

    found = edits.spliced(2.0)(specimen, generator())

    differs = np.flatnonzero((found.samples != host).any(1))
    assert np.ptp(differs) + 1 == pytest.approx(2.0 * RATE_HZ, rel=0.01)


def test_moving_by_samples_keeps_the_length() -> None:
    samples = music(2)

    for seed in range(6):
        found = edits.moved(0.1)(samples, RATE_HZ, np.random.default_rng(seed))
        assert found.shape == samples.shape
        lags = signal.correlate(found[:, 0], samples[:, 0])
        assert abs(int(lags.argmax()) - (len(samples) - 1)) <= 0.1 * RATE_HZ


def test_denoisers_take_noise_out_of_pauses_and_leave_loud_sound() -> None:
    clean = _tone(1000, seconds=4)
    half = RATE_HZ // 2
    clean[np.arange(len(clean)) // half % 2 == 0] = 0  # what never pauses counts as noise
    noisy = np.asarray(clean + generator().normal(scale=0.003, size=clean.shape), np.float32)
    pause, loud = slice(2 * half + 4000, 3 * half - 4000), slice(3 * half + 4000, 4 * half - 4000)

    for change in (spectral.gated(), spectral.wiener()):
        found = through(change, noisy)
        assert _level_db(found[pause]) < _level_db(noisy[pause]) - 6
        assert _level_db(found[loud]) == pytest.approx(_level_db(clean[loud]), abs=0.5)


def test_resynthesis_keeps_length_and_most_of_the_sound() -> None:
    samples = music(3, channels=2)

    for change in (
        spectral.median_smoothed(9),
        spectral.coarse_spectrum(256, 1024, 512),
        spectral.haar_shrunk(),
        spectral.predicted(12, 8),
        edits.replaced(1024, 0.75),
        edits.jittered(0.01, 0.2),
        rooms.chorus(0.003, 0.002, 0.5),
    ):
        found = through(change, samples)
        assert found.shape == samples.shape
        assert np.isfinite(found).all()
        assert not np.array_equal(found, samples)
        assert abs(_level_db(found) - _level_db(samples)) < 6


def test_haar_shrinkage_without_noise_changes_nothing() -> None:
    steps = np.repeat(generator().normal(size=64), 1024)[:, None].astype(np.float32)

    assert np.allclose(through(spectral.haar_shrunk(), steps), steps, atol=1e-6)
