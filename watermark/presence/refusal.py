"""Why weights are not loaded.

CheckpointRefused (path, reason): missing · too large · wrong digest · truncated ·
    not data alone · wrong shape · bad card · not fetched · unsound
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Reason(StrEnum):
    """Why a checkpoint was refused."""

    MISSING = "missing"
    """There is no such file."""
    TOO_LARGE = "too large"
    """The file, or what it unpacks to, exceeds the size any AudioSeal checkpoint needs."""
    WRONG_DIGEST = "wrong digest"
    """The SHA-256 is not the pinned one."""
    TRUNCATED = "truncated"
    """The file ends early or is no checkpoint at all."""
    NOT_DATA_ALONE = "not data alone"
    """The pickle asks for something other than tensors and configuration; nothing was run."""
    WRONG_SHAPE = "wrong shape"
    """Keys or shapes are not those of the network the configuration describes."""
    BAD_CARD = "bad card"
    """The JSON card or the configuration cannot be understood."""
    NOT_FETCHED = "not fetched"
    """Nothing was downloaded: it was not asked for, not over https, or it failed."""
    UNSOUND = "unsound"
    """The networks answered with something other than finite numbers."""


class CheckpointRefused(Exception):
    """A checkpoint was not loaded; nothing of it was executed and nothing was changed."""

    def __init__(self, path: Path | str, reason: Reason, detail: str, next_step: str) -> None:
        super().__init__(f"{path}: {reason}: {detail}. {next_step}")
        self.path = path
        self.reason = reason
        self.detail = detail
        self.next_step = next_step


def wrong_shape(path: Path | str, detail: str) -> CheckpointRefused:
    """What does not fit the network it should fill."""
    return CheckpointRefused(
        path, Reason.WRONG_SHAPE, detail, "Give an AudioSeal checkpoint of a published format."
    )


def require_file(path: Path, largest_bytes: int) -> None:
    """Raises CheckpointRefused unless `path` is a file of at most `largest_bytes`."""
    if not path.is_file():
        raise CheckpointRefused(path, Reason.MISSING, "no such file", "Check the path.")
    size = path.stat().st_size
    if size > largest_bytes:
        raise CheckpointRefused(
            path,
            Reason.TOO_LARGE,
            f"{size} bytes, at most {largest_bytes} are read",
            "Give an AudioSeal checkpoint.",
        )
