"""Which mark and which fingerprint were measured: digests over their code and what was fitted."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

_WATERMARK: Final = Path(__file__).parents[1]
_CODE: Final = ("identity", "audio", "marker.py")
_WEIGHTS: Final = ("weights/identity*", "identity/calibration.json")
_FINGERPRINT: Final = ("fingerprint/*.py", "fingerprint/chance.json")


@lru_cache(maxsize=1)
def mark_sha256() -> str:
    """16 hexadecimal digits that change with whatever could change a result.

    Rows of one journal must come from one mark; the presence layer states its own digest.
    """
    return _sha256(_files())


@lru_cache(maxsize=1)
def fingerprint_sha256() -> str:
    """16 hexadecimal digits that change with whatever could change what the sound says."""
    return _sha256(sorted(path for name in _FINGERPRINT for path in _WATERMARK.glob(name)))


def _sha256(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(_WATERMARK).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files() -> list[Path]:
    found: set[Path] = set()
    for name in _CODE:
        place = _WATERMARK / name
        found.update([place] if place.is_file() else place.rglob("*.py"))
    for pattern in _WEIGHTS:
        found.update(_WATERMARK.glob(pattern))
    return sorted(found)
