"""The house's fingerprints as the workbench uses them: kept at embedding, asked at detection."""

from __future__ import annotations

from pathlib import Path

from watermark.audio.waveform import AudioFile
from watermark.detection import Detection, Marked
from watermark.fingerprint.chance import ChanceLaw
from watermark.fingerprint.corroboration import corroborated
from watermark.fingerprint.landmarks import landmarks_of
from watermark.fingerprint.store import FingerprintStore
from watermark.payload import GenerationId


class FingerprintArchive:
    """Store and law of chance in one place. Landmarks do not leave it."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at `path`. Raises FingerprintsDamaged, ChanceUnknown."""
        self._law = ChanceLaw.load()
        self._store = FingerprintStore(path)

    def keep(self, generation_id: GenerationId, marked: AudioFile) -> None:
        """Keep the fingerprint of a marked copy, on disk when this returns."""
        self._store.keep(generation_id, landmarks_of(marked))

    def weighed(self, detection: Detection, audio: AudioFile) -> Detection:
        """The detection with what the sound itself says. Raises FingerprintsDamaged."""
        found = landmarks_of(audio)
        if isinstance(detection, Marked):
            return corroborated(detection, found, self._store, self._law)
        return detection

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()
