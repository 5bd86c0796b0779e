"""The report as Markdown, written from the JSON of a run and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from watermark.fingerprint.chance import FALSE_AGREEMENTS_MAX, ChanceLaw
from watermark.fingerprint.corroboration import SHARE_MIN

_LOOK_BELOW: Final = 0.9  # rows under this are listed once more, under "Where it fails"
_WHERE: Final = {"across": "of different soundtracks", "within": "of one soundtrack"}
TITLES: Final = {"synthesised": "Synthesised audio", "music": "Real music"}


def page(reports: dict[str, dict[str, Any]], law: ChanceLaw) -> str:
    """`reports` maps material to the JSON document of its run."""
    lines = [
        "# Fingerprint",
        "",
        "Written by `python -m benchmarks.fingerprint --page docs/FINGERPRINT.md` from the reports "
        "of `python -m benchmarks.fingerprint`; edit neither figures nor words here. The "
        "fingerprint confirms a mark, or says that it was moved to other music; it never names "
        "anybody alone.",
        "",
        f"Two recordings are called the same where chance explains their agreement less than once "
        f"in {1 / FALSE_AGREEMENTS_MAX:,.0f} comparisons, by a law fitted to {law.pairs:,} pairs "
        f"of {law.recordings} recordings ({law.audio}; seed {law.seed}), and at least "
        f"{100 * SHARE_MIN:.0f} % of the landmarks heard agree. Intervals are Wilson's 95 %. "
        "How often a mark moved to other music is told apart stands in "
        "[the mark's own table](ROBUSTNESS.md).",
        "",
    ]
    for material, title in TITLES.items():
        if material in reports:
            lines += [f"## {title}", "", *_lines(reports[material])]
    return "\n".join(lines).rstrip() + "\n"


def markdown(report: dict[str, Any]) -> str:
    """One run."""
    return "\n".join(["# Fingerprint", "", *_lines(report)]).rstrip() + "\n"


def _lines(report: dict[str, Any]) -> Iterator[str]:
    settings = report["settings"]
    yield (
        f"Audio: {settings['audio']}; {report['recordings']} recordings, "
        f"{report['hours']:.1f} h; seed {settings['seed']}; code and law "
        f"`{settings['fingerprint']}`. {report['landmarks_per_second']:.1f} landmarks a second; "
        f"{report['cpu_per_second']:.4f} CPU-s a second of audio, decoding included; "
        f"{1000 * report['cpu_per_comparison']:.1f} CPU-ms a comparison."
    )
    yield ""
    yield from _copies(report["copies"], report["stretch_seconds"])
    yield from _strangers(report)
    yield from _failures(report)


def _copies(rows: list[dict[str, Any]], seconds: float) -> Iterator[str]:
    yield "### Altered copies"
    yield ""
    yield (
        f"A stretch of {seconds:g} s of each recording, altered as in the mark's own suite, "
        "compared with the whole at the geometry that the alteration made. Too thin: fewer "
        "landmarks than can be compared. Beyond chance: chance does not explain the agreement; the "
        "same recording asks for the share of landmarks above as well."
    )
    yield ""
    yield "| copy | n | same recording | 95 % | beyond chance | too thin |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        if not row["n"]:
            yield f"| {row['attack']} | **not run**: {row['unavailable']} | | | | |"
            continue
        low, high = row["wilson_95"]
        yield (
            f"| {row['attack']} | {row['n']} | {row['confirmed'] / row['n']:.3f} "
            f"| {low:.3f} .. {high:.3f} | {row['beyond_chance']} | {row['too_thin']} |"
        )
    yield ""


def _strangers(report: dict[str, Any]) -> Iterator[str]:
    yield "### Unrelated recordings"
    yield ""
    yield (
        "Stretches of 5, 10 and 30 s against other recordings, every second one as if its tempo, "
        "or its speed, had been changed by up to a fifth. Pairs whose very waveforms coincide "
        "share a take; they are not unrelated, are left out of the counts and listed below."
    )
    yield ""
    for name, title in (
        ("across", "recordings of different soundtracks"),
        ("within", "recordings of one soundtrack, the hard case"),
    ):
        found = report["strangers"][name]
        if not found["comparisons"]:
            continue
        yield (
            f"| {title}: {found['comparisons']:,} comparisons of {found['pairs']:,} pairs, called "
            "the same at a rate of | expected | found | share found, 95 % |"
        )
        yield "|---|---|---|---|"
        for row in found["counts"]:
            low, high = row["wilson_95"]
            yield (
                f"| {row['promise']:.0e} | {row['expected']:g} | {row['found']} "
                f"| {low:.2e} .. {high:.2e} |"
            )
        low, high = found["same_wilson_95"]
        yield f"| called the same recording | | {found['same']} | {low:.2e} .. {high:.2e} |"
        yield ""


def _failures(report: dict[str, Any]) -> Iterator[str]:
    yield "### Where it fails"
    yield ""
    weak = [
        row for row in report["copies"] if row["n"] and row["confirmed"] < _LOOK_BELOW * row["n"]
    ]
    for row in sorted(weak, key=lambda one: float(one["confirmed"])):
        yield f"- {row['attack']}: {row['confirmed']} of {row['n']} confirmed."
    if not weak:
        yield f"- No kind of copy stays under {_LOOK_BELOW:g}."
    for name in ("across", "within"):
        found = report["strangers"][name]
        if found["comparisons"]:
            yield (
                f"- Recordings {_WHERE[name]}: {found['same']} of {found['comparisons']:,} "
                "comparisons of unrelated recordings are called the same."
            )
        for row in found["inspected"]:
            if not row["shares_a_take"]:
                yield f"  - {_compared(row)}"
    yield ""
    yield "### Takes used twice"
    yield ""
    taken_twice = [
        row
        for name in ("across", "within")
        for row in report["strangers"][name]["inspected"]
        if row["shares_a_take"]
    ]
    for row in taken_twice:
        yield f"- {_compared(row)}"
    if not taken_twice:
        yield "None was met."
    yield ""


def _compared(row: dict[str, Any]) -> str:
    geometry = "" if row["tempo"] == 1 else f", as if at {row['tempo']:g} of its tempo"
    waveform = (
        "no waveforms to compare"
        if row["waveform"] is None
        else "waveforms correlate {:.2f}, {:.2f} beside that place".format(*row["waveform"])
    )
    return (
        f"{row['one']} from {row['start_seconds']:g} s, {row['seconds']:g} s{geometry}, in "
        f"{row['other']}: {'called the same' if row['same'] else 'not called the same'}; rate "
        f"{row['rate']:.0e}, {100 * row['agreeing']:.0f} % agree; {waveform}."
    )
