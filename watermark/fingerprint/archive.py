"""The house's fingerprints as the workbench uses them: kept at embedding, asked at detection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from watermark.audio.waveform import AudioFile
from watermark.detection import Detection, Lookalike, Marked
from watermark.fingerprint.chance import ChanceLaw
from watermark.fingerprint.corroboration import corroborated
from watermark.fingerprint.index import TripleIndex
from watermark.fingerprint.landmarks import Landmarks, landmarks_of
from watermark.fingerprint.lookalikes import lookalikes
from watermark.fingerprint.store import FingerprintStore
from watermark.fingerprint.triples import kept_triples
from watermark.payload import GenerationId


class FingerprintArchive:
    """Store, index and law of chance in one place. Landmarks do not leave it."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at `path`. Raises FingerprintsDamaged, ChanceUnknown."""
        self._law = ChanceLaw.load()
        self._store = FingerprintStore(path)
        self._index_folder = path.with_suffix(".index")
        self._index: TripleIndex | None = None  # opened by the first file without a mark
        self._sizes = np.zeros(1, np.int64)

    def keep(self, generation_id: GenerationId, marked: AudioFile) -> None:
        """Keep the fingerprint of a marked copy, on disk when this returns."""
        self._store.keep(generation_id, landmarks_of(marked))

    def weighed(self, detection: Detection, audio: AudioFile) -> Detection:
        """The detection with what the sound itself says. Raises FingerprintsDamaged."""
        found = landmarks_of(audio)
        if isinstance(detection, Marked):
            identities = corroborated(detection.identities, found, self._store.of, self._law)
            return replace(detection, identities=identities)
        return replace(detection, lookalikes=self._lookalikes(found))

    def _lookalikes(self, found: Landmarks) -> tuple[Lookalike, ...]:
        index = self._refreshed()
        return lookalikes(found, index, self._sizes, self._store.at, self._law)

    def _refreshed(self) -> TripleIndex:
        """The index with all that was kept since the last look, by this process or another."""
        if self._index is None:
            self._index = TripleIndex(self._index_folder)
        for kept in self._store.after(self._index.last_serial):
            self._index.add(kept.serial, kept_triples(kept.landmarks).key)
        fresh = self._store.sizes_after(len(self._sizes) - 1)
        if fresh:
            grown = np.zeros(fresh[-1][0] + 1, np.int64)
            grown[: len(self._sizes)] = self._sizes
            serials, sizes = zip(*fresh, strict=True)
            grown[list(serials)] = sizes
            self._sizes = grown
        return self._index

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()
