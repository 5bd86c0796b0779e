"""CPU cost of finding ids, beside the detector network that the audioseal package ships."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from audioseal.builder import AudioSealDetectorConfig, create_detector
from omegaconf import DictConfig, OmegaConf

from watermark.audio.waveform import AudioFile, AudioLimits, Samples
from watermark.identity.detector import Reader
from watermark.identity.search import IdSearch
from watermark.marker import Marker
from watermark.payload import GenerationId

REPEATS = 5
STOCK_CHUNK_SECONDS = 10
STOCK_RATE_HZ = 16_000


@dataclass(frozen=True)
class Cost:
    """`stock_ratio` is the stock detector's cost divided by this one's."""

    name: str
    cpu_seconds_per_second: float
    stock_ratio: float


def measure_cost(samples: Samples, rate_hz: int, marker: Marker) -> list[Cost]:
    """Median of REPEATS interleaved runs over one clip, (time, channel) at `rate_hz`."""
    seconds = len(samples) / rate_hz
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.wav"
        soundfile.write(path, samples, rate_hz, subtype="PCM_16")
        audio = AudioFile(path, AudioLimits())
        one = Reader((IdSearch(marker.search.key),), marker.reader.null, marker.reader.evidence)
        ids = len(marker.search)
        mono = soxr.resample(samples.mean(1), rate_hz, STOCK_RATE_HZ)
        stock = _stock_detector()
        runs: dict[str, Callable[[], object]] = {
            "stock AudioSeal detector, random weights": lambda: _run_stock(stock, mono),
            "cell mark, reading the file only": lambda: one.read(audio, seek_geometry=False),
            f"cell mark, {ids} ids": lambda: marker.reader.read(audio, seek_geometry=False),
            f"cell mark, {ids} ids, speed and pitch sought": lambda: marker.reader.read(audio),
            "cell mark, embedding": lambda: marker.embed(
                audio, GenerationId(7), Path(scratch) / "marked.flac"
            ),
        }
        spent: dict[str, list[float]] = {name: [] for name in runs}
        for repeat in range(REPEATS + 1):
            for name, run in runs.items():
                began = time.process_time()
                run()
                if repeat:  # the first round warms caches
                    spent[name].append((time.process_time() - began) / seconds)
    median = {name: statistics.median(times) for name, times in spent.items()}
    of_stock = next(iter(median.values()))
    return [Cost(name, cost, of_stock / cost) for name, cost in median.items()]


def _stock_detector() -> torch.nn.Module:
    """The released configuration with fresh weights: the arithmetic costs the same.

    The package's own loader builds without weight normalisation, folding it into the weights.
    """
    card = resources.files("audioseal") / "cards" / "audioseal_detector_16bits.yaml"
    config = OmegaConf.create(card.read_text("utf-8"))
    assert isinstance(config, DictConfig)
    config.seanet.norm = "none"
    shape = OmegaConf.structured(AudioSealDetectorConfig)
    chosen = {key: config[key] for key in ("nbits", "seanet", "detector")}
    detector: torch.nn.Module = create_detector(
        OmegaConf.to_object(OmegaConf.merge(shape, chosen))  # type: ignore[arg-type]
    )
    return detector.eval()


def _run_stock(detector: torch.nn.Module, mono: np.ndarray) -> None:
    chunk = STOCK_CHUNK_SECONDS * STOCK_RATE_HZ
    with torch.inference_mode():
        for start in range(0, len(mono), chunk):
            detector(torch.from_numpy(mono[None, None, start : start + chunk]))
