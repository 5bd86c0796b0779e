"""What the identity networks add: z of the right codeword, learned beside classical, per attack.

The alignment is known here, so the figures compare detectors and embedders and nothing else. They
are of single clips at one signal-to-noise ratio, from families that training never saw, or from a
folder of recordings.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor
from torch.nn import functional as F

from watermark.identity.cells import BANDS, BLOCK_SAMPLES, CODEWORD_PAIRS, SAMPLE_RATE_HZ
from watermark.identity.embedder import EMBED_CONTEXT, count, mark_change, prepared
from watermark.identity.evidence import EVIDENCE_CONTEXT, block_evidence
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.networks import IdentityNetworks
from watermark.identity.strength import Allowance
from watermark.identity.windows import Evidence
from watermark.synthesis import HELD_OUT_FAMILIES, clip
from watermark.synthesis.mixing import in_room
from watermark.train.identity.attacks import coded
from watermark.train.identity.examples import random_codeword

log = logging.getLogger("watermark.train")
EVALUATION_SECONDS = 30.0
AUDIO_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus"}
QUIETEST_RMS = 1e-3
BAR_Z = 9.6  # 8.5, of which the id's own chips carry 0.89
Samples = NDArray[np.float32]
Attack = Callable[[Samples, np.random.Generator], Samples]


def _noise(under_db: float) -> Attack:
    def attack(sound: Samples, rng: np.random.Generator) -> Samples:
        level = np.sqrt(np.mean(sound**2)) * 10.0 ** (-under_db / 20.0)
        return np.asarray(sound + level * rng.standard_normal(len(sound)), dtype=np.float32)

    return attack


def _filter(edge_hz: float, kind: str) -> Attack:
    taps = signal.butter(5, edge_hz, kind, fs=SAMPLE_RATE_HZ, output="sos")
    return lambda sound, _: np.asarray(signal.sosfilt(taps, sound), dtype=np.float32)


def _codec(container: str, subtype: str, level: float) -> Attack:
    return lambda sound, _: coded(sound, container, subtype, level)


def _echo(sound: Samples, _: np.random.Generator) -> Samples:
    late = np.zeros_like(sound)
    late[4000:] = 0.5 * sound[:-4000]
    return sound + late


def _cut(seconds: float) -> Attack:
    """All but a stretch is silent, so that the alignment stays known."""

    def attack(sound: Samples, rng: np.random.Generator) -> Samples:
        samples = round(seconds * SAMPLE_RATE_HZ)
        start = int(rng.integers(0, len(sound) - samples + 1))
        kept = np.zeros_like(sound)
        kept[start : start + samples] = sound[start : start + samples]
        return kept

    return attack


def _eight_bits(sound: Samples, _: np.random.Generator) -> Samples:
    return np.asarray(np.round(sound * 128) / 128, dtype=np.float32)


ATTACKS: dict[str, Attack] = {
    "none": lambda sound, _: sound,
    "5 s of it": _cut(5.0),
    "white noise 20 dB": _noise(20.0),
    "white noise 10 dB": _noise(10.0),
    "Opus 6 kb/s": _codec("OGG", "OPUS", 1.0),
    "MP3 26 kb/s": _codec("MP3", "MPEG_LAYER_III", 0.99),
    "highpass 1.5 kHz": _filter(1500.0, "high"),
    "lowpass 3 kHz": _filter(3000.0, "low"),
    "echo 0.25 s x 0.5": _echo,
    "reverb 0.6 s": lambda sound, rng: in_room(sound, rng, SAMPLE_RATE_HZ, decay_s=0.6, wet=0.7),
    "8 bits": _eight_bits,
}
AVERAGED = {"average of 2 ids": 2}


@dataclass(frozen=True)
class Figures:
    """z over clips: mean, half width of its 95 % interval (normal), lowest, how many over BAR_Z."""

    mean: float
    within: float
    lowest: float
    over_bar: int
    clips: int


@dataclass(frozen=True)
class Row:
    """One attack: `z` by what embedded and what detected."""

    attack: str
    z: dict[str, Figures]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation run. `snr_db` and `masked` are (lowest, mean) over clips, by embedder."""

    material: str
    clips: int
    seed: int
    seconds: float
    snr_db: dict[str, tuple[float, float]]
    masked: dict[str, tuple[float, float]]
    rows: list[Row]


def evaluate(
    networks: IdentityNetworks, clips: list[Samples], *, material: str, seed: int, snr_db: float
) -> Evaluation:
    """Mark each clip by each embedder, attack it, hear it by each detector."""
    detectors: dict[str, Evidence] = {"classical": block_evidence}
    if networks.evidence is not None:
        detectors["learned"] = networks.evidence
    embedders: dict[str, StrengthNetwork | None] = {"analytic": None}
    if networks.strength is not None:
        embedders["learned"] = networks.strength
    z: dict[tuple[str, str], list[float]] = {}
    snrs: dict[str, list[float]] = {name: [] for name in embedders}
    shares: dict[str, list[float]] = {name: [] for name in embedders}
    with torch.inference_mode():
        for index, host in enumerate(clips):
            log.info("clip %d of %d, %s", index + 1, len(clips), material)
            for embedder, network in embedders.items():
                rng = np.random.default_rng([seed, 13, index])  # the same for every embedder
                codewords = [random_codeword(rng) for _ in range(max(AVERAGED.values()))]
                marks = [mark(host, chips, snr_db, network) for chips in codewords]
                snrs[embedder].append(marks[0].snr_db)
                shares[embedder].append(marks[0].masked)
                for attack, copy in _attacked([one.samples for one in marks], rng):
                    for detector, evidence in detectors.items():
                        heard = z_of(copy, codewords[0], evidence)
                        z.setdefault((attack, f"{embedder} / {detector}"), []).append(heard)
    by_attack: dict[str, dict[str, Figures]] = {}
    for (attack, pair), values in z.items():
        by_attack.setdefault(attack, {})[pair] = _figures(values)
    return Evaluation(
        material=material,
        clips=len(clips),
        seed=seed,
        seconds=EVALUATION_SECONDS,
        snr_db={name: (min(values), float(np.mean(values))) for name, values in snrs.items()},
        masked={name: (min(values), float(np.mean(values))) for name, values in shares.items()},
        rows=[Row(attack, figures) for attack, figures in by_attack.items()],
    )


@dataclass(frozen=True)
class MarkedClip:
    """A marked clip, and what marking it cost."""

    samples: Samples
    snr_db: float
    masked: float  # share of cells whose change lies under the masking threshold


def mark(
    host: Samples, chips: Tensor, snr_db: float, network: StrengthNetwork | None
) -> MarkedClip:
    """Mark a clip (time,) as a file of its own."""
    allowance = Allowance(snr_db)
    for start, span in _spans(host, EMBED_CONTEXT):
        count(span, prepared(span, start, chips, network), allowance)
    level = allowance.level()
    changes = [
        mark_change(span, start, chips, level=level, network=network)
        for start, span in _spans(host, EMBED_CONTEXT)
    ]
    change = torch.cat([one.samples[0] for one in changes]).numpy()
    masked = torch.cat([one.noise_to_mask for one in changes], 1) < 1
    ratio = float(np.sum(host.astype(np.float64) ** 2) / np.sum(change.astype(np.float64) ** 2))
    return MarkedClip(host + change, 10 * math.log10(ratio), float(masked.float().mean()))


def z_of(copy: Samples, chips: Tensor, evidence: Evidence) -> float:
    """z of a codeword at its known alignment, blocks folded onto one codeword."""
    folded = torch.zeros(CODEWORD_PAIRS, BANDS)
    for _, span in _spans(copy, EVIDENCE_CONTEXT):
        folded += evidence(span)[..., 0]
    return float((folded * chips).sum() / folded.square().sum().sqrt().clamp_min(1e-9))


def held_out_clips(count: int, seed: int) -> list[Samples]:
    """Clips of families that no training saw."""
    return [
        np.asarray(
            clip(
                HELD_OUT_FAMILIES,
                np.random.default_rng([seed, 14, index]),
                seconds=EVALUATION_SECONDS,
                sample_rate_hz=SAMPLE_RATE_HZ,
            ),
            dtype=np.float32,
        )
        for index in range(count)
    ]


def clips_of_folder(folder: Path, count: int, seed: int) -> list[Samples]:
    """`count` random stretches of the recordings under a folder, mixed to one channel."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    rng = np.random.default_rng([seed, 15])
    found: list[Samples] = []
    for index in rng.permutation(len(paths)):
        info = soundfile.info(paths[index])
        wanted = round(EVALUATION_SECONDS * info.samplerate)
        if info.frames < wanted or len(found) == count:
            continue
        start = int(rng.integers(0, info.frames - wanted + 1))
        sound = soundfile.read(paths[index], wanted, start=start, dtype="float32", always_2d=True)[
            0
        ].mean(1)
        sound = np.asarray(soxr.resample(sound, info.samplerate, SAMPLE_RATE_HZ), dtype=np.float32)
        if float(np.sqrt(np.mean(sound**2))) > QUIETEST_RMS:
            found.append(sound)
    if not found:
        raise ValueError(f"{folder} holds no recording of {EVALUATION_SECONDS:g} s or more")
    return found


def _attacked(copies: list[Samples], rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    for name, attack in ATTACKS.items():
        yield name, np.asarray(attack(copies[0], rng), dtype=np.float32)
    for name, members in AVERAGED.items():
        yield name, np.mean(copies[:members], axis=0, dtype=np.float32)


def _spans(sound: Samples, context: int) -> Iterator[tuple[int, Tensor]]:
    samples = torch.from_numpy(sound)
    for start in range(0, len(sound), BLOCK_SAMPLES):
        first, last = start - context, min(start + BLOCK_SAMPLES, len(sound)) + context
        inside = samples[max(first, 0) : min(last, len(sound))]
        yield start, F.pad(inside, (max(-first, 0), max(last - len(sound), 0)))[None]


def _figures(values: list[float]) -> Figures:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return Figures(
        mean=float(np.mean(values)),
        within=1.96 * spread / math.sqrt(len(values)),
        lowest=min(values),
        over_bar=sum(value >= BAR_Z for value in values),
        clips=len(values),
    )
