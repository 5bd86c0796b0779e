"""What two marks in one file do to each other: identity with and without presence, and back.

    python -m benchmarks.watermark.both_layers [FOLDER] [--clips 24] [--levels 34 36 38]

Every clip of 10 s is marked with the identity layer alone, and with both at the same signal to
noise in all, for each level of the presence mark. Identity is judged by the z of its own id; the
presence mark by its log-odds over the best 5 s, in the clip as written and after MP3. Clips are of
families that training never heard, or of the recordings in FOLDER. Brackets are 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("NO_TORCH_COMPILE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
import torch
from scipy import stats

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits
from watermark.identity.codewords import EpochKey
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import Marker
from watermark.payload import GenerationId
from watermark.presence.layer import RUN_FRAMES, AudioSealLayer, moving_mean
from watermark.presence.shaping import SAMPLE_RATE_HZ
from watermark.train.presence.effects import through_mp3
from watermark.train.presence.evaluation import (
    Clip,
    area_under_curve,
    clips_of_folder,
    synthetic_clips,
)
from watermark.writing import SNR_MIN_DB, write_marked

KEY = EpochKey(b"both layers, no issued mark here")
MP3_LEVEL = 0.9  # the encoder's; about 28 kb/s at 16 kHz
AFTER: dict[str, Callable[[Clip], Clip]] = {
    "as written": lambda sound: sound,
    "after MP3": lambda sound: through_mp3(sound[None], MP3_LEVEL),
}


@dataclass(frozen=True)
class Estimate:
    """A mean or an area, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Row:
    """One level of the presence mark; None is no presence mark at all."""

    presence_db: float | None
    snr_db: float  # median of the files as written
    identity_z: Estimate
    identity_z_change: Estimate  # paired with the identity mark alone, in percent
    auc_alone: dict[str, Estimate]  # presence mark without identity, against the unmarked clip
    auc_both: dict[str, Estimate]  # with identity, against identity alone
    shift_by_identity: dict[str, Estimate]  # of the statistic of a clip without presence mark


@dataclass
class Seen:
    """What was gathered over clips at one level."""

    snr_db: list[float]
    z: list[float]
    heard: dict[str, dict[str, list[float]]]  # after what, of what mix, per clip


MIXES = ("unmarked", "identity", "presence", "both")


def measure(
    clips: Iterator[Clip], levels: list[float], layer: AudioSealLayer, scratch: Path
) -> tuple[int, list[Row]]:
    """Mark every clip in every way; returns how many clips could be marked, and a row per level."""
    marker = Marker(IdSearch(KEY), NullModel.load(), None)
    alone = Seen([], [], {})
    seen = {level: Seen([], [], {a: {m: [] for m in MIXES} for a in AFTER}) for level in levels}
    for index, host in enumerate(clips):
        generation_id = GenerationId(0xB07400000000 + index)
        try:
            identity, snr_db, z = _written(host, marker, generation_id, None, scratch)
        except AudioRefused as refused:
            print(f"clip {index}: {refused}", file=sys.stderr)
            continue
        alone.snr_db.append(snr_db)
        alone.z.append(z)
        unmarked = {name: _heard(layer, after(host)) for name, after in AFTER.items()}
        with_identity = {name: _heard(layer, after(identity)) for name, after in AFTER.items()}
        for level, here in seen.items():
            layer.snr_db = level
            mark = layer.embed(torch.from_numpy(host)[None])[0].numpy()
            both, snr_db, z = _written(host, marker, generation_id, layer, scratch)
            here.snr_db.append(snr_db)
            here.z.append(z)
            for name, after in AFTER.items():
                mixes = (
                    unmarked[name],
                    with_identity[name],
                    _heard(layer, after(host + mark)),
                    _heard(layer, after(both)),
                )
                for mix, value in zip(MIXES, mixes, strict=True):
                    here.heard[name][mix].append(value)
        print(f"{index + 1} clips", file=sys.stderr, flush=True)
    nothing = Estimate(0.0, 0.0, 0.0)
    first = Row(None, float(np.median(alone.snr_db)), _mean(alone.z), nothing, {}, {}, {})
    return len(alone.z), [first, *(_row(level, here, alone.z) for level, here in seen.items())]


def _row(level: float, here: Seen, alone_z: list[float]) -> Row:
    change = 100.0 * (np.array(here.z) / np.array(alone_z) - 1.0)
    shift = {
        name: _mean(list(np.array(heard["identity"]) - np.array(heard["unmarked"])))
        for name, heard in here.heard.items()
    }
    return Row(
        presence_db=level,
        snr_db=float(np.median(here.snr_db)),
        identity_z=_mean(here.z),
        identity_z_change=_mean(list(change)),
        auc_alone={n: _area(h["presence"], h["unmarked"]) for n, h in here.heard.items()},
        auc_both={n: _area(h["both"], h["identity"]) for n, h in here.heard.items()},
        shift_by_identity=shift,
    )


def _written(
    host: Clip,
    marker: Marker,
    generation_id: GenerationId,
    presence: AudioSealLayer | None,
    scratch: Path,
) -> tuple[Clip, float, float]:
    """The marked copy, its signal to noise, and the z of its id."""
    source, copy = scratch / "host.wav", scratch / "copy.wav"
    soundfile.write(source, host, SAMPLE_RATE_HZ, subtype="FLOAT")
    tally = write_marked(
        AudioFile(source, AudioLimits()),
        marker.search.chips(generation_id),
        copy,
        presence,
        frames=len(host),
        progress=lambda _: None,
    )
    z = marker.reader.own_z(AudioFile(copy, AudioLimits()), marker.search, generation_id)
    sound, _ = soundfile.read(copy, dtype="float32")
    return sound, tally.snr_db, z


def _heard(layer: AudioSealLayer, sound: Clip) -> float:
    odds = layer.log_odds(torch.from_numpy(np.ascontiguousarray(sound, dtype=np.float32)))
    return float(moving_mean(odds, RUN_FRAMES).max())


def _mean(values: list[float]) -> Estimate:
    """Mean with Student's interval."""
    mean = float(np.mean(values))
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return Estimate(mean, mean - half, mean + half)


def _area(marked: list[float], unmarked: list[float]) -> Estimate:
    rate = area_under_curve(marked, unmarked)
    return Estimate(rate.value, rate.low, rate.high)


def table(material: str, clips: int, seed: int, weights_sha256: str, rows: list[Row]) -> str:
    """The rows as a page of Markdown."""
    lines = [
        f"# Both layers in one file, on {material}",
        "",
        f"{clips} clips of 10 s, seed {seed}, {SNR_MIN_DB:g} dB of signal over change in every",
        f"file; presence weights `{weights_sha256[:16]}`. z is of the id that was written.",
        "",
        "| presence, dB under host | identity z | change of z, % | AUC alone | AUC with identity "
        "| AUC alone, MP3 | AUC with identity, MP3 |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = ["none" if row.presence_db is None else f"{row.presence_db:g}"]
        cells += [
            str(row.identity_z),
            "" if row.presence_db is None else str(row.identity_z_change),
        ]
        for name in AFTER:
            cells += [str(areas[name]) if areas else "" for areas in (row.auc_alone, row.auc_both)]
        lines.append("| " + " | ".join(cells) + " |")
    shifts = rows[-1].shift_by_identity
    lines += [
        "",
        "The identity mark moves the presence statistic of a clip without presence mark by "
        + ", ".join(f"{shift} {name}" for name, shift in shifts.items())
        + ".",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watermark.both_layers")
    parser.add_argument("folder", type=Path, nargs="?", help="recordings; synthesised if none")
    parser.add_argument("--name", default="recordings", help="what the recordings are")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--levels", type=float, nargs="+", default=[34.0, 36.0, 38.0])
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--card", type=Path, help="other presence weights than the shipped ones")
    parser.add_argument("--out", type=Path, help="also write the page here, and JSON beside it")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    layer = AudioSealLayer.load_default(card_path=asked.card)
    if layer is None:
        raise SystemExit("there are no presence weights; train them first")
    if asked.folder is None:
        material = "synthesised families held out of training"
        clips = synthetic_clips(True, asked.clips, asked.seed)
    else:
        material, clips = asked.name, clips_of_folder(asked.folder, asked.clips, asked.seed)
    with tempfile.TemporaryDirectory() as scratch:
        count, rows = measure(clips, asked.levels, layer, Path(scratch))
    page = table(material, count, asked.seed, layer.weights_sha256, rows)
    print(page)
    if asked.out is not None:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(page, "utf-8")
        facts = json.dumps([asdict(row) for row in rows], indent=1)
        asked.out.with_suffix(".json").write_text(facts + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
