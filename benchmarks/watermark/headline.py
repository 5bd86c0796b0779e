"""The README's account of the mark, written from the same JSON as the page of results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from benchmarks.written_parts import rewritten

COMMAND: Final = "python -m benchmarks.watermark --readme README.md"

# What a row of the README's table says, and the attacks it speaks for.
_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("clean; from 10 s; from 5 s", ("none", "crop 10 s", "crop 5 s")),
    ("noise and other music at 10 dB", ("white noise 10 dB", "background 10 dB")),
    ("MP3 24 kb/s, AAC 32, Vorbis q0, Opus 16", ("MP3 24", "AAC 32", "Vorbis q0", "Opus 16")),
    ("Opus 6 kb/s", ("Opus 6",)),
    (
        "highpass 1.5 kHz, telephone band, reverb, echo, EQ ±6 dB",
        ("highpass", "telephone", "reverb", "echo", "equaliser"),
    ),
    ("speed and stretch ±5, ±10, ±20 %, nothing told", ("speed", "stretch")),
    ("pitch ±1, ±2 semitones, nothing told", ("pitch",)),
    ("id over id: both named", ("second id",)),
    ("5 s of a marked copy spliced into other music", ("splice of 5 s",)),
    ("2 s; 1 s of it", ("splice of 2 s", "splice of 1 s")),
)
_COLLUSION: Final = ("average of 2 copies", "average of 5 copies", "average of 8 copies")


def with_headline(readme: str, reports: dict[str, dict[str, Any]]) -> str:
    """The README with its part written anew. Raises ValueError when it has no place for it."""
    return rewritten(readme, COMMAND, _lines(reports))


def _lines(reports: dict[str, dict[str, Any]]) -> Iterator[str]:
    music = reports["music"]
    yield from _table(music["report"])
    if "null" in music:
        yield from _null(music["null"])
    if "cost" in reports.get("", {}):
        yield from _cost(reports[""]["cost"])


def _table(report: dict[str, Any]) -> Iterator[str]:
    settings = report["settings"]
    attacks = report["suites"][0]["attacks"]
    yield (
        f"{report['marked']} clips of {settings['seconds']:g} s of music that no training saw "
        f"({settings['audio']}), {settings['ids']:,} registered ids, seed {settings['seed']}; "
        "the worst attack of each row:"
    )
    yield ""
    yield "| the right id named first | clips | Wilson 95 % |"
    yield "|---|---|---|"
    for name, starts in _GROUPS:
        chosen = [one for one in attacks if one["attack"].startswith(starts) and one["n"]]
        if chosen:
            yield _row(name, min(chosen, key=lambda one: one["rate"]))
    for attack in attacks:
        if attack["attack"] in _COLLUSION and attack["n"]:
            yield (
                f"| {attack['attack']}: every one; at least one named | "
                f"{attack['every_member']}; {attack['correct']} of {attack['n']} "
                f"| {_interval(attack['every_wilson_95'])}; {_interval(attack['wilson_95'])} |"
            )
    wrong = sum(one["wrong_ids"] for one in attacks)
    yield f"| innocent ids named in any attempt | {wrong} | |"
    yield ""
    (quality,) = (one for one in report["clips"] if one["form"] == "own rate")
    pesq = quality["pesq"]
    yield (
        f"Signal over change {quality['snr_db']['lowest']:.1f} dB at the lowest, "
        f"{quality['snr_db']['median']:.1f} in the median; at least "
        f"{quality['masked']['lowest']:.1%} of a clip's spectrum lies under a mask that the "
        "embedder does not use (after ITU-R BS.1387)"
        + (f"; PESQ {pesq['lowest']:.1f} at the lowest." if pesq else ".")
    )
    yield ""
    yield from _moved(attacks)


def _moved(attacks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A mark carried to other audio is the fingerprint's business; see decision 0010."""
    moved = [one for one in attacks if one["attack"].startswith("copied") and one["n"]]
    told = "; ".join(
        f"{one['attack'].removeprefix('copied: ')} {one['named']} of {one['n']} read, "
        f"{one['other_recording']} of those told apart by the sound"
        for one in moved
    )
    if told:
        yield f"A mark moved onto other music: {told}."
        yield ""


def _null(found: dict[str, Any]) -> Iterator[str]:
    yield (
        f"False attributions: **{found['false_attributions']} in {found['windows']:,}** windows of "
        f"10 s without our mark ({found['distinct']:,} distinct, under {found['keys']:,} keys; "
        f"{found['foreign_marked']:,} marked under a foreign key), each searched for "
        f"{found['ids']:,} ids; bar z {found['threshold_z']:.2f}, highest seen "
        f"{found['highest_z']:.2f}, fitted rate at the bar {found['fitted_rate']:.0e} per window."
    )
    yield ""


def _cost(cost: dict[str, Any]) -> Iterator[str]:
    told = "; ".join(f"{row['name']} {_of_stock(row['stock_ratio'])}" for row in cost["rows"][1:])
    yield f"CPU against the stock AudioSeal detector on the same clip, in turns: {told}."
    for row in cost["hour"]:
        yield (
            f"One hour scanned ({row['mode']}, "
            f"{'two minutes marked' if row['marked'] else 'nothing marked'}): "
            f"{row['wall_seconds']:.1f} s of wall time, 1/{row['stock_ratio']:.0f} of stock, "
            f"{row['peak_mib']:.0f} MiB at most."
        )
    yield ""


def _of_stock(ratio: float) -> str:
    return f"1/{ratio:.1f}" if ratio >= 1 else f"{1 / ratio:.1f} times as much"


def _row(name: str, worst: dict[str, Any]) -> str:
    share = f"{worst['correct']} of {worst['n']}"
    if worst["correct"] < worst["n"]:
        share = f"**{share}** ({worst['attack']})"
    return f"| {name} | {share} | {_interval(worst['wilson_95'])} |"


def _interval(wilson_95: Sequence[float]) -> str:
    return f"{wilson_95[0]:.0%} .. {wilson_95[1]:.0%}"
