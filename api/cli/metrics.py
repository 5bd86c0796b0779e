"""antiphon metrics: the ledger's figures, and whether published figures can be true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.printing import Api, AsJson, refuse, show

FOUND_IMPOSSIBLE: Final = 3

app = typer.Typer(help=__doc__, invoke_without_command=True)


@app.callback()
def metrics(context: typer.Context, as_json: AsJson = False, api: Api = "") -> None:
    """Settlement latency, Gini, Theil, Jain and failure rate of a running Antiphon."""
    if context.invoked_subcommand is not None:
        return
    from api.cli.remote import get
    from api.cli.tables import metrics_table

    show(get(api, "/v1/metrics"), as_json, metrics_table)


@app.command()
def feasible(
    jain: Annotated[str, typer.Option(help="As printed: .63 stands for .625 to .635.")] = "",
    theil: Annotated[str, typer.Option(help="Theil's T in nats, as printed.")] = "",
    gini: Annotated[str, typer.Option(help="The population's, as printed.")] = "",
    payees: Annotated[int | None, typer.Option(help="How many, when the table says so.")] = None,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="The Gini is n / (n - 1) times the population's.")
    ] = False,
    averaged: Annotated[
        bool, typer.Option("--averaged", help="The row is a mean over several groups of payees.")
    ] = False,
    rows: Annotated[
        Path | None, typer.Option("--csv", help="Many: columns name, jain, theil, gini[, payees].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Whether any payees could have these Jain, Theil and Gini at once, by theorem or by witness.

    For example: antiphon metrics feasible --jain .63 --theil .218 --gini .41

    Exit 3 when a row is impossible.
    """
    from chain.metrics.errors import MetricRefused
    from chain.metrics.feasibility import Printed, Triple, judge, triples_of_csv

    try:
        if rows is not None:
            triples = triples_of_csv(rows.read_text(encoding="utf-8-sig"), corrected, averaged)
        else:
            given = {"jain": jain, "theil": theil, "gini": gini}
            absent = [f"--{name}" for name, text in given.items() if not text]
            if absent:
                refuse(f"give {', '.join(absent)} too, or --csv FILE with many rows")
            j, t, g = (Printed.of(name, text) for name, text in given.items())
            triples = [Triple("row", j, t, g, payees, corrected, averaged)]
    except UnicodeDecodeError:
        refuse(f"{rows}: this is no text. Next: save the table as CSV in UTF-8.")
    except MetricRefused as refusal:
        refuse(f"{refusal}. Next: antiphon metrics feasible --help")
    verdicts = [judge(triple).to_plain() for triple in triples]
    show({"rows": verdicts}, as_json, _table)
    if any(verdict["verdict"] == "impossible" for verdict in verdicts):
        raise typer.Exit(FOUND_IMPOSSIBLE)


@app.command()
def coverage(
    law: Annotated[str, typer.Option(help="lognormal or gamma.")] = "lognormal",
    parameter: Annotated[float, typer.Option(help="Sigma, or the shape of the gamma law.")] = 0.7,
    payees: Annotated[int, typer.Option(help="In each simulated group.")] = 50,
    samples: Annotated[int, typer.Option(help="How many groups.")] = 1000,
    seed: Annotated[int, typer.Option()] = 1,
    as_json: AsJson = False,
) -> None:
    """SIMULATED: how often 95 % intervals of Gini, Theil and Jain cover their law's own values.

    For example: antiphon metrics coverage --law lognormal --parameter 1.8 --payees 500
    """
    from chain.metrics.inequality.coverage import Law, simulate_coverage

    if law not in set(Law):
        refuse(f"{law!r} is no law known here. Next: --law {' or '.join(Law)}")
    try:
        found = simulate_coverage(Law(law), parameter, payees, samples, seed)
    except ValueError as refusal:
        refuse(f"{refusal}. Next: antiphon metrics coverage --help")
    show(found.to_plain(), as_json, _coverage_table)


def _coverage_table(answer: dict[str, Any]) -> Any:
    from api.cli.tables import table_of

    rows = table_of("SIMULATED: interval of", "covered", "of", "share", "its exact 95 % interval")
    for name, found in answer["covered"].items():
        low, high = found["interval"]
        share = f"{found['part'] / found['whole']:.3f}"
        rows.add_row(
            name, str(found["part"]), str(found["whole"]), share, f"{low:.3f} to {high:.3f}"
        )
    rows.caption = "{law} {parameter}, {payees} payees a group, seed {seed}".format(**answer)
    return rows


def _table(answer: dict[str, Any]) -> Any:
    from api.cli.tables import table_of

    rows = table_of("row", "Jain", "Theil", "Gini", "verdict", "why")
    for row in answer["rows"]:
        numbers = [row[name] for name in ("jain", "theil", "gini")]
        rows.add_row(row["name"], *numbers, row["verdict"], row["reason"])
    return rows
