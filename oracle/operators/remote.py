"""An operator at an address, asked over HTTP and believed in nothing."""

from __future__ import annotations

import json
import time
from typing import Any, Final

import httpx

from oracle.direct_operator import DirectProposal
from oracle.epoch_book import StoredSignature
from oracle.errors import OperatorAway, OperatorRefuses, PaperMalformed
from oracle.operator import Proposal
from oracle.operators.wire import (
    ATTESTATIONS,
    DIRECT_ATTESTATIONS,
    MESSAGE_BYTES_MAX,
    UNREADABLE,
    direct_proposal_to_json,
    proposal_to_json,
    signature_from_json,
)

CONNECT_SECONDS: Final = 5.0
# An epoch of a million events takes a busy machine this long. Below the worker's lease.
ANSWER_SECONDS: Final = 90.0
REASON_CHARACTERS_MAX: Final = 2_000


class RemoteOperator:
    """One operator's process. `name` is its address on the network: which account it signs as is
    learnt from its signature."""

    def __init__(
        self, url: str, *, token: str | None = None, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.name = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._answer_seconds = answer_seconds

    def attest(self, proposal: Proposal) -> StoredSignature:
        """Its signature of an epoch, not verified. Raises OperatorAway, OperatorRefuses."""
        return self._signed(ATTESTATIONS, proposal_to_json(proposal))

    def attest_directly(self, proposal: DirectProposal) -> StoredSignature:
        """Its signature of a direct report, not verified. Raises as `attest`."""
        return self._signed(DIRECT_ATTESTATIONS, direct_proposal_to_json(proposal))

    def _signed(self, route: str, message: dict[str, Any]) -> StoredSignature:
        try:
            status, body = self._exchange(route, message)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OperatorAway(self.name, type(error).__name__) from error
        try:
            answer = json.loads(body)
            if status != httpx.codes.OK:
                raise OperatorRefuses(self.name, _plain(str(answer["detail"])))
            return signature_from_json(answer)
        except (*UNREADABLE, PaperMalformed) as error:
            raise OperatorAway(self.name, f"status {status} and no known form") from error

    def _exchange(self, route: str, message: dict[str, Any]) -> tuple[int, bytes]:
        """The answer's status and body. Raises httpx.HTTPError; OperatorAway for one that is too
        long or comes too slowly."""
        deadline = time.monotonic() + self._answer_seconds
        patience = httpx.Timeout(self._answer_seconds, connect=CONNECT_SECONDS)
        # No proxy of the environment and no redirect decides whom we ask.
        with (
            httpx.Client(timeout=patience, trust_env=False) as client,
            client.stream("POST", self.name + route, json=message, headers=self._headers) as answer,
        ):
            body = b""
            for piece in answer.iter_raw():
                body += piece
                if len(body) > MESSAGE_BYTES_MAX:
                    raise OperatorAway(self.name, f"more than {MESSAGE_BYTES_MAX} bytes")
                if time.monotonic() > deadline:
                    raise OperatorAway(self.name, "not done in time")
            return answer.status_code, body


def _plain(text: str) -> str:
    """A stranger's words, fit for a log: one line, not endless."""
    return "".join(c if c.isprintable() else " " for c in text[:REASON_CHARACTERS_MAX])
