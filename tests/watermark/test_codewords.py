from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from watermark.identity.cells import BANDS, CODEWORD_PAIRS
from watermark.identity.codewords import EpochKey, EpochKeyUnusable, codewords
from watermark.payload import GenerationId

# printf 'antiphon cell mark 1' + the id's 8 bytes | openssl dgst -sha256 -mac HMAC (key: 32 times
# the letter k) -binary | openssl dgst -shake256 -xoflen 625, first 24 bytes
VECTOR_KEY = EpochKey(b"k" * 32)
VECTOR_ID = GenerationId(0x00F3A91C55D2E870)
VECTOR_BYTES = "606bd85acc8392dbb841382d8411fdeb49b6b689c26d6e68"


def test_chips_are_those_that_openssl_computes() -> None:
    chips = codewords(VECTOR_KEY, [VECTOR_ID])[0].flatten()

    bits = "".join(f"{octet:08b}" for octet in bytes.fromhex(VECTOR_BYTES))
    assert "".join("1" if chip > 0 else "0" for chip in chips[: len(bits)]) == bits


def test_every_chip_is_plus_or_minus_one() -> None:
    chips = codewords(VECTOR_KEY, [GenerationId(1), GenerationId(2)])

    assert chips.shape == (2, CODEWORD_PAIRS, BANDS)
    assert set(np.unique(chips.numpy())) == {-1.0, 1.0}


def test_codewords_of_other_ids_and_other_keys_are_unrelated() -> None:
    own = codewords(VECTOR_KEY, [VECTOR_ID])[0]
    other_id = codewords(VECTOR_KEY, [GenerationId(VECTOR_ID.value ^ 1)])[0]
    other_key = codewords(EpochKey(b"K" * 32), [VECTOR_ID])[0]

    for stranger in (other_id, other_key):
        assert abs(float((own * stranger).mean())) < 5 / 5000**0.5  # five standard deviations


def test_a_key_is_created_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "epoch.key"

    key = EpochKey.load_or_create(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert EpochKey.load_or_create(path) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["epoch.key"]


def test_a_key_shows_its_name_and_hides_itself() -> None:
    key = EpochKey(b"s" * 32)

    assert key.key_id != EpochKey(b"t" * 32).key_id
    assert "ssss" not in repr(key)
    assert key.secret.hex() not in repr(key)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "epoch.key"
    EpochKey.load_or_create(path)
    path.chmod(0o644)

    with pytest.raises(EpochKeyUnusable, match="chmod 600"):
        EpochKey.load(path)


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"ab" * 31, b"\xff\xfe"])
def test_a_malformed_key_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "epoch.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises((EpochKeyUnusable, ValueError)):
        EpochKey.load_or_create(path)

    assert path.read_bytes() == content


def test_an_absent_key_is_said_to_be_absent(tmp_path: Path) -> None:
    with pytest.raises(EpochKeyUnusable, match="no such key file"):
        EpochKey.load(tmp_path / "epoch.key")
