"""What a refusal is told as: a plain sentence, and what to do next."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    plain: str
    next_step: str


OURS_TO_FIX: Final = "report this to the operators of this ledger; nothing was changed."
