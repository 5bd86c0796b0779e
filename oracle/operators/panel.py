"""The operators of an oracle: those of its own process, and those at addresses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from oracle.direct_operator import DirectOperator, DirectProposal
from oracle.operator import Operator, Proposal
from oracle.operators.collecting import Ask, Keep, collect
from oracle.operators.remote import ANSWER_SECONDS, RemoteOperator
from oracle.quorum import Quorum

# A single use is judged in moments, and the epochs wait for the round meanwhile.
DIRECT_SECONDS_MAX: Final = 20.0


@dataclass
class Panel:
    """Whom to ask. An operator of this process is two: one signs epochs, the other single uses."""

    here: tuple[Operator, ...]
    here_directly: tuple[DirectOperator, ...]
    away: tuple[RemoteOperator, ...] = ()
    answer_seconds: float = ANSWER_SECONDS

    def sign_epoch(self, proposal: Proposal, quorum: Quorum, keep: Keep) -> None:
        """Add to a quorum what the operators sign of a proposed epoch; see `collect`."""
        here = [Ask(operator.name, partial(operator.attest, proposal)) for operator in self.here]
        away = [Ask(operator.name, partial(operator.attest, proposal)) for operator in self.away]
        collect(here, away, quorum, self.answer_seconds, keep)

    def sign_directly(self, proposal: DirectProposal, quorum: Quorum, keep: Keep) -> frozenset[str]:
        """Add to a quorum what the operators sign of a proposed direct report, asking no more of
        them than must sign; as `collect`."""
        for operator in self.here_directly:
            if quorum.reached:
                return frozenset()
            collect([Ask(operator.name, partial(operator.attest, proposal))], [], quorum, 0, keep)
        away = [
            Ask(operator.name, partial(operator.attest_directly, proposal))
            for operator in self.away
        ]
        return collect([], away, quorum, min(self.answer_seconds, DIRECT_SECONDS_MAX), keep)
