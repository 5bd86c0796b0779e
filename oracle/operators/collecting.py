"""Asking all operators at once: a dead, slow or lying one delays nobody."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from oracle.epoch_book import StoredSignature
from oracle.errors import EpochError, EvidenceRefused, OperatorAway, QuorumError
from oracle.quorum import Quorum

Keep = Callable[[StoredSignature], None]
_Answer = tuple[str, StoredSignature | QuorumError]
# Why an operator does not sign. What else may happen is no operator's doing.
REFUSALS: Final = (EvidenceRefused, EpochError, QuorumError, LedgerError, ProvenanceError)


class Ask(NamedTuple):
    """An operator to ask. `name` is what it is called where its refusal is told; `sign` signs a
    report after recomputing it, or raises one of `REFUSALS`: one away, a QuorumError."""

    name: str
    sign: Callable[[], StoredSignature]


def collect(
    here: Sequence[Ask], away: Sequence[Ask], quorum: Quorum, answer_seconds: float, keep: Keep
) -> frozenset[str]:
    """Add to a quorum what operators sign; `keep` stores what was verified, before it counts on.
    Who of those away may have signed all the same: their answers did not come, or too late.

    Those of this process are asked one after another, the others at once in threads of their own:
    when enough signed, or `answer_seconds` have passed, the rest is waited for no longer.
    """
    deadline = time.monotonic() + answer_seconds
    answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
    for operator in away:
        # Daemons: one that hangs must not keep this process from ending.
        threading.Thread(target=_ask, args=(operator, answers), daemon=True).start()
    for operator in here:
        try:
            signed = operator.sign()
        except REFUSALS as refusal:
            quorum.note_refusal(operator.name, str(refusal))
        else:
            _take(quorum, operator.name, signed, keep)
    waiting, unknown = {operator.name for operator in away}, set[str]()
    while waiting and not quorum.reached:
        try:
            name, answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        waiting.discard(name)
        if isinstance(answer, QuorumError):
            quorum.note_refusal(name, str(answer))
            if isinstance(answer, OperatorAway):
                unknown.add(name)
        else:
            _take(quorum, name, answer, keep)
    for name in sorted(waiting) if not quorum.reached else ():
        quorum.note_refusal(name, "did not answer in time")
    return frozenset(waiting | unknown)


def _ask(operator: Ask, answers: queue.SimpleQueue[_Answer]) -> None:
    try:
        answers.put((operator.name, operator.sign()))
    except QuorumError as refusal:
        answers.put((operator.name, refusal))


def _take(quorum: Quorum, name: str, signed: StoredSignature, keep: Keep) -> None:
    try:
        quorum.add(signed)
    except REFUSALS as refusal:
        quorum.note_refusal(name, str(refusal))
    else:
        keep(signed)
