"""Both layers behind one interface: the identity mark says whose, the presence mark says where.

A file is embedded in two readings: the first measures the change at full depth, the second writes
it, scaled so that the signal-to-noise ratio of what was written is at least SNR_MIN_DB. The second
layer keeps its own, lower level; the identity mark takes what is left of the allowance. The change
is made at 16 kHz and added to the original samples at their own rate, so length, channels and
everything above 8 kHz stay as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from watermark.audio.errors import AudioTooShort, AudioUnmarkable
from watermark.audio.output import CopyWriter
from watermark.audio.waveform import (
    AudioFacts,
    AudioFile,
    Samples,
    at_16_khz,
    in_step,
    resampled,
    spans,
)
from watermark.detection import (
    AudioExamined,
    Detection,
    Detector,
    Marked,
    Presence,
    Unmarked,
)
from watermark.identity.cells import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from watermark.identity.detector import (
    DETECTOR_NAME,
    DETECTOR_VERSION,
    Progress,
    Reader,
    own_z,
    unheard,
)
from watermark.identity.embedder import EMBED_CONTEXT, mark_change
from watermark.identity.evidence import block_evidence
from watermark.identity.geometry import Geometry
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.windows import Evidence
from watermark.payload import GenerationId
from watermark.presence.opinion import Heard, PresenceLayer, joined

SNR_MIN_DB: Final = 24.0
_SNR_AIMED_DB: Final = 24.3  # leaves room for rounding to 16 bits and clipping
_WRITES_MAX: Final = 4
_PRESENCE_SHARE_MAX: Final = 0.5  # of the energy that may be added
_PRESENCE_SAMPLES: Final = 600 * SAMPLE_RATE_HZ  # bounds memory on long files
EMBED_SECONDS_MIN: Final = 5.0  # below it an id is seldom found again
_OWN_Z_MIN: Final = 6.0  # at the one known alignment; chance gives this once in 10^9


@dataclass(frozen=True)
class EmbedReport:
    """What was done to a file."""

    generation_id: GenerationId
    snr_db: float  # of the file as written, over all channels
    noise_to_mask_db: float  # mean over audible cells, in dB
    masked_fraction: float  # of cells whose change lies under the masking threshold
    identity_z: float  # how strongly the written file shows the id
    presence_weights_sha256: str | None
    source: AudioFacts
    marked: AudioFacts


@dataclass(frozen=True)
class _Scales:
    """What each layer's change is multiplied by."""

    identity: float = 1.0
    presence: float = 1.0

    def lowered(self) -> _Scales:
        return _Scales(0.9 * self.identity, 0.9 * self.presence)


@dataclass
class _Tally:
    """Sums gathered while reading a file once."""

    signal: float = 0.0
    change: float = 0.0
    identity: float = 0.0  # change of each layer, and host, as energies at 16 kHz
    presence: float = 0.0
    host: float = 0.0
    mask_log_sum: float = 0.0
    masked: int = 0
    cells: int = 0

    @property
    def snr_db(self) -> float:
        if self.change == 0:
            return math.inf
        return 10 * math.log10(max(self.signal, 1e-30) / self.change)


class Marker:
    """Embeds and detects; holds no audio between calls."""

    def __init__(
        self,
        search: IdSearch,
        null: NullModel,
        presence: PresenceLayer | None = None,
        *,
        older: Sequence[IdSearch] = (),
        evidence: Evidence = block_evidence,
    ) -> None:
        """`search` holds the ids of the key that marks; `older` those of keys before it."""
        self.search = search
        self.presence = presence
        self.reader = Reader((search, *older), null, evidence)

    def embed(
        self,
        audio: AudioFile,
        generation_id: GenerationId,
        destination: Path,
        *,
        facts: AudioFacts | None = None,
        progress: Progress = unheard,
    ) -> EmbedReport:
        """Write a marked copy of `audio` to `destination`, in its `output_format`.

        Raises AudioRefused kinds; AudioUnmarkable when the id cannot be read back from the copy.
        Nothing is left at `destination` when it raises.
        """
        source = facts if facts is not None else audio.examine()
        if source.duration_ms < EMBED_SECONDS_MIN * 1000:
            raise AudioTooShort(
                f"{source.duration_ms / 1000:.2f} s; a mark needs {EMBED_SECONDS_MIN:g} s or more"
            )
        codeword = self.search.chips(generation_id)
        try:
            tally, written_snr_db = self._write_loud_enough(
                audio, codeword, destination, source.frames, progress
            )
            copy = AudioFile(destination, audio.limits)
            read_back_z = own_z(copy, self.search, generation_id)
            if read_back_z < _OWN_Z_MIN:
                raise AudioUnmarkable(
                    f"the mark cannot be read back (z {read_back_z:.1f}); the recording holds too "
                    "little between 312 Hz and 6.5 kHz"
                )
            marked = copy.examine()
        except BaseException:
            destination.unlink(missing_ok=True)
            raise
        progress(1.0)
        return EmbedReport(
            generation_id=generation_id,
            snr_db=round(written_snr_db, 2),
            noise_to_mask_db=round(tally.mask_log_sum / max(tally.cells, 1), 2),
            masked_fraction=round(tally.masked / max(tally.cells, 1), 4),
            identity_z=round(read_back_z, 2),
            presence_weights_sha256=self.presence.weights_sha256 if self.presence else None,
            source=source,
            marked=marked,
        )

    def detect(
        self,
        audio: AudioFile,
        *,
        speeds: tuple[float, ...] = (1.0,),
        seek_geometry: bool = True,
        facts: AudioFacts | None = None,
        progress: Progress = unheard,
    ) -> Detection:
        """Every registered id in the file, and the presence layer's opinion if there is one.

        `speeds` are playback speeds to undo; if none shows an id and `seek_geometry`, speed,
        stretch and pitch are sought.
        """
        seen = facts if facts is not None else audio.examine()
        share = 0.7 if self.presence else 1.0
        reading = self.reader.read(
            audio,
            geometries=[Geometry(pitch=speed, tempo=speed) for speed in speeds],
            seek_geometry=seek_geometry,
            progress=lambda fraction: progress(share * fraction),
        )
        presence = self._presence_of(audio)
        progress(1.0)
        examined = AudioExamined(
            seen.sha256, seen.pcm_sha256, seen.duration_ms, seen.sample_rate_hz, seen.channels
        )
        detector = Detector(
            name=DETECTOR_NAME,
            version=DETECTOR_VERSION,
            weights_sha256=self.presence.weights_sha256 if self.presence else None,
            threshold_z=reading.threshold_z,
            registered_ids=reading.ids,
        )
        if not reading.identities:
            return Unmarked(presence, examined, detector)
        return Marked(reading.identities, presence, examined, detector)

    def _write_loud_enough(
        self,
        audio: AudioFile,
        codeword: Tensor,
        destination: Path,
        frames: int,
        progress: Progress,
    ) -> tuple[_Tally, float]:
        """Measure, then write until the written file keeps SNR_MIN_DB."""

        def at(first: float, last: float) -> Callable[[int], None]:
            return lambda done: progress(first + (last - first) * done / max(frames, 1))

        scales = self._allowance(audio, codeword, at(0.0, 0.4))
        for _ in range(_WRITES_MAX):
            tally = _Tally()
            changes = resampled(
                self._changes_at_16_khz(audio, codeword, scales, tally),
                SAMPLE_RATE_HZ,
                audio.sample_rate_hz,
                audio.channels,
            )
            changed = in_step(audio.blocks(), changes, at(0.4, 0.9))
            _write(audio, changed, destination, tally)
            if tally.snr_db >= SNR_MIN_DB:
                return tally, tally.snr_db
            scales = scales.lowered()
        raise AudioUnmarkable(
            f"no copy keeps {SNR_MIN_DB:g} dB of signal over change; the level is too low"
        )

    def _allowance(
        self, audio: AudioFile, codeword: Tensor, keep: Callable[[int], None]
    ) -> _Scales:
        """Measure both layers at full depth and share out what SNR_MIN_DB allows."""
        measured = _Tally()
        done = 0.0
        for change in self._changes_at_16_khz(audio, codeword, _Scales(), measured):
            done += len(change) * audio.sample_rate_hz / SAMPLE_RATE_HZ
            keep(int(done))
        allowed = measured.host * 10 ** (-_SNR_AIMED_DB / 10)
        presence = min(measured.presence, allowed * _PRESENCE_SHARE_MAX)
        return _Scales(
            identity=min(1.0, math.sqrt((allowed - presence) / max(measured.identity, 1e-30))),
            presence=min(1.0, math.sqrt(presence / max(measured.presence, 1e-30))),
        )

    def _changes_at_16_khz(
        self, audio: AudioFile, codeword: Tensor, scales: _Scales, tally: _Tally
    ) -> Iterator[Samples]:
        stream = at_16_khz(audio)
        for span in spans(stream, audio.channels, length=BLOCK_SAMPLES, context=EMBED_CONTEXT):
            host = torch.from_numpy(span.samples)
            with torch.inference_mode():
                change = mark_change(host, span.start, codeword, scales.identity)
                total = change.samples
                inner = slice(EMBED_CONTEXT, EMBED_CONTEXT + span.length)
                if self.presence is not None:
                    second = scales.presence * self.presence.embed(host)[:, inner]
                    total = total + second
                    tally.presence += float(second.square().sum())
            tally.identity += float(change.samples.square().sum())
            tally.host += float(host[:, inner].square().sum())
            ratio_db = 10 * torch.log10(change.noise_to_mask.clamp_min(1e-12))
            tally.mask_log_sum += float(ratio_db.sum())
            tally.masked += int((ratio_db < 0).sum())
            tally.cells += ratio_db.numel()
            yield np.ascontiguousarray(total.numpy().T)

    def _presence_of(self, audio: AudioFile) -> Presence | None:
        """The presence layer's opinion of ten minutes at a time, mixed to one channel, joined."""
        if self.presence is None:
            return None
        parts: list[tuple[int, int, Heard]] = []  # first sample, samples, opinion
        mono = (block.mean(1, keepdims=True) for block in at_16_khz(audio))
        for span in spans(mono, 1, length=_PRESENCE_SAMPLES, context=0):
            with torch.inference_mode():
                heard = self.presence.detect(torch.from_numpy(span.samples[0]))
            parts.append((span.start, span.length, heard))
        return joined(parts)


def _write(
    audio: AudioFile,
    changed: Iterator[tuple[Samples, Samples]],
    destination: Path,
    tally: _Tally,
) -> None:
    """Write host plus change, and tally what the rounded, clipped result differs by."""
    with CopyWriter(audio, destination) as copy:
        for host, change in changed:
            written = copy.write(host.astype(np.float64) + change)
            tally.signal += _energy(host)
            tally.change += _energy(written - host)


def _energy(samples: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))
