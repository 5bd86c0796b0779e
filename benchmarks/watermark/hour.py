"""One hour of audio, mostly unmarked: what a scan of it costs in time, CPU and memory.

Run as a module it is the process that is measured; it prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
import torch

from watermark.identity.null_model import NullModel
from watermark.marker import Marker
from watermark.robustness import bench
from watermark.robustness.clips import Clip, like
from watermark.robustness.reader import MarkReader
from watermark.scanning.scan import ScanOptions, scan

HOUR_SECONDS = 3600
MARKED_SECONDS = (1800, 1920)  # longer than the steps of a coarse scan
WORKERS = 2
_KIB = 1024


@dataclass(frozen=True)
class HourCost:
    """Resident memory of the whole process: at most during the scan, and as it began."""

    mode: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    before_mib: float
    named: int
    found: bool  # the id that MARKED_SECONDS of the hour carry


def write_hour(clips: Sequence[Clip], path: Path, ids: int, seed: int) -> None:
    """An hour of these clips in turn, those in MARKED_SECONDS with one id, as 16-bit FLAC."""
    rate_hz, channels = clips[0].sound.rate_hz, clips[0].sound.samples.shape[1]
    values = bench.registered(ids, seed)
    marker = Marker(bench.searching(values[:1000]), NullModel.load())
    shaped = [like(clip.sound, rate_hz, channels) for clip in clips]
    passed, turn = 0.0, 0
    with (
        MarkReader(marker) as reader,
        soundfile.SoundFile(path, "w", rate_hz, channels, "PCM_16", format="FLAC") as file,
    ):
        while passed < HOUR_SECONDS:
            piece = shaped[turn % len(shaped)]
            samples = piece.samples
            if MARKED_SECONDS[0] <= passed < MARKED_SECONDS[1]:
                samples, _ = reader.mark(piece, bench.ids_of(values, 0)[0])
            file.write(np.clip(samples, -1, 1))
            passed += piece.seconds
            turn += 1


def scan_in_process(path: Path, ids: int, seed: int, mode: str) -> HourCost:
    """Scan in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.watermark.hour", str(path), str(ids), str(seed)]
    printed = subprocess.check_output([*command, mode], text=True)
    return HourCost(**json.loads(printed.splitlines()[-1]))


def main() -> int:
    path, ids, seed, mode = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(1)
    values = bench.registered(ids, seed)
    reader = Marker(bench.searching(values), NullModel.load()).reader
    _forget_peak()
    before = _resident_mib("VmRSS")
    wall, cpu = time.monotonic(), time.process_time()
    options = ScanOptions(coarse=mode == "coarse")
    (result,) = scan([path], reader, options, workers=WORKERS)
    if result.refusal is not None:
        raise result.refusal
    true = bench.ids_of(values, 0)[0]
    named = [one.generation_id for one in result.identities]
    cost = {
        "mode": mode,
        "wall_seconds": round(time.monotonic() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mib": round(_resident_mib("VmHWM"), 1),
        "before_mib": round(before, 1),
        "named": len(named),
        "found": true in named,
    }
    sys.stdout.write(json.dumps(cost) + "\n")
    return 0


def _forget_peak() -> None:
    """Let the kernel begin a new peak: what loading took is over (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _resident_mib(field: str) -> float:
    """A field of /proc/self/status; Linux alone has it."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) / _KIB


if __name__ == "__main__":
    sys.exit(main())
