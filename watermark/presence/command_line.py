"""`python -m watermark checkpoints add | list | message`: official AudioSeal weights."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from watermark.audio.waveform import AudioFile, AudioLimits, at_16_khz
from watermark.presence.checkpoints import read_card
from watermark.presence.layer import AudioSealLayer
from watermark.presence.library import Library, Source

checkpoints = typer.Typer(no_args_is_help=True, help="Official AudioSeal weights, read as data.")

State = Annotated[Path, typer.Option(help="The service's folder; they go into checkpoints/.")]
STATE = Path(os.environ.get("ANTIPHON_WATERMARK_STATE", "var/watermark"))
Digest = Annotated[str, typer.Option(help="SHA-256 that the file must have.")]
SHOWN_TRIES = 3


@checkpoints.command()
def add(
    generator: Annotated[
        str, typer.Argument(help="Path, https address, OWNER/NAME/FILE.pth or published name.")
    ],
    detector: Annotated[str, typer.Argument(help="The same, for the detector.")],
    generator_sha256: Digest = "",
    detector_sha256: Digest = "",
    download: Annotated[bool, typer.Option(help="Allow fetching what is no path.")] = False,
    state: State = STATE,
) -> None:
    """Convert a pair to safetensors and pin its digests; prints what to set to use it."""
    library = Library(state / "checkpoints")
    added = library.add(
        Source(generator, generator_sha256 or None),
        Source(detector, detector_sha256 or None),
        download=download,
    )
    report = {
        "card": str(added.card),
        "weights_sha256": added.weights_sha256,
        "files_sha256": added.files_sha256,
        "pinned_just_now": added.newly_pinned,
        "use_with": f"ANTIPHON_AUDIOSEAL_CARD={added.card}",
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


@checkpoints.command("list")
def list_pairs(state: State = STATE) -> None:
    """Every pair that was added, with the digests of its official files."""
    for card in Library(state / "checkpoints").pairs():
        files = read_card(card)["files"]
        origins = {role: [file["source"], file["source_sha256"]] for role, file in files.items()}
        sys.stdout.write(json.dumps({"card": str(card), **origins}) + "\n")


@checkpoints.command()
def message(
    card: Annotated[Path, typer.Argument(help="The card of a pair that was added.")],
    recording: Annotated[Path, typer.Argument(help="Any audio file; channels are mixed.")],
) -> None:
    """Read AudioSeal's 16 bits at every sub-frame offset and polarity: shown, never paid on."""
    layer = AudioSealLayer.load_default(card_path=card)
    assert layer is not None, "a card was given"
    blocks = [
        torch.from_numpy(block.mean(1)) for block in at_16_khz(AudioFile(recording, AudioLimits()))
    ]
    sound = torch.cat(blocks)
    tries = [
        {
            "bits": reading.bits,
            "soft_bits": [round(logit, 3) for logit in reading.soft_bits],
            "offset_samples": reading.offset_samples,
            "polarity": reading.polarity,
            "decidedness": round(reading.decidedness, 4),
            "log_odds": round(reading.log_odds, 4),
        }
        for reading in layer.read_message(sound)[:SHOWN_TRIES]
    ]
    presence = layer.detect(sound)
    report = {
        "presence_score": round(presence.score, 4),
        "tries": tries,
        "note": "16 bits say nothing of who is paid; a message appears in unmarked audio too",
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
