"""JSON-RPC over HTTP: one request or a batch, every fault as one typed error, bounded retries.

web3's provider is not used: it repeats eth_sendRawTransaction by itself, whose second answer
("already known") hides the first one's success, and it decodes nothing straight into types.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

import msgspec
import requests

from chain.client.blocks import parse_bytes
from chain.client.errors import AnswerMalformed, RpcFault, RpcRefused, RpcUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

HTTP_OK: Final = 200
HTTP_TOO_MANY_REQUESTS: Final = 429
# Large answers are read in large pieces; the library's own are of 10 KB.
READ_BYTES: Final = 1 << 20
HEADERS: Final = {"Content-Type": "application/json"}
TRIES: Final = 3
BACKOFF_SECONDS: Final = 0.2
# Half documents and HTML pages are quoted in errors no further than this.
QUOTED_CHARACTERS: Final = 80
# Methods that change something: they are never repeated from here.
NOT_REPEATED: Final = frozenset({"eth_sendRawTransaction"})


@dataclass(frozen=True)
class Timeouts:
    """How long to wait for a connection, and for each part of an answer, in seconds."""

    connect_seconds: float = 3.0
    read_seconds: float = 20.0


class _Answer(msgspec.Struct, Generic[T]):
    """An answer that has its result; any other is looked at without types."""

    id: int
    result: T


class Rpc:
    """A JSON-RPC endpoint. Safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        *,
        timeouts: Timeouts | None = None,
        tries: int = TRIES,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        self._tries = tries
        self._pause = pause
        self._threads = threading.local()

    def request(self, method: str, *params: Any, null_allowed: bool = False) -> Any:
        """The result. Raises RpcUnavailable after the last try, RpcRefused at once."""
        body = msgspec.json.encode(_wanted(0, method, params))
        answer = self._patiently(method, lambda: self._untyped(method, self._post(method, body)))
        return self._result(method, answer, null_allowed)

    def batch(
        self, requests_: Sequence[tuple[str, Sequence[Any]]], *, null_allowed: bool = False
    ) -> list[Any]:
        """Results in the order of the requests, which are sent as one. Raises as `request`."""
        if not requests_:
            return []
        method, body = _batch_body(requests_)
        answers = self._patiently(method, lambda: self._untyped(method, self._post(method, body)))
        return self._results(requests_, answers, null_allowed)

    def batch_of(self, kind: Any, requests_: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """As `batch`, with results decoded straight into a type.

        Raises AnswerMalformed too, when a result is not of that type.
        """
        if not requests_:
            return []
        method, body = _batch_body(requests_)
        return self._patiently(method, lambda: self._typed(kind, requests_, body))

    def _typed(
        self, kind: Any, requests_: Sequence[tuple[str, Sequence[Any]]], body: bytes
    ) -> list[Any]:
        method = requests_[0][0]
        document = self._post(method, body)
        try:
            answers = _decoder_of(kind).decode(document)
            ordered = sorted(answers, key=lambda answer: answer.id)
            if [answer.id for answer in ordered] == list(range(len(requests_))):
                return [answer.result for answer in ordered]
            fault: Exception = self._fault(RpcFault.NOT_RPC, method, "a batch answered in part")
        except msgspec.MsgspecError as error:
            fault = AnswerMalformed(f"an answer to {method}", str(error)[:QUOTED_CHARACTERS])
        # Errors and nulls are told apart without types, and what remains is malformed.
        self._results(requests_, self._untyped(method, document), null_allowed=False)
        raise fault

    def _results(
        self, requests_: Sequence[tuple[str, Sequence[Any]]], answers: Any, null_allowed: bool
    ) -> list[Any]:
        method = requests_[0][0]
        if not isinstance(answers, list):
            self._result(method, answers, null_allowed)
            raise self._fault(RpcFault.NOT_RPC, method, "no batch")
        found = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        if len(answers) != len(requests_) or set(found) != set(range(len(requests_))):
            raise self._fault(RpcFault.NOT_RPC, method, "a batch answered in part")
        return [
            self._result(name, found[number], null_allowed)
            for number, (name, _) in enumerate(requests_)
        ]

    def _post(self, method: str, body: bytes) -> bytes:
        session = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
        limits = (self._timeouts.connect_seconds, self._timeouts.read_seconds)
        with session.post(
            self.endpoint, data=body, headers=HEADERS, timeout=limits, stream=True
        ) as answer:
            if answer.status_code != HTTP_OK:
                limited = answer.status_code == HTTP_TOO_MANY_REQUESTS
                kind = RpcFault.RATE_LIMITED if limited else RpcFault.SERVER_ERROR
                raise self._fault(kind, method, f"HTTP {answer.status_code}")
            return b"".join(answer.iter_content(READ_BYTES))

    def _untyped(self, method: str, document: bytes) -> Any:
        try:
            return msgspec.json.decode(document)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._fault(RpcFault.NOT_JSON, method, str(error)) from error

    def _patiently(self, method: str, attempt: Callable[[], T]) -> T:
        """Try a few times with growing, jittered pauses: many clients must not knock in step."""
        tries = 1 if method in NOT_REPEATED else self._tries
        for number in range(tries):
            try:
                return self._classified(method, attempt)
            except RpcUnavailable as fault:
                if number + 1 == tries:
                    raise
                log.warning("node did not answer", extra={"rpc": method, "kind": fault.kind})
                jitter = random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
                self._pause(BACKOFF_SECONDS * 2**number * jitter)
        raise AssertionError("a last try returns or raises")

    def _classified(self, method: str, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except requests.Timeout as error:
            raise self._fault(RpcFault.TIMEOUT, method) from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            broken = "aborted" in str(error) or "IncompleteRead" in str(error)
            kind = RpcFault.RESET if broken else RpcFault.UNREACHABLE
            raise self._fault(kind, method) from error
        except requests.RequestException as error:
            raise self._fault(RpcFault.UNREACHABLE, method, str(error)) from error

    def _result(self, method: str, answer: Any, null_allowed: bool) -> Any:
        if not isinstance(answer, dict):
            raise self._fault(RpcFault.NOT_RPC, method)
        error = answer.get("error")
        if error is not None:
            self._refused(method, error)
        if "result" not in answer:
            raise self._fault(RpcFault.NOT_RPC, method)
        if answer["result"] is None and not null_allowed:
            raise self._fault(RpcFault.NULL_RESULT, method)
        return answer["result"]

    def _refused(self, method: str, error: Any) -> NoReturn:
        if not isinstance(error, dict):
            raise RpcRefused(method, 0, str(error)[:QUOTED_CHARACTERS])
        fields = cast("dict[str, Any]", error)
        data = fields.get("data")
        # Some nodes wrap revert data in an object.
        data = data.get("data") if isinstance(data, dict) else data
        try:
            revert = parse_bytes(data) if isinstance(data, str) else None
        except ValueError:
            revert = None
        code = fields.get("code")
        message = str(fields.get("message", ""))[: 3 * QUOTED_CHARACTERS]
        raise RpcRefused(method, code if isinstance(code, int) else 0, message, revert)

    def _fault(self, kind: RpcFault, method: str, detail: str = "") -> RpcUnavailable:
        return RpcUnavailable(kind, method, self.endpoint, detail[:QUOTED_CHARACTERS])


def _wanted(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _batch_body(requests_: Sequence[tuple[str, Sequence[Any]]]) -> tuple[str, bytes]:
    """The first method's name, for errors, and all requests in one document."""
    wanted = [_wanted(number, name, params) for number, (name, params) in enumerate(requests_)]
    return requests_[0][0], msgspec.json.encode(wanted)


@cache
def _decoder_of(kind: Any) -> msgspec.json.Decoder[list[_Answer[Any]]]:
    return msgspec.json.Decoder(list[_Answer[kind]])
