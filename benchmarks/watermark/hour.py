"""One hour of audio, mostly unmarked: what a scan of it costs in time, CPU and memory.

Run as a module it is the process that is measured; it prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile

from watermark.scanning.loading import Sought, bound_memory
from watermark.scanning.scan import ScanOptions, scan

if TYPE_CHECKING:  # what prepares the hour takes memory that what searches it does not
    from watermark.robustness.clips import Clip

HOUR_SECONDS = 3600
MARKED_SECONDS = (1800, 1920)  # longer than the steps of a coarse scan
WORKERS = 2
_KIB = 1024


@dataclass(frozen=True)
class HourCost:
    """Resident memory of the whole process: at most from its start on, and as the scan began.

    There is one process; its threads share the work.
    """

    mode: str
    wall_seconds: float  # of the scan
    cpu_seconds: float  # of the scan
    start_cpu_seconds: float  # before it: imports, and the registry
    peak_mib: float
    before_mib: float
    heard_seconds: float
    named: tuple[str, ...]


def write_hour(
    clips: Sequence[Clip], path: Path, ids: int, seed: int, *, marked: bool = True
) -> str:
    """An hour of these clips in turn as 16-bit FLAC; the id that MARKED_SECONDS carry, if any do.

    `path` with the suffix .state is the state folder of a service that issued all the `ids`.
    """
    from watermark.identity.null_model import NullModel
    from watermark.marker import Marker
    from watermark.robustness import bench
    from watermark.robustness.clips import like
    from watermark.robustness.reader import MarkReader

    rate_hz, channels = clips[0].sound.rate_hz, clips[0].sound.samples.shape[1]
    values = bench.registered(ids, seed)
    write_state(state_of(path), bench.KEY.secret, bench.KEY.key_id, values.tolist())
    marker = Marker(bench.searching(values[:1000]), NullModel.load())
    generation_id = bench.ids_of(values, 0)[0]
    shaped = [like(clip.sound, rate_hz, channels) for clip in clips]
    passed, turn = 0.0, 0
    with (
        MarkReader(marker) as reader,
        soundfile.SoundFile(path, "w", rate_hz, channels, "PCM_16", format="FLAC") as file,
    ):
        while passed < HOUR_SECONDS:
            piece = shaped[turn % len(shaped)]
            samples = piece.samples
            if marked and MARKED_SECONDS[0] <= passed < MARKED_SECONDS[1]:
                samples, _ = reader.mark(piece, generation_id)
            file.write(np.clip(samples, -1, 1))
            passed += piece.seconds
            turn += 1
    return str(generation_id)


def state_of(path: Path) -> Path:
    """Where the keys and the register for an hour are kept."""
    return path.with_suffix(".state")


def write_state(state: Path, secret: bytes, key_id: str, values: Sequence[int]) -> None:
    """A key ring of one key, and a register filled at once instead of id by id."""
    from watermark.registry import Registry
    from watermark.service.key_ring import KeyRing
    from watermark.service.settings import WatermarkSettings

    settings = WatermarkSettings(state=state)
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    settings.single_key_path.touch(0o600)
    settings.single_key_path.write_text(secret.hex(), "ascii")
    KeyRing.open(settings.keys_folder, adopt=settings.single_key_path)
    Registry(settings.registry_path).close()
    with closing(sqlite3.connect(settings.registry_path)) as connection, connection:
        connection.executemany(
            "INSERT INTO issued (generation_id, source_pcm_sha256, key_id, issued_at) "
            "VALUES (?, ?, ?, '')",
            ((value.to_bytes(8), "", key_id) for value in values),
        )


def scan_in_process(path: Path, mode: str) -> HourCost:
    """Scan in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.watermark.hour", str(path), mode]
    cost = json.loads(subprocess.check_output(command, text=True).splitlines()[-1])
    return HourCost(**cost | {"named": tuple(cost["named"])})


def main() -> int:
    path, mode = Path(sys.argv[1]), sys.argv[2]
    bound_memory()
    reader = Sought.load(state_of(path)).reader()
    before = _resident_mib("VmRSS")
    wall, cpu = time.monotonic(), time.process_time()
    options = ScanOptions(coarse=mode == "coarse")
    (result,) = scan([path], reader, options, workers=WORKERS)
    if result.refusal is not None:
        raise result.refusal
    cost = HourCost(
        mode=mode,
        wall_seconds=round(time.monotonic() - wall, 2),
        cpu_seconds=round(time.process_time() - cpu, 2),
        start_cpu_seconds=round(cpu, 2),
        peak_mib=round(_resident_mib("VmHWM"), 1),
        before_mib=round(before, 1),
        heard_seconds=result.heard_seconds,
        named=tuple(str(one.generation_id) for one in result.identities),
    )
    sys.stdout.write(json.dumps(asdict(cost)) + "\n")
    return 0


def _resident_mib(field: str) -> float:
    """A field of /proc/self/status; Linux alone has it."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) / _KIB


if __name__ == "__main__":
    sys.exit(main())
