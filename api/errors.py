"""What the application refuses, before anything is sent or written.

ApplicationError
├── NotFound           no such work, licence or generation
├── LicenceUnfit       a licence does not cover what is about to be made
├── SegmentTooLarge    more bytes than a signed segment has
└── NothingRunning     the command needs `antiphon up`
"""

from __future__ import annotations


class ApplicationError(Exception):
    """A refusal in plain words with the next step; `code` is its name in the HTTP API."""

    code = "refused"


class NotFound(ApplicationError):
    code = "not-found"

    def __init__(self, noun: str, name: object) -> None:
        self.noun = noun
        self.name = name
        super().__init__(f"there is no {noun} {name}. Next: check the id")


class LicenceUnfit(ApplicationError):
    code = "licence-unfit"

    def __init__(self, licence_id: int, work_id: int, reason: str) -> None:
        self.licence_id = licence_id
        self.work_id = work_id
        self.reason = reason
        super().__init__(
            f"licence {licence_id} does not cover a derivative of work {work_id}: {reason}. "
            "Next: take a GENERATION licence for that work"
        )


class SegmentTooLarge(ApplicationError):
    code = "segment-too-large"

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        super().__init__(
            f"a signed segment has at most {bytes_max} bytes. Next: cut it into several"
        )


class NothingRunning(ApplicationError):
    code = "nothing-running"

    def __init__(self) -> None:
        super().__init__("no Antiphon is running here. Next: antiphon up (or give --api URL)")
