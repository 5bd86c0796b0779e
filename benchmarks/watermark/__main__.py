"""Attack table of the identity mark, false attributions, and CPU cost beside stock AudioSeal.

    python -m benchmarks.watermark [FOLDER ...] [--clips 20] [--attacks all|bar] [--null 200]

Without a folder the clips are synthesised. Every row says how many clips; the seed is printed.
Clips are 30 s, searched for the identity mark; `--layers both` writes the presence mark as well.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from benchmarks.watermark.cost import Cost, measure_cost
from watermark.audio.waveform import Samples
from watermark.identity.calibration import music_windows
from watermark.identity.codewords import EpochKey
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import Marker
from watermark.payload import GenerationId
from watermark.presence.layer import AudioSealLayer
from watermark.robustness.distortions import BAR, DISTORTIONS
from watermark.robustness.survey import NullSurvey, Survey, null_survey, survey, wilson
from watermark.synthesis import HELD_OUT_FAMILIES, clip

CLIP_SECONDS = 30.0
NULL_SECONDS = 10.0
SYNTHESIS_RATE_HZ = 44_100
KEY = EpochKey(b"benchmarks only: no issued mark.")


def main() -> int:
    asked = _arguments()
    torch.set_num_threads(1)
    rng = np.random.default_rng(asked.seed)
    ids = [GenerationId(int(one)) for one in rng.integers(0, 2**63, asked.ids)]
    presence = AudioSealLayer.load_default() if asked.layers == "both" else None
    marker = Marker(IdSearch(KEY, ids), NullModel.load(), presence)
    distortions = BAR if asked.attacks == "bar" else DISTORTIONS
    names = ", ".join(folder.name for folder in asked.folders) or "synthesised, held-out families"
    weights = "identity layer alone" if presence is None else f"with {presence.weights_sha256}"
    print(f"audio: {names}; seed {asked.seed}; {asked.ids} registered ids; {weights}")
    document: dict[str, object] = {
        "audio": names,
        "seed": asked.seed,
        "ids": asked.ids,
        "layers": weights,
        "clip_seconds": CLIP_SECONDS,
    }
    if asked.clips:
        clips = _clips(asked.folders, asked.clips, CLIP_SECONDS, rng)
        found = survey(clips, marker, ids, distortions, seed=asked.seed, heard=_progress("clips"))
        document["attacks"] = _print_attacks(found)
    if asked.null:
        windows = _clips(asked.folders, asked.null, NULL_SECONDS, rng)
        nothing = null_survey(windows, marker, _progress("unmarked windows"))
        document["unmarked"] = _print_null(nothing, marker)
    if asked.cost:
        sound, rate_hz = next(_clips(asked.folders, 1, CLIP_SECONDS, rng))
        document["cost"] = _print_cost(measure_cost(sound, rate_hz, marker))
    if asked.out is not None:
        asked.out.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.watermark")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--clips", type=int, default=20, help="per folder")
    parser.add_argument("--attacks", choices=("all", "bar"), default="all")
    parser.add_argument("--layers", choices=("both", "identity"), default="both")
    parser.add_argument("--null", type=int, default=200, help="unmarked 10 s windows per folder")
    parser.add_argument("--ids", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cost", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _clips(
    folders: list[Path], count: int, seconds: float, rng: np.random.Generator
) -> Iterator[tuple[Samples, int]]:
    for folder in folders:
        yield from music_windows(folder, count, rng, seconds=seconds)
    if not folders:
        for _ in range(count):
            sound = clip(HELD_OUT_FAMILIES, rng, seconds=seconds, sample_rate_hz=SYNTHESIS_RATE_HZ)
            yield np.asarray(sound, np.float32).reshape(-1, 1), SYNTHESIS_RATE_HZ


def _print_attacks(found: Survey) -> dict[str, object]:
    snr = np.array([report.snr_db for report in found.reports])
    mask = np.array([report.masked_fraction for report in found.reports])
    ratio = np.array([report.noise_to_mask_db for report in found.reports])
    print(
        f"\n{len(snr)} clips marked, {len(found.refused)} refused; SNR dB lowest {snr.min():.2f}, "
        f"median {np.median(snr):.2f}; cells under the masking threshold: lowest "
        f"{mask.min():.3f}, median {np.median(mask):.3f}; noise to mask median "
        f"{np.median(ratio):.1f} dB"
    )
    print(f"{'attack':<22}{'n':>5}{'z low':>8}{'z 5 %':>8}{'z med':>8}", end="")
    print(f"{'correct id':>12}{'95 % interval':>18}{'wrong ids':>11}")
    rows: list[dict[str, object]] = []
    for tally in found.tallies:
        z = np.array(tally.z)
        low, high = wilson(tally.correct, tally.clips)
        print(
            f"{tally.name:<22}{tally.clips:>5}{z.min():>8.1f}{np.quantile(z, 0.05):>8.1f}"
            f"{np.median(z):>8.1f}{tally.correct / tally.clips:>12.3f}"
            f"{f'{low:.3f} .. {high:.3f}':>18}{tally.wrong_ids:>11}"
        )
        rows.append(
            {
                "attack": tally.name,
                "clips": tally.clips,
                "correct": tally.correct,
                "wilson_95": [round(low, 4), round(high, 4)],
                "z_lowest": round(float(z.min()), 2),
                "z_median": round(float(np.median(z)), 2),
                "wrong_ids": tally.wrong_ids,
            }
        )
    return {
        "clips": len(snr),
        "refused": found.refused,
        "snr_db": {"lowest": float(snr.min()), "median": float(np.median(snr))},
        "masked_fraction_lowest": float(mask.min()),
        "rows": rows,
    }


def _print_null(nothing: NullSurvey, marker: Marker) -> dict[str, object]:
    ids = marker.reader.ids
    threshold_z = marker.reader.null.threshold_z(windows=1, ids=ids)
    highest = np.array(nothing.highest_z)
    _, upper = wilson(nothing.false_attributions, nothing.windows)
    print(
        f"\n{nothing.windows} unmarked 10 s windows against {ids} ids: "
        f"{nothing.false_attributions} false attributions (95 % upper bound {upper:.1e}); "
        f"threshold z {threshold_z:.2f}, highest z seen {highest.max():.2f}"
    )
    checks = []
    for z in np.arange(5.0, 6.6, 0.25):
        promised = marker.reader.null.false_positive_rate(float(z), windows=1, ids=ids)
        seen = float(np.mean(highest >= z))
        checks.append({"z": float(z), "calibrated": promised, "seen": seen})
        print(f"  z >= {z:.2f}: calibrated rate {promised:.2e}, seen {seen:.2e}")
    return {
        "windows": nothing.windows,
        "false_attributions": nothing.false_attributions,
        "threshold_z": threshold_z,
        "highest_z": float(highest.max()),
        "checks": checks,
    }


def _print_cost(costs: list[Cost]) -> list[dict[str, object]]:
    print("\nCPU seconds per second of audio, one thread, same clip, runs interleaved")
    for cost in costs:
        print(
            f"  {cost.name:<44}{cost.cpu_seconds_per_second:>9.4f}"
            f"   stock / this {cost.stock_ratio:>6.2f}"
        )
    return [
        {
            "name": cost.name,
            "cpu_seconds_per_audio_second": round(cost.cpu_seconds_per_second, 5),
            "stock_ratio": round(cost.stock_ratio, 2),
        }
        for cost in costs
    ]


def _progress(what: str) -> Callable[[int], None]:
    began = time.monotonic()

    def heard(done: int) -> None:
        if done % 20 == 0:
            sys.stderr.write(f"\r{done} {what}, {time.monotonic() - began:.0f} s ")
            sys.stderr.flush()

    return heard


if __name__ == "__main__":
    sys.exit(main())
