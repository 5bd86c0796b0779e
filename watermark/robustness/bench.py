"""Puts a run together: ids, clips, the mark under test, the journal and the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from watermark.identity.codewords import EpochKey
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.symbols import Ids
from watermark.identity.windows import window_count
from watermark.marker import Marker
from watermark.payload import GenerationId
from watermark.presence.layer import AudioSealLayer
from watermark.presence.refusal import CheckpointRefused, Reason
from watermark.robustness.clips import Clip, NoAudio, from_folders, synthesised
from watermark.robustness.identification import fingerprint_sha256, mark_sha256
from watermark.robustness.journal import Journal, Row
from watermark.robustness.pictures import draw
from watermark.robustness.reader import MarkReader
from watermark.robustness.report import markdown
from watermark.robustness.stock import StockAudioSeal, stock_survey, with_stock
from watermark.robustness.suite import Suite
from watermark.robustness.survey import IDS_PER_CLIP, Plan, Step, survey, taken
from watermark.robustness.tables import summary

LISTENING_IDS: Final = 1000
KEY: Final = EpochKey(b"benchmarks only: no issued mark.")


@dataclass(frozen=True)
class Asked:
    """What a run was asked for; `audio` empty means synthesised clips of held-out families."""

    suites: tuple[Suite, ...]
    clips: int
    seconds: float
    seed: int
    audio: tuple[Path, ...]
    ids: int
    questions: int
    slow_clips: int
    presence: bool
    generator_weights: Path | None
    detector_weights: Path | None
    out: Path

    def settings(self, layers: str) -> dict[str, Any]:
        """What must agree for two parts of a run to be counted together.

        Suites and clips may be added later; what changes the meaning of a row may not change.
        """
        return {
            "audio": audio_name(self.audio),
            "seconds": self.seconds,
            "seed": self.seed,
            "ids": self.ids,
            "questions": self.questions,
            "layers": layers,
            "mark": mark_sha256(),
            "fingerprint": fingerprint_sha256(),
            "threshold_z": NullModel.load().threshold_z(windows=window_count(1), ids=self.ids),
        }


def measure(asked: Asked, heard: Callable[[Step], None]) -> dict[str, Any]:
    """Run what is missing, write report.json, report.md and pictures, return the summary."""
    presence = AudioSealLayer.load_default() if asked.presence else None
    layers = "identity mark alone"
    if presence is not None:
        layers = f"with the presence mark {presence.weights_sha256[:12]}"
    stock = _stock(asked)
    journal = Journal(asked.out / "journal.jsonl", asked.settings(layers))
    values = registered(asked.ids, asked.seed)
    marker = Marker(searching(values), NullModel.load(), presence)
    clips = taken(clip_source(asked.audio, asked.seconds, asked.seed), asked.clips + 1)
    plan = Plan(asked.suites, asked.seed, asked.slow_clips)
    with MarkReader(marker) as reader:
        survey(clips, reader, lambda n: ids_of(values, n), plan, journal, heard)
    if stock is not None:
        stock_survey(clips, stock, asked.suites, asked.seed, journal, heard)
    found = summary(asked.settings(layers), journal.rows, asked.suites)
    with_stock(found["suites"], journal.rows)
    write(found, journal.rows, asked.out)
    return found


def _stock(asked: Asked) -> StockAudioSeal | None:
    """Raises CheckpointRefused when only one of the two files is named."""
    generator, detector = asked.generator_weights, asked.detector_weights
    if generator is not None and detector is not None:
        return StockAudioSeal.load(generator, detector)
    if generator is not None or detector is not None:
        raise CheckpointRefused(
            generator or detector or Path(),
            Reason.MISSING,
            "only one of the two networks was named",
            "Name both --generator-weights and --detector-weights, or neither.",
        )
    return None


def write(found: dict[str, Any], rows: Sequence[Row], out: Path) -> None:
    """Leave the report and its pictures in a folder."""
    (out / "report.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (out / "report.md").write_text(markdown(found), "utf-8")
    draw(found, rows, out)


def registered(count: int, seed: int) -> Ids:
    """The ids that a run can be mistaken between; the first ones are those written."""
    rng = np.random.default_rng([seed, 64])
    values: Ids = rng.integers(0, 2**64, count, np.uint64, endpoint=False)
    return values


def searching(values: Ids) -> IdSearch:
    search = IdSearch(KEY)
    search.add_values(values)
    return search


def ids_of(values: Ids, clip: int) -> Sequence[GenerationId]:
    """The ids that clip number `clip` may be marked with."""
    places = (np.arange(IDS_PER_CLIP) + IDS_PER_CLIP * clip) % len(values)
    return [GenerationId(int(value)) for value in values[places]]


def clip_source(folders: Sequence[Path], seconds: float, seed: int) -> Iterator[Clip]:
    """Raises NoAudio for a folder that does not exist."""
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        raise NoAudio(f"{missing[0]}: no such folder; name one that holds recordings")
    return from_folders(list(folders), seconds, seed) if folders else synthesised(seconds, seed)


def audio_name(folders: Sequence[Path]) -> str:
    return ", ".join(folder.name for folder in folders) or "synthesised, held-out families"
