"""Quality measures against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from tests.watermark.conftest import Sound, plucked_music
from watermark.audio import quality as measures
from watermark.audio.ear import noise_to_mask
from watermark.audio.quality import pesq, quality, segmental_snr_db, si_snr_db, snr_db

RATE_HZ = 44_100


def _noise(seconds: float = 3, channels: int = 1, seed: int = 0) -> Sound:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(scale=0.1, size=(int(seconds * RATE_HZ), channels)), np.float32)


def _tone(hz: float, level: float = 0.5, seconds: float = 2) -> Sound:
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(level * np.sin(2 * np.pi * hz * time)[:, None], np.float32)


def test_snr_is_the_ratio_of_energies() -> None:
    host = _noise()

    assert snr_db(host, host * np.float32(1.1)) == pytest.approx(20, abs=1e-3)
    assert snr_db(host, host * np.float32(1.01)) == pytest.approx(40, abs=1e-2)
    assert snr_db(host, host) == 300.0
    assert snr_db(np.zeros_like(host), host) == -300.0


def test_scale_invariant_snr_ignores_gain_and_counts_what_is_orthogonal() -> None:
    time = np.arange(RATE_HZ) / RATE_HZ
    host = np.sin(2 * np.pi * 100 * time)[:, None].astype(np.float32)
    other = np.cos(2 * np.pi * 100 * time)[:, None].astype(np.float32)

    assert si_snr_db(host, host * np.float32(0.3)) > 100
    assert si_snr_db(host, host + np.float32(0.1) * other) == pytest.approx(20, abs=0.01)
    assert si_snr_db(host, 3 * (host + np.float32(0.1) * other)) == pytest.approx(20, abs=0.01)


def test_segmental_snr_is_a_mean_of_limited_ratios_over_heard_segments() -> None:
    host = _noise(2)
    host[RATE_HZ:] = 0  # silent segments are passed over
    copy = host.copy()
    copy[: RATE_HZ // 2] *= np.float32(1.1)  # half of the heard second: 20 dB, the rest: no change

    assert segmental_snr_db(host, copy, RATE_HZ) == pytest.approx((20 + 35) / 2, abs=0.2)
    assert segmental_snr_db(host, host * np.float32(5), RATE_HZ) == pytest.approx(-10, abs=2.1)
    assert segmental_snr_db(host * 0, host, RATE_HZ) == 35


def test_an_unchanged_copy_is_wholly_masked() -> None:
    host = plucked_music(3, rate_hz=RATE_HZ, channels=2)

    found = noise_to_mask(host, host, RATE_HZ)

    assert found.masked == 1.0
    assert found.disturbed_frames == 0.0
    assert found.total_db <= -200


def test_noise_to_mask_grows_decibel_by_decibel_with_the_change() -> None:
    host = plucked_music(3, rate_hz=RATE_HZ)
    change = _noise(3, seed=1)[: len(host)]

    totals = [
        noise_to_mask(host, host + np.float32(10 ** (db / 20)) * change, RATE_HZ).total_db
        for db in (-80, -70, -60)
    ]

    assert np.diff(totals) == pytest.approx([10, 10], abs=0.05)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_change_in_proportion_to_loud_noise_is_as_far_over_the_mask_as_the_offset(
    rate_hz: int,
) -> None:
    """In a flat excitation the mask lies 3 dB under it up to 12 Bark over the lowest band."""
    rng = np.random.default_rng(0)
    host = np.asarray(rng.normal(scale=0.2, size=(3 * rate_hz, 1)), np.float32)

    found = noise_to_mask(host, host * np.float32(1.1), rate_hz)

    mask = dict(found.bands)
    assert found.masked == 1.0  # -20 dB relative to the host, the mask at -3 .. -6 dB
    assert -19 < found.total_db < -12
    assert max(mask) < rate_hz / 2


def test_a_tone_hides_a_neighbour_just_above_it_and_none_three_octaves_away() -> None:
    host = _tone(1000)

    near = noise_to_mask(host, host + _tone(1100, 0.5 * 10 ** (-30 / 20)), RATE_HZ)
    far = noise_to_mask(host, host + _tone(8000, 0.5 * 10 ** (-30 / 20)), RATE_HZ)
    below = noise_to_mask(host, host + _tone(600, 0.5 * 10 ** (-30 / 20)), RATE_HZ)

    assert near.disturbed_frames == 0.0
    assert far.disturbed_frames == 1.0
    assert below.disturbed_frames == 1.0  # masking reaches upwards more than downwards


def test_a_faint_change_under_the_threshold_of_hearing_is_masked_in_near_silence() -> None:
    host = _tone(1000, 1e-4)

    found = noise_to_mask(host, host + _tone(60, 1e-5), RATE_HZ)

    assert found.disturbed_frames == 0.0


def test_the_share_masked_is_told_by_band() -> None:
    host = _noise(3)
    change = _tone(3000, 0.3, 3)

    found = noise_to_mask(host, host + change, RATE_HZ)

    around = min(found.bands, key=lambda band: abs(band[0] - 3000))
    assert around[1] <= 0.5
    assert min(found.bands)[1] == 1.0
    assert len(found.bands) == pytest.approx(26, abs=2)  # critical bands up to 18 kHz


def test_silence_is_judged_masked_and_channels_count_alike() -> None:
    host = np.concatenate((_noise(2), np.zeros_like(_noise(2))), axis=1)

    found = noise_to_mask(host, host * np.float32(1.1), RATE_HZ)

    assert found.masked == 1.0
    assert noise_to_mask(host * 0, host * 0, RATE_HZ).bands == ()


def test_a_copy_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        quality(_noise(1), _noise(2), RATE_HZ)


def test_without_the_pesq_package_the_figure_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "_pesq", None)

    assert quality(_noise(1), _noise(1), RATE_HZ).pesq is None


def test_pesq_of_an_unchanged_recording_is_the_highest_there_is() -> None:
    pytest.importorskip("pesq")
    host = plucked_music(4, rate_hz=16_000)

    assert pesq(host, host, 16_000) == pytest.approx(4.644, abs=0.001)
    noisy = host + np.random.default_rng(0).normal(scale=host.std(), size=host.shape)
    assert pesq(host, np.asarray(noisy, np.float32), 16_000) < 2


def test_quality_is_plain_json_values() -> None:
    found = quality(_noise(1), _noise(1) * np.float32(1.1), RATE_HZ).to_json()

    assert found["snr_db"] == pytest.approx(20, abs=0.01)
    assert set(found["noise_to_mask"]) == {"masked", "total_db", "disturbed_frames", "bands"}
