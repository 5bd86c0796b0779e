"""The five pictures of a report, each by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from chain.metrics.plots.decomposition import decomposition_svg
from chain.metrics.plots.funnel import funnel_svg
from chain.metrics.plots.lorenz import lorenz_svg
from chain.metrics.plots.settlement import settlement_svg
from chain.metrics.plots.stages import stages_svg
from chain.metrics.report import ValueChainReport


def _lorenz(report: ValueChainReport) -> str:
    change = None
    if report.rule_change is not None and any(c.before for c in report.rule_change.changes):
        change = {
            "by the splits alone": [one.before for one in report.rule_change.changes],
            "under the announced rules": [one.after for one in report.rule_change.changes],
        }
    return lorenz_svg(report.amounts, report.label, change=change)


def _settlement(report: ValueChainReport) -> str:
    ways = {f"{lane.value} lane": curve for lane, curve in report.curves.items()}
    skewed = report.latency.skewed
    return settlement_svg(ways, report.curve_by_value, report.label, skewed=skewed)


def _decomposition(report: ValueChainReport) -> str:
    by = {"community": report.by_community, "tradition": report.by_tradition}
    return decomposition_svg(by, report.label)


PICTURES: Final[Mapping[str, Callable[[ValueChainReport], str]]] = {
    "lorenz": _lorenz,
    "settlement": _settlement,
    "stages": lambda report: stages_svg(report.stage_sums, report.label),
    "funnel": lambda report: funnel_svg(report.traceability, report.label),
    "decomposition": _decomposition,
}


def draw_all(report: ValueChainReport) -> dict[str, str]:
    """Every one of `PICTURES`, by its name."""
    return {name: draw(name, report) for name in PICTURES}


# A server draws the same report for every visitor of one block.
@lru_cache(maxsize=2 * len(PICTURES))
def draw(name: str, report: ValueChainReport) -> str:
    """One of `PICTURES` as SVG text."""
    return PICTURES[name](report)
