"""How much a marked copy differs from its original: signal ratios, masking-aware NMR, PESQ.

Signal-to-noise ratios say nothing of what is heard; the noise-to-mask ratio of `ear` does, for
music as for speech. PESQ (ITU-T P.862.2) is defined for speech at 16 kHz; on music it is printed
because others print it, not because it means anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from watermark.audio.ear import NoiseToMask, noise_to_mask
from watermark.audio.waveform import Samples

try:
    from pesq import NoUtterancesError
    from pesq import pesq as _pesq
except ImportError:
    _pesq = None

SEGMENT_SECONDS: Final = 0.02
SEGMENT_FLOOR_DB, SEGMENT_CEILING_DB = -10.0, 35.0  # the usual limits of segmental SNR
_SILENT_RMS: Final = 1e-4  # -80 dBFS: silent segments are passed over
_PESQ_RATE_HZ: Final = 16_000
_PESQ_SECONDS_MAX: Final = 20.0  # the standard's own limit on material
_LARGEST_RATIO_DB: Final = 300.0


@dataclass(frozen=True)
class Quality:
    """All ratios in dB; `pesq` is None where the package is absent or hears no utterance."""

    snr_db: float
    si_snr_db: float
    segmental_snr_db: float
    noise_to_mask: NoiseToMask
    pesq: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def quality(original: Samples, copy: Samples, rate_hz: int) -> Quality:
    """Compare (time, channel) samples of one length. Raises ValueError for different shapes."""
    if original.shape != copy.shape:
        raise ValueError(f"shapes {original.shape} and {copy.shape} cannot be compared")
    return Quality(
        snr_db=round(snr_db(original, copy), 3),
        si_snr_db=round(si_snr_db(original, copy), 3),
        segmental_snr_db=round(segmental_snr_db(original, copy, rate_hz), 3),
        noise_to_mask=noise_to_mask(original, copy, rate_hz),
        pesq=pesq(original, copy, rate_hz),
    )


def snr_db(original: Samples, copy: Samples) -> float:
    """Energy of the original over that of the difference, over all channels."""
    return _ratio_db(_energy(original), _energy(copy.astype(np.float64) - original))


def si_snr_db(original: Samples, copy: Samples) -> float:
    """As SNR after the best gain and without the mean (Le Roux et al. 2019)."""
    flat = original.astype(np.float64).ravel() - original.mean(dtype=np.float64)
    other = copy.astype(np.float64).ravel() - copy.mean(dtype=np.float64)
    target = flat * (float(flat @ other) / max(float(flat @ flat), 1e-30))
    return _ratio_db(_energy(target), _energy(other - target))


def segmental_snr_db(original: Samples, copy: Samples, rate_hz: int) -> float:
    """Mean SNR of 20 ms segments that are not silent, each limited to -10 .. 35 dB."""
    length = max(1, round(SEGMENT_SECONDS * rate_hz))
    whole = len(original) // length * length
    host = original[:whole].astype(np.float64)
    change = copy[:whole].astype(np.float64) - host
    power = np.square(host).mean(1).reshape(-1, length).mean(1)
    noise = np.square(change).mean(1).reshape(-1, length).mean(1)
    heard = power > _SILENT_RMS**2
    if not heard.any():
        return SEGMENT_CEILING_DB
    ratio_db = 10 * np.log10(power[heard] / np.maximum(noise[heard], 1e-30))
    return float(np.clip(ratio_db, SEGMENT_FLOOR_DB, SEGMENT_CEILING_DB).mean())


def pesq(original: Samples, copy: Samples, rate_hz: int) -> float | None:
    """Wide-band PESQ of the first 20 s, mixed to one channel at 16 kHz; -0.5 .. 4.64."""
    if _pesq is None:
        return None
    length = round(_PESQ_SECONDS_MAX * rate_hz)
    pair = [
        np.asarray(soxr.resample(sound[:length].mean(1), rate_hz, _PESQ_RATE_HZ), np.float32)
        for sound in (original, copy)
    ]
    try:
        return round(float(_pesq(_PESQ_RATE_HZ, *pair, "wb")), 3)
    except (NoUtterancesError, ValueError):
        return None


def _energy(samples: npt.NDArray[np.floating[Any]]) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def _ratio_db(signal: float, noise: float) -> float:
    if signal <= 0:
        return -_LARGEST_RATIO_DB
    if noise <= 0:
        return _LARGEST_RATIO_DB
    return float(10 * np.log10(signal / noise))
