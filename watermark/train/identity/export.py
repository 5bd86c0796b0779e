"""From a training state to shipped weights: averaged, pinned by digest in a card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from watermark.identity.networks import CARD_FORMAT, IDENTITY_CARD
from watermark.train.identity.trainer import Trainer


def export(trainer: Trainer, folder: Path) -> Path:
    """Write the averaged weights as safetensors with their card; returns the card's path.

    The card is written last and names the digests, so a reader meets old weights with the old card
    or new weights with the new one, or is refused.
    """
    card: dict[str, Any] = {
        "format": CARD_FORMAT,
        "name": "Antiphon identity mark",
        "networks": {},
        "training": {**trainer.history(), "torch": str(torch.__version__)},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for kind in trainer.networks:
        path = folder / f"identity-{kind}.safetensors"
        sha256 = write_weights(trainer.averaged(kind), path)
        card["networks"][kind] = {
            "file": path.name,
            "sha256": sha256,
            "settings": trainer.settings(kind),
        }
    return write_card(folder / IDENTITY_CARD.name, card)


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
