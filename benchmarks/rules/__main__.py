"""What each sharing rule does to SIMULATED crowds, and how it is attacked.

python -m benchmarks.rules            tables on standard output
python -m benchmarks.rules --write    and into docs/SHARING_RULES.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rules import attacks
from benchmarks.rules.crowds import (
    COMMUNITIES,
    FEE,
    LISTENERS,
    PAID_BPS,
    PAYEES_EACH,
    SCENARIOS,
    draw,
)
from benchmarks.rules.effects import effects
from benchmarks.written_parts import rewritten

PAGE = Path(__file__).resolve().parents[2] / "docs" / "SHARING_RULES.md"
COMMAND = "python -m benchmarks.rules --write"
SEED = 5


def lines(seed: int) -> Iterator[str]:
    yield (
        f"SIMULATED, seed {seed}: {COMMUNITIES} communities of {PAYEES_EACH} payees, "
        f"{LISTENERS:,} listeners, each paying {FEE / 10**6:g}, of which {PAID_BPS / 100:g} % are "
        "the pool. Moved and losses are against pro-rata."
    )
    for scenario in SCENARIOS:
        crowd = draw(scenario, seed)
        yield ""
        spread = f"log-SD {scenario.between:g} between, {scenario.within:g} within"
        yield f"**{scenario.name}** ({spread})"
        yield ""
        yield (
            "| rule | Gini | Theil | of it between : within | Jain | moved | losers | "
            "largest loss of one's own |"
        )
        yield "|---|---|---|---|---|---|---|---|"
        for e in effects(crowd):
            yield (
                f"| {e.rule} | {e.gini:.3f} | {e.theil:.3f} | {e.between:.3f} : {e.within:.3f} | "
                f"{e.jain:.3f} | {100 * e.moved:.1f} % | {e.losers} | "
                f"{100 * e.largest_loss:.0f} % |"
            )
    crowd = draw(SCENARIOS[1], seed)
    yield from (
        "",
        f"**adversarial** (the heritage crowd, seed {seed})",
        "",
        "| attack | rule | what comes of it |",
        "|---|---|---|",
    )
    said = f"{attacks.BOTS} bots, {attacks.BOT_PLAYS:,} plays each, for the median payee"
    for each in attacks.bots(crowd):
        yield f"| {said} | {each.rule} | {each.times:.2f} for each 1 of their fees |"
    for each in attacks.splitting(crowd):
        said = f"the payee nearest the mean cuts itself in {attacks.SYBILS}"
        yield f"| {said} | {each.rule} | {each.times:.2f} times its income |"
    for each in attacks.viral(crowd):
        said = "one item has half of all plays"
        yield f"| {said} | {each.rule} | {100 * each.times:.1f} % of the pool |"


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.rules",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    given = options.parse_args()
    written = list(lines(given.seed))
    sys.stdout.write("\n".join(written) + "\n")
    if given.write:
        PAGE.write_text(rewritten(PAGE.read_text("utf-8"), COMMAND, written), "utf-8")


if __name__ == "__main__":
    main()
