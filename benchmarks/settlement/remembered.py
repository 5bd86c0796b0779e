"""What remembering the ids of all counted events costs: memory, and the search of a new epoch's.

    python -m benchmarks.settlement.remembered --ids 1e7 --ids 3e7

Random ids, a million an epoch. `search` is of a million new ones among those held, `add` the mean
of adding an epoch's while they grow to that number; CPU seconds, one thread.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from chain.settlement.counted_ids import CountedIds

EPOCH_EVENTS = 1_000_000
_KIB = 1024


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.settlement.remembered",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ids", type=float, action="append", help="held; repeatable")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    random = np.random.default_rng(asked.seed)
    held, added, adding = CountedIds(), 0, 0.0
    print("| ids held | held MB | peak MB | search a million, CPU s | add a million, CPU s |")
    print("|--:|--:|--:|--:|--:|")
    for wanted in sorted(int(number) for number in asked.ids or (1e7,)):
        while added < wanted:
            fresh = random.integers(0, 256, (EPOCH_EVENTS, 32), dtype=np.uint8)
            begun = time.process_time()
            held = held.plus(fresh)
            adding += time.process_time() - begun
            added += EPOCH_EVENTS
        new = random.integers(0, 256, (EPOCH_EVENTS, 32), dtype=np.uint8)
        begun = time.process_time()
        assert not held.holds(new).any()
        search = time.process_time() - begun
        held_bytes = sum(run.nbytes for run in held.runs)
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
        print(
            f"| {added:,} | {held_bytes / 1e6:,.0f} | {peak_bytes / 1e6:,.0f} | {search:.2f} "
            f"| {adding * EPOCH_EVENTS / added:.2f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
