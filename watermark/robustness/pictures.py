"""The report as pictures: ROC, z by attack, quality against z, attribution by attack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")  # no window: pictures are files

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from watermark.robustness.attack import Aim
from watermark.robustness.journal import Row

_DPI: Final = 120
_WIDTH: Final = 9.0
_CAPTION_CHARACTERS: Final = 50
# Blue and orange of Okabe and Ito (2008), which most colour-blind readers tell apart.
_OURS, _OTHER, _QUIET = "#0072B2", "#D55E00", "#777777"
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw(summary: dict[str, Any], rows: Sequence[Row], out: Path) -> list[Path]:
    """Write the pictures that the rows allow; their paths."""
    made = []
    for table in summary["suites"]:
        measured = [row for row in table["attacks"] if row["n"]]
        if measured:
            made.append(_attribution(table["suite"], measured, summary, out))
            made.append(_z_by_attack(table["suite"], measured, summary, out))
    if any(row["kind"] == "clip" for row in rows):
        made.append(_quality_against_z(rows, summary, out))
    compared = any(row["kind"] == "attempt" and row["attack"] in _ROC_ATTACKS for row in rows)
    if compared and any(row["kind"] == "unmarked" for row in rows):
        made.append(_roc(rows, summary, out))
    return made


def _caption(summary: dict[str, Any]) -> str:
    settings = summary["settings"]
    audio = settings["audio"]
    if len(audio) > _CAPTION_CHARACTERS:
        audio = f"recordings from {audio.count(',') + 1} folders"
    return (
        f"{audio}, {summary['marked']} clips of {settings['seconds']:g} s, "
        f"{settings['ids']:,} ids, seed {settings['seed']}"
    )


def _attribution(
    suite: str, rows: Sequence[dict[str, Any]], summary: dict[str, Any], out: Path
) -> Path:
    """A point and its interval per attack, hardest at the bottom."""
    ranked = sorted(rows, key=lambda row: (row["rate"], row["z_median"]))
    figure = Figure(figsize=(_WIDTH, 1.6 + 0.19 * len(ranked)), layout="constrained")
    axes = figure.add_subplot()
    for place, row in enumerate(ranked):
        low, high = row["wilson_95"]
        plain = row["aim"] == Aim.NAMED
        axes.plot([low, high], [place, place], color=_QUIET, linewidth=1.2, zorder=1)
        axes.plot(
            row["rate"],
            place,
            marker="o" if plain else "D",
            color=_OURS if plain else _OTHER,
            markersize=5,
            linestyle="none",
            zorder=2,
        )
    _attack_names(axes, [f"{row['attack']} (n {row['n']})" for row in ranked])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share correct, with Wilson's 95 % interval")
    for label, marker, colour in (
        ("strongest id is the true one", "o", _OURS),
        ("another aim: several ids, or told apart by the sound", "D", _OTHER),
    ):
        axes.plot([], [], marker=marker, color=colour, linestyle="none", label=label)
    _finish(figure, axes, f"{suite}: who is named", summary)
    return _saved(figure, out / f"{suite}-attribution.png")


def _z_by_attack(
    suite: str, rows: Sequence[dict[str, Any]], summary: dict[str, Any], out: Path
) -> Path:
    """Boxes from quartile to quartile with every clip's z over them."""
    ranked = sorted(rows, key=lambda row: row["z_median"])
    figure = Figure(figsize=(_WIDTH, 1.6 + 0.19 * len(ranked)), layout="constrained")
    axes = figure.add_subplot()
    axes.boxplot(
        [row["z"] for row in ranked],
        orientation="horizontal",
        positions=range(len(ranked)),
        widths=0.6,
        showfliers=False,
        medianprops={"color": _OURS, "linewidth": 2},
        boxprops={"color": _QUIET},
        whiskerprops={"color": _QUIET},
        capprops={"color": _QUIET},
        manage_ticks=False,
    )
    for place, row in enumerate(ranked):
        axes.plot(row["z"], [place] * len(row["z"]), ".", color=_OURS, alpha=0.4, markersize=4)
    threshold_z = summary["settings"].get("threshold_z")
    if threshold_z is not None:
        axes.axvline(threshold_z, color=_OTHER, linestyle="--", linewidth=1)
        axes.plot([], [], "--", color=_OTHER, label=f"threshold of a 10 s file, {threshold_z:.1f}")
    _attack_names(axes, [row["attack"] for row in ranked])
    axes.set_xlabel("z of the true id, in deviations above chance")
    axes.plot([], [], ".", color=_OURS, label="one clip")
    _finish(figure, axes, f"{suite}: how strongly the true id is left", summary)
    return _saved(figure, out / f"{suite}-z.png")


def _quality_against_z(rows: Sequence[Row], summary: dict[str, Any], out: Path) -> Path:
    """Every clip: what the mark costs in SNR and masking, against how strongly it is read."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    clips = [row for row in rows if row["kind"] == "clip"]
    for number, form in enumerate(dict.fromkeys(row["form"] for row in clips)):
        of_form = [row for row in clips if row["form"] == form]
        z = [row["own_z"] for row in of_form]
        marker = _MARKERS[number % len(_MARKERS)]
        left.plot([row["quality"]["snr_db"] for row in of_form], z, marker, label=form, alpha=0.8)
        masked = [100 * row["quality"]["noise_to_mask"]["masked"] for row in of_form]
        right.plot(masked, z, marker, label=form, alpha=0.8)
    left.set_xlabel("SNR of the marked copy, dB")
    left.set_ylabel("z of the id in the fresh copy")
    right.set_xlabel("share of the spectrum under the mask, %")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.legend(fontsize=8)
    figure.suptitle(f"Quality against strength\n{_caption(summary)}", fontsize=10)
    return _saved(figure, out / "quality.png")


def _roc(rows: Sequence[Row], summary: dict[str, Any], out: Path) -> Path:
    """Marked against unmarked: z of one id in fresh and attacked copies, and in unmarked clips."""
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    axes = figure.add_subplot()
    unmarked = _decoy_z(rows)
    attempts = [row for row in rows if row["kind"] == "attempt"]
    chosen = dict.fromkeys(row["attack"] for row in attempts if row["attack"] in _ROC_ATTACKS)
    styles = ("-", "--", "-.", ":")
    for number, attack in enumerate(chosen):
        z = np.array([row["agreement"]["z"] for row in attempts if row["attack"] == attack])
        levels = np.concatenate(([-np.inf], np.unique(np.concatenate((unmarked, z))), [np.inf]))
        false = np.array([np.mean(unmarked >= level) for level in levels])
        true = np.array([np.mean(z >= level) for level in levels])
        axes.step(
            np.maximum(false, 0.3 / len(unmarked)),
            true,
            where="post",
            linestyle=styles[number % len(styles)],
            label=f"{attack} (n {len(z)})",
        )
    axes.set_xscale("log")
    axes.set_xlabel(
        f"share of {len(unmarked):,} ids never written that reach the z in unmarked clips"
    )
    axes.set_ylabel("share of marked clips whose id reaches it")
    axes.set_ylim(-0.02, 1.02)
    _finish(figure, axes, "One id: marked copies against unmarked clips", summary)
    return _saved(figure, out / "roc.png")


def _decoy_z(rows: Sequence[Row]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One z per id and unmarked clip, to a tenth."""
    counts = [row["decoy_z"] for row in rows if row["kind"] == "unmarked"]
    return np.sort(
        np.concatenate([np.repeat(float(z), n) for count in counts for z, n in count.items()])
    )


_ROC_ATTACKS: Final = (
    "none",
    "crop 5 s",
    "white noise 10 dB",
    "MP3 24 kb/s",
    "Opus 6 kb/s",
    "highpass 1.5 kHz",
    "reverb 0.5 s, 3 dB",
    "average of 5 copies",
)


def _attack_names(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(-0.8, len(names) - 0.2)
    axes.grid(axis="x", alpha=0.3)


def _finish(figure: Figure, axes: Axes, title: str, summary: dict[str, Any]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(f"{title}\n{_caption(summary)}", fontsize=10)


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=_DPI)
    return path
