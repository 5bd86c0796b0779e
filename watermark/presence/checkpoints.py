"""Loading weights without running what is in them.

Every file that reaches a network is safetensors beside a JSON card that pins its SHA-256; a digest
that differs is refused before a byte is parsed. *Ours* are kept that way in the repository.
*Official* AudioSeal files are pickles and become that in a process of its own, see `conversion`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from omegaconf.errors import OmegaConfBaseException
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from watermark.presence.archive import LARGEST_BYTES
from watermark.presence.conversion import CARD_FORMAT, converted
from watermark.presence.networks import (
    AudioSealDetector,
    AudioSealWM,
    Networks,
    Role,
    bad_card,
    build,
    fit,
    require_sane,
)
from watermark.presence.refusal import CheckpointRefused, Reason, require_file

__all__ = [
    "CARD_FORMAT",
    "AudioSealDetector",
    "AudioSealWM",
    "CheckpointRefused",
    "Networks",
    "Reason",
    "build",
    "load_card",
    "load_compact",
    "load_official",
    "networks_sha256",
    "read_card",
    "sha256_of",
]

LARGEST_CARD_BYTES = 256 * 1024


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def networks_sha256(generator_sha256: str, detector_sha256: str) -> str:
    """One digest for the pair: SHA-256 over both hexadecimal digests, generator first."""
    return hashlib.sha256(f"{generator_sha256}\n{detector_sha256}\n".encode()).hexdigest()


def load_compact(card_path: Path) -> Networks:
    """Load the project's own weights; see `load_card`."""
    return load_card(card_path)


@torch.inference_mode(False)  # whoever loads: refining a mark needs weights that gradients can pass
def load_card(card_path: Path) -> Networks:
    """Load the pair of safetensors files named by a JSON card beside them.

    Raises CheckpointRefused when a file is missing, has another digest, or does not fit the card.
    """
    card = read_card(card_path)
    try:
        require_sane(card["seanet"], card["nbits"])
        networks = build(card["seanet"], card["decoder"], card["nbits"])
        files = {role: card["files"][role] for role in Role}
        pinned = {role: (str(f["file"]), str(f["sha256"])) for role, f in files.items()}
        origins = [str(f.get("source_sha256", f["sha256"])) for f in files.values()]
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        AssertionError,
        OmegaConfBaseException,
    ) as error:
        raise bad_card(card_path, f"{type(error).__name__}: {error}") from error
    for network, (name, digest) in zip(networks, pinned.values(), strict=True):
        if Path(name).name != name:
            raise bad_card(card_path, f"{name!r} is not a plain file name")
        path = card_path.parent / name
        fit(network, _pinned_tensors(path, digest), path)
    generator, detector = networks
    return Networks(generator.eval(), detector.eval(), networks_sha256(*origins), card)


def read_card(card_path: Path) -> dict[str, Any]:
    """Read and bound a JSON card; raises CheckpointRefused."""
    require_file(card_path, LARGEST_CARD_BYTES)
    try:
        card = json.loads(card_path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise bad_card(card_path, str(error)) from error
    if not isinstance(card, dict) or card.get("format") != CARD_FORMAT:
        raise bad_card(card_path, f"expected a JSON object with format {CARD_FORMAT}")
    return card


def _pinned_tensors(path: Path, digest: str) -> dict[str, Tensor]:
    """Tensors of a safetensors file whose bytes hash to `digest`."""
    require_file(path, LARGEST_BYTES)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise CheckpointRefused(
            path,
            Reason.WRONG_DIGEST,
            f"SHA-256 is {found}, the card pins {digest}",
            "Restore the file, or make it anew.",
        )
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, str(error), "Restore the file from where it came."
        ) from error


def load_official(generator_path: Path, detector_path: Path) -> Networks:
    """Load official AudioSeal checkpoints from files, without executing anything in them.

    Raises CheckpointRefused for whatever is not tensors and configuration alone, does not fit the
    network its configuration describes, or is cut short. The pair's digest is that of these files.
    """
    with tempfile.TemporaryDirectory(prefix="audioseal-") as folder:
        return load_card(converted(generator_path, detector_path, Path(folder)))
