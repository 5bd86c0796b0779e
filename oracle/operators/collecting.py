"""Asking all operators at once: a dead, slow or lying one delays nobody."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from oracle.epoch_book import StoredSignature
from oracle.errors import EpochError, EvidenceRefused, QuorumError
from oracle.operator import Proposal
from oracle.operators.remote import RemoteOperator
from oracle.quorum import Quorum

Keep = Callable[[StoredSignature], None]
_Answer = tuple[str, StoredSignature | QuorumError]
# Why an operator does not sign. What else may happen is no operator's doing.
REFUSALS: Final = (EvidenceRefused, EpochError, QuorumError, LedgerError, ProvenanceError)


class Attester(Protocol):
    """Signs a report after recomputing it, or raises why it does not."""

    @property
    def name(self) -> str:
        """What it is called where its refusal is told."""
        ...

    def attest(self, proposal: Proposal) -> StoredSignature:
        """Raises one of `REFUSALS`."""
        ...


def collect(
    proposal: Proposal,
    quorum: Quorum,
    here: Sequence[Attester],
    away: Sequence[RemoteOperator],
    answer_seconds: float,
    keep: Keep,
) -> None:
    """Add to a quorum what operators sign; `keep` stores what was verified, before it counts on.

    Those of this process are asked one after another, the others at once in threads of their own:
    when enough signed, or `answer_seconds` have passed, the rest is waited for no longer.
    """
    deadline = time.monotonic() + answer_seconds
    answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
    for operator in away:
        # Daemons: one that hangs must not keep this process from ending.
        threading.Thread(target=_ask, args=(operator, proposal, answers), daemon=True).start()
    for attester in here:
        try:
            signed = attester.attest(proposal)
        except REFUSALS as refusal:
            quorum.note_refusal(attester.name, str(refusal))
        else:
            _take(quorum, attester.name, signed, keep)
    waiting = {operator.name for operator in away}
    while waiting and not quorum.reached:
        try:
            name, answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        waiting.discard(name)
        if isinstance(answer, QuorumError):
            quorum.note_refusal(name, str(answer))
        else:
            _take(quorum, name, answer, keep)
    for name in sorted(waiting) if not quorum.reached else ():
        quorum.note_refusal(name, "did not answer in time")


def _ask(operator: RemoteOperator, proposal: Proposal, answers: queue.SimpleQueue[_Answer]) -> None:
    try:
        answers.put((operator.name, operator.attest(proposal)))
    except QuorumError as refusal:
        answers.put((operator.name, refusal))


def _take(quorum: Quorum, name: str, signed: StoredSignature, keep: Keep) -> None:
    try:
        quorum.add(signed)
    except REFUSALS as refusal:
        quorum.note_refusal(name, str(refusal))
    else:
        keep(signed)
