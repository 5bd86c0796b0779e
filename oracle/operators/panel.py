"""The operators of an oracle: those of its own process, and those at addresses."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.direct_operator import DirectOperator
from oracle.operator import Operator, Proposal
from oracle.operators.collecting import Keep, collect
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.quorum import Quorum


@dataclass
class Panel:
    """Whom to ask. An operator of this process is two: one signs epochs, the other single uses."""

    here: tuple[Operator, ...]
    here_directly: tuple[DirectOperator, ...]
    away: tuple[RemoteOperator, ...] = ()
    answer_seconds: float = ANSWER_SECONDS

    def sign_epoch(self, proposal: Proposal, quorum: Quorum, keep: Keep) -> None:
        """Add to a quorum what the operators sign of a proposed epoch; see `collect`."""
        collect(proposal, quorum, self.here, self.away, self.answer_seconds, keep)
