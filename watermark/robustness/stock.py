"""Stock AudioSeal in the same table: official weights, its own level, the same attacks.

It works as published: one channel at 16 kHz, a 16-bit message per clip, the whole clip in one
pass, marked where more than half of the samples are over one half. The checkpoints are read by
the presence layer's loader, which runs nothing in them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import Samples
from watermark.presence.checkpoints import load_official
from watermark.presence.networks import Networks
from watermark.robustness.attack import Aim, Attack, AttackUnavailable, Sound, Specimen
from watermark.robustness.clips import Clip, fitted, like
from watermark.robustness.journal import Journal, Row
from watermark.robustness.suite import Suite
from watermark.robustness.survey import IDS_PER_CLIP, Step

RATE_HZ: Final = 16_000
_SHORTEST_SAMPLES: Final = 1600  # its convolutions need some

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class StockReading:
    """Share of samples that it takes for marked, and the message it reads in any case."""

    share: float
    bits: Bits

    @property
    def detected(self) -> bool:
        return self.share > 0.5


class StockAudioSeal:
    """The official networks, used as their own documentation uses them."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self.weights_sha256 = networks.weights_sha256
        self.message_bits = int(networks.card.get("nbits", 16))

    @classmethod
    def load(cls, generator: Path, detector: Path) -> StockAudioSeal:
        """Raises CheckpointRefused for anything but official checkpoints."""
        return cls(load_official(generator, detector))

    def mark(self, samples: Samples, message: Bits) -> Samples:
        """Add the mark at its full level; (time, 1) at 16 kHz."""
        with torch.inference_mode():
            host = torch.from_numpy(samples.T.copy())[None]
            wanted = torch.from_numpy(message.astype(np.int64))[None]
            mark = self._networks.generator.get_watermark(host, message=wanted)
        return np.asarray(samples + mark[0].numpy().T[: len(samples)], np.float32)

    def read(self, sound: Sound) -> StockReading:
        """Detect in any audio; brought to one channel at 16 kHz first."""
        samples = fitted(sound, RATE_HZ, mono=True).samples
        samples = np.pad(samples, ((0, max(0, _SHORTEST_SAMPLES - len(samples))), (0, 0)))
        with torch.inference_mode():
            heard = torch.from_numpy(samples.T.copy())[None]
            result, message = self._networks.detector(heard)
        marked = float((result[0, 1] > 0.5).float().mean())
        return StockReading(marked, (message[0] > 0.5).numpy().astype(np.uint8))


def stock_survey(
    clips: Sequence[Clip],
    stock: StockAudioSeal,
    suites: Sequence[Suite],
    seed: int,
    journal: Journal,
    heard: Callable[[Step], None],
) -> None:
    """Run the attacks of all suites on stock AudioSeal, but those that question a detector."""
    done = {(row["suite"], row["attack"], row["clip"]) for row in journal.of_kind("stock")}
    wanted = [(suite, one) for suite in suites for one in suite.attacks if not one.slow]
    total = len(wanted) * (len(clips) - 1)
    for number, clip in enumerate(clips[:-1]):
        missing = [
            (suite, attack)
            for suite, attack in wanted
            if (suite.name, attack.name, number) not in done
        ]
        if not missing:
            continue
        messages = _messages(stock, seed, number)
        specimen = _specimen(clip, clips[number + 1], stock, messages)
        for place, (suite, attack) in enumerate(missing):
            heard(Step(number * len(wanted) + place, total, f"stock: {attack.name}"))
            rng = np.random.default_rng([seed, number, zlib.crc32(attack.name.encode())])
            found = _attempt(attack, specimen, stock, messages, rng)
            if found is not None:
                journal.add({"suite": suite.name, "attack": attack.name, "clip": number, **found})


def with_stock(tables: Sequence[dict[str, Any]], rows: Sequence[Row]) -> None:
    """Lay the stock figures beside ours in a summary's tables."""
    for table in tables:
        for entry in table["attacks"]:
            of_attack = [
                row
                for row in rows
                if row["kind"] == "stock"
                and (row["suite"], row["attack"]) == (table["suite"], entry["attack"])
            ]
            if of_attack:
                entry["stock"] = {
                    "n": len(of_attack),
                    **{
                        key: round(float(np.mean([row[key] for row in of_attack])), 4)
                        for key in ("detected", "message", "bits")
                    },
                }


def _messages(stock: StockAudioSeal, seed: int, clip: int) -> list[Bits]:
    rng = np.random.default_rng([seed, 16, clip])
    return [rng.integers(0, 2, stock.message_bits).astype(np.uint8) for _ in range(IDS_PER_CLIP)]


def _specimen(
    clip: Clip, stranger: Clip, stock: StockAudioSeal, messages: Sequence[Bits]
) -> Specimen:
    original = fitted(clip.sound, RATE_HZ, mono=True)
    made: dict[int, Samples] = {}

    def copy(number: int) -> Samples:
        if number not in made:
            made[number] = stock.mark(original.samples, messages[number])
        return made[number]

    return Specimen(
        original=original.samples,
        rate_hz=RATE_HZ,
        copy=copy,
        over=lambda: stock.mark(copy(0), messages[1]),
        stranger=like(stranger.sound, RATE_HZ, 1).samples,
        is_named=lambda found: stock.read(found).detected,
    )


def _attempt(
    attack: Attack,
    specimen: Specimen,
    stock: StockAudioSeal,
    messages: Sequence[Bits],
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """`message`: the message of the clip, or of any member where copies were merged."""
    try:
        found = stock.read(attack.apply(specimen, rng))
    except (AttackUnavailable, AudioRefused):
        return None
    members = messages[: attack.ids] if attack.aim is Aim.MEMBERS else messages[:1]
    return {
        "kind": "stock",
        "detected": found.detected,
        "message": found.detected and any(np.array_equal(found.bits, one) for one in members),
        "bits": round(float(np.mean(found.bits == messages[0])), 4),
    }
