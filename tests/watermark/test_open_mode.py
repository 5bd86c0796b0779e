from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.vectors.make_cell_mark import COLUMNS
from tests.watermark.conftest import KEY
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import codebook, codewords
from watermark.identity.open_mode import OPEN_Z_MIN, likeliest_token, read_open
from watermark.identity.search import IdSearch
from watermark.identity.symbols import ALPHABET, SLOTS, symbols_of
from watermark.identity.sync import Alignment
from watermark.payload import GenerationId

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cell_mark.json").read_text()
)
SECRET = bytes.fromhex(VECTORS["secret"])
CASE = VECTORS["ids"][2]
TOKEN = int(CASE["token"], 16)
ID = GenerationId.parse(CASE["id"])
ROWS = np.arange(SLOTS)

Scores = npt.NDArray[np.float32]


def _scores(strength: float, seed: int = 0) -> Scores:
    """Parts of z as evidence gives them: deviations of 1 / sqrt(32), and the id's symbols more."""
    scores = np.random.default_rng(seed).normal(size=(SLOTS, ALPHABET)) / SLOTS**0.5
    scores[ROWS, list(bytes.fromhex(CASE["symbols"]))] += strength / SLOTS
    return scores.astype(np.float32)


def _symbols_of_triples(triples: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The code by its definition, around the circle; (path, slot) -> (path, slot)."""
    symbols = np.zeros_like(triples)
    for back, place in itertools.product(range(5), range(3)):
        bit = np.roll(triples, back, axis=1) >> place & 1
        symbols ^= bit * COLUMNS[3 * back + place]
    return symbols


def _triples(token: int) -> npt.NDArray[np.int64]:
    return np.array([token >> 93 - 3 * step & 7 for step in range(SLOTS)])


def test_the_likeliest_path_is_the_one_that_trying_all_of_them_finds() -> None:
    """32,768 paths: five triples across the seam of the circle are open, all others known."""
    free = (30, 31, 0, 1, 2)
    paths = np.tile(_triples(TOKEN), (8**5, 1))
    paths[:, free] = list(itertools.product(range(8), repeat=5))
    symbols = _symbols_of_triples(paths)
    for seed in range(3):
        scores = _scores(2.0, seed)  # so weak that the true path is seldom the best
        possible = np.zeros((SLOTS, ALPHABET), bool)
        possible[ROWS, symbols] = True
        scores[~possible] = -100.0
        sums = scores[ROWS, symbols].sum(1)

        upper, lower, z = likeliest_token(scores)

        best = int(sums.argmax())
        assert _triples(upper << 48 | lower).tolist() == paths[best].tolist()
        assert z == pytest.approx(float(sums[best]), abs=1e-4)


def test_the_likeliest_path_is_no_worse_than_any_path_near_it_or_near_the_truth() -> None:
    for seed in range(3):
        scores = _scores(9.0, seed)

        upper, lower, z = likeliest_token(scores)

        for token in (TOKEN, upper << 48 | lower):
            changed = [_triples(token)]
            for (one, other), first, second in itertools.product(
                [(step, (step + gap) % SLOTS) for step in range(SLOTS) for gap in (1, 2, 3)],
                range(8),
                range(8),
            ):
                changed.append(_triples(token))
                changed[-1][one] ^= first
                changed[-1][other] ^= second
            symbols = _symbols_of_triples(np.array(changed))
            assert float(scores[ROWS, symbols].sum(1).max()) <= z + 1e-4


def test_the_model_of_the_code_sends_the_symbols_of_the_vectors() -> None:
    assert bytes(_symbols_of_triples(_triples(TOKEN)[None])[0].tolist()).hex() == CASE["symbols"]


@pytest.mark.parametrize("seed", range(4))
def test_an_id_of_ample_strength_is_read(seed: int) -> None:
    scores = _scores(17.0, seed)

    read = read_open(SECRET, scores)

    assert read is not None
    assert read[0] == ID
    expected = float(scores[ROWS, list(bytes.fromhex(CASE["symbols"]))].sum())
    assert read[1] == pytest.approx(expected, abs=1e-3)


def test_eight_lost_slots_of_thirty_two_are_bridged() -> None:
    scores = _scores(24.0, 1)
    scores[[2, 3, 9, 14, 15, 22, 23, 30]] = 0.0

    read = read_open(SECRET, scores)

    assert read is not None
    assert read[0] == ID


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_refused_and_stays_under_the_threshold(seed: int) -> None:
    scores = _scores(0.0, seed)

    assert likeliest_token(scores)[2] < OPEN_Z_MIN
    assert read_open(SECRET, scores) is None


def test_a_strong_path_under_another_key_fails_the_crc() -> None:
    scores = _scores(25.0)

    assert likeliest_token(scores)[2] > OPEN_Z_MIN
    assert read_open(bytes(32), scores) is None


def test_a_true_path_under_the_threshold_is_refused() -> None:
    scores = np.zeros((SLOTS, ALPHABET), np.float32)
    scores[ROWS, list(bytes.fromhex(CASE["symbols"]))] = (OPEN_Z_MIN - 0.1) / SLOTS

    upper, lower, z = likeliest_token(scores)

    assert (upper << 48 | lower, z) == (TOKEN, pytest.approx(OPEN_Z_MIN - 0.1, abs=1e-4))
    assert read_open(SECRET, scores) is None
    assert read_open(SECRET, scores * 1.02) == (ID, pytest.approx(12.14, abs=0.01))


def _window(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, CODEWORD_PAIRS, BANDS, PHASES, generator=generator)


@pytest.mark.parametrize("value", [0, 0x00F3A91C55D2E870, 2**64 - 1])
def test_an_id_that_nobody_registered_is_read_out_of_a_window(value: int) -> None:
    window = _window(1)
    unlisted = GenerationId(value)
    window[0, :, :, 2] += 0.35 * codewords(KEY, [unlisted])[0].roll(50, dims=0)

    (scores,) = IdSearch(KEY).decoded(window, [-np.inf])

    assert {score.generation_id for score in scores} == {unlisted}
    assert scores[0].alignment == Alignment(2, 50)
    symbols = symbols_of(KEY.secret, np.array([value], np.uint64))[0].astype(int)
    table = IdSearch(KEY).table(window[0], Alignment(2, 50), limited=False).numpy()
    assert scores[0].z == pytest.approx(float(table[ROWS, symbols].sum()), abs=1e-3)


def test_a_window_without_sync_is_not_decoded_however_strong_its_symbols() -> None:
    """Decoding costs most: who has no key cannot make a file that asks for much of it."""
    chips = codewords(KEY, [ID])[0] * (codebook(KEY).sync == 0)
    window = _window(2)
    place = IdSearch(KEY).candidates(window)[0].alignment
    window[0, :, :, place.phase] += 0.35 * chips.roll(place.offset, dims=0)

    table = IdSearch(KEY).table(window[0], place, limited=False)
    assert read_open(KEY.secret, table.numpy()) is not None
    assert IdSearch(KEY).decoded(window, [-np.inf]) == [[]]


def test_a_window_under_its_own_floor_is_not_decoded() -> None:
    window = _window(1)
    window[0, :, :, 2] += 0.35 * codewords(KEY, [ID])[0]

    assert IdSearch(KEY).decoded(window, [30.0]) == [[]]
