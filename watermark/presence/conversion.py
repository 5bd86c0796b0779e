"""Turning official checkpoints into safetensors with a card, in a process of its own.

`python -m watermark.presence.conversion GENERATOR DETECTOR FOLDER` is that process. It has no
secrets in its environment, a bounded address space, and a bounded time, so a file that finds a hole
in the restricted unpickler, or that merely unfolds without end, costs a process and no more.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from safetensors.torch import save_file
from torch import Tensor

from watermark.presence.archive import read_archive, read_bytes
from watermark.presence.networks import (
    Role,
    build,
    fit,
    parsed,
    published_configuration,
    require_sane,
)
from watermark.presence.refusal import CheckpointRefused, Reason, wrong_shape

CARD_FORMAT: Final = 1
CARD_NAME: Final = "card.json"
_CONFIGURED: Final = ("nbits", "seanet", "decoder", "detector", "normalizer")
_WRAPPED: Final = (
    (".conv.conv.", ".conv.conv.inner_conv."),
    (".convtr.convtr.", ".convtr.convtr.inner_conv."),
)
_ADDRESS_SPACE_BYTES: Final = 8 * 1024**3  # torch maps much and touches little of it
_CPU_SECONDS: Final = 120
_WALL_SECONDS: Final = 600.0
_REFUSED_STATUS: Final = 3


def converted(generator_path: Path, detector_path: Path, folder: Path) -> Path:
    """Convert both files into `folder`; returns the card beside the safetensors.

    Raises CheckpointRefused for whatever is not tensors and configuration alone, does not fit the
    network its configuration describes, or is cut short.
    """
    command = [sys.executable, "-m", "watermark.presence.conversion"]
    try:
        done = subprocess.run(
            [*command, str(generator_path), str(detector_path), str(folder)],
            env={
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "NO_TORCH_COMPILE": "1",
                "OMP_NUM_THREADS": "1",
            },
            capture_output=True,
            text=True,
            timeout=_WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise _abandoned(generator_path, detector_path, "it took too long") from late
    if done.returncode == _REFUSED_STATUS:
        why = json.loads(done.stdout)
        raise CheckpointRefused(
            Path(why["path"]), Reason(why["reason"]), why["detail"], why["next_step"]
        )
    if done.returncode != 0:
        raise _abandoned(generator_path, detector_path, f"the reader ended with {done.returncode}")
    return folder / CARD_NAME


def _abandoned(generator_path: Path, detector_path: Path, detail: str) -> CheckpointRefused:
    return CheckpointRefused(
        f"{generator_path}, {detector_path}",
        Reason.TOO_LARGE,
        f"{detail} while reading",
        "Give AudioSeal checkpoints of a published format.",
    )


def convert(generator_path: Path, detector_path: Path, folder: Path) -> Path:
    """What the process does: read, check, and write safetensors and a card; returns the card."""
    contents = {
        Role.GENERATOR: read_bytes(generator_path),
        Role.DETECTOR: read_bytes(detector_path),
    }
    paths = {Role.GENERATOR: generator_path, Role.DETECTOR: detector_path}
    states, configurations = {}, {}
    for role, content in contents.items():
        checkpoint = read_archive(content, paths[role])
        states[role] = _state(checkpoint, role, paths[role])
        configurations[role] = _configuration(checkpoint, role, paths[role])
    generator, detector = configurations[Role.GENERATOR], configurations[Role.DETECTOR]
    if generator["nbits"] != detector["nbits"] or generator["seanet"] != detector["seanet"]:
        raise wrong_shape(
            detector_path,
            f"carries {detector['nbits']} bits, the generator {generator['nbits']}; "
            "or their networks are configured differently",
        )
    networks = dict(
        zip(Role, build(generator["seanet"], generator["decoder"], generator["nbits"]), strict=True)
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for role, network in networks.items():
        fit(network, states[role], paths[role])
        file = folder / f"{role}.safetensors"
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, file)
        files[role.value] = {
            "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "source": paths[role].name,
            "source_sha256": hashlib.sha256(contents[role]).hexdigest(),
        }
    card = {
        "format": CARD_FORMAT,
        "name": "official AudioSeal checkpoint",
        "sample_rate_hz": 16000,
        "nbits": generator["nbits"],
        "lstm": generator["seanet"]["lstm"],
        "seanet": generator["seanet"],
        "decoder": generator["decoder"],
        "files": files,
    }
    (folder / CARD_NAME).write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", "utf-8")
    return folder / CARD_NAME


def _state(checkpoint: dict[str, Any], role: Role, path: Path) -> dict[str, Tensor]:
    """The table of tensors, wherever audiocraft keeps it, under the names audioseal 0.2.0 uses."""
    state: Any = checkpoint.get("model", checkpoint)
    if isinstance(checkpoint.get("best_state"), dict):
        state = checkpoint["best_state"].get("model")
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise wrong_shape(path, "no table of tensors under `model` or `best_state.model`")
    is_detector = any(name.startswith("detector.") for name in state)
    if state and is_detector is (role is Role.GENERATOR):
        other = Role.DETECTOR if is_detector else Role.GENERATOR
        raise CheckpointRefused(
            path,
            Reason.WRONG_SHAPE,
            f"it is the {other}'s checkpoint where the {role}'s was expected",
            "Give the generator first and the detector second.",
        )
    return {_wrapped(name): value for name, value in state.items()}


def _wrapped(name: str) -> str:
    """Published files predate a wrapper around every convolution."""
    if ".inner_conv." in name:
        return name
    for old, new in _WRAPPED:
        name = name.replace(old, new)
    return name


def _configuration(checkpoint: dict[str, Any], role: Role, path: Path) -> dict[str, Any]:
    """`nbits`, `seanet`, `decoder`: from the file, else as the audioseal package has them."""
    found = checkpoint.get("xp.cfg")
    try:
        root = found if isinstance(found, DictConfig) else OmegaConf.create(found or {})
        own = {
            key: OmegaConf.to_container(root[key], resolve=True)
            if OmegaConf.is_config(root[key])
            else root[key]
            for key in _CONFIGURED
            if root.get(key) is not None
        }
        streaming = "streaming" in path.name
        plain = parsed({**published_configuration(role, streaming=streaming), **own}, role)
        seanet = plain["seanet"]
        require_sane(seanet, plain["nbits"])
    except (OmegaConfBaseException, TypeError, ValueError, KeyError, AttributeError) as error:
        detail = (str(error) or type(error).__name__).splitlines()[0]
        raise wrong_shape(path, f"its configuration does not parse ({detail})") from error
    return plain


def _bound() -> None:
    """Bound this process; a limit the system does not know is left out."""
    for kind, value in (
        (resource.RLIMIT_AS, _ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
    ):
        resource.setrlimit(kind, (value, value))


def main(arguments: list[str]) -> int:
    """Convert; a refusal is a JSON object on standard output and exit status 3."""
    _bound()
    torch.set_num_threads(1)
    generator_path, detector_path, folder = (Path(argument) for argument in arguments)
    try:
        convert(generator_path, detector_path, folder)
    except CheckpointRefused as refusal:
        why = {
            "path": str(refusal.path),
            "reason": refusal.reason.value,
            "detail": refusal.detail,
            "next_step": refusal.next_step,
        }
        sys.stdout.write(json.dumps(why))
        return _REFUSED_STATUS
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
