"""Building AudioSeal networks from a configuration, and putting weights into them or refusing to.

The one module that imports audioseal, so that the variable below is always set before it is.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor, nn

# audioseal reads this once, when its classes are decorated; compiling costs 14 s and gains nothing.
os.environ.setdefault("NO_TORCH_COMPILE", "1")

from audioseal.builder import (
    AudioSealDetectorConfig,
    AudioSealWMConfig,
    create_detector,
    create_generator,
)
from audioseal.libs.moshi.modules.lstm import RawStreamingLSTM
from audioseal.libs.moshi.modules.seanet import SEANetEncoderKeepDimension
from audioseal.loader import AudioSeal, load_local_model_config
from audioseal.models import AudioSealDetector, AudioSealWM, MsgProcessor

from watermark.presence.refusal import CheckpointRefused, Reason, wrong_shape

__all__ = [
    "FRAME_SAMPLES",
    "AudioSealDetector",
    "AudioSealWM",
    "MsgProcessor",
    "Networks",
    "RawStreamingLSTM",
    "Role",
    "SEANetEncoderKeepDimension",
    "build",
    "fit",
    "published_address",
    "published_configuration",
    "require_sane",
]

FRAME_SAMPLES = 320  # one frame of the networks, 20 ms; the product of their strides
# A configuration may not ask for more than this: the largest published value, times four.
_LARGEST = {"dimension": 512, "n_filters": 128, "n_residual_layers": 4, "lstm": 8, "compress": 8}
_LARGEST |= {"kernel_size": 28, "last_kernel_size": 28, "residual_kernel_size": 12}
_LARGEST |= {"dilation_base": 8, "channels": 1}
_NBITS_MAX = 64
_ACTIVATIONS = {"ELU", "ReLU", "LeakyReLU", "GELU", "SiLU"}
_NORMS = {"none", "weight_norm"}
_PADDINGS = {"constant", "reflect", "replicate"}
_SPLIT_WEIGHTS = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)


class Role(StrEnum):
    """Which of the two networks."""

    GENERATOR = "generator"
    DETECTOR = "detector"


@dataclass(frozen=True)
class Networks:
    """A generator and a detector that belong together, in evaluation mode, with their origin."""

    generator: AudioSealWM
    detector: AudioSealDetector
    weights_sha256: str
    card: dict[str, Any]


def build(
    seanet: dict[str, Any], decoder: dict[str, Any], nbits: int
) -> tuple[AudioSealWM, AudioSealDetector]:
    """The audioseal package's own networks for a configuration, with fresh weights."""
    shared = {"nbits": nbits, "seanet": dict(seanet)}
    generator_config = AudioSeal.parse_config({**shared, "decoder": decoder}, AudioSealWMConfig)
    detector_config = AudioSeal.parse_config(shared, AudioSealDetectorConfig)
    return create_generator(generator_config), create_detector(detector_config)


def published_configuration(role: Role, *, streaming: bool) -> dict[str, Any]:
    """What the audioseal package says of a published checkpoint that does not describe itself."""
    kind = "streaming" if streaming else "16bits"
    config = _published(f"audioseal_{'wm' if role is Role.GENERATOR else role}_{kind}")
    assert config is not None, "the audioseal package ships this card"
    return {key: value for key, value in config.items() if key != "checkpoint"}


def published_address(name: str) -> str | None:
    """Where the audioseal package's card of that name finds its checkpoint, if there is one."""
    config = _published(name)
    return None if config is None else str(config["checkpoint"])


def _published(name: str) -> dict[str, Any] | None:
    config = load_local_model_config(name)
    if config is None:
        return None
    plain = OmegaConf.to_container(config)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def parsed(configuration: dict[str, Any], role: Role) -> dict[str, Any]:
    """`nbits`, `seanet` and `decoder` of a configuration, as the audioseal package reads it.

    Raises ValueError for what it cannot read.
    """
    schema: type[Any] = AudioSealWMConfig if role is Role.GENERATOR else AudioSealDetectorConfig
    try:
        plain = OmegaConf.to_container(AudioSeal.parse_config(configuration, schema), resolve=True)
    except (OmegaConfBaseException, AssertionError, AttributeError, TypeError) as error:
        raise ValueError(_first_line(error)) from error
    assert isinstance(plain, dict)
    if plain["normalizer"]:
        raise ValueError("it normalises levels, which no published checkpoint does")
    return {str(key): value for key, value in plain.items()}


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def require_sane(seanet: dict[str, Any], nbits: Any) -> None:
    """Raises ValueError for a configuration that no AudioSeal network of use here has."""
    if not isinstance(nbits, int) or not 0 < nbits <= _NBITS_MAX:
        raise ValueError(f"nbits is {nbits!r}, expected 1 to {_NBITS_MAX}")
    for name, largest in _LARGEST.items():
        value = seanet.get(name)
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(f"{name} is {value!r}, expected at most {largest}")
    ratios = seanet.get("ratios")
    if (
        not isinstance(ratios, list)
        or not all(isinstance(ratio, int) and ratio > 0 for ratio in ratios)
        or math.prod(ratios) != FRAME_SAMPLES
    ):
        raise ValueError(f"ratios are {ratios!r}, expected a product of {FRAME_SAMPLES}")
    for name, known in (("activation", _ACTIVATIONS), ("norm", _NORMS), ("pad_mode", _PADDINGS)):
        if seanet.get(name) not in known:
            raise ValueError(f"{name} is {seanet.get(name)!r}, expected one of {sorted(known)}")


def fit(network: nn.Module, state: dict[str, Tensor], path: Path | str) -> None:
    """Put `state` into `network`; every key and shape must be expected and none may be missing.

    Shapes are checked before any arithmetic, since a small file can describe a huge tensor.
    Raises CheckpointRefused.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    wanted = {name: shape for form in expected.items() for name, shape in _written(form, found)}
    if wanted != found:
        differing = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
        first = differing[0]
        raise wrong_shape(
            path,
            f"{len(differing)} tensors differ, first {first!r}: "
            f"expected {wanted.get(first)}, found {found.get(first)}",
        )
    for name, tensor in state.items():
        if tensor.layout is not torch.strided or not tensor.dtype.is_floating_point:
            raise wrong_shape(path, f"{name!r} is {tensor.dtype}, not plain floating point")
    folded = {name: _folded(name, state) for name in expected}
    if not all(bool(torch.isfinite(tensor).all()) for tensor in folded.values()):
        raise wrong_shape(path, "it holds values that are not finite")
    network.load_state_dict(folded)


def _written(
    form: tuple[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]
) -> list[tuple[str, tuple[int, ...]]]:
    """The tensors that stand for one tensor of the network: itself, or its length and direction."""
    name, shape = form
    stem = name.removesuffix(".weight")
    for magnitude, direction in _SPLIT_WEIGHTS:
        if name.endswith(".weight") and stem + magnitude in found:
            lengths = (shape[0], *(1 for _ in shape[1:]))
            return [(stem + magnitude, lengths), (stem + direction, shape)]
    return [form]


def _folded(name: str, state: dict[str, Tensor]) -> Tensor:
    """A tensor as float32; weight normalisation w = g · v / ‖v‖ over all axes but the first."""
    if name in state:
        return state[name].float()
    stem = name.removesuffix(".weight")
    magnitude, direction = next(pair for pair in _SPLIT_WEIGHTS if stem + pair[0] in state)
    towards = state[stem + direction].float()
    axes = tuple(range(1, towards.ndim))
    length: Tensor = torch.linalg.vector_norm(towards, dim=axes, keepdim=True)
    return state[stem + magnitude].float() * towards / length


def bad_card(card_path: Path | str, detail: str) -> CheckpointRefused:
    """A card or configuration that cannot be understood."""
    return CheckpointRefused(
        card_path, Reason.BAD_CARD, detail, "Restore the card that came with the weights."
    )
