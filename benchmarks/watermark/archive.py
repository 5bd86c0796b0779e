"""An archive of songs searched in threads of one process, and on Ray: files per second.

    python -m benchmarks.watermark.archive [--files 32] [--rounds 3] [--ids 100000] [--seed 1]
                                           [--realtime]

Songs of two minutes, 16-bit FLAC, synthesised; every sixteenth is marked. The ways take turns, the
first of each round by turns, too. Both have to come to the same lines. `whole` counts from the
command to the last line, Ray's own beginning and the loading of the detector in each of its
processes within; `under way` from the moment at which each worker has given its first line.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile

from benchmarks.watermark.hour import state_of, write_state
from watermark.identity.null_model import NullModel
from watermark.marker import Marker
from watermark.robustness import bench
from watermark.robustness.clips import like
from watermark.robustness.reader import MarkReader
from watermark.robustness.survey import taken
from watermark.scanning.journal import line_of
from watermark.scanning.loading import Sought, bound_memory
from watermark.scanning.on_ray import scan_on_ray
from watermark.scanning.scan import Scanned, ScanOptions, scan

CLIPS, CLIP_SECONDS, CLIPS_A_SONG = 8, 30.0, 4
MARKED_EVERY = 16
WORKERS = 2

Way = Callable[[Sequence[Path]], Generator[Scanned, None, None]]


@dataclass(frozen=True)
class Round:
    """One way through the archive."""

    way: str
    wall_seconds: float
    files_per_second: float  # whole
    under_way_per_second: float  # files
    audio_per_second: float  # seconds of audio, under way
    cpu_seconds: float  # of this process alone: of Ray's own processes it knows nothing


def write_archive(folder: Path, files: int, ids: int, seed: int) -> list[Path]:
    """Songs, and beside them the state folder of a service that issued `ids` ids."""
    clips = taken(bench.clip_source((), CLIP_SECONDS, seed), CLIPS)
    rate_hz, channels = clips[0].sound.rate_hz, clips[0].sound.samples.shape[1]
    values = bench.registered(ids, seed)
    write_state(state_of(folder / "archive"), bench.KEY.secret, bench.KEY.key_id, values.tolist())
    marker = Marker(bench.searching(values[:1000]), NullModel.load())
    shaped = [like(clip.sound, rate_hz, channels) for clip in clips]
    paths = []
    with MarkReader(marker) as reader:
        for number in range(files):
            parts = [shaped[(number + step) % CLIPS] for step in range(CLIPS_A_SONG)]
            samples = [part.samples for part in parts]
            if number % MARKED_EVERY == 0:
                own = bench.ids_of(values, number)[0]
                samples = [reader.mark(part, own)[0] for part in parts]
            paths.append(folder / f"song-{number:03}.flac")
            sound = np.clip(np.concatenate(samples), -1, 1)
            soundfile.write(paths[-1], sound, rate_hz, subtype="PCM_16")
    return paths


def through(way: str, results: Way, paths: Sequence[Path]) -> tuple[Round, list[str]]:
    """Search all; what it cost, and the lines without what differs from run to run."""
    begun, cpu = time.monotonic(), time.process_time()
    found, moments = [], []
    for result in results(paths):
        found.append(result)
        moments.append(time.monotonic())
    later = found[WORKERS:]
    under_way = moments[-1] - moments[WORKERS - 1]
    lines = (line_of(replace(one, took_seconds=0)) | {"name": one.path.name} for one in found)
    cost = Round(
        way=way,
        wall_seconds=round(moments[-1] - begun, 2),
        files_per_second=round(len(found) / (moments[-1] - begun), 3),
        under_way_per_second=round(len(later) / under_way, 3),
        audio_per_second=round(sum(one.seconds for one in later) / under_way, 1),
        cpu_seconds=round(time.process_time() - cpu, 2),
    )
    return cost, sorted(json.dumps(line, sort_keys=True) for line in lines)


def main() -> None:
    asked = _arguments()
    bound_memory()
    options = ScanOptions()
    with TemporaryDirectory() as held:
        paths = write_archive(Path(held), asked.files, asked.ids, asked.seed)
        sought = Sought.load(state_of(Path(held) / "archive"))
        reader = sought.reader()
        ways: dict[str, Way] = {
            "threads": lambda paths: scan(paths, reader, options, workers=WORKERS),
            "ray": lambda paths: scan_on_ray(paths, sought, options, workers=WORKERS),
        }
        if asked.realtime:  # Ray's processes inherit it
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        rounds = []
        for number in range(asked.rounds):
            names = list(ways) if number % 2 == 0 else list(reversed(ways))
            told = []
            for name in names:
                cost, lines = through(name, ways[name], paths)
                rounds.append(cost)
                told.append(lines)
                print(json.dumps(asdict(cost)), flush=True)
            assert told[0] == told[1], "the two ways differ"
    marked = sum('"marked"' in line for line in told[0])
    print(f"\n{len(paths)} songs of 2 min, {marked} marked, {asked.ids:,} ids, {WORKERS} workers,")
    print(f"{asked.rounds} rounds, medians, the lines of all runs the same; load {_load()}")
    by_way = {name: [one for one in rounds if one.way == name] for name in ways}
    for figure in ("files_per_second", "under_way_per_second", "audio_per_second"):
        here, ray = (median(getattr(one, figure) for one in by_way[name]) for name in ways)
        ratios = [
            getattr(r, figure) / getattr(t, figure)
            for t, r in zip(by_way["threads"], by_way["ray"], strict=True)
        ]
        print(
            f"  {figure:<22} threads {here:8.2f}   ray {ray:8.2f}   ray / threads "
            f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    cpu = median(one.cpu_seconds for one in by_way["threads"])
    seconds = asked.files * CLIPS_A_SONG * CLIP_SECONDS
    print(f"  threads: {seconds / cpu:.0f} s of audio a core second")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.watermark.archive",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ids", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="search with real-time priority: where others use the cores, which only root may",
    )
    return parser.parse_args()


def _load() -> str:
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


if __name__ == "__main__":
    main()
