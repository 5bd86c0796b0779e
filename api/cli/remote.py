"""Asking a running Antiphon over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

import httpx

from api.cli.running import RUNNING_FILE
from api.errors import ApplicationError, NothingRunning

READ_SECONDS = 300.0
PAGE = 200


class Refused(ApplicationError):
    """The server's own words."""


def base_url(given: str) -> str:
    """The URL given, or that of the `antiphon up` running here. Raises NothingRunning."""
    if given:
        return given.rstrip("/")
    try:
        url: str = json.loads(RUNNING_FILE.read_text())["api"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NothingRunning from None
    return url


def get(api: str, route: str) -> dict[str, Any]:
    """Raises NothingRunning, Refused."""
    return _answer("GET", base_url(api) + route)


def get_pages(api: str, route: str, listed: str, **asked: str | int | bool) -> dict[str, Any]:
    """A whole list, page by page; the block is the last page's. Raises as `get`."""
    found: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = get(api, f"{route}?{urlencode({'limit': PAGE, 'after': after, **asked})}")
        found += page[listed]
        after = page["after"]
    return {**page, listed: found}


def upload(api: str, route: str, path: Path) -> dict[str, Any]:
    """Send a file. Raises Refused when there is none or the server refuses it."""
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    with path.open("rb") as file:
        return _answer("POST", base_url(api) + route, files={"file": (path.name, file)})


def download(api: str, route: str, into: IO[bytes]) -> None:
    """Write an answer's bytes into an open file. Raises as `get`."""
    url = base_url(api) + route
    with _told_plainly(url), httpx.stream("GET", url, timeout=READ_SECONDS) as answer:
        if answer.is_error:
            answer.read()
            _document(answer, url)
        for chunk in answer.iter_bytes():
            into.write(chunk)


def _answer(method: str, url: str, **how: Any) -> dict[str, Any]:
    with _told_plainly(url):
        return _document(httpx.request(method, url, timeout=READ_SECONDS, **how), url)


def _document(answer: httpx.Response, url: str) -> dict[str, Any]:
    """What the API says; its refusals are raised."""
    body = answer.json()
    if not isinstance(body, dict):
        raise Refused(f"{url} is not an Antiphon API")
    if answer.is_error:
        raise Refused(f"{body.get('code', answer.status_code)}: {body.get('detail', '')}")
    return body


@contextmanager
def _told_plainly(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.InvalidURL as error:
        raise Refused(f"{url} is no address ({error}). Next: --api http://host:port") from None
    except httpx.TransportError as error:
        raise Refused(
            f"{url} does not answer ({type(error).__name__}). Next: antiphon up"
        ) from None
    except ValueError:
        raise Refused(f"{url} is not an Antiphon API") from None
