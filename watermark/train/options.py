"""The command line's part that both marks' training has."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from watermark.train.recipe import Schedule

TASKS = ("fit", "export", "evaluate")
Recipe = TypeVar("Recipe", bound=Schedule)


def parser_for(
    recipe: Schedule, *, prog: str, about: str | None, weights: Path, clips: int, clip_seconds: int
) -> argparse.ArgumentParser:
    """Options with the recipe's defaults; an evaluation takes `clips` where it is not told."""
    parser = argparse.ArgumentParser(prog=prog, description=about)
    parser.add_argument("task", nargs="?", default="fit", choices=TASKS, help="fit if none")
    parser.add_argument("--folder", type=Path, default=Path("var/train"), help="training state")
    parser.add_argument("--weights", type=Path, default=weights, help="shipped weights and card")
    parser.add_argument("--steps", type=int, default=recipe.steps)
    parser.add_argument("--seed", type=int, default=recipe.seed)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="fit: stop after")
    parser.add_argument("--start", type=Path, help="fit: card of weights to start from")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=NUMBER", help="change the recipe"
    )
    parser.add_argument(
        "--clips", type=int, default=clips, help=f"evaluate: {clip_seconds} s clips per material"
    )
    parser.add_argument("--audio", type=Path, help="evaluate: also on recordings in this folder")
    parser.add_argument("--audio-name", default="recordings", help="evaluate: what they are")
    parser.add_argument(
        "--write",
        action="store_true",
        help="evaluate: keep the calibration, if any, and write the model card",
    )
    return parser


def asked_recipe(recipe: Recipe, asked: argparse.Namespace, started_from: str) -> Recipe:
    """The recipe that the options describe. Raises ValueError for a setting it does not know."""
    changed = replace(recipe, seed=asked.seed, steps=asked.steps).changed(asked.set)
    return replace(changed, started_from=started_from)
