"""The value-chain rows of a published Table 2, simulated through settlement code and contracts.

    python -m benchmarks.table2                    # a few minutes; page in reports/table2
    python -m benchmarks.table2 --patient          # the run of docs/TABLE2.md
    python -m benchmarks.table2 --patient --keep   # parts that reports/table2 has are not run again

Everything is SIMULATED: uses, tracing and delays are drawn by seed; dividing, signing, posting,
waiting and paying are the ledger's own. It lives among the benchmarks because it needs a node with
everything deployed, which no package that ships may reach for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.table2 import equity, latency, pictures
from benchmarks.table2.page import page, summary

ROOT: Final = Path(__file__).resolve().parents[2]
REPORTS: Final = ROOT / "reports" / "table2"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much is run: pools an arm, pools through contracts, uses timed, transactions sent."""

    pools: int
    chain_pools: int
    events: int
    transactions: int


QUICK: Final = Size(2_000, 12, 2_000, 1_000)
PATIENT: Final = Size(20_000, 256, 100_000, 30_000)


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    size, seed, began = _size(asked), asked.seed, time.monotonic()

    def progress(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    parts = _parts(size, seed, progress)
    reports: dict[str, Any] = {"settings": {"command": _command(asked), "seed": seed, **vars(size)}}
    for name, (settings, run) in parts.items():
        reports[name] = _run(name, {"seed": seed, **settings}, run, keep=asked.keep, say=progress)
    folder = ROOT / "docs" if asked.patient else REPORTS
    _write(folder, reports)
    print(summary(reports))
    print(f"page: {folder.relative_to(ROOT) / 'TABLE2.md'}")
    return 0


def _parts(
    size: Size, seed: int, progress: Progress
) -> dict[str, tuple[dict[str, int], Callable[[], Any]]]:
    """Each part with what its figures depend on."""
    pools, uses = {"pools": size.pools}, {"uses": size.events}
    through = {**pools, "chain_pools": size.chain_pools}
    return {
        "arms": (pools, lambda: equity.arms(seed, size.pools, progress)),
        "factorial": (pools, lambda: equity.factorial(seed, size.pools, progress)),
        "drawn": (uses, lambda: latency.drawn_arms(seed, size.events)),
        "paper": (uses, lambda: latency.paper_arm(seed, size.events, progress)),
        "own": (uses, lambda: latency.own_arms(seed, size.events, progress)),
        "contracts": (
            through,
            lambda: equity.through_contracts(seed, size.chain_pools, size.pools, progress),
        ),
    }


def _run(
    name: str, settings: dict[str, int], run: Callable[[], Any], *, keep: bool, say: Progress
) -> Any:
    """A part's figures: what an earlier run kept of the same size and seed, or its own."""
    kept = REPORTS / f"{name}.json"
    if keep and kept.exists():
        before = json.loads(kept.read_text())
        if before["settings"] == settings:
            say(f"{name}: kept from {kept.relative_to(ROOT)}")
            return before["found"]
    say(f"{name}: {', '.join(f'{key} {value:,}' for key, value in settings.items())}")
    found = json.loads(json.dumps(run()))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"settings": settings, "found": found}, indent=1) + "\n")
    return found


def _write(folder: Path, reports: dict[str, Any]) -> None:
    settings = reports["settings"]
    made = f"seed {settings['seed']}, {settings['command']}"
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    pools = f"SIMULATED: {settings['pools']:,} pools an arm, {made}"
    uses = f"SIMULATED: {settings['events']:,} uses an arm, {made}"
    drawings = {
        "equity": pictures.equity_svg(reports["arms"], pools),
        "latency": pictures.latency_svg(reports, uses),
        "rules": pictures.rules_svg(
            reports["factorial"], f"SIMULATED: {settings['pools']:,} pools a cell, {made}"
        ),
    }
    for name, drawing in drawings.items():
        (images / f"table2-{name}.svg").write_text(drawing)
    (folder / "TABLE2.md").write_text(page(reports))


def _size(asked: argparse.Namespace) -> Size:
    given = PATIENT if asked.patient else QUICK
    return Size(**{name: getattr(asked, name) or value for name, value in vars(given).items()})


def _command(asked: argparse.Namespace) -> str:
    words = ["make table2"]
    words += ["PATIENT=1"] if asked.patient else []
    for name in ("pools", "chain_pools", "events", "transactions"):
        value = getattr(asked, name)
        words += [f"{name.upper()}={value}"] if value else []
    return " ".join(words)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table2", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--patient", action="store_true", help=f"the full size, into docs: {PATIENT}"
    )
    parser.add_argument("--keep", action="store_true", help="reuse parts of the same size and seed")
    parser.add_argument("--pools", type=_count, help="pools an arm and a cell, such as 2e4")
    parser.add_argument("--chain-pools", type=_count, help="of them, through the contracts")
    parser.add_argument("--events", type=_count, help="uses an arm of the latency rows")
    parser.add_argument("--transactions", type=_count, help="settlement transactions under faults")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(float(text))
    if count < 2:
        raise argparse.ArgumentTypeError(f"{text} is too few: a spread needs two")
    return count


if __name__ == "__main__":
    sys.exit(main())
