"""The watermark process: `python -m watermark serve | embed | detect | scan | keys | ...`."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

# Read by audioseal when it is imported; compiling costs 14 s and gains nothing on a CPU.
os.environ.setdefault("NO_TORCH_COMPILE", "1")

if __name__ == "__main__" and sys.argv[1:2] == ["scan"]:
    # Archives are searched in little memory: without the service and without AudioSeal.
    from watermark.scanning.__main__ import main as scan_archive

    sys.exit(scan_archive())

import torch
import typer
import uvicorn

from watermark.audio.errors import AudioRefused
from watermark.detection import Unmarked, to_json
from watermark.fingerprint.chance import ChanceUnknown
from watermark.fingerprint.store import FingerprintsDamaged
from watermark.identity.calibration import calibrate as run_calibration
from watermark.identity.codewords import EpochKeyUnusable
from watermark.identity.null_model import CALIBRATION_PATH, CalibrationMissing
from watermark.payload import GenerationId, GenerationIdInvalid
from watermark.presence.checkpoints import CheckpointRefused
from watermark.presence.command_line import checkpoints
from watermark.registry import GenerationIdTaken
from watermark.scanning.__main__ import REFUSALS as SCAN_REFUSALS
from watermark.scanning.command_line import scan_command
from watermark.service.access import TokensUnusable, is_loopback
from watermark.service.command_line import keys, tokens
from watermark.service.key_ring import KeyRingRefusal
from watermark.service.routes import create_app
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench, report_json

REFUSALS = (
    AudioRefused,
    CalibrationMissing,
    ChanceUnknown,
    CheckpointRefused,
    EpochKeyUnusable,
    FingerprintsDamaged,
    GenerationIdInvalid,
    GenerationIdTaken,
    KeyRingRefusal,
    TokensUnusable,
    *SCAN_REFUSALS,
)
EXIT_NOTHING_FOUND = 3

app = typer.Typer(
    rich_markup_mode="markdown",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(checkpoints, name="checkpoints")
app.add_typer(keys, name="keys")
app.add_typer(tokens, name="tokens")
app.command("scan")(scan_command)

State = Annotated[Path, typer.Option(help="Where the key and the register are kept.")]
StateDefault = Path(os.environ.get("ANTIPHON_WATERMARK_STATE", "var/watermark"))


def _settings(state: Path) -> WatermarkSettings:
    def named(variable: str) -> Path | None:
        value = os.environ.get(variable)
        return Path(value) if value else None

    return WatermarkSettings(
        state=state,
        generator_checkpoint=named("ANTIPHON_AUDIOSEAL_GENERATOR"),
        detector_checkpoint=named("ANTIPHON_AUDIOSEAL_DETECTOR"),
        checkpoint_card=named("ANTIPHON_AUDIOSEAL_CARD"),
    )


@app.command()
def serve(
    state: State = StateDefault,
    host: str = "127.0.0.1",
    port: int = 8460,
    listener: Annotated[
        int | None, typer.Option(metavar="FD", help="An open socket to listen on instead.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--tokens", help="Partners' tokens; others get coarse answers.")
    ] = None,
    preload_decoys: Annotated[int, typer.Option(help="For tests: search this many more.")] = 0,
) -> None:
    """Run the HTTP service until it is told to stop.

    Without --tokens it trusts its callers, and listens to this machine alone.
    """
    handed = None if listener is None else _opened(listener)
    if handed is not None:
        host = handed.getsockname()[0]
    if token_file is None and not is_loopback(host):
        raise TokensUnusable(
            f"{host} can be reached by others; make a token (python -m watermark tokens add) and "
            "serve with --tokens"
        )
    settings = replace(_settings(state), decoys=preload_decoys, tokens_path=token_file)
    config = uvicorn.Config(
        create_app(Workbench(settings)), host=host, port=port, log_level="warning"
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run([handed or config.bind_socket()])
    raise typer.Exit(0 if server.started else 1)


def _opened(listener: int) -> socket.socket:
    try:
        return socket.socket(fileno=listener)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--listener {listener} is no open socket: {error}") from error


@app.command()
def embed(
    recording: Path,
    destination: Path,
    generation_id: Annotated[
        str, typer.Option(help="0x and 16 digits; drawn when left out, and then never linked.")
    ] = "",
    state: State = StateDefault,
) -> None:
    """Write a marked copy of RECORDING to DESTINATION (FLAC; WAV for 32 bits), register its id."""
    wanted = GenerationId.parse(generation_id) if generation_id else GenerationId.fresh()
    workbench = Workbench(_settings(state))
    report = workbench.embed(workbench.open(_existing(recording)), wanted, destination)
    sys.stdout.write(json.dumps(report_json(report, workbench.key.key_id), indent=2) + "\n")


@app.command()
def detect(
    found: Path,
    state: State = StateDefault,
    speeds: Annotated[str, typer.Option(help="Playback speeds to undo, with commas.")] = "1.0",
    open_mode: Annotated[
        bool, typer.Option("--open", help="Read ids by key and code alone, registered or not.")
    ] = False,
) -> None:
    """Search FOUND for every registered id; exits 3 when there is none."""
    workbench = Workbench(_settings(state))
    wanted = tuple(float(speed) for speed in speeds.split(","))
    detection = workbench.detect(
        workbench.open(_existing(found)), speeds=wanted, open_mode=open_mode
    )
    sys.stdout.write(json.dumps(to_json(detection), indent=2) + "\n")
    if isinstance(detection, Unmarked):
        raise typer.Exit(EXIT_NOTHING_FOUND)


@app.command()
def calibrate(
    folder: Annotated[
        Path | None, typer.Argument(help="Unmarked audio; synthesised if none.")
    ] = None,
    checked_on: Annotated[
        list[Path] | None, typer.Option(help="Unmarked audio to hold the law against; repeatable.")
    ] = None,
    windows: int = 600,
    decoys: int = 4096,
    seed: int = 20260101,
    classical: Annotated[bool, typer.Option(help="Without the trained detector.")] = False,
    out: Path = CALIBRATION_PATH,
) -> None:
    """Fit the law of chance agreement on unmarked windows and never-issued ids."""

    def heard(audio: str, done: int) -> None:
        if done % 50 == 0:
            sys.stderr.write(f"\r{audio}: {done} windows ")

    model = run_calibration(
        folder,
        windows=windows,
        decoys=decoys,
        seed=seed,
        checked_on=checked_on or (),
        classical=classical,
        heard=heard,
    )
    model.save(out)
    sys.stdout.write(out.read_text("utf-8"))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise typer.BadParameter(f"{path}: no such file")
    return path


def main() -> int:
    """Run the command line; a refusal is one sentence on standard error and exit status 1."""
    torch.set_num_threads(int(os.environ.get("ANTIPHON_WATERMARK_THREADS", "1")))
    try:
        app()
    except REFUSALS as refusal:
        code = getattr(refusal, "code", type(refusal).__name__)
        sys.stderr.write(f"{code}: {refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
