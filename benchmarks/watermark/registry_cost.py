"""How long a registry of a million or ten million ids takes to search for one 30 s clip.

    python -m benchmarks.watermark.registry_cost [--ids 1000000 10000000] [--repeats 5]

The peer is the same search done without the table: chips of every id times evidence, as one matrix
product, on as many ids as fit in a second, scaled up. Both run on the same evidence, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from watermark.identity.cells import BANDS, CODEWORD_PAIRS, PHASES
from watermark.identity.codewords import EpochKey
from watermark.identity.search import IdSearch
from watermark.identity.symbols import symbols_of

KEY = EpochKey(b"benchmarks only: no issued mark.")
WINDOWS = 3  # of a 30 s clip: two blocks and both together; short ones seldom pass their gate
PEER_IDS = 4096


def main() -> int:
    asked = _arguments()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(asked.seed)
    windows = torch.randn(WINDOWS, CODEWORD_PAIRS, BANDS, PHASES, generator=generator)
    rows = []
    for ids in asked.ids:
        began = time.perf_counter()
        search = IdSearch(KEY)
        search.add_values(np.random.default_rng(asked.seed).integers(0, 2**64, ids, np.uint64))
        building_s = time.perf_counter() - began
        seconds, peer = [], []
        for _ in range(asked.repeats):
            seconds.append(_timed(partial(search.best, windows, z_min=9.0)))
            peer.append(_peer_seconds(search, windows) * ids / PEER_IDS)
        rows.append(
            {
                "ids": len(search),
                "build_s": round(building_s, 2),
                "search_s_median": round(statistics.median(seconds), 3),
                "search_s_worst": round(max(seconds), 3),
                "chips_product_s": round(statistics.median(peer), 2),
                "ratio": round(statistics.median(peer) / statistics.median(seconds), 1),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
        if not asked.json:
            row = rows[-1]
            sys.stdout.write(
                f"{row['ids']:>11,} ids: {row['search_s_median']} s (worst of {asked.repeats} "
                f"{row['search_s_worst']}), building {row['build_s']} s, "
                f"{row['peak_memory_mb']} MB; "
                f"one product over chips {row['chips_product_s']} s, {row['ratio']} times\n"
            )
    if asked.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    return 0


def _peer_seconds(search: IdSearch, windows: torch.Tensor) -> float:
    """Chips of PEER_IDS ids times the evidence at the alignments tried; codewords are at hand."""
    values = np.arange(PEER_IDS, dtype=np.uint64)
    chips = search.book.codewords(symbols_of(KEY.secret, values)).flatten(1)
    tried = search.candidates(windows)
    evidence = torch.stack(
        [
            windows[one.window, :, :, one.alignment.phase].roll(-one.alignment.offset, 0).flatten()
            for one in tried
        ],
        dim=1,
    )
    return _timed(lambda: chips @ evidence)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.watermark.registry_cost")
    parser.add_argument("--ids", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
