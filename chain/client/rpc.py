"""JSON-RPC over HTTP: one request or a batch, every fault as one typed error, bounded retries.

web3's own silent retries are switched off: they would also repeat eth_sendRawTransaction, whose
second answer ("already known") hides the first one's success.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar, cast

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from chain.client.blocks import parse_bytes
from chain.client.errors import RpcFault, RpcRefused, RpcUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

HTTP_TOO_MANY_REQUESTS: Final = 429
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


class Rpc:
    """A JSON-RPC endpoint."""

    def __init__(
        self,
        endpoint: str,
        *,
        timeouts: Timeouts | None = None,
        tries: int = TRIES,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        limits = timeouts or Timeouts()
        self.endpoint = endpoint
        self._tries = tries
        self._pause = pause
        self._provider = HTTPProvider(
            endpoint,
            request_kwargs={"timeout": (limits.connect_seconds, limits.read_seconds)},
            exception_retry_configuration=None,
        )

    def request(self, method: str, *params: Any, null_allowed: bool = False) -> Any:
        """The result. Raises RpcUnavailable after the last try, RpcRefused at once."""
        answer = self._patiently(
            method, lambda: self._provider.make_request(RPCEndpoint(method), list(params))
        )
        return self._result(method, answer, null_allowed)

    def batch(
        self, requests_: Sequence[tuple[str, Sequence[Any]]], *, null_allowed: bool = False
    ) -> list[Any]:
        """Results in the order of the requests, which are sent as one. Raises as `request`."""
        if not requests_:
            return []
        method = requests_[0][0]
        wanted = [(RPCEndpoint(name), list(params)) for name, params in requests_]
        answers = self._patiently(method, lambda: self._provider.make_batch_request(wanted))
        if not isinstance(answers, list) or len(answers) != len(requests_):
            if isinstance(answers, dict) and "error" in answers:
                self._result(method, answers, null_allowed)
            raise self._fault(RpcFault.NOT_RPC, method, "a batch answered in part")
        return [
            self._result(name, answer, null_allowed)
            for (name, _), answer in zip(requests_, answers, strict=True)
        ]

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
        except requests.HTTPError as error:
            status = error.response.status_code
            limited = status == HTTP_TOO_MANY_REQUESTS
            kind = RpcFault.RATE_LIMITED if limited else RpcFault.SERVER_ERROR
            raise self._fault(kind, method, f"HTTP {status}") from error
        except requests.Timeout as error:
            raise self._fault(RpcFault.TIMEOUT, method) from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            broken = "aborted" in str(error) or "IncompleteRead" in str(error)
            kind = RpcFault.RESET if broken else RpcFault.UNREACHABLE
            raise self._fault(kind, method) from error
        except requests.exceptions.InvalidJSONError as error:
            raise self._fault(RpcFault.NOT_JSON, method) from error
        except requests.RequestException as error:
            raise self._fault(RpcFault.UNREACHABLE, method, str(error)) from error
        except ValueError as error:
            # Undecodable text and broken JSON are both ValueErrors here.
            raise self._fault(RpcFault.NOT_JSON, method, str(error)) from error
        except (TypeError, KeyError, AttributeError) as error:
            # web3 sorts a batch by ids before we see it, and stumbles over anything else.
            raise self._fault(RpcFault.NOT_RPC, method) from error

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
