"""From a training state to shipped weights: averaged, halved, pinned by digest in a card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from watermark.presence.checkpoints import CARD_FORMAT, sha256_of
from watermark.presence.layer import COMPACT_SHAPING, Calibration
from watermark.train.presence.recipe import DECODER, NBITS, SEANET
from watermark.train.presence.trainer import Trainer

CARD_NAME = "compact.json"
SNR_DB = 36.0  # under the host: low enough to leave the identity mark its share of 28 dB in all
REFINING_STEPS = 6  # at that level, the generator alone is heard too seldom


def export(
    trainer: Trainer,
    folder: Path,
    calibration: Calibration | None = None,
    *,
    began_with: dict[str, Any] | None = None,
) -> Path:
    """Write the averaged weights as float16 safetensors with their card; returns the card's path.

    `began_with` is the `training` part of the card whose weights the run started from.

    The card is written last and names the digests, so a reader meets old weights with the old card
    or new weights with the new one, or is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, Any]] = {}
    for role in ("generator", "detector"):
        state = {
            name: tensor.detach().cpu().half().contiguous()
            for name, tensor in trainer.averaged(role).items()
        }
        path = folder / f"compact-{role}.safetensors"
        unfinished = path.with_name(f".{path.name}")
        save_file(state, unfinished)
        unfinished.chmod(0o644)  # the library writes for its owner alone
        unfinished.replace(path)
        files[role] = {"file": path.name, "sha256": sha256_of(path)}
    card = {
        "format": CARD_FORMAT,
        "name": "Antiphon compact AudioSeal",
        "sample_rate_hz": 16000,
        "nbits": NBITS,
        "lstm": SEANET["lstm"],
        "seanet": SEANET,
        "decoder": DECODER,
        "shaping": COMPACT_SHAPING,
        "snr_db": SNR_DB,
        "refining_steps": REFINING_STEPS,
        "files": files,
        "training": {
            **trainer.history(),
            "snr_db_reached": round(trainer.snr_db, 2),
            "torch": str(torch.__version__),
            "began_with": began_with,
        },
    }
    return write_card(folder / CARD_NAME, card, calibration)


def write_card(path: Path, card: dict[str, Any], calibration: Calibration | None) -> Path:
    """Write `card`, with `calibration` where there is one."""
    whole = {**card, "calibration": asdict(calibration)} if calibration else card
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps(whole, indent=2, sort_keys=True) + "\n", "utf-8")
    return unfinished.replace(path)
