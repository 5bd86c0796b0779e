"""antiphon evaluate: whether a change did something, and whether it would have been seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.printing import AsJson, refuse, show

app = typer.Typer(help=__doc__, no_args_is_help=True)

EXAMPLE = "unit,period,outcome,from (one line for each community and month; from empty if never)"


@app.command()
def effect(
    file: Annotated[Path, typer.Argument(help=f"CSV: {EXAMPLE}.")],
    draws: Annotated[int, typer.Option(help="How often the order is dealt out anew.")] = 999,
    seed: Annotated[int, typer.Option()] = 1,
    usable_only: Annotated[
        bool, typer.Option("--usable-only", help="Leave out what nothing can be compared with.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The effect of a change that communities began at different times, with its p-value.

    For example: antiphon evaluate effect gini.csv --draws 999

    A p-value and interval are valid where the order of beginning was drawn by lot.
    """
    from chain.metrics.errors import MetricRefused
    from chain.metrics.evaluation import panel_of_csv, randomised_effect

    try:
        panel = panel_of_csv(file.read_text(encoding="utf-8-sig"))
        found = randomised_effect(panel, draws, seed, usable_only)
    except UnicodeDecodeError:
        refuse(f"{file}: this is no text. Next: save the table as CSV in UTF-8.")
    except (MetricRefused, ValueError) as refusal:
        refuse(f"{file}: {refusal}. Next: antiphon evaluate effect --help")
    show(found.to_plain(), as_json, _effect_table)


@app.command()
def power(
    months: Annotated[int, typer.Option()] = 18,
    samples: Annotated[int, typer.Option(help="Simulated trials for each row.")] = 200,
    seed: Annotated[int, typer.Option()] = 1,
    as_json: AsJson = False,
) -> None:
    """SIMULATED: the smallest change of a monthly Gini that a trial would see, before it is run.

    For example: antiphon evaluate power --months 18
    """
    from chain.metrics.evaluation import power_table

    try:
        rows = power_table(months, samples, seed)
    except ValueError as refusal:
        refuse(f"{refusal}. Next: antiphon evaluate power --help")
    show({"rows": [row.to_plain() for row in rows]}, as_json, _power_table)


def _effect_table(answer: dict[str, Any]) -> Any:
    from api.cli.tables import table_of

    low, high = ("open" if end is None else f"{end:.5g}" for end in answer["interval"])
    rows = table_of("of the change", "value")
    rows.add_row("mean effect", f"{answer['effect']:.5g}")
    rows.add_row("95 % interval of constant effects", f"{low} to {high}")
    rows.add_row("p-value of no effect", f"{answer['p_value']:.4f}")
    rows.add_row("cells measured, left out", f"{answer['cells']}, {answer['left_out']}")
    ages = ", ".join(f"{value:.4g}" for value in answer["by_age"])
    rows.add_row("by period since the change", ages)
    rows.caption = f"{answer['draws']} draws, seed {answer['seed']}"
    return rows


def _power_table(answer: dict[str, Any]) -> Any:
    from api.cli.tables import table_of

    rows = table_of("SIMULATED: communities", "payees in each", "smallest change of Gini seen")
    for row in answer["rows"]:
        rows.add_row(str(row["communities"]), str(row["payees"]), f"{row['smallest_effect']:.3f}")
    last = answer["rows"][-1]
    said = "{months} months, {samples} samples each, seed {seed}; four of five, at 5 %"
    rows.caption = said.format(**last)
    return rows
