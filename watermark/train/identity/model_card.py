"""The identity networks' section of MODEL_CARD.md, from their card and an evaluation just run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from watermark.train.identity.evaluation import BAR_Z, Evaluation, Figures

MODEL_CARD = "MODEL_CARD.md"
BEGIN = "<!-- identity networks: begin -->\n"
END = "<!-- identity networks: end -->\n"

HEAD = """# Networks of the identity mark

Written by `python -m watermark.train identity evaluate --write`; do not edit by hand.

**What they are.** *evidence*: about 2,200 multiplications per pair and band that turn the levels
around a cell into a log-likelihood ratio of its chip; the classical correlator stays beside it.
*strength*, where listed: sets the depth of every cell, within what masking and the file's allowance
leave, in place of the analytic rule; it is used only where it is asked for. Neither knows a key or
an id: whoever has these weights can neither read nor write a mark.

**What they were trained on.** Clips that `watermark.synthesis` makes; no recording.

{stages}
| file | SHA-256 |
|---|---|
"""
STAGE = (
    "1. {steps} of {planned} steps of {batch} hosts of {seconds:g} s from {clips} clips "
    "(seed {seed}, SHA-256 of the pool `{corpus}…`), marked at {low:g} to {high:g} dB; "
    "learnt: {learnt}{origin}.\n"
)
REPORT = """
### On {material}

{n} clips of {seconds:g} s, seed {seed}, marked at {aim:g} dB.
Measured, lowest and mean: {measured}.
z of the right codeword at its known alignment: mean and 95 % interval of the mean, lowest, and how
many clips reach {bar}, about what naming one of 10^6 ids takes when the sync chips are set aside.
The headings say what embedded / what detected.

"""


def write_section(
    folder: Path, card: dict[str, Any], reports: list[Evaluation], snr_db: float
) -> Path:
    """Put the section into MODEL_CARD.md, in place of an earlier one; returns its path."""
    runs = "".join(
        f"*{kind}*:\n\n{_stages(network['training'])}\n"
        + "".join(f"{note}\n\n" for note in network.get("notes", []))
        for kind, network in card["networks"].items()
    )
    text = HEAD.format(stages=runs)
    for network in card["networks"].values():
        text += f"| `{network['file']}` | `{network['sha256']}` |\n"
    for report in reports:
        text += _report(report, snr_db)
    path = folder / MODEL_CARD
    others = path.read_text("utf-8") if path.exists() else ""
    if BEGIN in others:
        before, _, rest = others.partition(BEGIN)
        others = before + rest.partition(END)[2]
    unfinished = folder / f".{MODEL_CARD}"
    unfinished.write_text(others.rstrip("\n") + "\n\n" + BEGIN + text + END, "utf-8")
    return unfinished.replace(path)


def kept_section(folder: Path) -> str:
    """The section as it stands in MODEL_CARD.md; empty if there is none."""
    path = folder / MODEL_CARD
    if not path.exists():
        return ""
    _, begin, rest = path.read_text("utf-8").partition(BEGIN)
    return "\n" + begin + rest.partition(END)[0] + END if begin else ""


def _report(report: Evaluation, snr_db: float) -> str:
    pairs = list(report.rows[0].z)
    measured = "; ".join(
        f"{name} {low:.2f} and {mean:.2f} dB, "
        f"{100 * report.masked[name][0]:.0f} and {100 * report.masked[name][1]:.1f} % of cells "
        "under the masking threshold"
        for name, (low, mean) in report.snr_db.items()
    )
    text = REPORT.format(
        material=report.material,
        n=report.clips,
        seconds=report.seconds,
        seed=report.seed,
        aim=snr_db,
        bar=BAR_Z,
        measured=measured,
    )
    text += "| after | " + " | ".join(pairs) + " |\n|---|" + "---|" * len(pairs) + "\n"
    for row in report.rows:
        text += f"| {row.attack} | " + " | ".join(_cell(row.z[pair]) for pair in pairs) + " |\n"
    for what, over, of in (
        ("The learned detector", "analytic / learned", "analytic / classical"),
        ("Learned depths", "learned / learned", "analytic / learned"),
    ):
        if over in pairs and of in pairs:
            ratios = [row.z[over].mean / row.z[of].mean for row in report.rows]
            text += (
                f"\n{what} (`{over}` against `{of}`): mean z times {min(ratios):.3f} to "
                f"{max(ratios):.3f}, {sum(ratios) / len(ratios):.3f} on average over the rows.\n"
            )
    return text


def _cell(figures: Figures) -> str:
    over = f"{figures.over_bar} of {figures.clips}"
    return f"{figures.mean:.1f} ± {figures.within:.1f}, {figures.lowest:.1f}, {over}"


def _stages(training: dict[str, Any] | None) -> str:
    """One line per run, the first run first."""
    if training is None:
        return ""
    recipe = training["recipe"]
    earlier = _stages(training.get("began_with"))
    return earlier + STAGE.format(
        origin="; began with the detector above" if earlier else "",
        steps=training["steps_done"],
        planned=recipe["steps"],
        batch=recipe["batch"],
        seconds=recipe["heard_seconds"],
        clips=recipe["corpus_clips"],
        seed=recipe["seed"],
        corpus=training["corpus_sha256"][:16],
        low=recipe["snr_lowest_db"],
        high=recipe["snr_highest_db"],
        learnt="both networks" if recipe["embedder_from_step"] >= 0 else "evidence",
    )
