"""The report as one page of HTML that needs no other file, no script and no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chain.metrics.definitions import DEFINITIONS
from chain.metrics.plots import draw_all
from chain.metrics.report import ValueChainReport
from chain.metrics.report_tables import report_tables
from chain.metrics.report_words import alternative, in_short

TEMPLATES: Final = Path(__file__).parent / "http" / "templates"
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def report_page(report: ValueChainReport, drawn: Mapping[str, str] | None = None) -> str:
    """The whole page, with the pictures of `draw_all` where they are drawn already.

    The same report gives the same bytes.
    """
    period = report.record.period
    pictures = {
        name: {
            "source": f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}",
            "alternative": alternative(name, report),
        }
        for name, svg in (drawn or draw_all(report)).items()
    }
    return _ENVIRONMENT.get_template("report.html").render(
        report=report,
        record=report.record,
        period=period,
        pictures=pictures,
        tables=report_tables(report),
        words={part: said.replace(" %", "\u00a0%") for part, said in in_short(report).items()},
        definitions=DEFINITIONS,
        begins=None if period.after is None else _moment(period.after + 1),
        ends=_moment(period.until),
        as_of=_moment(period.as_of.timestamp),
    )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
