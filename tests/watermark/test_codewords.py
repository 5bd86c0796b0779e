from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.identity.codewords import (
    SYNC_PER_PAIR,
    EpochKey,
    EpochKeyUnusable,
    codebook,
    codewords,
)
from watermark.identity.symbols import ALPHABET, SLOTS
from watermark.payload import GenerationId

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cell_mark.json").read_text()
)
VECTOR_KEY = EpochKey(bytes.fromhex(VECTORS["secret"]))
VECTOR_ID = GenerationId.parse(VECTORS["chips"]["id"])
FIVE_DEVIATIONS = 5 / 4000**0.5  # of the mean product of two ids' 4,000 slot chips


def test_chips_are_those_computed_without_our_code() -> None:
    chips = codewords(VECTOR_KEY, [VECTOR_ID])[0]

    written = ["".join("+" if chip > 0 else "-" for chip in row) for row in chips.tolist()]

    assert written == VECTORS["chips"]["rows"]


def test_every_chip_is_plus_or_minus_one() -> None:
    chips = codewords(VECTOR_KEY, [GenerationId(0), GenerationId(2**64 - 1)])

    assert chips.shape == (2, CODEWORD_PAIRS, BANDS)
    assert set(np.unique(chips.numpy())) == {-1.0, 1.0}


def test_every_pair_has_eight_sync_chips_and_one_of_every_slot() -> None:
    book = codebook(VECTOR_KEY)

    for pair in range(CODEWORD_PAIRS):
        sync = torch.nonzero(book.sync[pair]).flatten().tolist()
        assert len(sync) == SYNC_PER_PAIR == 8
        assert sorted(sync + book.slot_bands[pair].tolist()) == list(range(BANDS))
    assert book.patterns.shape == (SLOTS, ALPHABET, CODEWORD_PAIRS)


def test_sync_chips_are_the_same_for_all_ids_and_only_they_are() -> None:
    book = codebook(VECTOR_KEY)
    chips = codewords(VECTOR_KEY, [GenerationId(number) for number in range(200)])

    same = (chips == chips[0]).all(0)

    assert torch.equal(same, book.sync != 0)
    assert torch.equal(chips[7] * same, book.sync)


def test_codewords_of_other_ids_and_other_keys_are_unrelated() -> None:
    of_slots = codebook(VECTOR_KEY).sync == 0
    own = codewords(VECTOR_KEY, [VECTOR_ID])[0][of_slots]
    other_id = codewords(VECTOR_KEY, [GenerationId(VECTOR_ID.value ^ 1)])[0][of_slots]
    other_key = codewords(EpochKey(b"K" * 32), [VECTOR_ID])[0][of_slots]

    for stranger in (other_id, other_key):
        assert abs(float((own * stranger).mean())) < FIVE_DEVIATIONS


def test_bands_are_shuffled_anew_in_every_pair() -> None:
    """Were a slot tied to a band, a filter would silence the slot."""
    bands = codebook(VECTOR_KEY).slot_bands  # (pair, slot)

    for slot in range(SLOTS):
        assert len(set(bands[:, slot].tolist())) > 30  # of 40, in 125 draws; 38 is usual


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, not {length}"):
        EpochKey(bytes(length))


def test_a_key_is_created_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "epoch.key"

    key = EpochKey.load_or_create(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert EpochKey.load_or_create(path) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["epoch.key"]


def test_a_key_shows_its_name_and_hides_itself() -> None:
    key = EpochKey(b"s" * 32)

    assert key.key_id != EpochKey(b"t" * 32).key_id
    for shown in (repr(key), repr(codebook(key))):
        assert "ssss" not in shown
        assert key.secret.hex() not in shown


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "epoch.key"
    EpochKey.load_or_create(path)
    path.chmod(0o644)

    with pytest.raises(EpochKeyUnusable, match="chmod 600"):
        EpochKey.load(path)


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"ab" * 31, b"ab" * 33, b"\xff\xfe"])
def test_a_malformed_key_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "epoch.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(EpochKeyUnusable) as caught:
        EpochKey.load_or_create(path)

    assert caught.value.path == path
    assert path.read_bytes() == content


def test_a_folder_in_place_of_a_key_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EpochKeyUnusable, match="cannot be read"):
        EpochKey.load(tmp_path)


def test_an_absent_key_is_said_to_be_absent(tmp_path: Path) -> None:
    with pytest.raises(EpochKeyUnusable, match="no such key file"):
        EpochKey.load(tmp_path / "epoch.key")
