"""Two of the three pauses: a person stops sealing, or sending, and says why; the outbox remembers.

The third is the contracts' own: its guardian stops new reports on chain, for at most 14 days. None
of them holds up a claim. A pause outlives a restart and ends by `resume` alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oracle.outbox import Outbox
from oracle.schema import meta, set_meta

REASON_CHARACTERS_MAX: Final = 500


class PauseLevel(StrEnum):
    """What is left undone."""

    SEAL = "seal"
    """No epoch is sealed or signed; what was attested before goes on."""
    SUBMIT = "submit"
    """Nothing is sent to the chain. Evidence is taken, and epochs are sealed and signed."""


@dataclass(frozen=True)
class Pause:
    """Who paused a level says why; `since` in Unix seconds."""

    level: PauseLevel
    reason: str
    since: int


class Pauses:
    """The pauses of one outbox; any process may set and end them, worker or not."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def all(self) -> tuple[Pause, ...]:
        """Every pause that holds now. Raises OutboxUnavailable."""
        with self._outbox.reading() as connection:
            stored = [(level, meta(connection, _key(level))) for level in PauseLevel]
        return tuple(_read(level, text) for level, text in stored if text)

    def holds(self, level: PauseLevel) -> bool:
        """Whether a level is paused."""
        return any(pause.level is level for pause in self.all())

    def begin(self, level: PauseLevel, reason: str, *, now: int) -> Pause:
        """Pause a level; one that is paused keeps its first reason. Raises ValueError without a
        reason, or with one of more than 500 characters."""
        if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX:
            raise ValueError(f"say why, in 1 to {REASON_CHARACTERS_MAX} characters")
        with self._outbox.writing() as connection:
            text = meta(connection, _key(level))
            if not text:
                text = json.dumps({"reason": reason.strip(), "since": now})
                set_meta(connection, _key(level), text)
        return _read(level, text)

    def end(self, level: PauseLevel) -> bool:
        """End a pause; whether there was one."""
        with self._outbox.writing() as connection:
            was = bool(meta(connection, _key(level)))
            if was:
                set_meta(connection, _key(level), "")
        return was


def _key(level: PauseLevel) -> str:
    return f"pause.{level}"


def _read(level: PauseLevel, text: str) -> Pause:
    stored = json.loads(text)
    return Pause(level, stored["reason"], stored["since"])
