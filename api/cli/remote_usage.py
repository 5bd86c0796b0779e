"""Handing in segments over HTTP, as patiently as a night's upload needs."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

from api.cli.remote import Refused, base_url, get
from api.submitting import SegmentSpoiled

SEND_SECONDS: Final = 120.0
# Waits between tries, in seconds: a server that is started again is back within them.
PATIENCE: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
SERVER_ERROR: Final = 500
RESUME: Final = (
    "Next: send the same file again when it answers; what was handed in is not counted twice"
)


class RemoteUsage:
    """The usage desk of a running Antiphon."""

    def __init__(self, api: str) -> None:
        """Raises NothingRunning."""
        self._api = base_url(api)
        self._client = httpx.Client(timeout=SEND_SECONDS)

    def origin_facts(self) -> dict[str, Any]:
        return get(self._api, "/v1/usage")

    def send(self, signed_segment: bytes, *, dry_run: bool) -> dict[str, Any]:
        """Raises SegmentSpoiled, Refused."""
        url = f"{self._api}/v1/usage/segments?dry_run={str(dry_run).lower()}"
        answer = self._patiently(url, signed_segment)
        try:
            body = answer.json()
        except ValueError:
            raise Refused(f"{self._api} is not an Antiphon API") from None
        if not isinstance(body, dict):
            raise Refused(f"{self._api} is not an Antiphon API")
        if body.get("code") == "segment-refused" and body.get("rows"):
            raise SegmentSpoiled([(row["row"], row["reason"]) for row in body["rows"]])
        if answer.is_error:
            raise Refused(f"{body.get('code', answer.status_code)}: {body.get('detail', '')}")
        return body

    def _patiently(self, url: str, body: bytes) -> httpx.Response:
        trouble = ""
        for wait in (*PATIENCE, None):
            try:
                answer = self._client.post(url, content=body)
                if answer.status_code < SERVER_ERROR:
                    return answer
                trouble = f"answers {answer.status_code}: {answer.text[:200]}"
            except httpx.TransportError as error:
                # It may have been kept all the same; then the next try finds duplicates.
                trouble = f"does not answer ({type(error).__name__})"
            if wait is not None:
                time.sleep(wait)
        raise Refused(f"{self._api} {trouble}. {RESUME}")
