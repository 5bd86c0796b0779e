"""When the worker's loop comes round: at its pace, and at once when a paper was filed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

# How often the outbox is asked whether something was filed: one row, by its key.
LOOK_SECONDS: Final = 0.1


def rounds(
    stop: threading.Event, pace_seconds: float, filings: Callable[[], int] | None = None
) -> Iterator[bool]:
    """True for a whole round, `pace_seconds` after the one before; False for one in between, which
    only looks after what was filed: `filings`, a number, is another one. Ends with `stop`."""
    seen = due = 0.0
    while not stop.is_set():
        # Looked at before the round, so that what is filed during it gives another.
        now, filed = time.monotonic(), seen if filings is None else filings()
        if now < due and filed == seen:
            stop.wait(min(LOOK_SECONDS, due - now) if filings else due - now)
            continue
        whole, seen = now >= due, filed
        yield whole
        if whole:
            due = time.monotonic() + pace_seconds
