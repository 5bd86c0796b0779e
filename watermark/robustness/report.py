"""Prints a summary as Markdown, failures as plainly as successes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watermark.robustness.attack import Aim

_SAME_DB = 100.0
_LOOK_BELOW = 0.95  # rows under this are listed once more, under "Where it fails"


def markdown(summary: dict[str, Any]) -> str:
    """The whole report."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    yield "# What the mark survives"
    yield ""
    yield (
        f"Audio: {settings['audio']}; {summary['marked']} clips of {settings['seconds']:g} s; "
        f"{settings['ids']:,} registered ids; seed {settings['seed']}; {settings['layers']}; "
        f"code and weights `{settings['mark']}`."
    )
    yield (
        "Correct means that the strongest id reported is the true one. Intervals are Wilson's "
        "95 %. z is that of the true id: as reported where it is named, otherwise as it decides. "
        "The sound: of the copies in which the identity layer names the id, those that the "
        "fingerprint calls the same recording. A mark moved to other music counts as told apart "
        "where nobody is named, or where the fingerprint calls the sound another recording: that "
        "is never paid."
    )
    yield ""
    yield from _quality(summary["clips"])
    for table in summary["suites"]:
        yield from _suite(table)
    yield from _failures(summary)
    yield from _sources(summary)


def _quality(figures: list[dict[str, Any]]) -> Iterator[str]:
    yield "## How quiet the mark is"
    yield ""
    yield (
        "| audio | clips | SNR dB, lowest / median | SI-SNR | segmental SNR | "
        "under the mask, lowest / median | total NMR dB, highest / median | PESQ, lowest / median |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for one in figures:
        pesq = one["pesq"]
        heard = "not installed" if pesq is None else f"{pesq['lowest']:.2f} / {pesq['median']:.2f}"
        yield (
            f"| {one['form']} | {one['clips']} "
            f"| {one['snr_db']['lowest']:.2f} / {one['snr_db']['median']:.2f} "
            f"| {one['si_snr_db']['median']:.2f} | {one['segmental_snr_db']['median']:.2f} "
            f"| {one['masked']['lowest']:.3f} / {one['masked']['median']:.3f} "
            f"| {one['total_nmr_db']['highest']:.1f} / {one['total_nmr_db']['median']:.1f} "
            f"| {heard} |"
        )
    yield ""
    yield "PESQ is defined for speech; on music it is printed for comparison alone."
    yield ""
    if figures and figures[0]["bands"]:
        yield "| critical band, Hz | share under the mask |"
        yield "|---|---|"
        for band in figures[0]["bands"]:
            yield f"| {band['centre_hz']:.0f} | {band['masked']:.3f} |"
        yield ""


def _suite(table: dict[str, Any]) -> Iterator[str]:
    average = table["average"]
    yield f"## {table['suite']}: {table['about']}"
    yield ""
    if average["rate"] is not None:
        yield (
            f"Average over {average['attacks']} attacks: **{average['rate']:.3f}**; ids named "
            f"that had no part in a clip: **{average['wrong_ids']}**."
        )
        yield ""
    stock = any("stock" in row for row in table["attacks"])
    extra = " stock AudioSeal, same run |" if stock else ""
    yield (
        "| attack | n | correct | 95 % | the sound | wrong ids | z low / median "
        "| chip / bit / slot errors |"
        f" SI-SNR after dB |{extra} published, other systems |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|" + ("---|" if stock else "")
    for row in table["attacks"]:
        yield _row(row, stock)
    for row in table["not_run"]:
        blank = " |" * (7 + stock)
        yield f"| {row['attack']} | **not run**: {row['reason']} |{blank} {_published(row)} |"
    yield ""
    yield from _colluders(table["attacks"])


def _row(row: dict[str, Any], stock: bool) -> str:
    if not row["n"]:
        reason = "; ".join(row["unavailable"]) or "no clip"
        blank = " |" * (7 + stock)
        return f"| {row['attack']} | **not run**: {reason} |{blank} {_published(row)} |"
    aim = "" if row["aim"] == Aim.NAMED else f" ({row['aim']})"
    low, high = row["wilson_95"]
    snr = _ratio(row["attack_si_snr_db"])
    notes = "".join(f", {key.replace('_', ' ')} {value:g}" for key, value in row["notes"].items())
    refused = f", {row['refused']} refused" if row["refused"] else ""
    errors = f"{row['chip_errors']:.3f} / {row['bit_errors']:.3f} / {row['slot_errors']:.3f}"
    beside = f" {_stock(row)} |" if stock else ""
    return (
        f"| {row['attack']}{aim}{notes}{refused} | {row['n']} | {row['rate']:.3f} "
        f"| {low:.3f} .. {high:.3f} | {_sound(row)} | {row['wrong_ids']} "
        f"| {row['z_lowest']:.1f} / {row['z_median']:.1f} | {errors} | {snr} |{beside} "
        f"{_published(row)} |"
    )


def _sound(row: dict[str, Any]) -> str:
    if "same_recording" not in row:  # a report from before the sound was asked
        return "-"
    if row["aim"] != Aim.TOLD_APART:
        return f"same in {row['same_recording']} of {row['named']}"
    return (
        f"id carried over in {row['named']} of {row['n']} by the identity layer alone; told apart "
        f"by the fingerprint in {row['other_recording']} of {row['named']}"
    )


def _ratio(value: float | None) -> str:
    """Attacks that keep the samples but for a factor have a ratio that says nothing."""
    if value is None:
        return "-"
    return "same" if value > _SAME_DB else f"{value:.1f}"


def _stock(row: dict[str, Any]) -> str:
    found = row.get("stock")
    if found is None:
        return "-"
    return (
        f"detected {found['detected']:.3f}, whole message {found['message']:.3f}, "
        f"bits {found['bits']:.3f} (n {found['n']})"
    )


def _published(row: dict[str, Any]) -> str:
    return "; ".join(
        f"{one['system']} {one['value']} [{one['source']} {one['tag']}]" for one in row["published"]
    )


def _colluders(rows: list[dict[str, Any]]) -> Iterator[str]:
    merged = [row for row in rows if row["aim"] == Aim.MEMBERS and row["n"]]
    if not merged:
        return
    yield "| merged copies | n | every member | 95 % | at least one | 95 % | innocents named |"
    yield "|---|---|---|---|---|---|---|"
    for row in merged:
        every, one = row["every_wilson_95"], row["wilson_95"]
        yield (
            f"| {row['attack']} | {row['n']} | {row['every_rate']:.3f} "
            f"| {every[0]:.3f} .. {every[1]:.3f} | {row['rate']:.3f} "
            f"| {one[0]:.3f} .. {one[1]:.3f} | {row['wrong_ids']} |"
        )
    yield ""


def _failures(summary: dict[str, Any]) -> Iterator[str]:
    yield "## Where it fails"
    yield ""
    weak = [
        (table["suite"], row)
        for table in summary["suites"]
        for row in table["attacks"]
        if row["n"] and row["rate"] < _LOOK_BELOW
    ]
    for suite, row in sorted(weak, key=lambda one: one[1]["rate"]):
        yield (
            f"- {suite}, {row['attack']}: {row['correct']} of {row['n']}, "
            f"z median {row['z_median']:.1f}"
        )
    if not weak:
        yield f"No attack that was run stays under {_LOOK_BELOW:g}."
    for table in summary["suites"]:
        for row in table["attacks"]:
            if row["aim"] == Aim.TOLD_APART or row.get("same_recording") == row.get("named"):
                continue
            yield (
                f"- {table['suite']}, {row['attack']}: the id is named in {row['named']}, and in "
                f"{row['named'] - row['same_recording']} of them the fingerprint does not confirm "
                "the recording, so that they are not paid"
            )
    named = sum(row["wrong_ids"] for table in summary["suites"] for row in table["attacks"])
    yield f"- Ids named that had no part in the clip, over all attempts: {named}."
    unmarked = summary["unmarked"]
    yield f"- Ids named in the {unmarked['clips']} clips before marking: {unmarked['named']}."
    for row in summary["refused"]:
        yield f"- Could not be marked: {row['name']} ({row['code']}: {row['reason']})."
    yield ""


def _sources(summary: dict[str, Any]) -> Iterator[str]:
    yield "## Sources of strengths and published figures"
    yield ""
    yield "Q: quoted from the paper by way of another document. R: read in a repository."
    yield ""
    for key, source in summary["sources"].items():
        yield f"- `{key}`: {source['title']}. Measured on: {source['material']}."
