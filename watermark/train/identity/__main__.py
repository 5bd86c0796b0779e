"""`python -m watermark.train identity [fit | export | evaluate]`: the identity mark's networks."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from watermark.identity.networks import IDENTITY_CARD, WeightsRefused, load_networks
from watermark.train.identity import evaluation
from watermark.train.identity.export import export
from watermark.train.identity.model_card import write_section
from watermark.train.identity.pool import pool
from watermark.train.identity.recipe import Recipe
from watermark.train.identity.trainer import Trainer
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
    recipe = replace(Recipe(), seed=asked.seed, steps=asked.steps).changed(asked.set)
    if asked.start is None:
        return recipe
    return replace(recipe, started_from=load_networks(asked.start).weights_sha256)


_TASKS = {"fit": fit, "export": export_weights, "evaluate": evaluate}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m watermark.train identity", description=__doc__)
    parser.add_argument("task", nargs="?", default="fit", choices=tuple(_TASKS), help="fit if none")
    parser.add_argument("--folder", type=Path, default=Path("var/train"), help="training state")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="fit: stop after")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=NUMBER", help="change the recipe"
    )
    parser.add_argument("--start", type=Path, help="fit: card of weights to start from")
    parser.add_argument(
        "--weights", type=Path, default=IDENTITY_CARD.parent, help="shipped weights"
    )
    parser.add_argument(
        "--only", nargs="*", default=[], choices=("evidence", "strength"), help="export: these"
    )
    parser.add_argument("--clips", type=int, default=40, help="evaluate: 30 s clips per material")
    parser.add_argument("--snr-db", type=float, default=28.3, help="evaluate: level of the mark")
    parser.add_argument("--audio", type=Path, help="evaluate: also on recordings in this folder")
    parser.add_argument("--audio-name", default="recordings", help="evaluate: what they are")
    parser.add_argument("--write", action="store_true", help="evaluate: write the model card")
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
