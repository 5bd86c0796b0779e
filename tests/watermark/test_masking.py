from __future__ import annotations

import numpy as np
import torch

from watermark.identity.cells import (
    BAND_EDGES,
    BANDS,
    FFT_SIZE,
    HOP,
    band_members,
    half_band_members,
    overlap_add,
    spectrum,
)
from watermark.identity.masking import DEEPEST_DB, masking


def _power(samples: np.ndarray) -> torch.Tensor:
    return spectrum(torch.from_numpy(samples.astype(np.float32))[None]).abs().square()[0]


def _band_of(frequency_hz: float) -> int:
    bin_index = frequency_hz * FFT_SIZE / 16_000
    return next(b for b in range(BANDS) if BAND_EDGES[b] <= bin_index < BAND_EDGES[b + 1])


def test_the_bands_part_312_to_6500_hertz() -> None:
    members = band_members()

    assert int(members.sum(0).max()) == 1
    assert BAND_EDGES[0] * 31.25 == 312.5
    assert BAND_EDGES[-1] * 31.25 == 6500


def test_half_bands_part_what_bands_hold() -> None:
    lower, upper = half_band_members().reshape(2, BANDS, -1)
    widths = band_members().sum(1)

    for band in range(BANDS):
        if widths[band] == 1:
            assert torch.equal(lower[band], upper[band])
            assert torch.equal(lower[band], band_members()[band])
        else:
            assert torch.equal(lower[band] + upper[band], band_members()[band])
            assert 0 <= float(lower[band].sum() - upper[band].sum()) <= 1


def test_spectra_are_added_back_to_the_sound_they_came_from() -> None:
    samples = torch.randn(2, 40 * HOP, generator=torch.Generator().manual_seed(0))

    back = overlap_add(spectrum(samples))

    assert torch.allclose(back[:, FFT_SIZE:-FFT_SIZE], samples[:, FFT_SIZE:-FFT_SIZE], atol=1e-5)


def test_a_steady_tone_is_marked_less_than_noise_of_the_same_level() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(32_000) / 16_000
    band = _band_of(1500)

    tone = masking(_power(0.3 * np.sin(2 * np.pi * 1500 * time))).cap_db[band]
    noise = masking(_power(rng.normal(scale=0.05, size=32_000))).cap_db[band]

    assert float(tone[20:-20].mean()) < 0.6 * float(noise[20:-20].mean())


def test_a_quiet_band_beside_a_loud_one_may_be_marked_deeper() -> None:
    rng = np.random.default_rng(1)
    quiet = rng.normal(scale=0.001, size=32_000)
    time = np.arange(32_000) / 16_000
    loud = sum(0.1 * np.sin(2 * np.pi * f * time + f) for f in range(1400, 1500, 7))
    band = _band_of(1650)

    alone = masking(_power(quiet)).cap_db[band][20:-20].mean()
    beside = masking(_power(quiet + loud)).cap_db[band][20:-20].mean()

    assert float(beside) > 1.2 * float(alone)


def test_caps_stay_within_their_limits_on_any_sound() -> None:
    rng = np.random.default_rng(2)
    click = np.zeros(16_000)
    click[8000] = 1.0
    for sound in (click, np.zeros(16_000), rng.normal(size=16_000), np.ones(16_000)):
        cap_db = masking(_power(sound)).cap_db

        assert bool(torch.isfinite(cap_db).all())
        assert float(cap_db.min()) > 0
        assert float(cap_db.max()) <= DEEPEST_DB + 1e-5
