from __future__ import annotations

import stat
from pathlib import Path

import pytest

from watermark.identity.codewords import EpochKey, EpochKeyUnusable
from watermark.service.key_ring import KeyRing, KeyRingRefusal


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.open(tmp_path / "keys")


def test_a_new_ring_has_one_key_and_lets_nobody_in(ring: KeyRing) -> None:
    assert [line.state for line in ring.listed()] == ["current"]
    assert ring.older() == ()
    assert stat.S_IMODE(ring.folder.stat().st_mode) == 0o700
    key_file = ring.folder / f"{ring.current().key_id}.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_opening_again_changes_nothing(ring: KeyRing) -> None:
    before = ring.state()

    assert KeyRing.open(ring.folder).state() == before


def test_after_a_rotation_the_old_key_is_still_searched(ring: KeyRing) -> None:
    old, state = ring.current(), ring.state()

    new = ring.rotate()

    assert new != old
    assert ring.current() == new
    assert ring.older() == (old,)
    assert ring.state() != state


def test_a_retired_key_is_kept_but_not_searched(ring: KeyRing) -> None:
    old = ring.current()
    ring.rotate()

    ring.retire(old.key_id)

    assert ring.older() == ()
    assert [line.state for line in ring.listed()] == ["current", "retired"]
    assert EpochKey.load(ring.folder / "retired" / f"{old.key_id}.key") == old


def test_the_key_that_marks_cannot_be_retired(ring: KeyRing) -> None:
    with pytest.raises(KeyRingRefusal, match="rotate first"):
        ring.retire(ring.current().key_id)


@pytest.mark.parametrize("stranger", ["0" * 16, "../current", ""])
def test_a_key_that_is_not_there_cannot_be_retired(ring: KeyRing, stranger: str) -> None:
    with pytest.raises(KeyRingRefusal, match="keys list"):
        ring.retire(stranger)


def test_the_single_key_of_before_becomes_the_first(tmp_path: Path) -> None:
    single = EpochKey.load_or_create(tmp_path / "epoch.key")

    ring = KeyRing.open(tmp_path / "keys", adopt=tmp_path / "epoch.key")

    assert ring.current() == single
    assert not (tmp_path / "epoch.key").exists()


def test_a_folder_open_to_others_is_refused(ring: KeyRing) -> None:
    ring.folder.chmod(0o755)

    with pytest.raises(EpochKeyUnusable, match="chmod 700"):
        KeyRing.open(ring.folder)


def test_a_key_file_with_another_key_in_it_is_refused(ring: KeyRing) -> None:
    current = ring.current()
    path = ring.folder / f"{current.key_id}.key"
    path.write_text("11" * 32)

    with pytest.raises(EpochKeyUnusable, match="restore the right file"):
        ring.current()


def test_a_ring_whose_pointer_is_gone_gets_no_second_key_silently(ring: KeyRing) -> None:
    (ring.folder / "current").unlink()

    with pytest.raises(EpochKeyUnusable, match="cannot be read"):
        ring.current()
    with pytest.raises(EpochKeyUnusable, match="is gone"):
        KeyRing.open(ring.folder)


def test_two_that_make_the_ring_at_once_agree(tmp_path: Path) -> None:
    first = KeyRing.open(tmp_path / "keys")
    late = KeyRing(tmp_path / "keys")

    late._point_at(late._fresh(), replace=False)

    assert late.state() == first.state()
