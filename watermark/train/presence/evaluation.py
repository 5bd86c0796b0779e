"""What the presence mark can do: attacks, rates with intervals, thresholds from elsewhere.

The calibration set is fresh draws of the training families; the report is on families that training
never saw, or on a folder of real recordings. A threshold is never chosen on what it is reported on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from scipy import stats

from watermark.presence.layer import (
    RUN_FRAMES,
    WINDOW_FRAMES,
    AudioSealLayer,
    Calibration,
    moving_mean,
)
from watermark.presence.shaping import SAMPLE_RATE_HZ, standing_out
from watermark.synthesis import HELD_OUT_FAMILIES, TRAINING_FAMILIES, clip
from watermark.train.presence.attacks import ATTACKS, Clip

CLIP_SECONDS = 10.0
HEARD_SHARE = 0.9
FALSE_ALARM_RATE = 0.01  # per 1 s window, and per 10 s clip, of the calibration material
AUDIO_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus"}
QUIETEST_CLIP_RMS = 1e-3


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class AttackResult:
    """How well marked and unmarked clips are told apart after one attack."""

    attack: str
    auc_1s: Rate
    auc_10s: Rate
    hits_10s: Rate
    false_alarms_10s: Rate


@dataclass(frozen=True)
class Evaluation:
    """One evaluation run."""

    material: str
    clips: int
    seed: int
    snr_db: float
    measured_snr_db: float  # median over clips
    standing_out: float  # share of band-frames not hidden by the host, median over clips
    results: tuple[AttackResult, ...]


def synthetic_clips(held_out: bool, count: int, seed: int) -> Iterator[Clip]:
    """Clips of 10 s from fresh draws of the training families, or from the held-out ones."""
    families = HELD_OUT_FAMILIES if held_out else TRAINING_FAMILIES
    for index in range(count):
        rng = np.random.default_rng([seed, 3, index])
        yield clip(families, rng, seconds=CLIP_SECONDS, sample_rate_hz=SAMPLE_RATE_HZ)


def clips_of_folder(folder: Path, count: int, seed: int) -> Iterator[Clip]:
    """`count` stretches of 10 s from the recordings in `folder`, one per file and round again."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise ValueError(f"{folder} holds no {' '.join(sorted(AUDIO_SUFFIXES))} file")
    made = tried = 0
    while made < count and tried < 20 * count:
        rng = np.random.default_rng([seed, 4, tried])
        path = paths[tried % len(paths)]
        tried += 1
        with soundfile.SoundFile(path) as file:
            needed = math.ceil(CLIP_SECONDS * file.samplerate) + 16
            if file.frames < needed:
                continue
            file.seek(int(rng.integers(0, file.frames - needed + 1)))
            mono = file.read(needed, dtype="float32", always_2d=True).mean(axis=1)
            rate = file.samplerate
        sound = np.asarray(soxr.resample(mono, rate, SAMPLE_RATE_HZ), dtype=np.float32)
        sound = sound[: round(CLIP_SECONDS * SAMPLE_RATE_HZ)]
        if np.sqrt(np.mean(sound**2)) > QUIETEST_CLIP_RMS:
            made += 1
            yield sound


@dataclass
class Heard:
    """Mean log-odds of clips and of 1 s windows, after one attack."""

    clips: list[float]
    windows: list[float]

    def add(self, log_odds: torch.Tensor) -> None:
        self.clips.append(float(moving_mean(log_odds, RUN_FRAMES).max()))
        self.windows.extend(moving_mean(log_odds, WINDOW_FRAMES)[::WINDOW_FRAMES].tolist())


@dataclass(frozen=True)
class Hearing:
    """(marked, unmarked) statistics per attack, and how loud the mark was."""

    heard: dict[str, tuple[Heard, Heard]]
    snr_db: float
    standing_out: float


def hearing(layer: AudioSealLayer, clips: Iterator[Clip], seed: int) -> Hearing:
    """Mark every clip, attack marked and unmarked alike, and ask the detector."""
    heard = {name: (Heard([], []), Heard([], [])) for name in ATTACKS}
    snrs_db, standing = [], []
    for index, host in enumerate(clips):
        samples = torch.from_numpy(host)[None]
        mark = layer.embed(samples)
        snrs_db.append(10.0 * math.log10(float(samples.square().sum() / mark.square().sum())))
        standing.append(float(standing_out(mark[None], samples[None])))
        for number, (name, attack) in enumerate(ATTACKS.items()):
            for sound, into in zip((host + mark[0].numpy(), host), heard[name], strict=True):
                rng = np.random.default_rng([seed, 5, index, number])  # the same for both
                into.add(layer.log_odds(torch.from_numpy(attack(sound, rng))))
    return Hearing(heard, float(np.median(snrs_db)), float(np.median(standing)))


def area_under_curve(marked: list[float], unmarked: list[float]) -> Rate:
    """Mann-Whitney AUC with the interval of Hanley and McNeil (1982)."""
    m, n = len(marked), len(unmarked)
    order = stats.rankdata(np.array(marked + unmarked))
    area = float((order[:m].sum() - m * (m + 1) / 2) / (m * n))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    half = 1.96 * math.sqrt(max(0.0, variance))
    return Rate(area, max(0.0, area - half), min(1.0, area + half), min(m, n))


def share(hits: int, n: int) -> Rate:
    """A proportion with the exact (Clopper-Pearson) 95 % interval."""
    test = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    return Rate(hits / n, float(test.low), float(test.high), n)


def calibrate(layer: AudioSealLayer, *, clips: int, seed: int) -> tuple[Calibration, float]:
    """Thresholds and score from training-family clips, and the 10 s threshold they imply.

    The score is a logistic curve fitted to marked and unmarked clips, clean and attacked alike.
    """
    return thresholds(hearing(layer, synthetic_clips(False, clips, seed), seed).heard)


def thresholds(heard: dict[str, tuple[Heard, Heard]]) -> tuple[Calibration, float]:
    """What `calibrate` makes of what was heard."""
    marked_windows = np.concatenate([m.windows for m, _ in heard.values()])
    unmarked_windows = np.concatenate([u.windows for _, u in heard.values()])
    marked = np.concatenate([m.clips for m, _ in heard.values()])
    unmarked = np.concatenate([u.clips for _, u in heard.values()])
    gain, offset = _logistic(marked, unmarked)
    calibration = Calibration(
        window_threshold=between(unmarked_windows, marked_windows),
        score_gain=gain,
        score_offset=offset,
        unmarked_mean=float(unmarked_windows.mean()),
    )
    return calibration, between(unmarked, marked)


def between(unmarked: NDArray[np.float64], marked: NDArray[np.float64]) -> float:
    """A threshold at 1 % false alarms, or half-way from there to where 90 % are still heard.

    New material moves unmarked statistics, so a threshold at the edge of the material at hand would
    raise false alarms on any other; half of the gap is kept as a margin where there is a gap.
    """
    edge = float(np.quantile(unmarked, 1.0 - FALSE_ALARM_RATE))
    return max(edge, 0.5 * (edge + float(np.quantile(marked, 1.0 - HEARD_SHARE))))


def _logistic(marked: NDArray[np.float64], unmarked: NDArray[np.float64]) -> tuple[float, float]:
    """Gain and offset of the logistic regression of "marked" on the statistic, by Newton's method.

    A ridge keeps the gain finite where the two sets do not overlap.
    """
    values = np.concatenate([marked, unmarked])
    wanted = np.concatenate([np.ones(len(marked)), np.zeros(len(unmarked))])
    columns = np.stack([values, np.ones_like(values)], axis=1)
    weights = np.zeros(2)
    ridge = np.diag([1e-1, 1e-3])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(columns @ weights, -40, 40)))
        slope = columns.T @ (wanted - chance) - ridge @ weights
        curve = columns.T @ (columns * (chance * (1 - chance))[:, None]) + ridge
        weights = weights + np.clip(np.linalg.solve(curve, slope), -2.0, 2.0)
    return float(weights[0]), float(weights[1])


def evaluate(
    layer: AudioSealLayer,
    clips: Iterator[Clip],
    *,
    material: str,
    seed: int,
    clip_threshold: float,
) -> Evaluation:
    """Every attack on `clips`, marked and not."""
    found = hearing(layer, clips, seed)
    return judged(found, layer.snr_db, material=material, seed=seed, clip_threshold=clip_threshold)


def judged(
    found: Hearing, snr_db: float, *, material: str, seed: int, clip_threshold: float
) -> Evaluation:
    """What was heard, as rates with intervals."""
    results = []
    for name, (marked, unmarked) in found.heard.items():
        hits = sum(value > clip_threshold for value in marked.clips)
        alarms = sum(value > clip_threshold for value in unmarked.clips)
        results.append(
            AttackResult(
                attack=name,
                auc_1s=area_under_curve(marked.windows, unmarked.windows),
                auc_10s=area_under_curve(marked.clips, unmarked.clips),
                hits_10s=share(hits, len(marked.clips)),
                false_alarms_10s=share(alarms, len(unmarked.clips)),
            )
        )
    return Evaluation(
        material=material,
        clips=len(found.heard["none"][0].clips),
        seed=seed,
        snr_db=snr_db,
        measured_snr_db=found.snr_db,
        standing_out=found.standing_out,
        results=tuple(results),
    )
