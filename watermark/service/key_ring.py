"""The epoch keys of one installation: one marks, all that are not retired are searched.

    keys/                 mode 0700
    ├── <key id>.key      mode 0600, one epoch key each
    ├── current           the id of the key that marks
    └── retired/          keys that are no longer searched; moving one back restores it

A key is never deleted: whoever holds it can still read the marks of its epoch.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watermark.identity.codewords import EpochKey, EpochKeyUnusable

_SUFFIX: Final = ".key"
_CURRENT: Final = "current"
_RETIRED: Final = "retired"
_POINTER_TRIES: Final = 10
_POINTER_WAIT_SECONDS: Final = 0.05


class KeyRingRefusal(Exception):
    """What was asked cannot be done to this key; says why."""


@dataclass(frozen=True)
class KeyListed:
    """One line of the ring."""

    key_id: str
    state: str  # "current", "searched" or "retired"


class KeyRing:
    """Reads and changes one folder of keys. Nothing is held in memory between calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: Path, *, adopt: Path | None = None) -> KeyRing:
        """The ring in `folder`, made with one fresh key if there is none yet.

        `adopt` is a single key file of before there were rings: it becomes the first key, so that
        what it marked is still found. Raises EpochKeyUnusable.
        """
        ring = cls(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o077:
            raise EpochKeyUnusable(folder, f"mode {mode:04o} lets others in; chmod 700 it")
        if not (folder / _CURRENT).exists():
            ring._require_no_keys()
            adopted = adopt is not None and adopt.exists()
            key_id = ring._adopted(adopt) if adopt and adopted else ring._fresh()
            ring._point_at(key_id, replace=False)
        return ring

    def current(self) -> EpochKey:
        """The key that marks. Raises EpochKeyUnusable."""
        pointer = self.folder / _CURRENT
        try:
            key_id = pointer.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EpochKeyUnusable(pointer, f"cannot be read: {error}") from error
        return self._load(key_id)

    def older(self) -> tuple[EpochKey, ...]:
        """The other keys that are searched, by id. Raises EpochKeyUnusable."""
        current = self.current().key_id
        return tuple(self._load(one) for one in self._ids(self.folder) if one != current)

    def state(self) -> tuple[str, ...]:
        """Changes when the ring does: the current key's id, then all that are searched."""
        return (self.current().key_id, *self._ids(self.folder))

    def listed(self) -> list[KeyListed]:
        """Every key and what it is for, the current one first."""
        current = self.current().key_id
        lines = [KeyListed(current, "current")]
        lines += [KeyListed(k, "searched") for k in self._ids(self.folder) if k != current]
        lines += [KeyListed(k, "retired") for k in self._ids(self.folder / _RETIRED)]
        return lines

    def rotate(self) -> EpochKey:
        """Mark with a fresh key from now on; the one before is still searched."""
        self._point_at(self._fresh(), replace=True)
        return self.current()

    def retire(self, key_id: str) -> None:
        """Search a key no longer: its marks are not found any more. Raises KeyRingRefusal."""
        if key_id == self.current().key_id:
            raise KeyRingRefusal(f"{key_id} marks new recordings; rotate first, then retire it")
        if key_id not in self._ids(self.folder):
            raise KeyRingRefusal(f"{key_id!r} is not searched; python -m watermark keys list")
        (self.folder / _RETIRED).mkdir(exist_ok=True, mode=0o700)
        path = self.folder / f"{key_id}{_SUFFIX}"
        path.rename(self.folder / _RETIRED / path.name)

    def _require_no_keys(self) -> None:
        """Keys without a pointer: another process is about to write it, or it was lost."""
        for _ in range(_POINTER_TRIES):
            if (self.folder / _CURRENT).exists() or not self._ids(self.folder):
                return
            time.sleep(_POINTER_WAIT_SECONDS)
        raise EpochKeyUnusable(
            self.folder / _CURRENT, "is gone; write the id of the key that marks into it"
        )

    def _ids(self, folder: Path) -> list[str]:
        if not folder.is_dir():
            return []
        return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))

    def _load(self, key_id: str) -> EpochKey:
        path = self.folder / f"{key_id}{_SUFFIX}"
        key = EpochKey.load(path)
        if key.key_id != key_id:
            raise EpochKeyUnusable(path, f"holds the key {key.key_id}; restore the right file")
        return key

    def _fresh(self) -> str:
        draft = self.folder / f"draft.{secrets.token_hex(4)}"
        key = EpochKey.load_or_create(draft)
        draft.rename(self.folder / f"{key.key_id}{_SUFFIX}")
        return key.key_id

    def _adopted(self, path: Path) -> str:
        key = EpochKey.load(path)
        path.rename(self.folder / f"{key.key_id}{_SUFFIX}")
        return key.key_id

    def _point_at(self, key_id: str, *, replace: bool) -> None:
        """Name the key that marks. When another process named one first, ours stays unused."""
        draft = self.folder / f"{_CURRENT}.{secrets.token_hex(4)}"
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{key_id}\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(self.folder / _CURRENT)
            return
        try:
            os.link(draft, self.folder / _CURRENT)
        except FileExistsError:
            (self.folder / f"{key_id}{_SUFFIX}").unlink()
        finally:
            draft.unlink()
