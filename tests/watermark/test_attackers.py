"""Attackers who know the grid, who merge copies, and who question the detector."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from tests.watermark.conftest import Sound as Samples
from tests.watermark.conftest import plucked_music
from tests.watermark.test_attacks import RATE_HZ, attacked_specimen, generator, music, through
from watermark.robustness.attack import Sound, changed
from watermark.robustness.attacks import black_box, collusion, grid, noises
from watermark.robustness.presets import Preset, suites


def test_jittered_cells_change_levels_by_their_decibels_and_nothing_above_the_grid() -> None:
    noise = np.asarray(generator().normal(scale=0.1, size=(RATE_HZ * 4, 1)), np.float32)

    found = through(grid.cells_jittered(2.0), noise)

    change = signal.stft((found - noise)[:, 0], RATE_HZ, nperseg=2048)[2]
    before = signal.stft(noise[:, 0], RATE_HZ, nperseg=2048)[2]
    hz = np.arange(len(change)) * RATE_HZ / 2048
    inside, above = (hz > 700) & (hz < 5500), hz > 8500
    energy = np.square(np.abs(change)).mean(1) / np.square(np.abs(before)).mean(1)
    # Half of the cells are raised by a factor 10^(2/20) - 1, half lowered by 1 - 10^(-2/20).
    expected = (0.2589**2 + 0.2057**2) / 2
    assert energy[inside].mean() == pytest.approx(expected, rel=0.35)
    assert energy[above].max() < 1e-4


def test_levelling_pairs_brings_their_cells_together() -> None:
    rng = generator()
    noise = rng.normal(scale=0.1, size=16_000 * 4)
    cells = np.repeat(rng.choice([0.5, 1.5], 4 * 16_000 // 1024 + 1), 1024)[: len(noise)]
    samples = np.asarray((noise * cells)[:, None], np.float32)

    found = through(grid.pairs_levelled(1.0), samples, 16_000)

    def unevenness(sound: Samples) -> float:
        sections = signal.butter(4, (700, 5000), "bandpass", fs=16_000, output="sos")
        inside = signal.sosfilt(sections, sound[:, 0])
        level = np.square(inside[: 31 * 2048]).reshape(31, 2, 1024).mean(2)
        return float(np.abs(10 * np.log10(level[:, 0] / level[:, 1])).mean())

    assert unevenness(found) < unevenness(samples) / 3


def test_merged_copies_are_the_sums_they_say() -> None:
    samples = music(2)
    specimen = attacked_specimen(samples)

    mean = collusion.averaged(5)(specimen, generator()).samples
    woven = collusion.interleaved(2, 25)(specimen, generator()).samples
    mixture = collusion.mixed(3)(specimen, generator()).samples
    diluted = collusion.diluted(0.2, 25)(specimen, generator()).samples

    assert np.allclose(mean - samples, 0.003, atol=1e-6)
    assert np.allclose((woven - samples)[:25], 0.001, atol=1e-6)
    assert np.allclose((woven - samples)[25:50], 0.002, atol=1e-6)
    shift = mixture - samples
    assert np.ptp(shift) < 1e-6 and 0.001 <= shift[0, 0] <= 0.003
    assert np.mean(diluted == samples) == pytest.approx(0.2, abs=0.03)


def test_carried_marks_are_the_difference_on_the_other_audio() -> None:
    specimen = attacked_specimen(music(2))
    host = np.resize(specimen.stranger, specimen.marked.shape)

    carried = collusion.oracle_copied(specimen, generator()).samples
    unmarked = collusion.copied(lambda samples, rate, rng: samples)(specimen, generator()).samples

    assert np.allclose(carried - host, 0.001, atol=1e-6)
    assert np.array_equal(unmarked, host)  # nothing taken away, nothing to carry


@pytest.mark.parametrize("is_spectral", [False, True])
def test_hop_skip_jump_keeps_its_budget_and_its_quality(is_spectral: bool) -> None:
    samples = music(2)
    asked = 0
    marked = attacked_specimen(samples).marked

    def is_named(found: Sound) -> bool:
        nonlocal asked
        asked += 1
        return black_box.snr_db(marked, found.samples) > 12  # a detector that yields to loudness

    specimen = attacked_specimen(samples, is_named=is_named)

    found = black_box.hop_skip_jump(40, spectral=is_spectral)(specimen, generator())

    assert asked <= 40
    assert specimen.notes["questions"] == asked
    assert specimen.notes["border_snr_db"] <= 12
    assert specimen.notes["border_snr_db"] > 3  # bisection came within a sixteenth of the border
    assert black_box.snr_db(marked, found.samples) >= black_box.WORTH_HAVING_DB


def test_hop_skip_jump_hands_in_the_marked_clip_when_nothing_hides_it() -> None:
    specimen = attacked_specimen(music(2), is_named=lambda found: True)

    found = black_box.hop_skip_jump(20)(specimen, generator())

    assert np.array_equal(found.samples, specimen.marked)


def test_square_stops_when_the_id_is_gone_and_never_exceeds_its_size() -> None:
    answers = iter([True, True, False])
    specimen = attacked_specimen(music(2), is_named=lambda found: next(answers))

    found = black_box.square(50)(specimen, generator())

    assert specimen.notes["questions"] == 3
    assert np.allclose(np.abs(found.samples - specimen.marked), 0.05, atol=1e-6)


@pytest.mark.parametrize("preset", [one for one in Preset if one is not Preset.ALL])
def test_every_attack_of_every_suite_gives_finite_sound_from_stereo_and_from_mono(
    preset: Preset,
) -> None:
    (suite,) = suites([preset], questions=0)
    channels = 1 if suite.mono else 2
    rate_hz = suite.rate_hz or RATE_HZ
    clip = plucked_music(4, rate_hz=rate_hz, channels=channels, seed=8)
    specimen = attacked_specimen(clip, rate_hz)

    for attack in suite.attacks:
        found = attack.apply(specimen, generator())
        assert found.samples.ndim == 2, attack.name
        assert found.samples.dtype == np.float32, attack.name
        assert np.isfinite(found.samples).all(), attack.name
        assert len(found.samples) > rate_hz // 2, attack.name


def test_an_attack_draws_chance_from_its_generator_alone() -> None:
    attack = changed(noises.white(10))

    one, two = (attack(attacked_specimen(music(2)), np.random.default_rng(3)) for _ in range(2))

    assert np.array_equal(one.samples, two.samples)
