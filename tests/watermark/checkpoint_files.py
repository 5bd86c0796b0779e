"""AudioSeal checkpoint files as the package and audiocraft write them, made with random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

from watermark.presence.checkpoints import build, sha256_of

SMALL: dict[str, Any] = {
    "activation": "ELU",
    "activation_params": {"alpha": 1.0},
    "causal": False,
    "channels": 1,
    "compress": 2,
    "dilation_base": 2,
    "dimension": 16,
    "disable_norm_outer_blocks": 0,
    "kernel_size": 7,
    "last_kernel_size": 7,
    "lstm": 0,
    "n_filters": 2,
    "n_residual_layers": 1,
    "norm": "none",
    "norm_params": {},
    "pad_mode": "constant",
    "ratios": [8, 5, 4, 2],
    "residual_kernel_size": 3,
    "true_skip": True,
}
# the published configuration: 128 dimensions, 32 filters, two LSTM layers, weight normalisation
OFFICIAL = {**SMALL, "dimension": 128, "n_filters": 32, "lstm": 2, "norm": "weight_norm"}
DECODER = {"final_activation": None, "final_activation_params": None, "trim_right_ratio": 1.0}


OLD_NORM = ("weight_g", "weight_v")
NEW_NORM = ("parametrizations.weight.original0", "parametrizations.weight.original1")


def published_names(
    state: dict[str, torch.Tensor], norm: tuple[str, str]
) -> dict[str, torch.Tensor]:
    """State as audiocraft writes it: no `inner_conv`, weights split into length and direction."""
    written: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        old = name.replace(".inner_conv.", ".")
        if old != name and name.endswith(".weight"):
            axes = tuple(range(1, tensor.ndim))
            length = torch.linalg.vector_norm(tensor, dim=axes, keepdim=True)
            written[old.removesuffix("weight") + norm[0]] = length
            written[old.removesuffix("weight") + norm[1]] = tensor * 2.5
        else:
            written[old] = tensor
    return written


def write_official(
    folder: Path, seanet: dict[str, Any], norm: tuple[str, str] = OLD_NORM
) -> tuple[Path, Path, Any, Any]:
    torch.manual_seed(3)
    generator, detector = build(seanet, DECODER, 16)
    settings = {"nbits": 16, "seanet": seanet, "sample_rate": 16000}
    paths = []
    for role, network in (("generator", generator), ("detector", detector)):
        configuration = OmegaConf.create({**settings, "decoder": DECODER, "unused": [1, "two"]})
        path = folder / f"{role}.pth"
        torch.save(
            {"xp.cfg": configuration, "model": published_names(network.state_dict(), norm)}, path
        )
        paths.append(path)
    return paths[0], paths[1], generator, detector


def write_compact(folder: Path, **changes: Any) -> Path:
    torch.manual_seed(4)
    networks = dict(zip(("generator", "detector"), build(SMALL, DECODER, 16), strict=True))
    files = {}
    for role, network in networks.items():
        path = folder / f"{role}.safetensors"
        save_file({k: v.half() for k, v in network.state_dict().items()}, path)
        files[role] = {"file": path.name, "sha256": sha256_of(path)}
    card = {"format": 1, "nbits": 16, "seanet": SMALL, "decoder": DECODER, "files": files}
    (folder / "card.json").write_text(json.dumps({**card, **changes}))
    return folder / "card.json"


def altered(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Load a checkpoint that this test has made, change it, and write it again."""
    whole = torch.load(path, weights_only=False)
    change(whole)
    torch.save(whole, path)
