"""The report of a period, made here: from a running Antiphon, or from a record without any node."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from api.cli.printing import Api, AsJson, refuse

if TYPE_CHECKING:
    from chain.metrics.report import ValueChainReport

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day in UTC, e.g. 2027-02-01.")
]
EXAMPLE = """Measure a period: how fast, how equally, to whom, what failed, who gained and who lost.

    antiphon report
    antiphon report --from-date 2027-02-01 --to-date 2027-03-01 --html february.html
    antiphon report --from-block 120 --to-block 340 --csv tables --record february.json
    antiphon report --from february.json --out february

The record that --record writes holds everything the report is made from: whoever has it can make
the same report without a node. The day of --to-date is left out, so that months follow one another.
"""


def report(
    from_block: Annotated[int | None, typer.Option(help="The first block.")] = None,
    to_block: Annotated[int | None, typer.Option(help="The last block.")] = None,
    from_date: Day = None,
    to_date: Day = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A record; no node and no server is asked.")
    ] = None,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="A folder for one CSV file per table.")] = None,
    html: Annotated[Path | None, typer.Option(help="A page that needs nothing else.")] = None,
    record: Annotated[Path | None, typer.Option(help="A file for the period's record.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for all of it, and pictures.")] = None,
    api: Api = "",
) -> None:
    from chain.metrics.errors import MetricRefused

    bounds = {
        "from_block": from_block,
        "to_block": to_block,
        "from_date": from_date and from_date.date(),
        "to_date": to_date and to_date.date(),
    }
    asked = {name: str(value) for name, value in bounds.items() if value is not None}
    if source is not None and (asked or api):
        refuse("A record has its period already. Next: leave out the dates, blocks and --api.")
    try:
        made = _read(source) if source is not None else _ask(api, asked)
        _write(made, csv, html, record, out)
    except MetricRefused as refusal:
        refuse(str(refusal))
    _show(made, as_json, quiet=any((csv, html, record, out)))


report.__doc__ = EXAMPLE


def _read(source: Path) -> ValueChainReport:
    """Raises MetricRefused."""
    from chain.metrics.period import PeriodRecord
    from chain.metrics.report import value_chain_report

    try:
        document = source.read_bytes()
    except OSError as error:
        refuse(f"{source}: {error.strerror}. Next: give a file that --record wrote.")
    return value_chain_report(PeriodRecord.from_json(document))


def _ask(api: str, asked: dict[str, str]) -> ValueChainReport:
    """The record from a server, measured here. Raises NothingRunning, Refused, MetricRefused."""
    from api.cli.remote import download
    from chain.metrics.period import PeriodRecord
    from chain.metrics.report import value_chain_report

    document = io.BytesIO()
    download(api, "/v1/metrics/record" + (f"?{urlencode(asked)}" if asked else ""), document)
    return value_chain_report(PeriodRecord.from_json(document.getvalue()))


def _write(
    made: ValueChainReport,
    csv: Path | None,
    html: Path | None,
    record: Path | None,
    out: Path | None,
) -> None:
    from api.report_files import write_report, write_tables
    from api.report_page import report_page

    if csv is not None:
        typer.echo(f"{len(write_tables(made, csv))} tables: {csv}", err=True)
    for path in (html, record):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    if html is not None:
        html.write_text(report_page(made))
        typer.echo(f"page: {html}", err=True)
    if record is not None:
        record.write_bytes(made.record.to_json() + b"\n")
        typer.echo(f"record: {record}", err=True)
    if out is not None:
        typer.echo(f"report: {write_report(made, out)}", err=True)


def _show(made: ValueChainReport, as_json: bool, *, quiet: bool) -> None:
    if as_json:
        from api.report_files import report_json

        typer.echo(report_json(made), nl=False)
    elif not quiet:
        from api.cli.tables import report_table
        from api.demo.narrator import wide_console

        wide_console().print(report_table(made))
