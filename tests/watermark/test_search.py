from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.watermark.conftest import KEY
from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import EpochKey, codebook, codewords
from watermark.identity.search import SLOT_LIMIT, IdSearch, Score
from watermark.identity.symbols import ALPHABET, SLOTS, symbols_of
from watermark.identity.sync import Alignment
from watermark.payload import GenerationId

IDS = [GenerationId(one) for one in range(1, 41)]
HERE = Alignment(phase=5, offset=77)
Z_MIN = 9.0


def _window(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(CODEWORD_PAIRS, BANDS, PHASES, generator=generator)


def _marked(
    window: torch.Tensor, generation_id: GenerationId, depth: float, at: Alignment = HERE
) -> torch.Tensor:
    window[:, :, at.phase] += depth * codewords(KEY, [generation_id])[0].roll(at.offset, dims=0)
    return window


def _found(search: IdSearch, window: torch.Tensor, z_min: float = Z_MIN) -> list[Score]:
    return search.best(window[None], z_min=z_min)[0]


def _named(search: IdSearch, window: torch.Tensor) -> set[GenerationId]:
    return {score.generation_id for score in _found(search, window) if score.z >= Z_MIN}


def _z_by_definition(
    window: torch.Tensor, generation_id: GenerationId, at: Alignment, limit: float = SLOT_LIMIT
) -> float:
    """Chip times evidence, slot by slot, from the id's codeword; no table, no symbols."""
    chips = codewords(KEY, [generation_id])[0].numpy()
    evidence = np.roll(window[:, :, at.phase].numpy(), -at.offset, axis=0)
    bands = codebook(KEY).slot_bands.numpy()
    pairs = np.arange(CODEWORD_PAIRS)
    total, energy = 0.0, 0.0
    for slot in range(SLOTS):
        cells = evidence[pairs, bands[:, slot]].astype(np.float64)
        most = limit * math.sqrt((cells**2).sum())
        total += float(np.clip((cells * chips[pairs, bands[:, slot]]).sum(), -most, most))
        energy += float((cells**2).sum())
    return total / math.sqrt(energy)


@pytest.mark.parametrize("at", [Alignment(0, 0), Alignment(3, 17), Alignment(7, 124)])
def test_z_is_the_defining_sum_at_every_alignment(at: Alignment) -> None:
    window = _window()
    search = IdSearch(KEY, IDS)
    table = search.table(window, at)

    scores = search.scores(table[None])

    assert scores.shape == (len(IDS), 1)
    for which in (0, 23, 39):
        expected = _z_by_definition(window, IDS[which], at)
        assert float(scores[which, 0]) == pytest.approx(expected, abs=1e-4)
        assert float(search.z_of([IDS[which]], table)[0]) == pytest.approx(expected, abs=1e-4)


def test_a_slot_counts_for_no_more_than_its_limit() -> None:
    window = _window(1)
    bands = codebook(KEY).slot_bands[:, 4]
    chips = codewords(KEY, [IDS[0]])[0]
    pairs = torch.arange(CODEWORD_PAIRS)
    window[pairs, bands, 0] += 3.0 * chips[pairs, bands]  # z of this slot alone is near 11
    search = IdSearch(KEY, IDS)

    limited = search.table(window, Alignment(0, 0))
    unlimited = search.table(window, Alignment(0, 0), limited=False)

    symbol = int(symbols_of(KEY.secret, np.array([IDS[0].value], np.uint64))[0, 4])
    norm = float(window[pairs, :, 0].gather(1, codebook(KEY).slot_bands).norm())
    of_slot = float(window[pairs, bands, 0].norm())
    assert float(limited[4, symbol]) == pytest.approx(SLOT_LIMIT * of_slot / norm, rel=1e-4)
    assert float(unlimited[4, symbol]) > 2 * float(limited[4, symbol])
    expected = _z_by_definition(window, IDS[0], Alignment(0, 0))
    assert float(search.z_of([IDS[0]], limited)[0]) == pytest.approx(expected, abs=1e-4)


def test_an_id_is_found_at_the_alignment_where_it_was_put() -> None:
    best = _found(IdSearch(KEY, IDS), _marked(_window(1), IDS[11], 0.25))[0]

    assert best.generation_id == IDS[11]
    assert best.alignment == HERE
    assert best.z == pytest.approx(0.25 * math.sqrt(4000), rel=0.2)


@pytest.mark.parametrize("place", [0, 65_535, 65_536, 131_071, 131_072, 131_099])
def test_ids_on_both_sides_of_a_chunks_border_are_found(
    place: int, many: tuple[IdSearch, np.ndarray[tuple[int], np.dtype[np.uint64]]]
) -> None:
    search, values = many
    wanted = GenerationId(int(values[place]))

    assert _named(search, _marked(_window(place), wanted, 0.25)) == {wanted}


@pytest.fixture(scope="module")
def many() -> tuple[IdSearch, np.ndarray[tuple[int], np.dtype[np.uint64]]]:
    """Two chunks of 65,536 ids and 28 more, the least and the greatest id among them."""
    values = np.random.default_rng(0).integers(1, 2**64 - 1, 131_098, np.uint64)
    values = np.unique(np.concatenate((values, np.array([0, 2**64 - 1], np.uint64))))
    assert len(values) == 131_100
    search = IdSearch(KEY)
    search.add_values(values)
    return search, values


def test_ids_added_as_numbers_are_known_and_counted_once(
    many: tuple[IdSearch, np.ndarray[tuple[int], np.dtype[np.uint64]]],
) -> None:
    search, values = many

    search.add_values(values[::-7].copy())

    assert len(search) == len(values)
    assert GenerationId(0) in search
    assert GenerationId(2**64 - 1) in search
    assert GenerationId(int(values[70_000])) in search
    assert GenerationId(int(values[70_000]) ^ 1) not in search


@pytest.mark.parametrize("value", [0, 2**64 - 1])
def test_the_least_and_the_greatest_id_are_ids_like_others(value: int) -> None:
    edge = GenerationId(value)

    assert _named(IdSearch(KEY, [*IDS, edge]), _marked(_window(6), edge, 0.25)) == {edge}


def test_an_id_added_later_is_searched_and_counted_once() -> None:
    later = GenerationId(999)
    window = _marked(_window(2), later, 0.25)
    search = IdSearch(KEY, IDS)
    before = _named(search, window)

    search.add([later, later, IDS[0]])
    search.add([])

    assert before == set()
    assert _named(search, window) == {later}
    assert len(search) == len(IDS) + 1


def test_a_list_that_grows_one_by_one_finds_all_its_ids() -> None:
    search = IdSearch(KEY)
    for one in reversed(IDS):
        search.add([one])
    scores = search.scores(search.table(_window(), HERE)[None])[:, 0]

    assert len(search) == len(IDS)
    for one in (IDS[0], IDS[39]):
        assert _named(search, _marked(_window(8), one, 0.25)) == {one}
    alone = search.z_of(IDS, search.table(_window(), HERE))
    assert torch.allclose(scores.sort().values, alone.sort().values, atol=1e-4)


def test_two_ids_at_one_alignment_are_both_named() -> None:
    window = _marked(_marked(_window(3), IDS[4], 0.25), IDS[5], 0.25)

    assert _named(IdSearch(KEY, IDS), window) == {IDS[4], IDS[5]}


def test_two_ids_at_two_alignments_are_both_named_where_they_are() -> None:
    window = _marked(_marked(_window(4), IDS[4], 0.25), IDS[5], 0.25, Alignment(1, 9))

    scores = _found(IdSearch(KEY, IDS), window)

    placed = {score.generation_id: score.alignment for score in scores if score.z >= Z_MIN}
    assert placed == {IDS[4]: HERE, IDS[5]: Alignment(1, 9)}


def test_who_shares_symbols_with_a_strong_id_is_not_named_on_their_account() -> None:
    """Of 2^17 ids two share three symbols; the weaker one's z is then three of the other's."""
    search, one, other = _two_ids_that_share()
    alone = _marked(_window(5), one, 1.0)
    table = search.table(alone, HERE)
    z = search.z_of([one, other], table)
    assert float(z[1]) > 1.5  # borrowed

    bar = float(z[1]) - 0.1
    borrowed = {score.generation_id for score in _found(search, alone, z_min=bar) if score.z >= bar}
    both = _marked(alone, other, 1.0)
    rightful = {score.generation_id for score in _found(search, both) if score.z >= Z_MIN}

    assert borrowed == {one}
    assert rightful == {one, other}


def _two_ids_that_share() -> tuple[IdSearch, GenerationId, GenerationId]:
    values = np.arange(1 << 15, dtype=np.uint64)
    symbols = symbols_of(KEY.secret, values)
    shared = (symbols[:, None, :] == symbols[None, :1, :]).sum(2)[1:, 0]
    other = int(shared.argmax()) + 1
    assert shared[other - 1] >= 3
    search = IdSearch(KEY, [GenerationId(0), GenerationId(other)])
    return search, GenerationId(0), GenerationId(other)


def test_alignments_under_the_floor_of_a_window_are_not_tried() -> None:
    windows = torch.stack([_marked(_window(7), IDS[0], 0.25), _marked(_window(8), IDS[1], 0.25)])
    search = IdSearch(KEY, IDS)
    sync_z = search.candidates(windows)[0].sync_z

    found = search.best(windows, z_min=Z_MIN, sync_z_min=[sync_z + 0.1, -math.inf])

    assert found[0] == []
    assert found[1][0].generation_id == IDS[1]
    offered = search.candidates(windows, [sync_z - 0.1, math.inf])
    assert [(one.window, one.alignment) for one in offered] == [(0, HERE)]


def test_windows_far_more_than_one_pass_holds_keep_their_own_scores() -> None:
    """Nine windows of eight alignments each take three passes of 32."""
    windows = torch.stack([_marked(_window(seed), IDS[seed], 0.25) for seed in range(9)])

    found = IdSearch(KEY, IDS).best(windows, z_min=Z_MIN)

    assert [scores[0].generation_id for scores in found] == IDS[:9]
    assert all(scores[0].z >= Z_MIN > scores[1].z for scores in found)


def test_a_window_that_shows_nobody_still_tells_its_best() -> None:
    search = IdSearch(KEY, IDS)
    window = _window(9)

    best = _found(search, window)[0]

    tables = [search.table(window, one.alignment) for one in search.candidates(window[None])]
    assert best.z == pytest.approx(float(search.scores(torch.stack(tables)).max()), abs=1e-5)
    assert best.z < Z_MIN


def test_nothing_registered_finds_nothing() -> None:
    assert IdSearch(KEY).best(_window()[None], z_min=Z_MIN) == [[]]
    assert GenerationId(1) not in IdSearch(KEY)


def test_no_evidence_scores_nothing() -> None:
    empty = torch.zeros(CODEWORD_PAIRS, BANDS, PHASES)

    assert all(score.z == 0 for score in _found(IdSearch(KEY, IDS), empty))


def test_chance_agreement_has_at_most_unit_variance_on_the_most_unnatural_evidence() -> None:
    window = torch.zeros(CODEWORD_PAIRS, BANDS, PHASES)
    window[:40, :20] = 1.0  # a block of equal cells, all else empty
    ids = [GenerationId(number) for number in range(100)]
    z = []
    for number in range(60):  # keys, because the 256 patterns of one slot have a mean of their own
        search = IdSearch(EpochKey(bytes([number]) * 32))
        z.append(search.z_of(ids, search.table(window, Alignment(0, 3))))

    assert float(torch.stack(z).std()) == pytest.approx(1.0, abs=0.05)
    assert abs(float(torch.stack(z).mean())) < 0.05


def test_ids_of_another_key_score_as_chance_does() -> None:
    window = _marked(_window(10), IDS[0], 0.5)

    scores = _found(IdSearch(EpochKey(bytes(32)), IDS), window)

    assert max(score.z for score in scores) < 6


def test_the_table_has_a_row_per_slot_and_a_column_per_symbol() -> None:
    assert IdSearch(KEY).table(_window(), HERE).shape == (SLOTS, ALPHABET)
