"""The built-in recordings: complete, repeatable, musical enough, and honest about themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from watermark.synthesis import (
    HELD_OUT_FAMILIES,
    PIECES,
    TRAINING_FAMILIES,
    CatalogueRefused,
    clip,
    write_catalogue,
)
from watermark.synthesis.__main__ import main
from watermark.synthesis.metal import bar
from watermark.synthesis.tuning import pelog_selisir, slendro
from watermark.synthesis.wind import pipe

RATE = 16000


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(
        tmp_path_factory.mktemp("catalogue"), seconds=9.0, sample_rate_hz=RATE, seed=5
    )


def test_the_catalogue_holds_two_pieces_of_each_tradition_and_says_they_are_synthesised(
    catalogue: Path,
) -> None:
    document = json.loads(catalogue.read_text("utf-8"))
    traditions = [entry["tradition"] for entry in document["recordings"]]
    kinds = {
        kind: sum(kind in t for t in traditions) for kind in ("gamelan", "chant", "recit", "siku")
    }

    assert document["synthesised"] is True
    assert "invented" in document["note"]
    assert kinds["gamelan"] == 2
    assert kinds["chant"] + kinds["recit"] == 2
    assert kinds["siku"] == 2
    assert all("invented" in entry["community"] for entry in document["recordings"])


def test_every_recording_is_stereo_sound_of_the_asked_length_without_clipping(
    catalogue: Path,
) -> None:
    for entry in json.loads(catalogue.read_text("utf-8"))["recordings"]:
        samples, rate = soundfile.read(catalogue.parent / entry["file"])

        assert rate == RATE
        assert samples.shape == (9 * RATE, 2)
        assert np.max(np.abs(samples)) < 0.9
        assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.3


def test_titles_come_in_their_own_scripts_with_a_romanisation() -> None:
    scripts = {piece.slug: {title.script for title in piece.titles} for piece in PIECES}

    assert scripts["lancaran-kembang-esuk"] == {"Java", "Latn"}
    assert scripts["angin-sagara"] == {"Bali", "Latn"}
    assert scripts["chenzhong-huixiang"] == {"Hant", "Deva", "Latn"}
    assert scripts["ri-boi-smon-lam"] == {"Tibt", "Latn"}
    assert {title.language for piece in PIECES for title in piece.titles} >= {"qu", "ay", "es"}


def test_the_same_seed_gives_the_same_samples_and_another_seed_others() -> None:
    for piece in PIECES:
        first = piece.compose(8.0, 8000, 3)

        assert np.array_equal(first, piece.compose(8.0, 8000, 3))
        assert not np.array_equal(first, piece.compose(8.0, 8000, 4))


def test_training_and_held_out_families_share_nothing() -> None:
    assert not set(TRAINING_FAMILIES) & set(HELD_OUT_FAMILIES)
    assert not set(TRAINING_FAMILIES.values()) & set(HELD_OUT_FAMILIES.values())


@pytest.mark.parametrize("families", [TRAINING_FAMILIES, HELD_OUT_FAMILIES])
def test_every_family_gives_finite_sound_of_the_asked_length(families: dict) -> None:
    for name, draw in families.items():
        sound = clip({name: draw}, np.random.default_rng(11), seconds=1.0, sample_rate_hz=RATE)

        assert sound.shape == (RATE,), name
        assert sound.dtype == np.float32
        assert np.all(np.isfinite(sound))
        assert np.sqrt(np.mean(sound**2)) > 0.005, name


def test_slendro_has_five_nearly_equal_steps_and_selisir_has_narrow_and_wide_ones() -> None:
    rng = np.random.default_rng(2)

    def steps_cents(tuning: object) -> np.ndarray:
        pitches = [tuning.pitch_hz(degree) for degree in range(6)]  # type: ignore[attr-defined]
        return np.diff(1200 * np.log2(pitches))

    assert np.all(np.abs(steps_cents(slendro(270.0, rng)) - 241.6) < 45)
    assert steps_cents(pelog_selisir(280.0, rng)).min() < 170
    assert steps_cents(pelog_selisir(280.0, rng)).max() > 240


def test_a_tuned_pair_of_bars_beats_at_the_ombak_rate() -> None:
    sound = bar(400.0, np.random.default_rng(1), RATE, decay_s=4.0, beat_hz=7.0)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    bin_hz = RATE / (1 << 18)
    band = spectrum[round(396 / bin_hz) : round(411 / bin_hz)]
    peaks = np.flatnonzero((band[1:-1] > band[:-2]) & (band[1:-1] > band[2:])) + 1
    two = sorted(peaks[np.argsort(band[peaks])[-2:]])

    assert (two[1] - two[0]) * bin_hz == pytest.approx(7.0, abs=0.5)


def test_a_stopped_pipe_sounds_odd_harmonics_over_even_ones() -> None:
    sound = pipe(400.0, np.random.default_rng(1), RATE, seconds=1.0, air=0.0)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))

    third, second = spectrum[1150:1250].max(), spectrum[760:840].max()
    assert third > 3 * second


def test_the_command_writes_the_catalogue_and_refuses_impossible_lengths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = main([str(tmp_path / "no"), "--seconds", "1"])

    assert refused == 2
    assert "--seconds must lie in" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    with pytest.raises(CatalogueRefused, match="--rate"):
        write_catalogue(tmp_path / "no", sample_rate_hz=1)
    with pytest.raises(CatalogueRefused, match="--seed"):
        write_catalogue(tmp_path / "no", seed=-1)


def test_synthesis_does_not_pull_in_torch() -> None:
    code = "import sys, watermark.synthesis; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
