"""MODEL_CARD.md, written from the card and from an evaluation that has just run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from watermark.train.identity.model_card import kept_section
from watermark.train.presence.evaluation import Evaluation, Rate

MODEL_CARD = "MODEL_CARD.md"

HEAD = """# Compact AudioSeal presence mark

Written by `python -m watermark.train presence evaluate --write`; do not edit by hand.

**What it is.** A generator and a detector of the AudioSeal architecture (San Roman et al., ICML
2024), built from the `audioseal` package's own classes with {filters} filters, {dimension}
dimensions and no LSTM, trained from random weights. It says whether and where audio at 16 kHz
carries a mark. **Its 16 message bits carry nothing**: they are always zero when embedding and their
detector outputs were never trained. Who generated the audio is the identity layer's answer.

**What it was trained on.** Clips that `watermark.synthesis` makes; it has never heard a recording.

{stages}
{notes}
**What it is not.** Evidence of absence: whoever has these public weights can remove the mark, and
anyone can add it. A hit alone must never move money.

| file | SHA-256 |
|---|---|
"""

REPORT = """
## On {material}

{n} clips of 10 s, seed {seed}, mark {snr:g} dB under the host (median measured {measured:.1f} dB).
{standing:.1f} % of band-frames stand less than 12 dB under the host's masking (median clip).
The threshold for "heard" was set on {n_calibration} other clips, fresh draws of the training
families under the same attacks: at 1 % false alarms there or, where marked and unmarked are further
apart, half-way from that to the level that 90 % of marked clips reach. AUC is over 1 s windows and
over the strongest 5 s of each clip; brackets are 95 % intervals (Hanley-McNeil for AUC,
Clopper-Pearson for shares).

| after | AUC, 1 s | AUC, clip | heard, marked | heard, unmarked |
|---|---|---|---|---|
"""


STAGE = (
    "1. {steps} steps of {pairs} hosts from {clips} clips of {seconds:g} s (seed {seed}, SHA-256 "
    "of the pool `{corpus}…`), beginning with {origin}; the mark's level went from {start:g} to "
    "{reached:g} dB under the host.\n"
)
FALSE_ALARMS = (
    "\nUnmarked clips were heard in up to {worst:.1f} % after one attack, against 1 % where the "
    "threshold was set: a hit is a hint, not a finding.\n"
)


def _stages(training: dict[str, Any] | None) -> str:
    """One line per run, the first run first."""
    if training is None:
        return ""
    recipe = training["recipe"]
    earlier = _stages(training.get("began_with"))
    return earlier + STAGE.format(
        steps=training["steps_done"],
        pairs=recipe["batch_pairs"],
        clips=recipe["corpus_clips"],
        seconds=recipe["clip_seconds"],
        seed=recipe["seed"],
        corpus=training["corpus_sha256"][:16],
        origin="the weights above" if earlier else "random weights",
        start=recipe["snr_start_db"],
        reached=training["snr_db_reached"],
    )


def write_model_card(
    folder: Path, card: dict[str, Any], reports: list[Evaluation], calibration_clips: int
) -> Path:
    """Write MODEL_CARD.md into `folder`, keeping the identity section; returns its path."""
    text = HEAD.format(
        filters=card["seanet"]["n_filters"],
        dimension=card["seanet"]["dimension"],
        stages=_stages(card["training"]),
        notes="".join(f"{note}\n\n" for note in card.get("notes", [])),
    )
    for file in card["files"].values():
        text += f"| `{file['file']}` | `{file['sha256']}` |\n"
    for report in reports:
        text += REPORT.format(
            material=report.material,
            n=report.clips,
            seed=report.seed,
            snr=report.snr_db,
            measured=report.measured_snr_db,
            standing=100.0 * report.standing_out,
            n_calibration=calibration_clips,
        )
        for row in report.results:
            cells = (row.auc_1s, row.auc_10s, row.hits_10s, row.false_alarms_10s)
            text += f"| {row.attack} | " + " | ".join(_cell(rate) for rate in cells) + " |\n"
        worst = max(row.false_alarms_10s.value for row in report.results)
        text += FALSE_ALARMS.format(worst=100.0 * worst)
    text += kept_section(folder)
    path = folder / MODEL_CARD
    unfinished = folder / f".{MODEL_CARD}"
    unfinished.write_text(text, "utf-8")
    return unfinished.replace(path)


def _cell(rate: Rate) -> str:
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"
