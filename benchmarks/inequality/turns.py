"""One side of the comparison: measures whenever a line comes in, and prints what it cost as JSON.

Of this file neither side needs anything but the standard library and numpy.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def take_turns(measure: Callable[[], dict[str, Any]], extra: dict[str, Any]) -> None:
    """Answer each line of standard input with one measurement; the first with `extra` besides."""
    for _ in sys.stdin:
        _forget_peak()
        held = _memory_bytes("VmRSS")
        wall, cpu = time.perf_counter(), time.process_time()
        answer = measure()
        spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        beyond = {"extra_bytes": max(_memory_bytes("VmHWM") - held, 0)}
        sys.stdout.write(json.dumps({**answer, **spent, **beyond, **extra}) + "\n")
        sys.stdout.flush()
        extra = {}


def _forget_peak() -> None:
    """Let the peak begin anew at what is held now (Linux; elsewhere the peak is of all runs)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _memory_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024
