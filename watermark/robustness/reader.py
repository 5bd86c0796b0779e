"""The mark under test, as a suite sees it: write an id into samples, and ask who is named.

Whoever is named is compared with the sound of the marked copy, as the service does it.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from torch import Tensor

from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, Samples
from watermark.detection import Identity
from watermark.fingerprint.chance import ChanceLaw
from watermark.fingerprint.corroboration import corroborated
from watermark.fingerprint.landmarks import Landmarks, landmarks_of
from watermark.identity.detector import Reader
from watermark.identity.geometry import Geometry
from watermark.identity.search import IdSearch
from watermark.identity.symbols import symbols_of
from watermark.identity.sync import Alignment
from watermark.identity.windows import evidence_blocks, windows_of
from watermark.marker import EmbedReport, Marker
from watermark.payload import GenerationId
from watermark.robustness.attack import Sound

_LIMITS = AudioLimits(seconds_min=0.1)


@dataclass(frozen=True)
class Reading:
    """Who was named, strongest first; nobody when the audio was refused, and then why."""

    identities: tuple[Identity, ...]
    refused: str | None = None


@dataclass(frozen=True)
class Agreement:
    """How much of an id is left in a clip, told its id and, where there is one, its geometry.

    `chip_errors` is the share of chips whose evidence points the wrong way; of the 32 slots,
    `slot_errors` is the share whose likeliest byte is not the one sent, and `bit_errors` the share
    of the bits of those bytes. All at the alignment at which the id is strongest.
    """

    z: float
    chip_errors: float = 0.5
    slot_errors: float = 1.0
    bit_errors: float = 0.5

    def at_least(self, z: float) -> Agreement:
        """The same with another z where that is higher: of a reading that undid the geometry."""
        return replace(self, z=max(self.z, z))

    def to_json(self) -> dict[str, float]:
        return {key: round(value, 4) for key, value in asdict(self).items()}


class MarkReader:
    """Marks and reads samples in memory through one scratch folder; use as a context."""

    def __init__(self, writer: Marker) -> None:
        """`writer` embeds, with both layers if it has both; reading looks for ids alone.

        Raises ChanceUnknown.
        """
        self.search = writer.search
        self._writer = writer
        self._reader = writer.reader
        self._law = ChanceLaw.load()
        self._fingerprints: dict[GenerationId, Landmarks] = {}
        self._scratch = tempfile.TemporaryDirectory()
        self._folder = Path(self._scratch.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._scratch.cleanup()

    def mark(self, sound: Sound, generation_id: GenerationId) -> tuple[Samples, EmbedReport]:
        """The marked samples, whose fingerprint is kept. Raises AudioRefused as embedding does."""
        source = self._written(sound, "source.wav", "PCM_24")
        copy = self._folder / "marked"  # whatever container embedding keeps
        report = self._writer.embed(AudioFile(source, _LIMITS), generation_id, copy)
        stored = landmarks_of(AudioFile(copy, _LIMITS)).packed()
        self._fingerprints[generation_id] = Landmarks.unpacked(stored)
        samples: Samples = soundfile.read(copy, dtype="float32", always_2d=True)[0]
        return samples, report

    def read(self, sound: Sound, *, seek_geometry: bool = True) -> Reading:
        """Every registered id in the samples, and whether the sound is that of its marked copy."""
        try:
            audio = AudioFile(self._written(sound, "found.wav", "FLOAT"), _LIMITS)
            audio.examine()
            found = self._reader.read(audio, seek_geometry=seek_geometry).identities
            if not found:
                return Reading(())
            landmarks = landmarks_of(audio)
        except AudioRefused as refusal:
            return Reading((), refusal.code)
        return Reading(corroborated(found, landmarks, self._fingerprints.get, self._law))

    def agreement(self, sound: Sound, generation_id: GenerationId, geometry: Geometry) -> Agreement:
        """How much of one id is left, named or not; nothing where the audio is refused."""
        alone = IdSearch(self.search.key, [generation_id])
        reader = Reader((alone,), self._reader.null, self._reader.evidence)
        try:
            audio = AudioFile(self._written(sound, "found.wav", "FLOAT"), _LIMITS)
            audio.examine()
            best = reader.strongest(audio, geometry=geometry)
            if best is None:
                return Agreement(0.0)
            blocks = list(evidence_blocks(audio, geometry=geometry, evidence=self._reader.evidence))
        except AudioRefused:
            return Agreement(0.0)
        chips = alone.chips(generation_id).roll(best.alignment.offset, dims=0)
        signed = torch.stack([block[:, :, best.alignment.phase] * chips for block in blocks])
        heard = int((signed != 0).sum())
        wrong = int((signed < 0).sum()) / heard if heard else 0.5
        folded = torch.stack(blocks).sum(0)
        slots, bits = _symbol_errors(alone, generation_id, folded, best.alignment)
        return Agreement(best.z, wrong, slots, bits)

    def decoy_z(self, sound: Sound, decoys: IdSearch) -> npt.NDArray[np.float32]:
        """The best z of each of some ids that were never written, over all windows; (id,)."""
        audio = AudioFile(self._written(sound, "found.wav", "FLOAT"), _LIMITS)
        windows = [
            window
            for _, window in windows_of(evidence_blocks(audio, evidence=self._reader.evidence))
        ]
        stacked = torch.stack([window.evidence for window in windows])
        with torch.inference_mode():
            tried = decoys.candidates(stacked, [window.sync_z_min for window in windows])
            tables = [decoys.table(stacked[one.window], one.alignment) for one in tried]
            best: npt.NDArray[np.float32] = decoys.scores(torch.stack(tables)).amax(1).numpy()
        return best

    def _written(self, sound: Sound, name: str, subtype: str) -> Path:
        path = self._folder / name
        samples = sound.samples if len(sound.samples) else np.zeros((1, 1), np.float32)
        soundfile.write(path, samples, sound.rate_hz, subtype=subtype)
        return path


def _symbol_errors(
    search: IdSearch, generation_id: GenerationId, folded: Tensor, alignment: Alignment
) -> tuple[float, float]:
    """Shares of slots and of their bits read wrong; `folded` is (pair, band, phase)."""
    likeliest = search.table(folded, alignment, limited=False).argmax(1).numpy().astype(np.uint8)
    sent = symbols_of(search.key.secret, np.array([generation_id.value], np.uint64))[0]
    wrong_bits = np.unpackbits(likeliest ^ sent)
    return float(np.mean(likeliest != sent)), float(np.mean(wrong_bits))
