"""From the rows of a journal to the figures of a report: rates, intervals, medians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from watermark.robustness.attack import Aim, Attack
from watermark.robustness.intervals import wilson
from watermark.robustness.journal import Row
from watermark.robustness.sources import FIGURES, SOURCES
from watermark.robustness.suite import Suite


def summary(settings: Row, rows: Sequence[Row], suites: Sequence[Suite]) -> dict[str, Any]:
    """The report as JSON: settings, clips and their quality, and a table per suite."""
    attempts: dict[tuple[str, str], list[Row]] = defaultdict(list)
    unavailable: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "attempt":
            attempts[row["suite"], row["attack"]].append(row)
        elif row["kind"] == "unavailable":
            unavailable[row["suite"], row["attack"]].append(row)
    tables = []
    for suite in suites:
        entries = [
            entry(attack, attempts[suite.name, attack.name], unavailable[suite.name, attack.name])
            for attack in suite.attacks
        ]
        tables.append(
            {
                "suite": suite.name,
                "about": suite.about,
                "audio": "own rate" if suite.rate_hz is None else f"{suite.rate_hz} Hz",
                "mono": suite.mono,
                "attacks": entries,
                "not_run": [
                    {
                        "attack": left.name,
                        "family": left.family,
                        "reason": left.reason,
                        "published": published(left.name),
                    }
                    for left in suite.not_run
                ],
                "average": average(entries),
            }
        )
    return {
        "settings": settings,
        "marked": len({row["clip"] for row in rows if row["kind"] == "clip"}),
        "clips": clip_figures([row for row in rows if row["kind"] == "clip"]),
        "refused": [row for row in rows if row["kind"] == "refused"],
        "unmarked": {
            "clips": sum(row["kind"] == "unmarked" for row in rows),
            "named": sum(len(row["named"]) for row in rows if row["kind"] == "unmarked"),
        },
        "suites": tables,
        "sources": {
            key: {"title": source.title, "material": source.material}
            for key, source in SOURCES.items()
        },
    }


def entry(attack: Attack, rows: Sequence[Row], missing: Sequence[Row]) -> dict[str, Any]:
    """One line of the table."""
    correct = sum(row["correct"] for row in rows)
    found: dict[str, Any] = {
        "attack": attack.name,
        "family": attack.family,
        "source": attack.source,
        "aim": str(attack.aim),
        "n": len(rows),
        "correct": correct,
        "rate": rate(correct, len(rows)),
        "wilson_95": list(wilson(correct, len(rows))),
        "wrong_ids": sum(row["wrong_ids"] for row in rows),
        "named": sum(row["some"] for row in rows),
        "same_recording": sum(row["same_recording"] for row in rows),
        "other_recording": sum(row["other_recording"] for row in rows),
        "refused": sum(row["refused"] is not None for row in rows),
        "unavailable": sorted({row["reason"] for row in missing}),
        "published": published(attack.name),
    }
    if attack.aim is Aim.MEMBERS:
        every = sum(row["every"] for row in rows)
        found |= {
            "every_member": every,
            "every_rate": rate(every, len(rows)),
            "every_wilson_95": list(wilson(every, len(rows))),
        }
    if rows:
        found |= _spread(rows)
    return found


def _spread(rows: Sequence[Row]) -> dict[str, Any]:
    z = np.array([row["agreement"]["z"] for row in rows])
    snr = [row["si_snr_db"] for row in rows if row["si_snr_db"] is not None]
    notes: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for key, value in row["notes"].items():
            notes[key].append(value)
    return {
        "z_lowest": round(float(z.min()), 2),
        "z_median": round(float(np.median(z)), 2),
        "z_highest": round(float(z.max()), 2),
        "z": [round(float(one), 2) for one in z],
        **{
            key: round(float(np.mean([row["agreement"][key] for row in rows])), 4)
            for key in ("chip_errors", "slot_errors", "bit_errors")
        },
        "attack_si_snr_db": round(float(np.median(snr)), 1) if snr else None,
        "notes": {key: round(float(np.median(values)), 2) for key, values in notes.items()},
    }


def average(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean over attacks that the mark is asked to survive, each attack counting alike."""
    asked = [one for one in entries if one["n"] and one["aim"] in (Aim.NAMED, Aim.BOTH)]
    if not asked:
        return {"attacks": 0, "rate": None}
    return {
        "attacks": len(asked),
        "attempts": sum(one["n"] for one in asked),
        "rate": round(sum(one["rate"] for one in asked) / len(asked), 4),
        "wrong_ids": sum(one["wrong_ids"] for one in entries),
    }


def clip_figures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Quality per form of the audio: lowest and median, and the share masked per band."""
    figures = []
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form]
        qualities = [row["quality"] for row in of_form]
        masked = np.array([one["noise_to_mask"]["masked"] for one in qualities])
        spoken = [one["pesq"] for one in qualities if one["pesq"] is not None]
        figures.append(
            {
                "form": form,
                "clips": len(of_form),
                **{
                    key: _two(np.array([one[key] for one in qualities]))
                    for key in ("snr_db", "si_snr_db", "segmental_snr_db")
                },
                "masked": _two(masked),
                "total_nmr_db": _highest(qualities),
                "pesq": _two(np.array(spoken)) if spoken else None,
                "bands": _bands(qualities),
            }
        )
    return figures


def published(name: str) -> list[dict[str, str]]:
    """Figures of other systems under the attack of this name."""
    return [
        {
            "system": one.system,
            "measure": one.measure,
            "value": one.value,
            "source": one.source,
            "tag": one.tag,
        }
        for one in FIGURES.get(name, ())
    ]


def rate(successes: int, trials: int) -> float | None:
    return round(successes / trials, 4) if trials else None


def _two(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    return {
        "lowest": round(float(values.min()), 3),
        "median": round(float(np.median(values)), 3),
        "mean": round(float(values.mean()), 3),
    }


def _highest(qualities: Sequence[dict[str, Any]]) -> dict[str, float]:
    total = np.array([one["noise_to_mask"]["total_db"] for one in qualities])
    return {"highest": round(float(total.max()), 2), "median": round(float(np.median(total)), 2)}


def _bands(qualities: Sequence[dict[str, Any]]) -> list[dict[str, float]]:
    by_band: dict[float, list[float]] = defaultdict(list)
    for one in qualities:
        for centre_hz, masked in one["noise_to_mask"]["bands"]:
            by_band[centre_hz].append(masked)
    return [
        {"centre_hz": centre_hz, "masked": round(float(np.mean(by_band[centre_hz])), 4)}
        for centre_hz in sorted(by_band)
    ]
