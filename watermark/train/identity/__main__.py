"""`python -m watermark.train identity [fit]`: train the identity mark's networks."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from watermark.train.identity.pool import pool
from watermark.train.identity.recipe import Recipe
from watermark.train.identity.trainer import Trainer, TrainingRefused

log = logging.getLogger("watermark.train")
STATE_FILE = "identity.safetensors"
SAVE_EVERY_STEPS = 100
REPORT_EVERY_STEPS = 20


def fit(asked: argparse.Namespace) -> None:
    """Train to the recipe's last step or for `--minutes`; takes up the state `--folder` holds."""
    recipe = _recipe(asked)
    trainer = Trainer(recipe, pool(recipe, asked.folder), _device(asked.device))
    state = asked.folder / STATE_FILE
    if state.exists():
        trainer.resume(state)
        log.info("resumed at step %d", trainer.step_number)
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


def _recipe(asked: argparse.Namespace) -> Recipe:
    return replace(Recipe(), seed=asked.seed, steps=asked.steps).changed(asked.set)


def _device(name: str) -> torch.device:
    """`auto` is the GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m watermark.train identity", description=__doc__)
    parser.add_argument("task", nargs="?", default="fit", choices=("fit",), help="fit if none")
    parser.add_argument("--folder", type=Path, default=Path("var/train"), help="training state")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="fit: stop after")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=NUMBER", help="change the recipe"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 2 when the request is refused."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(asked.threads)
    try:
        {"fit": fit}[asked.task](asked)
    except (TrainingRefused, ValueError, OSError) as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
