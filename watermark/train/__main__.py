"""`python -m watermark.train [presence | identity] [fit | export | evaluate]`.

Makes the weights of the presence mark (which `presence`, or neither word, asks for) or of the
identity mark's networks, and measures them.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch

from watermark.presence.checkpoints import CheckpointRefused, load_compact, read_card
from watermark.presence.layer import AudioSealLayer
from watermark.train.identity.__main__ import main as train_identity
from watermark.train.options import asked_recipe, parser_for
from watermark.train.presence import evaluation
from watermark.train.presence.corpus import pool
from watermark.train.presence.export import CARD_NAME, export, write_card
from watermark.train.presence.model_card import write_model_card
from watermark.train.presence.recipe import Recipe
from watermark.train.presence.trainer import Trainer
from watermark.train.state import TrainingRefused, device_named

log = logging.getLogger("watermark.train")
STATE_FILE = "state.safetensors"
WEIGHTS = Path(__file__).parents[1] / "weights"
SAVE_EVERY_STEPS = 200
REPORT_EVERY_STEPS = 50
LEARNT, LOST = 0.7, 0.6  # accuracy once reached, and accuracy that means collapse after it


def fit(asked: argparse.Namespace) -> None:
    """Train to the recipe's last step or for `--minutes`; takes up the state `--folder` holds."""
    recipe = _recipe(asked)
    trainer = Trainer(recipe, pool(recipe, asked.folder), device_named(asked.device))
    state = asked.folder / STATE_FILE
    if state.exists():
        trainer.resume(state)
        log.info("resumed at step %d, %.2f dB", trainer.step_number, trainer.snr_db)
    elif asked.start is not None:
        networks = load_compact(asked.start)
        trainer.begin_from(networks.generator, networks.detector)
        log.info("started from %s", asked.start)
    began, best = time.monotonic(), 0.0
    while trainer.step_number < recipe.steps and time.monotonic() - began < 60 * asked.minutes:
        report = trainer.step()
        best = max(best, report.accuracy_mean)
        if best > LEARNT and report.accuracy_mean < LOST:
            raise TrainingRefused(
                f"the mark was lost at step {report.step}; start again, in another --folder, from "
                "exported weights (--start) with a lower --set learning_rate="
            )
        if report.step % REPORT_EVERY_STEPS == 0:
            with (asked.folder / "log.jsonl").open("a") as file:
                file.write(json.dumps({**asdict(report), "cpu_s": time.process_time()}) + "\n")
            log.info(
                "step %d loss %.4f accuracy %.3f d' %.2f snr %.2f dB",
                report.step,
                report.loss,
                report.accuracy_mean,
                report.separation,
                report.snr_db,
            )
        if trainer.step_number % SAVE_EVERY_STEPS == 0:
            trainer.save(state)
    trainer.save(state)


def export_weights(asked: argparse.Namespace) -> None:
    """Write the averaged weights of the state in `--folder` to `--weights`, with their card."""
    recipe = _recipe(asked)
    trainer = Trainer(recipe, pool(recipe, asked.folder), torch.device("cpu"))
    trainer.resume(asked.folder / STATE_FILE)
    began_with = None if asked.start is None else read_card(asked.start)["training"]
    sys.stdout.write(f"{export(trainer, asked.weights, began_with=began_with)}\n")


def evaluate(asked: argparse.Namespace) -> None:
    """Calibrate on training families; report on held-out ones and, with `--audio`, recordings."""
    path = asked.weights / CARD_NAME
    layer = AudioSealLayer(
        load_compact(path), snr_db=asked.snr_db, device=device_named(asked.device)
    )
    log.info("calibrating on %d clips of the training families", asked.clips)
    calibration, threshold = evaluation.calibrate(layer, clips=asked.clips, seed=asked.seed + 1)
    layer.calibration = calibration
    log.info("evaluating on %d clips of the held-out families", asked.clips)
    reports = [
        evaluation.evaluate(
            layer,
            evaluation.synthetic_clips(True, asked.clips, asked.seed + 2),
            material="synthesised, families held out of training",
            seed=asked.seed + 2,
            clip_threshold=threshold,
        )
    ]
    if asked.audio is not None:
        recorded = evaluation.evaluate(
            layer,
            evaluation.clips_of_folder(asked.audio, asked.clips, asked.seed + 3),
            material=asked.audio_name,
            seed=asked.seed + 3,
            clip_threshold=threshold,
        )
        reports.append(recorded)
    if asked.write:
        write_card(path, read_card(path), calibration)
        write_model_card(asked.weights, read_card(path), reports, asked.clips)
    sys.stdout.write(json.dumps([asdict(report) for report in reports], indent=1) + "\n")


def _recipe(asked: argparse.Namespace) -> Recipe:
    began_with = "" if asked.start is None else load_compact(asked.start).weights_sha256
    return asked_recipe(Recipe(), asked, began_with)


_TASKS = {"fit": fit, "export": export_weights, "evaluate": evaluate}


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        Recipe(),
        prog="python -m watermark.train",
        about=__doc__,
        weights=WEIGHTS,
        clips=64,
        clip_seconds=10,
    )
    parser.add_argument("--snr-db", type=float, help="evaluate: the card's if none")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 2 when the request is refused."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["identity"]:
        return train_identity(given[1:])
    asked = _parser().parse_args(given[1:] if given[:1] == ["presence"] else given)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(asked.threads)
    try:
        _TASKS[asked.task](asked)
    except (TrainingRefused, CheckpointRefused, ValueError, OSError) as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
