"""The whole account of the mark: suites, false attributions and CPU cost, on synthesised audio

and, where a folder is named, on real music as well.

    python -m benchmarks.watermark [FOLDER ...] [--clips 20] [--preset all] [--null 400]
    python -m benchmarks.watermark --page docs/ROBUSTNESS.md     # write the page from the reports
    python -m benchmarks.watermark --readme README.md            # and the README's short account

Everything lands under reports/watermark/: a folder each for the synthesised clips and for the
music, with report.md, report.json, journal.jsonl and pictures. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from benchmarks.watermark.cost import Cost, measure_cost
from benchmarks.watermark.headline import with_headline
from benchmarks.watermark.hour import HOUR_SECONDS, WORKERS, scan_in_process, state_of, write_hour
from benchmarks.watermark.page import page
from watermark.identity.null_model import NullModel
from watermark.marker import Marker
from watermark.presence.layer import AudioSealLayer
from watermark.robustness import bench
from watermark.robustness.null_run import NullPlan, null_run
from watermark.robustness.presets import Preset, suites
from watermark.robustness.survey import Step, taken

SYNTHESISED, MUSIC = "synthesised", "music"
HOUR_CLIPS = 12  # of 30 s, in turn


def main() -> int:
    asked = _arguments()
    torch.set_num_threads(1)
    if asked.page is not None:
        asked.page.write_text(page(_reports(asked.out)), "utf-8")
        print(f"wrote {asked.page}")
    if asked.readme is not None:
        readme = asked.readme.read_text("utf-8")
        asked.readme.write_text(with_headline(readme, _reports(asked.out)), "utf-8")
        print(f"wrote {asked.readme}")
    if asked.page is not None or asked.readme is not None:
        return 0
    for name, folders in _materials(asked.folders):
        out = asked.out / name
        print(f"\n=== {name}: {bench.audio_name(folders)} ===", flush=True)
        if asked.clips:
            bench.measure(_run(asked, folders, out), _printed)
            print((out / "report.md").read_text("utf-8"))
        if asked.null:
            plan = NullPlan(asked.null, asked.ids, asked.seed, folders, 0.25, 20)
            found = null_run(plan, NullModel.load(), out, _counted)
            (out / "null.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
            print(json.dumps(found, indent=1))
    if asked.cost:
        _cost(asked)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.watermark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", type=Path, help="recordings training never saw")
    parser.add_argument("--clips", type=int, default=20, help="of 30 s, per material")
    parser.add_argument("--preset", action="append", type=Preset, choices=list(Preset))
    parser.add_argument("--layers", choices=("both", "identity"), default="both")
    parser.add_argument("--null", type=int, default=400, help="unmarked windows, per material")
    parser.add_argument("--ids", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cost", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, default=Path("reports/watermark"))
    parser.add_argument("--page", type=Path, help="only write this page from the reports in --out")
    parser.add_argument("--readme", type=Path, help="only write its part of this README, likewise")
    return parser.parse_args()


def _materials(folders: list[Path]) -> list[tuple[str, tuple[Path, ...]]]:
    found: list[tuple[str, tuple[Path, ...]]] = [(SYNTHESISED, ())]
    return [*found, (MUSIC, tuple(folders))] if folders else found


def _run(asked: argparse.Namespace, folders: tuple[Path, ...], out: Path) -> bench.Asked:
    return bench.Asked(
        suites=suites(asked.preset or [Preset.ALL], asked.questions),
        clips=asked.clips,
        seconds=30.0,
        seed=asked.seed,
        audio=folders,
        ids=asked.ids,
        questions=asked.questions,
        slow_clips=4,
        presence=asked.layers == "both",
        generator_weights=None,
        detector_weights=None,
        out=out,
    )


def _cost(asked: argparse.Namespace) -> None:
    """CPU cost on one clip of the first material named."""
    presence = AudioSealLayer.load_default() if asked.layers == "both" else None
    values = bench.registered(asked.ids, asked.seed)
    marker = Marker(bench.searching(values), NullModel.load(), presence)
    folders = tuple(asked.folders)
    (clip,) = taken(bench.clip_source(folders, 30.0, asked.seed), 1)
    costs = measure_cost(clip.sound.samples, clip.sound.rate_hz, marker)
    print("\nCPU seconds per second of audio, one thread, same clip, runs interleaved")
    for cost in costs:
        print(
            f"  {cost.name:<52}{cost.cpu_seconds_per_second:>9.4f}"
            f"   stock / this {cost.stock_ratio:>7.2f}"
        )
    asked.out.mkdir(parents=True, exist_ok=True)
    document = {
        "clip": clip.name,
        "ids": asked.ids,
        "rows": [_row(cost) for cost in costs],
        "hour": _hour(asked, costs[0].cpu_seconds_per_second),
    }
    (asked.out / "cost.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _hour(asked: argparse.Namespace, stock_cpu: float) -> list[dict[str, object]]:
    """One hour, densely and coarsely; `stock_cpu` is the stock detector's cost per second."""
    clips = taken(bench.clip_source(tuple(asked.folders), 30.0, asked.seed + 1), HOUR_CLIPS)
    rows = []
    print(f"\nOne hour, {WORKERS} workers, {asked.ids:,} ids")
    for marked, modes in ((True, ("dense", "coarse")), (False, ("coarse",))):
        path = asked.out / "hour.flac"
        own = write_hour(clips, path, asked.ids, asked.seed, marked=marked)
        for mode in modes:
            cost = scan_in_process(path, mode)
            row = {
                **asdict(cost),
                "marked": marked,
                "found": own in cost.named,
                "named": len(cost.named),
                "stock_ratio": round(stock_cpu * HOUR_SECONDS / cost.cpu_seconds, 1),
            }
            rows.append(row)
            print(f"  {json.dumps(row)}")
        path.unlink()
        shutil.rmtree(state_of(path))
    return rows


def _row(cost: Cost) -> dict[str, object]:
    return {
        "name": cost.name,
        "cpu_seconds_per_audio_second": round(cost.cpu_seconds_per_second, 6),
        "stock_ratio": round(cost.stock_ratio, 2),
    }


def _reports(out: Path) -> dict[str, dict[str, object]]:
    """Every JSON the runs left, by material and name."""
    found: dict[str, dict[str, object]] = {}
    for path in sorted(out.rglob("*.json")):
        found.setdefault(path.parent.name if path.parent != out else "", {})[path.stem] = (
            json.loads(path.read_text("utf-8"))
        )
    return found


def _printed(step: Step) -> None:
    sys.stderr.write(f"\r{step.done}/{step.of} {step.what:<60}")
    sys.stderr.flush()


def _counted(done: int, of: int) -> None:
    sys.stderr.write(f"\r{done}/{of} unmarked windows ")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
