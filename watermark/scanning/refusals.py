"""Why a file has no verdict although nothing is known against it: a machine failed it."""

from __future__ import annotations

from watermark.audio.errors import AudioRefused


class AudioOutOfReach(AudioRefused):
    """No machine that was asked sees the file; the next run asks again."""

    code = "audio-out-of-reach"


class WorkerLost(AudioRefused):
    """Every process that read the file died of it, or beside it; `--again` tries it again."""

    code = "worker-lost"
