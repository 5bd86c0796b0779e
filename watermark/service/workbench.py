"""One marker with its key, register and files: what the service and the command line use."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from watermark.audio.waveform import AudioFacts, AudioFile
from watermark.detection import Detection
from watermark.identity.codewords import EpochKey
from watermark.identity.detector import Progress, unheard
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.marker import EmbedReport, Marker
from watermark.payload import GenerationId
from watermark.presence.layer import AudioSealLayer
from watermark.registry import Registry
from watermark.service.settings import WatermarkSettings


class Workbench:
    """Embeds and registers, detects against everything registered. One thread at a time."""

    def __init__(self, settings: WatermarkSettings) -> None:
        """Raises EpochKeyUnusable, CalibrationMissing, CheckpointRefused."""
        self.settings = settings
        self.key = EpochKey.load_or_create(settings.key_path)
        self.registry = Registry(settings.registry_path, key_id=self.key.key_id)
        presence = AudioSealLayer.load_default(
            settings.generator_checkpoint, settings.detector_checkpoint
        )
        self.marker = Marker(IdSearch(self.key), NullModel.load(), presence)
        self._last_serial = 0
        self.marker.search.add([GenerationId.fresh() for _ in range(settings.decoys)])
        self.refresh()
        settings.spool.mkdir(parents=True, exist_ok=True)
        for leftover in settings.spool.iterdir():
            leftover.unlink()  # of a process that was killed; nothing here is kept on purpose

    def refresh(self) -> None:
        """Search for ids issued since the last look, by this process or another."""
        issued = self.registry.issued_after(self._last_serial)
        if issued:
            self.marker.search.add([line.generation_id for line in issued])
            self._last_serial = issued[-1].serial

    def open(self, path: Path, name: str | None = None) -> AudioFile:
        """Check a file's container and header. Raises AudioRefused kinds."""
        return AudioFile(path, self.settings.limits, name=name)

    def embed(
        self,
        audio: AudioFile,
        generation_id: GenerationId,
        destination: Path,
        progress: Progress = unheard,
    ) -> EmbedReport:
        """Mark a file. The id is on disk in the register before the copy exists.

        Raises AudioRefused kinds and GenerationIdTaken; then nothing is left at `destination`.
        """
        facts = audio.examine()
        draft = destination.with_name(f"{destination.name}.{secrets.token_hex(4)}.flac")
        report = self.marker.embed(audio, generation_id, draft, facts=facts, progress=progress)
        try:
            self.registry.issue(generation_id, source_pcm_sha256=facts.pcm_sha256)
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
        progress: Progress = unheard,
    ) -> Detection:
        """Search a file for every registered id. Raises AudioRefused kinds."""
        self.refresh()
        return self.marker.detect(audio, speeds=speeds, progress=progress)

    def close(self) -> None:
        """Let go of the register."""
        self.registry.close()


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
