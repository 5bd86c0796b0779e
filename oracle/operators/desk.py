"""What an operator's process does with one request: one at a time, judged and answered."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from chain.client.errors import ClientError, RpcUnavailable
from chain.indexer.errors import IndexerError
from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from chain.settlement.settle import PROGRAM_HASH
from oracle.chain_view import ChainView
from oracle.direct_operator import DirectOperator
from oracle.epoch_book import StoredSignature
from oracle.errors import EpochError, EvidenceRefused, OracleError, PaperMalformed, QuorumError
from oracle.operator import Operator, Proposal
from oracle.operators.wire import (
    direct_proposal_from_json,
    proposal_from_json,
    refusal_to_json,
    signature_to_json,
)

# A coordinator that was restarted asks again while the first answer is still computed.
WAITING_MAX: Final = 8
SIGNED, MALFORMED, REFUSED, NOT_NOW = 200, 422, 409, 503
# It judged and does not sign; what else is raised keeps it from judging.
JUDGED: Final = (EvidenceRefused, EpochError, QuorumError, LedgerError)
UNABLE: Final = (OracleError, ClientError, IndexerError, ProvenanceError, sa.exc.SQLAlchemyError)


@dataclass(frozen=True)
class Answer:
    """An HTTP status and its JSON."""

    status: int
    body: dict[str, Any]


class OperatorDesk:
    """One operator and its own view of the chain."""

    def __init__(
        self, operator: Operator, direct_operator: DirectOperator, view: ChainView
    ) -> None:
        self._operator = operator
        self._direct_operator = direct_operator
        self._view = view
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(WAITING_MAX)

    def attest(self, body: bytes) -> Answer:
        """A signature of an epoch, or why there is none."""
        try:
            proposal = proposal_from_json(body)
        except PaperMalformed as error:
            return _malformed(error)
        return self._in_turn(partial(self._attest, proposal))

    def attest_directly(self, body: bytes) -> Answer:
        """A signature of a direct report, or why there is none."""
        try:
            proposal = direct_proposal_from_json(body)
        except PaperMalformed as error:
            return _malformed(error)
        return self._in_turn(lambda: _signature(self._direct_operator.attest(proposal)))

    def _attest(self, proposal: Proposal) -> Answer:
        newest = self._view.pin().number
        if proposal.report.state_block > newest:
            return Answer(NOT_NOW, _not_final(proposal.report.state_block, newest))
        return _signature(self._operator.attest(proposal))

    def _in_turn(self, judge: Callable[[], Answer]) -> Answer:
        """One judgement at a time: what is signed of the one kind decides what may be of the
        other."""
        if not self._places.acquire(blocking=False):
            return Answer(NOT_NOW, refusal_to_json("busy", "too many requests wait here already"))
        try:
            with self._turn:
                return judge()
        except JUDGED as refusal:
            found = getattr(refusal, "differences", ())
            return Answer(REFUSED, refusal_to_json(_code(refusal), str(refusal), found))
        except UNABLE as error:
            return unable(error)
        finally:
            self._places.release()

    def health(self) -> dict[str, Any]:
        """Who signs here, by which rules, and how far its view of the chain is. Raises ClientError,
        IndexerError."""
        deployment, head = self._view.deployment, self._view.head()
        return {
            "status": "ok",
            "operator": self._operator.address,
            "isOperator": self._operator.address in self._view.operator_set(head).members,
            "chainId": deployment.chain_id,
            "usageOracle": deployment.contracts["UsageOracle"],
            "programHash": "0x" + PROGRAM_HASH.hex(),
            "block": head.number,
        }


def _signature(signed: StoredSignature) -> Answer:
    return Answer(SIGNED, signature_to_json(signed))


def _malformed(error: PaperMalformed) -> Answer:
    return Answer(MALFORMED, refusal_to_json("proposal-malformed", str(error)))


def unable(error: Exception) -> Answer:
    """Why nothing can be judged just now."""
    return Answer(NOT_NOW, refusal_to_json(_code(error), _told(error)))


def _not_final(asked: int, newest: int) -> dict[str, Any]:
    return refusal_to_json(
        "not-final-here", f"block {asked} is not final here yet, {newest} is: ask again later"
    )


def _told(error: Exception) -> str:
    """What a stranger is told: no address of a node, which may hold a key, and no statement."""
    match error:
        case RpcUnavailable():
            return f"the operator's node does not answer ({error.kind})"
        case sa.exc.SQLAlchemyError():
            return "the operator's own database does not answer"
        case _:
            return str(error)


def _code(error: Exception) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
