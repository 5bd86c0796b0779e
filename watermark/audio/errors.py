"""What can be wrong with audio that somebody hands in. Standard library only.

AudioRefused
├── AudioUnreadable    audio-unreadable   no decoder understands it, a part is missing or damaged,
│                                         or a sample is not a number
├── AudioEmpty         audio-empty        no bytes, or no samples
├── AudioSilent        audio-silent       nothing that could carry or hide a mark
├── AudioClipped       audio-clipped      most samples lie at full scale: what was there is gone
├── AudioTooShort      audio-too-short
├── AudioTooLarge      audio-too-large    bytes, duration, channels or sample rate over the limit
├── AudioTooCostly     audio-too-costly   decoding it takes longer than is allowed
├── AudioMislabelled   audio-mislabelled  the file name says one format, the bytes another
└── AudioUnmarkable    audio-unmarkable   too little between 312 Hz and 6.5 kHz to carry an id
"""

from __future__ import annotations

from typing import ClassVar


class AudioRefused(Exception):
    """The audio cannot be worked on; the message says why and what to do next."""

    code: ClassVar[str] = "audio-refused"

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class AudioUnreadable(AudioRefused):
    """No decoder understands the bytes, some are missing, or they decode to NaN or infinity."""

    code = "audio-unreadable"


class AudioEmpty(AudioRefused):
    """There are no bytes, or the file holds no samples."""

    code = "audio-empty"


class AudioSilent(AudioRefused):
    """The whole file lies under the level at which a mark could exist, or holds only an offset."""

    code = "audio-silent"


class AudioClipped(AudioRefused):
    """Most samples lie at full scale."""

    code = "audio-clipped"


class AudioTooShort(AudioRefused):
    """Shorter than the stated minimum."""

    code = "audio-too-short"


class AudioTooLarge(AudioRefused):
    """Over a stated limit: bytes, duration, channels or sample rate."""

    code = "audio-too-large"


class AudioTooCostly(AudioRefused):
    """Decoding it took more processor time than is allowed."""

    code = "audio-too-costly"


class AudioMislabelled(AudioRefused):
    """The name promises one format and the bytes are another."""

    code = "audio-mislabelled"


class AudioUnmarkable(AudioRefused):
    """After embedding, the id could not be read back."""

    code = "audio-unmarkable"


BY_CODE = {
    kind.code: kind
    for kind in (
        AudioUnreadable,
        AudioEmpty,
        AudioSilent,
        AudioClipped,
        AudioTooShort,
        AudioTooLarge,
        AudioTooCostly,
        AudioMislabelled,
        AudioUnmarkable,
    )
}
