"""Whether the oracle's loop still turns: one that hangs is told apart from one that waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

# Longer than one round may take: proofs of a large epoch are computed in it.
SILENCE_SECONDS_MAX: Final = 600.0


class Heartbeat:
    """Beaten at every round, from the loop's thread; read from any other."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """The loop has come round."""
        self._last = self._clock()

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._last

    @property
    def alive(self) -> bool:
        """False when the process should be started anew."""
        return self.silence < SILENCE_SECONDS_MAX
