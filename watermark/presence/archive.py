"""Reading an official `.pth` file as data: a pickle in a zip archive, of which nothing is run.

The audioseal package unpickles these files with full rights. Here the archive is weighed before it
is unpacked, and torch's restricted unpickler may build tensors and OmegaConf nodes, nothing else.
"""

from __future__ import annotations

import collections
import io
import pickle
import typing
import zipfile
from pathlib import Path
from typing import Any, Final

import torch
from omegaconf import DictConfig, ListConfig
from omegaconf.base import ContainerMetadata, Metadata
from omegaconf.nodes import AnyNode, BooleanNode, FloatNode, IntegerNode, StringNode

from watermark.presence.refusal import CheckpointRefused, Reason, require_file, wrong_shape

LARGEST_BYTES = 512 * 1024 * 1024  # official files are 59 and 35 MB; the rest is room, not a limit
_LARGEST_PICKLE_BYTES: Final = 4 * 1024 * 1024  # the weights lie beside the pickle, not in it
_MOST_MEMBERS: Final = 4096
# What an OmegaConf configuration inside an official checkpoint is made of; all of it inert.
CONFIGURATION_TYPES: Final[list[Any]] = [
    DictConfig,
    ListConfig,
    AnyNode,
    BooleanNode,
    FloatNode,
    IntegerNode,
    StringNode,
    ContainerMetadata,
    Metadata,
    typing.Any,
    collections.defaultdict,
    dict,
    list,
    int,
]


def read_bytes(path: Path) -> bytes:
    """The whole file; raises CheckpointRefused when it is missing or too large."""
    require_file(path, LARGEST_BYTES)
    return path.read_bytes()


def read_archive(content: bytes, path: Path) -> dict[str, Any]:
    """What the checkpoint `content` holds, built from tensors and configuration nodes alone.

    Raises CheckpointRefused; `path` is only named in it.
    """
    _inspect(content, path)
    try:
        with torch.serialization.safe_globals(CONFIGURATION_TYPES):
            checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointRefused(
            path,
            Reason.NOT_DATA_ALONE,
            _first_line(error),
            "Nothing in it was run. Do not load this file with any other tool.",
        ) from error
    except (
        RuntimeError,
        EOFError,
        OSError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
    ) as error:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, _first_line(error), "Fetch the file again."
        ) from error
    if not isinstance(checkpoint, dict):
        raise wrong_shape(path, f"holds a {type(checkpoint).__name__}, not a table")
    return checkpoint


def _inspect(content: bytes, path: Path) -> None:
    """Refuse what is no archive of torch.save, would unpack to more, or is damaged."""
    if content[:1] == b"\x80":
        raise CheckpointRefused(
            path,
            Reason.NOT_DATA_ALONE,
            "a bare pickle, not the archive that torch.save writes",
            "Nothing in it was run. Do not load this file with any other tool.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _weigh(members, len(content), path)
            damaged = archive.testzip()  # torch itself does not look at the checksums
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, _first_line(error), "Fetch the file again."
        ) from error
    if damaged is not None:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, f"{damaged} is damaged", "Fetch the file again."
        )


def _weigh(members: list[zipfile.ZipInfo], archive_bytes: int, path: Path) -> None:
    """Refuse what would unpack to more than it shows."""
    names = {member.filename for member in members}
    if len(members) > _MOST_MEMBERS or len(names) != len(members):
        raise CheckpointRefused(
            path, Reason.TOO_LARGE, f"{len(members)} members", "Give an AudioSeal checkpoint."
        )
    unpacked = sum(member.file_size for member in members)
    pickles = sum(m.file_size for m in members if m.filename.endswith(".pkl"))
    compressed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if compressed or unpacked > LARGEST_BYTES or pickles > _LARGEST_PICKLE_BYTES:
        raise CheckpointRefused(
            path,
            Reason.TOO_LARGE,
            f"{archive_bytes} bytes would unpack to {unpacked}; torch.save does not compress",
            "Give an AudioSeal checkpoint.",
        )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
