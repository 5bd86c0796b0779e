"""The committed page of results, written from the JSON of a run and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watermark.robustness.report import markdown

_TITLES = {"synthesised": "Synthesised audio", "music": "Real music"}


def page(reports: dict[str, dict[str, Any]]) -> str:
    """`reports` maps material to the JSON documents of its folder, by name."""
    return "\n".join(_lines(reports)).rstrip() + "\n"


def _lines(reports: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "# Robustness"
    yield ""
    yield (
        "Written by `python -m benchmarks.watermark --page docs/ROBUSTNESS.md` from the reports of "
        "`make bench-watermark`; edit neither figures nor words here. A missing mark proves "
        "nothing: the lists of failures below say where it goes missing."
    )
    yield ""
    for material, title in _TITLES.items():
        found = reports.get(material)
        if found is None:
            continue
        yield f"## {title}"
        yield ""
        if "report" in found:
            yield from _deeper(markdown(found["report"]))
        if "null" in found:
            yield from _null(found["null"])
    cost = reports.get("", {}).get("cost")
    if cost is not None:
        yield from _cost(cost)


def _deeper(text: str) -> Iterator[str]:
    """A report's headings one level down, without its title."""
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        yield f"#{line}" if line.startswith("## ") else line


def _null(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield "### False attributions"
    yield ""
    yield (
        f"{found['windows']:,} windows of 10 s without our mark ({found['foreign_marked']:,} of "
        f"them marked under another key; {found['distinct']:,} distinct, under {found['keys']:,} "
        f"keys of ours), each searched for {found['ids']:,} ids: "
        f"**{found['false_attributions']} false attributions** (95 % upper bound "
        f"{found['upper_95']:.1e}). Threshold z {found['threshold_z']:.2f}, highest seen "
        f"{found['highest_z']:.2f}; fitted rate per window at the threshold "
        f"{found['fitted_rate']:.1e}."
    )
    yield ""
    yield "| best z of a window at least | calibration expects | seen |"
    yield "|---|---|---|"
    for row in found["seen"]:
        yield f"| {row['z']:.2f} | {row['calibrated']:.2e} | {row['seen']:.2e} |"
    yield ""


def _cost(cost: dict[str, Any]) -> Iterator[str]:
    yield "## CPU cost"
    yield ""
    yield (
        "One thread, the same 30 s clip, runs interleaved, median. The stock detector has the "
        "released configuration with fresh weights: its arithmetic costs the same."
    )
    yield ""
    yield "| | CPU s per s of audio | stock / this |"
    yield "|---|---|---|"
    for row in cost["rows"]:
        yield (
            f"| {row['name']} | {row['cpu_seconds_per_audio_second']:.5f} "
            f"| {row['stock_ratio']:.2f} |"
        )
    yield ""
    yield (
        f"One hour, {cost['ids']:,} ids, two threads in one process. Time is that of the scan; "
        "before it the process starts and loads the register. Memory is that of the whole process "
        "at most since its start, and as the scan began."
    )
    yield ""
    yield (
        "| scan | marked in it | heard s | wall s | CPU s | to start, CPU s | stock / this "
        "| peak MiB (before) | id found |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in cost["hour"]:
        found = ("yes" if row["found"] else "NO") if row["marked"] else "none to find"
        yield (
            f"| {row['mode']} | {'two minutes' if row['marked'] else 'nothing'} "
            f"| {row['heard_seconds']:.0f} | {row['wall_seconds']:.1f} | {row['cpu_seconds']:.1f} "
            f"| {row['start_cpu_seconds']:.1f} | {row['stock_ratio']:.1f} "
            f"| {row['peak_mib']:.0f} ({row['before_mib']:.0f}) | {found} |"
        )
