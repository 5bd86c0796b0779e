"""Both layers behind one interface: the identity mark says whose, the presence mark says where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from watermark.audio.errors import AudioTooShort, AudioUnmarkable
from watermark.audio.waveform import (
    AudioFacts,
    AudioFile,
    at_16_khz,
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
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.identity.detector import (
    DETECTOR_NAME,
    DETECTOR_VERSION,
    Progress,
    Reader,
    unheard,
)
from watermark.identity.geometry import Geometry
from watermark.identity.networks import best_evidence, shipped
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.windows import Evidence
from watermark.payload import GenerationId
from watermark.presence.opinion import Heard, PresenceLayer, joined
from watermark.writing import write_marked

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


class Marker:
    """Embeds and detects; holds no audio between calls."""

    def __init__(
        self,
        search: IdSearch,
        null: NullModel,
        presence: PresenceLayer | None = None,
        *,
        older: Sequence[IdSearch] = (),
        evidence: Evidence | None = None,
    ) -> None:
        """`search` holds the ids of the key that marks; `older` those of keys before it.

        `evidence` is the shipped network's unless another is named. Raises WeightsRefused.
        """
        self.search = search
        self.presence = presence
        self.reader = Reader((search, *older), null, evidence or best_evidence())
        learned = self.reader.evidence is shipped().evidence
        digest = f"+{shipped().weights_sha256[:12]}" if learned else "+classical"
        self.version = DETECTOR_VERSION + digest

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
            tally = write_marked(
                audio,
                codeword,
                destination,
                self.presence,
                frames=source.frames,
                progress=progress,
            )
            copy = AudioFile(destination, audio.limits)
            read_back_z = self.reader.own_z(copy, self.search, generation_id)
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
            snr_db=round(tally.snr_db, 2),
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
        open_mode: bool = False,
        facts: AudioFacts | None = None,
        progress: Progress = unheard,
    ) -> Detection:
        """Every registered id in the file, and the presence layer's opinion if there is one.

        `speeds` are playback speeds to undo; if none shows an id and `seek_geometry`, speed,
        stretch and pitch are sought. With `open_mode` any id under these keys is read, registered
        or not (`detector.registered_ids` is then 0).
        """
        seen = facts if facts is not None else audio.examine()
        share = 0.7 if self.presence else 1.0
        reading = self.reader.read(
            audio,
            geometries=[Geometry(pitch=speed, tempo=speed) for speed in speeds],
            seek_geometry=seek_geometry,
            open_mode=open_mode,
            progress=lambda fraction: progress(share * fraction),
        )
        presence = self._presence_of(audio)
        progress(1.0)
        examined = AudioExamined(
            seen.sha256, seen.pcm_sha256, seen.duration_ms, seen.sample_rate_hz, seen.channels
        )
        detector = Detector(
            name=DETECTOR_NAME,
            version=self.version,
            weights_sha256=self.presence.weights_sha256 if self.presence else None,
            threshold_z=reading.threshold_z,
            registered_ids=reading.ids,
        )
        if not reading.identities:
            return Unmarked(presence, examined, detector)
        return Marked(reading.identities, presence, examined, detector)

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
