"""Who may ask for what: bearer tokens for partners, a coarse and rationed answer for the public.

Raw scores let an attacker climb: every query says whether a change weakened the mark (HopSkipJump,
Chen et al. 2020, needs some ten thousand). Anonymous callers therefore get rounded verdicts, few
per minute, and fewer still for files of one shape, as an attack by queries sends the same recording
again and again. A budget over the *sound* of the queries, whatever their length, is not kept here.

Without a token file every caller is authorised: the process then serves its own machine alone.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import stat
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request

from watermark.audio.files import AudioFile
from watermark.service.problems import Problem
from watermark.service.settings import WatermarkSettings

_TOKEN_BYTES: Final = 32
_CLIENTS_KEPT: Final = 10_000
_SHAPE_STEP_SECONDS: Final = 0.5  # files whose lengths differ by less are of one shape
_HOUR_SECONDS: Final = 3600.0
_LOOPBACK_NAMES: Final = {"localhost", "testclient"}


class TokensUnusable(Exception):
    """The token file is malformed or open to others; says what to do."""


@dataclass(frozen=True)
class Caller:
    """Who asks; `name` is None for the public."""

    name: str | None
    client: str  # the address, or its network: what rations are counted by

    @property
    def authorised(self) -> bool:
        return self.name is not None


class Tokens:
    """Names by token. The file holds `sha256-of-token name` lines, never a token."""

    def __init__(self, path: Path) -> None:
        """Raises TokensUnusable."""
        self._path = path
        self._read_at: int | None = None
        self._names: dict[str, str] = {}
        self.name_of("")

    def name_of(self, token: str) -> str | None:
        """Whose token it is. The file is read again when it changed; raises TokensUnusable."""
        try:
            facts = self._path.stat()
        except OSError as error:
            raise TokensUnusable(
                f"{self._path}: cannot be read; python -m watermark tokens add NAME"
            ) from error
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise TokensUnusable(f"{self._path}: others can read it; chmod 600 it")
        if facts.st_mtime_ns != self._read_at:
            self._names = _parsed(self._path)
            self._read_at = facts.st_mtime_ns
        return self._names.get(hashlib.sha256(token.encode()).hexdigest())


def add_token(path: Path, name: str) -> str:
    """Make a token for `name`, add its digest to the file, and return it: it is shown once."""
    if not name.isidentifier():
        raise TokensUnusable(f"{name!r}: a name has letters, digits and underscores")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("a", encoding="ascii") as file:
        file.write(f"{hashlib.sha256(token.encode()).hexdigest()} {name}\n")
    return token


def _parsed(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        digest, _, name = line.partition(" ")
        if len(digest) != 64 or not name:
            raise TokensUnusable(f"{path}:{number}: expected a SHA-256 in hexadecimal and a name")
        names[digest] = name
    return names


class Ration:
    """A token bucket per client (burst, then a steady rate), for the last 10,000 clients."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, at

    def take(self, client: str) -> float:
        """0.0 when one was left, else the seconds until there is."""
        now = self._clock()
        left, at = self._left.pop(client, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[client] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _CLIENTS_KEPT:
            self._left.popitem(last=False)
        return wait


class Door:
    """Lets callers in, or raises the Problem that tells them why not."""

    def __init__(
        self, settings: WatermarkSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises TokensUnusable."""
        self._tokens = Tokens(settings.tokens_path) if settings.tokens_path else None
        self._ration = Ration(settings.public_per_minute, settings.public_burst, clock)
        self._clock = clock
        self._same_shape_per_hour = settings.public_same_shape_per_hour
        self._shapes: OrderedDict[tuple[str, int, int], deque[float]] = OrderedDict()

    def caller(self, request: Request) -> Caller:
        """Who asks, without counting. Raises Problem 401 for a token nobody was given."""
        client = _network_of(request.client.host if request.client else "unknown")
        if self._tokens is None:
            return Caller("local", client)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return Caller(None, client)
        name = self._tokens.name_of(token.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            raise Problem(401, "token-unknown", "this bearer token is not known here", _CHALLENGE)
        return Caller(name, client)

    def partner(self, request: Request) -> Caller:
        """Who asks for what only partners get. Raises Problem 401."""
        caller = self.caller(request)
        if not caller.authorised:
            detail = "this needs a bearer token; ask the operator for one"
            raise Problem(401, "token-required", detail, _CHALLENGE)
        return caller

    def anyone(self, request: Request) -> Caller:
        """Who asks; the public's requests are rationed. Raises Problem 401 or 429."""
        caller = self.caller(request)
        if not caller.authorised and (wait := self._ration.take(caller.client)):
            raise _too_many(wait, "requests")
        return caller

    def count_shape(self, caller: Caller, audio: AudioFile) -> None:
        """Count a public query by the shape of its audio. Raises Problem 429."""
        if caller.authorised:
            return
        steps = audio.frames_declared / audio.sample_rate_hz / _SHAPE_STEP_SECONDS
        shape = (caller.client, round(steps), audio.channels)
        now = self._clock()
        times = self._shapes.pop(shape, None) or deque(maxlen=self._same_shape_per_hour)
        self._shapes[shape] = times
        if len(self._shapes) > _CLIENTS_KEPT:
            self._shapes.popitem(last=False)
        if len(times) == self._same_shape_per_hour and now - times[0] < _HOUR_SECONDS:
            raise _too_many(_HOUR_SECONDS - (now - times[0]), "queries with files of this length")
        times.append(now)


_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def _too_many(wait_seconds: float, of_what: str) -> Problem:
    wait = math.ceil(wait_seconds)
    return Problem(
        429, "rate-limited", f"too many {of_what}; wait {wait} s", {"Retry-After": str(wait)}
    )


def _network_of(host: str) -> str:
    """An IPv4 address as it is, an IPv6 one as its /64: what one customer commonly holds."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOOPBACK_NAMES
