"""`python -m watermark.train identity [fit | export | evaluate]`: the identity mark's networks."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict

import torch

from watermark.identity.networks import IDENTITY_CARD, WeightsRefused, load_networks
from watermark.train.identity import evaluation
from watermark.train.identity.export import export
from watermark.train.identity.model_card import write_section
from watermark.train.identity.pool import pool
from watermark.train.identity.recipe import Recipe
from watermark.train.identity.trainer import Trainer
from watermark.train.options import asked_recipe, parser_for
from watermark.train.state import TrainingRefused, device_named, recipe_of

log = logging.getLogger("watermark.train")
WEIGHTS = IDENTITY_CARD.parent
STATE_FILE = "identity.safetensors"
SAVE_EVERY_STEPS = 100
REPORT_EVERY_STEPS = 20


def fit(asked: argparse.Namespace) -> None:
    """Train to the recipe's last step or for `--minutes`; takes up the state `--folder` holds."""
    recipe = _recipe(asked)
    trainer = Trainer(recipe, pool(recipe, asked.folder), device_named(asked.device))
    state = asked.folder / STATE_FILE
    if state.exists():
        trainer.resume(state)
        log.info("resumed at step %d", trainer.step_number)
    elif asked.start is not None:
        trainer.begin_from(asked.start)
        log.info("started from %s", asked.start)
    began = time.monotonic()
    learned = classical = 0.0
    while trainer.step_number < recipe.steps and time.monotonic() - began < 60 * asked.minutes:
        report = trainer.step()
        learned += report.learned / REPORT_EVERY_STEPS
        classical += report.classical / REPORT_EVERY_STEPS
        if report.step % REPORT_EVERY_STEPS == REPORT_EVERY_STEPS - 1:
            with (asked.folder / "identity.jsonl").open("a") as file:
                file.write(json.dumps({**asdict(report), "cpu_s": time.process_time()}) + "\n")
            log.info(
                "step %d of %d loss %.4f z/sqrt(cells) %.4f, classical %.4f",
                report.step + 1,
                recipe.steps,
                report.loss,
                learned,
                classical,
            )
            learned = classical = 0.0
        if trainer.step_number % SAVE_EVERY_STEPS == 0:
            trainer.save(state)
    trainer.save(state)


def export_weights(asked: argparse.Namespace) -> None:
    """Write the averaged weights of the state in `--folder` to `--weights`, with their card."""
    state = asked.folder / STATE_FILE
    recipe = recipe_of(state, Recipe)
    trainer = Trainer(recipe, pool(recipe, asked.folder), torch.device("cpu"))
    trainer.resume(state)
    sys.stdout.write(f"{export(trainer, asked.weights, asked.only)}\n")


def evaluate(asked: argparse.Namespace) -> None:
    """Report z, learned beside classical, on held-out families and, with `--audio`, recordings."""
    card = asked.weights / IDENTITY_CARD.name
    networks = load_networks(card)
    reports = [
        evaluation.evaluate(
            networks,
            evaluation.held_out_clips(asked.clips, asked.seed + 2),
            material="synthesised audio, families held out of training",
            seed=asked.seed + 2,
            snr_db=asked.snr_db,
        )
    ]
    if asked.audio is not None:
        recorded = evaluation.evaluate(
            networks,
            evaluation.clips_of_folder(asked.audio, asked.clips, asked.seed + 3),
            material=asked.audio_name,
            seed=asked.seed + 3,
            snr_db=asked.snr_db,
        )
        reports.append(recorded)
    if asked.write:
        write_section(asked.weights, json.loads(card.read_text("utf-8")), reports, asked.snr_db)
    sys.stdout.write(json.dumps([asdict(report) for report in reports], indent=1) + "\n")


def _recipe(asked: argparse.Namespace) -> Recipe:
    began_with = "" if asked.start is None else load_networks(asked.start).weights_sha256
    return asked_recipe(Recipe(), asked, began_with)


_TASKS = {"fit": fit, "export": export_weights, "evaluate": evaluate}


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        Recipe(),
        prog="python -m watermark.train identity",
        about=__doc__,
        weights=WEIGHTS,
        clips=40,
        clip_seconds=30,
    )
    parser.add_argument(
        "--only", nargs="*", default=[], choices=("evidence", "strength"), help="export: these"
    )
    parser.add_argument("--snr-db", type=float, default=28.3, help="evaluate: level of the mark")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 2 when the request is refused."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(asked.threads)
    try:
        _TASKS[asked.task](asked)
    except (TrainingRefused, WeightsRefused, ValueError, OSError) as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
