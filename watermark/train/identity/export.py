"""From a training state to shipped weights: averaged, pinned by digest in a card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from watermark.identity.networks import CARD_FORMAT, IDENTITY_CARD
from watermark.train.identity.trainer import Trainer


def export(trainer: Trainer, folder: Path, kinds: Sequence[str] = ()) -> Path:
    """Write averaged weights as safetensors with their card; returns the card's path.

    Of `kinds`, or of all that was trained; what a card in `folder` says of other networks stays.
    The card is written last and names the digests, so a reader meets old weights with the old card
    or new weights with the new one, or is refused.
    """
    trained = {**trainer.history(), "torch": str(torch.__version__)}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / IDENTITY_CARD.name
    networks: dict[str, Any] = {}
    if path.exists():
        networks = json.loads(path.read_text("utf-8"))["networks"]
    for kind in kinds or tuple(trainer.networks):
        weights = folder / f"identity-{kind}.safetensors"
        sha256 = write_weights(trainer.averaged(kind), weights)
        networks[kind] = {
            "file": weights.name,
            "sha256": sha256,
            "settings": trainer.settings(kind),
            "training": trained,
        }
    return write_card(
        path, {"format": CARD_FORMAT, "name": "Antiphon identity mark", "networks": networks}
    )


def write_weights(state: dict[str, Tensor], path: Path) -> str:
    """Write one network's weights whole or not at all; returns their SHA-256."""
    unfinished = path.with_name(f".{path.name}")
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, unfinished
    )
    unfinished.chmod(0o644)  # the library writes for its owner alone
    unfinished.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_card(path: Path, card: dict[str, Any]) -> Path:
    """Write a card whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", "utf-8")
    return unfinished.replace(path)
