"""One marker with its keys, register and files: what the service and the command line use."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from watermark.audio.errors import AudioMislabelled
from watermark.audio.examination import Examiner
from watermark.audio.output import output_format
from watermark.audio.waveform import AudioFacts, AudioFile
from watermark.detection import Detection
from watermark.fingerprint.archive import FingerprintArchive
from watermark.identity.codewords import EpochKey
from watermark.identity.detector import Progress, unheard
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import EmbedReport, Marker
from watermark.payload import GenerationId
from watermark.presence.layer import AudioSealLayer
from watermark.registry import Registry
from watermark.service.key_ring import KeyRing
from watermark.service.settings import WatermarkSettings

_WARM_SECONDS: Final = 5
_WARM_RATE_HZ: Final = 16_000


class Workbench:
    """Embeds and registers, detects against everything registered. One thread at a time."""

    def __init__(self, settings: WatermarkSettings) -> None:
        """Raises EpochKeyUnusable, CalibrationMissing, ChanceUnknown, FingerprintsDamaged,

        CheckpointRefused.
        """
        self.settings = settings
        self.ring = KeyRing.open(settings.keys_folder, adopt=settings.single_key_path)
        self.registry = Registry(settings.registry_path)
        self.fingerprints = FingerprintArchive(settings.fingerprints_path)
        self.examiner = Examiner()
        self._presence = AudioSealLayer.load_default(
            settings.generator_checkpoint,
            settings.detector_checkpoint,
            card_path=settings.checkpoint_card,
        )
        self._null = NullModel.load()
        self._searches: dict[str, IdSearch] = {}  # by key id
        self._last_serials: dict[str, int] = {}
        self._ring_state: tuple[str, ...] = ()
        self.refresh()
        self.marker.search.add([GenerationId.fresh() for _ in range(settings.decoys)])
        settings.spool.mkdir(parents=True, exist_ok=True)

    @property
    def key(self) -> EpochKey:
        """The epoch key that marks."""
        return self.marker.search.key

    @property
    def registered_ids(self) -> int:
        """Ids searched, over all keys that are not retired."""
        return sum(len(search) for search in self._searches.values())

    def clear_spool(self) -> None:
        """Remove what a killed process left. Only for the one process that serves."""
        for leftover in self.settings.spool.iterdir():
            leftover.unlink()

    def refresh(self) -> None:
        """Take up ids issued and keys changed since the last look, by this process or another.

        Raises EpochKeyUnusable.
        """
        if (state := self.ring.state()) != self._ring_state:
            self._take_up_keys()
            self._ring_state = state
        for key_id, search in self._searches.items():
            issued = self.registry.issued_after(self._last_serials.get(key_id, 0), key_id=key_id)
            search.add_values(issued.values)
            self._last_serials[key_id] = issued.last_serial

    def open(self, path: Path, name: str | None = None) -> AudioFile:
        """Check a file's container and header, in a process apart. Raises AudioRefused kinds."""
        return self.examiner.open(path, self.settings.limits, name)

    def examine(self, audio: AudioFile) -> AudioFacts:
        """Decode a file once to its end, in a process apart. Raises AudioRefused kinds."""
        return self.examiner.examine(audio)

    def embed(
        self,
        audio: AudioFile,
        generation_id: GenerationId,
        destination: Path,
        progress: Progress = unheard,
    ) -> EmbedReport:
        """Mark a file. Its id and fingerprint are on disk before the copy exists.

        Raises AudioRefused kinds, AudioMislabelled when the copy's format does not go with the
        name of `destination`, and GenerationIdTaken; then nothing is left at `destination`.
        """
        self.refresh()
        format_ = output_format(audio)
        if destination.suffix.lower() != format_.suffix:
            raise AudioMislabelled(
                f"a copy of this recording ({audio.subtype}) is {format_.container}; "
                f"name it {destination.stem}{format_.suffix}"
            )
        facts = self.examine(audio)
        draft = destination.with_name(
            f"{destination.stem}.{secrets.token_hex(4)}{destination.suffix}"
        )
        report = self.marker.embed(audio, generation_id, draft, facts=facts, progress=progress)
        try:
            self.registry.issue(
                generation_id, source_pcm_sha256=facts.pcm_sha256, key_id=self.key.key_id
            )
            self.fingerprints.keep(generation_id, AudioFile(draft, audio.limits))
            draft.replace(destination)
        finally:
            draft.unlink(missing_ok=True)
        self.refresh()
        return report

    def detect(
        self,
        audio: AudioFile,
        *,
        speeds: tuple[float, ...] = (1.0,),
        seek_geometry: bool = True,
        open_mode: bool = False,
        progress: Progress = unheard,
    ) -> Detection:
        """Search a file for every registered id, and compare its sound with what was registered.

        With `open_mode` ids are read by key and code alone, registered or not. Raises AudioRefused
        kinds and FingerprintsDamaged.
        """
        self.refresh()
        detection = self.marker.detect(
            audio,
            speeds=speeds,
            seek_geometry=seek_geometry,
            open_mode=open_mode,
            facts=self.examine(audio),
            progress=progress,
        )
        return self.fingerprints.weighed(detection, audio)

    def warm_up(self) -> None:
        """Do once what the first caller would otherwise wait for."""
        path = self.settings.spool / f"{secrets.token_hex(12)}.wav"
        noise = np.random.default_rng(0).normal(scale=0.1, size=_WARM_SECONDS * _WARM_RATE_HZ)
        soundfile.write(path, noise, _WARM_RATE_HZ)
        try:
            self.detect(self.open(path), seek_geometry=False)
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the register, the fingerprints and the examining process."""
        self.registry.close()
        self.fingerprints.close()
        self.examiner.close()

    def _take_up_keys(self) -> None:
        current, older = self.ring.current(), self.ring.older()
        self._searches = {
            key.key_id: self._searches.get(key.key_id) or IdSearch(key) for key in (current, *older)
        }
        self.marker = Marker(
            self._searches[current.key_id],
            self._null,
            self._presence,
            older=[self._searches[key.key_id] for key in older],
        )


def report_json(report: EmbedReport, key_id: str) -> dict[str, Any]:
    """An embed report as a JSON object."""
    return {
        "generation_id": str(report.generation_id),
        "key_id": key_id,
        "snr_db": report.snr_db,
        "noise_to_mask_db": report.noise_to_mask_db,
        "masked_fraction": report.masked_fraction,
        "identity_z": report.identity_z,
        "presence_weights_sha256": report.presence_weights_sha256,
        "source": asdict(report.source),
        "marked": asdict(report.marked),
    }


def audio_json(facts: AudioFacts) -> dict[str, Any]:
    """What is true of the audio, in the form of a detection's `audio`."""
    return {
        "sha256": facts.sha256,
        "pcm_sha256": facts.pcm_sha256,
        "duration_ms": facts.duration_ms,
        "sample_rate_hz": facts.sample_rate_hz,
        "channels": facts.channels,
    }
