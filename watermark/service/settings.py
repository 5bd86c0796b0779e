"""What the watermark process is told at its start; reads nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from watermark.audio.waveform import AudioLimits


@dataclass(frozen=True)
class WatermarkSettings:
    """Where the process keeps its state and what it accepts."""

    state: Path = Path("var/watermark")
    limits: AudioLimits = field(default_factory=AudioLimits)
    generator_checkpoint: Path | None = None  # official AudioSeal networks, both or neither
    detector_checkpoint: Path | None = None
    checkpoint_card: Path | None = None  # of a pair that `checkpoints add` converted
    tokens_path: Path | None = None  # who may ask what the public may not; None: everybody
    public_per_minute: float = 6.0  # requests of one client without a token
    public_burst: int = 6
    public_same_shape_per_hour: int = 20  # of them with audio of one length
    upload_seconds_max: float = 900.0  # from a request's first byte to its last
    batch_files_max: int = 64
    decoys: int = 0  # ids registered for tests and benchmarks only; they mark nothing

    @property
    def keys_folder(self) -> Path:
        return self.state / "keys"

    @property
    def single_key_path(self) -> Path:
        """Where the one key of before key rings lay; taken up into the ring."""
        return self.state / "epoch.key"

    @property
    def registry_path(self) -> Path:
        return self.state / "registry.sqlite"

    @property
    def fingerprints_path(self) -> Path:
        return self.state / "fingerprints.sqlite"

    @property
    def spool(self) -> Path:
        """Uploads and marked copies while they are worked on."""
        return self.state / "spool"
