"""Weights: building AudioSeal networks, and loading checkpoints without running what is in them.

Two kinds of file come in. *Ours* are safetensors beside a JSON card that pins their SHA-256; a
digest that differs is refused before a byte is parsed. *Official* AudioSeal `.pth` files are
pickles: the audioseal package would unpickle them with full rights, so they are read here by
torch's restricted unpickler, which may build tensors and OmegaConf nodes and nothing else.

CheckpointRefused (path, reason): missing · too large · wrong digest · truncated ·
    not data alone · wrong shape · bad card
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
import pickle
import re
import typing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.base import ContainerMetadata, Metadata
from omegaconf.errors import OmegaConfBaseException
from omegaconf.nodes import AnyNode
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

# audioseal reads this once, when its classes are decorated; compiling costs 14 s and gains nothing.
os.environ.setdefault("NO_TORCH_COMPILE", "1")

from audioseal.builder import (
    AudioSealDetectorConfig,
    AudioSealWMConfig,
    create_detector,
    create_generator,
)
from audioseal.libs.moshi.modules.seanet import SEANetEncoderKeepDimension
from audioseal.loader import AudioSeal
from audioseal.models import AudioSealDetector, AudioSealWM, MsgProcessor

# The one module that imports audioseal, so that the variable above is always set before it is.
__all__ = [
    "AudioSealDetector",
    "AudioSealWM",
    "CheckpointRefused",
    "MsgProcessor",
    "Networks",
    "Reason",
    "SEANetEncoderKeepDimension",
    "build",
    "load_compact",
    "load_official",
    "networks_sha256",
    "read_card",
    "sha256_of",
]

LARGEST_BYTES = 512 * 1024 * 1024  # official files are 59 and 35 MB; the rest is room, not a limit
LARGEST_CARD_BYTES = 256 * 1024
CARD_FORMAT = 1
# Published files predate a wrapper around every convolution; audioseal's own renaming misses some.
_PLAIN_CONVOLUTION = re.compile(r"\.(conv\.conv|convtr\.convtr)\.(?!inner_conv\.)")
# What an OmegaConf configuration inside an official checkpoint is made of.
CONFIGURATION_TYPES: list[Any] = [
    DictConfig,
    ListConfig,
    AnyNode,
    ContainerMetadata,
    Metadata,
    typing.Any,
    collections.defaultdict,
    dict,
    list,
    int,
]


class Reason(StrEnum):
    """Why a checkpoint was refused."""

    MISSING = "missing"
    """There is no such file."""
    TOO_LARGE = "too large"
    """The file exceeds the size any AudioSeal checkpoint needs."""
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


class CheckpointRefused(Exception):
    """A checkpoint was not loaded; nothing of it was executed and nothing was changed."""

    def __init__(self, path: Path, reason: Reason, detail: str, next_step: str) -> None:
        super().__init__(f"{path}: {reason}: {detail}. {next_step}")
        self.path = path
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Networks:
    """A generator and a detector that belong together, in evaluation mode, with their origin."""

    generator: AudioSealWM
    detector: AudioSealDetector
    weights_sha256: str
    card: dict[str, Any]


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def networks_sha256(generator_sha256: str, detector_sha256: str) -> str:
    """One digest for the pair: SHA-256 over both hexadecimal digests, generator first."""
    return hashlib.sha256(f"{generator_sha256}\n{detector_sha256}\n".encode()).hexdigest()


def build(
    seanet: dict[str, Any], decoder: dict[str, Any], nbits: int
) -> tuple[AudioSealWM, AudioSealDetector]:
    """The audioseal package's own networks for a configuration, with fresh weights."""
    shared = {"nbits": nbits, "seanet": dict(seanet)}
    generator_config = AudioSeal.parse_config({**shared, "decoder": decoder}, AudioSealWMConfig)
    detector_config = AudioSeal.parse_config(shared, AudioSealDetectorConfig)
    return create_generator(generator_config), create_detector(detector_config)


def load_compact(card_path: Path) -> Networks:
    """Load the project's own weights named by a JSON card beside them.

    Raises CheckpointRefused when a file is missing, has another digest, or does not fit the card.
    """
    card = read_card(card_path)
    try:
        generator, detector = build(card["seanet"], card["decoder"], int(card["nbits"]))
        files = {role: card["files"][role] for role in ("generator", "detector")}
        names = {role: (str(f["file"]), str(f["sha256"])) for role, f in files.items()}
    except (KeyError, TypeError, ValueError, AssertionError, OmegaConfBaseException) as error:
        raise _bad_card(card_path, f"{type(error).__name__}: {error}") from error
    networks: dict[str, nn.Module] = {"generator": generator, "detector": detector}
    for role, (name, digest) in names.items():
        if Path(name).name != name:
            raise _bad_card(card_path, f"{name!r} is not a plain file name")
        path = card_path.parent / name
        _fit(networks[role], _pinned_tensors(path, digest), path)
    pair = networks_sha256(names["generator"][1], names["detector"][1])
    return Networks(generator.eval(), detector.eval(), pair, card)


def read_card(card_path: Path) -> dict[str, Any]:
    """Read and bound a JSON card; raises CheckpointRefused."""
    _require_file(card_path, LARGEST_CARD_BYTES)
    try:
        card = json.loads(card_path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _bad_card(card_path, str(error)) from error
    if not isinstance(card, dict) or card.get("format") != CARD_FORMAT:
        raise _bad_card(card_path, f"expected a JSON object with format {CARD_FORMAT}")
    return card


def _bad_card(card_path: Path, detail: str) -> CheckpointRefused:
    return CheckpointRefused(
        card_path, Reason.BAD_CARD, detail, "Restore the card that came with the weights."
    )


def _pinned_tensors(path: Path, digest: str) -> dict[str, Tensor]:
    """Tensors of a safetensors file whose bytes hash to `digest`, as float32."""
    _require_file(path, LARGEST_BYTES)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise CheckpointRefused(
            path,
            Reason.WRONG_DIGEST,
            f"SHA-256 is {found}, the card pins {digest}",
            "Restore the file, or train anew with `python -m watermark.train`.",
        )
    try:
        tensors = load_safetensors(content)
    except SafetensorError as error:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, str(error), "Restore the file from the repository."
        ) from error
    return {name: tensor.float() for name, tensor in tensors.items()}


def load_official(generator_path: Path, detector_path: Path) -> Networks:
    """Load official AudioSeal checkpoints from files, without executing anything in them.

    Raises CheckpointRefused for whatever is not tensors and configuration alone, does not fit the
    network its configuration describes, or is cut short.
    """
    generator_state, generator_config = _official(generator_path, AudioSealWMConfig)
    generator = create_generator(generator_config)
    _fit(generator, generator_state, generator_path)
    detector_state, detector_config = _official(detector_path, AudioSealDetectorConfig)
    detector = create_detector(detector_config)
    _fit(detector, detector_state, detector_path)
    if int(generator_config.nbits) != int(detector_config.nbits):
        raise CheckpointRefused(
            detector_path,
            Reason.WRONG_SHAPE,
            f"carries {detector_config.nbits} bits, the generator {generator_config.nbits}",
            "Give a generator and a detector that were trained together.",
        )
    card = {
        "format": CARD_FORMAT,
        "name": "official AudioSeal checkpoint",
        "nbits": int(generator_config.nbits),
        "lstm": int(detector_config.seanet.lstm),
    }
    pair = networks_sha256(sha256_of(generator_path), sha256_of(detector_path))
    return Networks(generator.eval(), detector.eval(), pair, card)


def _official(path: Path, config_type: type[Any]) -> tuple[dict[str, Tensor], Any]:
    """State and parsed configuration of one official file."""
    checkpoint = _restricted_load(path)
    configuration = checkpoint.get("xp.cfg")
    state: Any = checkpoint.get("model")
    if "best_state" in checkpoint and isinstance(checkpoint["best_state"], dict):
        state = checkpoint["best_state"].get("model")
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise _wrong_shape(path, "no table of tensors under `model` or `best_state.model`")
    try:
        plain = OmegaConf.to_container(OmegaConf.create(configuration or {}), resolve=True)
        if not isinstance(plain, dict) or not plain.get("seanet"):
            raise _wrong_shape(path, "no `xp.cfg.seanet` configuration")
        parsed = AudioSeal.parse_config({str(k): v for k, v in plain.items()}, config_type)
    except (OmegaConfBaseException, AssertionError, TypeError, ValueError) as error:
        raise _wrong_shape(path, f"its configuration does not parse ({error})") from error
    return {_PLAIN_CONVOLUTION.sub(r".\1.inner_conv.", n): v for n, v in state.items()}, parsed


def _restricted_load(path: Path) -> dict[str, Any]:
    """`torch.load` that may build tensors and OmegaConf nodes only."""
    _require_file(path, LARGEST_BYTES)
    try:
        with torch.serialization.safe_globals(CONFIGURATION_TYPES):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointRefused(
            path,
            Reason.NOT_DATA_ALONE,
            _first_line(error),
            "Nothing in it was run. Do not load this file with any other tool.",
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise CheckpointRefused(
            path, Reason.TRUNCATED, _first_line(error), "Fetch the file again."
        ) from error
    if not isinstance(checkpoint, dict):
        raise _wrong_shape(path, f"holds a {type(checkpoint).__name__}, not a table")
    return checkpoint


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _require_file(path: Path, largest_bytes: int) -> None:
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


def _fit(network: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Put `state` into `network`; every key and shape must be expected and none may be missing."""
    folded = _without_weight_norm(state)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in folded.items()}
    if expected != found:
        differing = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        first = differing[0]
        raise _wrong_shape(
            path,
            f"{len(differing)} tensors differ, first {first!r}: "
            f"expected {expected.get(first)}, found {found.get(first)}",
        )
    if not all(bool(torch.isfinite(tensor).all()) for tensor in folded.values()):
        raise _wrong_shape(path, "it holds values that are not finite")
    network.load_state_dict(folded)


def _without_weight_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold weight normalisation, w = g · v / ‖v‖ over all axes but the first."""
    forms = (
        (".weight_g", ".weight_v"),
        (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
    )
    folded = dict(state)
    for magnitude_suffix, direction_suffix in forms:
        for name in [n for n in folded if n.endswith(magnitude_suffix)]:
            stem = name.removesuffix(magnitude_suffix)
            direction = folded.get(stem + direction_suffix)
            if direction is None:
                continue
            axes = tuple(range(1, direction.ndim))
            length = torch.linalg.vector_norm(direction, dim=axes, keepdim=True)
            folded[stem + ".weight"] = folded.pop(name) * direction / length
            del folded[stem + direction_suffix]
    return folded


def _wrong_shape(path: Path, detail: str) -> CheckpointRefused:
    return CheckpointRefused(
        path, Reason.WRONG_SHAPE, detail, "Give an AudioSeal checkpoint of a published format."
    )
