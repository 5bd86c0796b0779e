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
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.table2 import equity, failures, latency, pictures
from benchmarks.table2.hostile import TOKENS
from benchmarks.table2.layout import SHAPES
from benchmarks.table2.page import page, summary
from chain.ledger.sharing import NOTICE_EPOCHS

ROOT: Final = Path(__file__).resolve().parents[2]
REPORTS: Final = ROOT / "reports" / "table2"
CHAIN_LOT: Final = 32
Progress = Callable[[str], None]
Part = tuple[dict[str, int], Callable[[], Any]]


@dataclass(frozen=True)
class Size:
    """How much is run: pools an arm and a cell, pools through contracts in proportion and with a
    floor, uses an arm and under our hourly schedule, transactions sent, claims by the relay. Of
    floor pools and relay claims, zero is none."""

    pools: int
    cell_pools: int
    chain_pools: int
    floor_pools: int
    events: int
    own_events: int
    transactions: int
    relay_claims: int


QUICK: Final = Size(2_000, 500, 12, 2, 2_000, 500, 4_000, 10)
PATIENT: Final = Size(20_000, 4_000, 256, 16, 100_000, 20_000, 30_000, 100)


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    size, seed, began = _size(asked), asked.seed, time.monotonic()

    def progress(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    # A client reads the environment for proxies before every request otherwise.
    os.environ["NO_PROXY"] = "127.0.0.1"
    found = {}
    for name, (settings, run) in _parts(size, seed, progress).items():
        if asked.part in (None, name):
            found[name] = _run(name, {"seed": seed, **settings}, run, asked.keep, progress)
    if asked.part is not None:
        return 0
    reports = {"settings": {"command": _command(asked), "seed": seed, **vars(size)},
               **_gathered(size, found)}  # fmt: skip
    folder = ROOT / "docs" if asked.patient else REPORTS
    _write(folder, reports)
    print(summary(reports))
    print(f"page: {folder.relative_to(ROOT) / 'TABLE2.md'}")
    return 0


def _parts(size: Size, seed: int, say: Progress) -> dict[str, Part]:
    """Each part with what its figures depend on, besides the seed."""
    drawn, uses, chain = size.pools, size.events, size.chain_pools
    parts: dict[str, Part] = {"arms": ({"pools": drawn}, lambda: equity.arms(seed, drawn, say))}
    cells = size.cell_pools
    for name in SHAPES:
        parts[f"rules-{name}"] = (
            {"pools": cells},
            partial(equity.factorial, name, seed, cells, say),
        )
    parts["drawn"] = ({"uses": uses}, lambda: latency.drawn_arms(seed, uses))
    parts["paper"] = ({"uses": uses}, lambda: latency.paper_arm(seed, uses, say))
    # Their epochs are many: one for each disputed use.
    for name, count in (("hourly", size.own_events), ("quick", max(size.own_events // 5, 200))):
        parts[name] = ({"uses": count}, partial(latency.own_arm, name, seed, count, say))
    parts["too-quick"] = ({}, latency.refusal_of_too_quick)
    lots = {name: ("arm C", pools) for name, pools in _lots(chain).items()}
    if size.floor_pools:
        lots["floor"] = ("tracing .99, floor .3", range(size.floor_pools + NOTICE_EPOCHS))
    for part, (name, pools) in lots.items():
        parts[part] = (
            {"drawn": drawn, "first": pools.start, "end": pools.stop},
            partial(equity.through_contracts, name, seed, pools, drawn, say),
        )
    sent = -(-size.transactions // len(TOKENS))
    for name in TOKENS:
        parts[name] = (
            {"transactions": sent},
            partial(failures.under_faults, name, seed, sent, say),
        )
    if claims := size.relay_claims:
        parts["relay"] = ({"claims": claims}, partial(failures.relayed, seed, claims))
    return parts


def _lots(chain_pools: int) -> dict[str, range]:
    """Pools that go through the contracts, a node for each lot."""
    starts = range(0, chain_pools, CHAIN_LOT)
    return {f"contracts-{i}": range(i, min(i + CHAIN_LOT, chain_pools)) for i in starts}


def _gathered(size: Size, found: dict[str, Any]) -> dict[str, Any]:
    """Parts put together that were run apart."""
    contracts = {"arm C": equity.agreement([found[lot] for lot in _lots(size.chain_pools)])}
    if "floor" in found:
        contracts["tracing .99, floor .3"] = equity.agreement([found["floor"]])
    return {
        **{name: found[name] for name in ("arms", "drawn", "paper")},
        "contracts": contracts,
        "failures": failures.together([found[name] for name in TOKENS], found.get("relay")),
        "factorial": {name: found[f"rules-{name}"] for name in SHAPES},
        "own": {
            "schedules": {found[name]["schedule"]: found[name] for name in latency.OWN},
            "too_quick": found["too-quick"],
        },
    }


def _run(
    name: str, settings: dict[str, int], run: Callable[[], Any], keep: bool, say: Progress
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
    made = f"seed {settings['seed']}\n{settings['command']}"
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    pools = f"SIMULATED: {settings['pools']:,} pools an arm, {made}"
    uses = (
        f"SIMULATED: {settings['events']:,} uses an arm, {settings['own_events']:,} and fewer for "
        f"ours, {made}"
    )
    drawings = {
        "equity": pictures.equity_svg(reports["arms"], pools),
        "latency": pictures.latency_svg(reports, uses),
        "rules": pictures.rules_svg(
            reports["factorial"], f"SIMULATED: {settings['cell_pools']:,} pools a cell, {made}"
        ),
    }
    for name, drawing in drawings.items():
        (images / f"table2-{name}.svg").write_text(drawing)
    (folder / "TABLE2.md").write_text(page(reports))


def _size(asked: argparse.Namespace) -> Size:
    given = vars(PATIENT if asked.patient else QUICK)
    chosen = {name: getattr(asked, name) for name in given}
    return Size(**{n: given[n] if value is None else value for n, value in chosen.items()})


def _command(asked: argparse.Namespace) -> str:
    chosen = {name: getattr(asked, name) for name in vars(QUICK)}
    words = [f"{name.upper()}={value}" for name, value in chosen.items() if value is not None]
    return " ".join(["make table2", *(["PATIENT=1"] if asked.patient else []), *words])


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table2", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--patient", action="store_true", help=f"the full size, into docs: {PATIENT}"
    )
    parser.add_argument("--keep", action="store_true", help="reuse parts of the same size and seed")
    parser.add_argument("--part", help="one part alone, kept in reports/table2 for --keep")
    parser.add_argument("--pools", type=_count, help="pools an arm, such as 2e4")
    parser.add_argument("--cell-pools", type=_count, help="pools of each cell of tracing by rule")
    parser.add_argument("--chain-pools", type=_count, help="of them, through the contracts")
    parser.add_argument("--floor-pools", type=int, help="as many with a floor announced; 0: none")
    parser.add_argument("--events", type=_count, help="uses an arm of the latency rows")
    parser.add_argument("--own-events", type=_count, help="uses under our hourly schedule")
    parser.add_argument("--transactions", type=_count, help="settlement transactions under faults")
    parser.add_argument("--relay-claims", type=int, help="of the oracle's own relay; 0: none")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(float(text))
    if count < 2:
        raise argparse.ArgumentTypeError(f"{text} is too few: a spread needs two")
    return count


if __name__ == "__main__":
    sys.exit(main())
