"""Copies on an IPFS daemon (Kubo or js-ipfs), through `ipfshttpclient.Client`.

A daemon is trusted with nothing. Trees are built here and sent as archives, because a daemon's own
`add` cuts files as it is configured and ignores options it does not know. Every id it returns is
compared, as bytes, with ours; every block it returns is hashed.
Source: Kubo RPC API v0: dag/import, dag/export, block/get, pin/ls.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

import ipfshttpclient
import requests
import urllib3
from ipfshttpclient import exceptions as client_errors
from ipfshttpclient import multipart
from ipfshttpclient.http_common import map_args_to_params

from chain.provenance.block_store import BLOCK_BYTES_MAX, BlockSink
from chain.provenance.car import CarLimits, export_car, import_car
from chain.provenance.cid import Cid
from chain.provenance.errors import (
    CarInvalid,
    CidMalformed,
    DaemonLied,
    DaemonRefused,
    DaemonTooSlow,
    DaemonUnreachable,
)
from chain.provenance.publish_gate import ClearedBlocks

# The client, last released in 2021, passes urllib3 an argument that is now without meaning.
warnings.filterwarnings("ignore", message="The 'strict' parameter", category=FutureWarning)

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 15.0
# Beyond the read budget an answer must keep this pace, or a trickle would hold us for ever.
PACE_BYTES_PER_SECOND: Final = 1 << 20
ANSWER_BYTES_MAX: Final = 64 * 1024
PIECE_BYTES: Final = 64 * 1024
SPOOL_BYTES: Final = 8 << 20
# What both implementations say, with status 500, about a root that is not pinned.
NOT_PINNED: Final = "not pinned"
BROKEN_OFF: Final = (
    client_errors.Error,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
)
# What reading JSON of an unexpected shape can end in; RecursionError for brackets without end.
NO_KNOWN_FORM: Final = (
    CidMalformed,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)


class IpfsReplicator:
    """A `Replicator` on the daemon whose RPC listens at `address` (a multiaddr).

    Nothing is sent until the first call: a daemon that is away is an error of that call, never of
    starting up. No version is asked for: the four commands used behave alike in all of them.
    """

    def __init__(
        self,
        address: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        try:
            # Client(), never connect(): that one refuses every daemon released since 2021.
            self._client = ipfshttpclient.Client(address)
        except client_errors.AddressError as error:
            raise DaemonUnreachable(
                address, "no address of a daemon; write it like /ip4/127.0.0.1/tcp/5001"
            ) from error
        # Neither a proxy nor a redirect may send what we asked of this daemon somewhere else.
        self._client._client._session_props.update(trust_env=False, max_redirects=0)

    def push(self, cleared: ClearedBlocks) -> None:
        """Import the archive, pin its root, and believe it only after looking.

        Raises DaemonUnreachable, DaemonTooSlow, DaemonRefused; DaemonLied when the root it reports
        is not ours, when it does not list the pin, or when it gives other bytes for the root.
        """
        # Read once before sending: a block altered on our disk is found here, not by the daemon.
        size_bytes = sum(len(piece) for piece in export_car(cleared.root, cleared))
        body, headers = multipart.stream_bytes(
            export_car(cleared.root, cleared), chunk_size=PIECE_BYTES
        )
        lines = self._ask_json(
            "dag/import",
            opts={"pin-roots": "true"},
            data=body,
            headers=headers,
            patience_seconds=size_bytes / PACE_BYTES_PER_SECOND,
        )
        self._check_imported(cleared.root, lines)
        if not self.holds(cleared.root):
            raise DaemonLied(self._address, f"says it imported {cleared.root}, but has no pin")
        self.fetch(cleared.root)

    def holds(self, root: Cid) -> bool:
        """Whether the daemon lists a recursive pin of `root`."""
        try:
            lines = self._ask_json("pin/ls", arg=str(root), opts={"type": "recursive"})
        except DaemonRefused as error:
            if NOT_PINNED in str(error):
                return False
            raise
        with self._well_formed("pin/ls"):
            pinned = [Cid.parse(name) for line in lines for name in line["Keys"]]
        return root.as_v1() in {cid.as_v1() for cid in pinned}

    def fetch(self, cid: Cid) -> bytes:
        """One block. Raises DaemonLied when the bytes are not those that `cid` names."""
        block = b"".join(self._ask("block/get", arg=str(cid), limit_bytes=BLOCK_BYTES_MAX))
        if not cid.matches(block):
            raise DaemonLied(self._address, f"gave other bytes for block {cid}")
        return block

    def pull(self, root: Cid, store: BlockSink, *, limits: CarLimits | None = None) -> None:
        """Export the tree from the daemon, verify all of it, then keep it in `store`.

        Raises DaemonLied for an archive that is forged, incomplete, of another root or too large.
        """
        limits = limits or CarLimits()
        # Ids and lengths come on top of the blocks' own bytes.
        limit_bytes = 2 * limits.total_bytes
        with SpooledTemporaryFile(max_size=SPOOL_BYTES) as archive:
            for piece in self._ask("dag/export", arg=str(root), limit_bytes=limit_bytes):
                archive.write(piece)
            archive.seek(0)
            try:
                import_car(cast(BinaryIO, archive), store, expected=root, limits=limits)
            except CarInvalid as error:
                raise DaemonLied(self._address, str(error)) from error

    def _check_imported(self, root: Cid, lines: list[Any]) -> None:
        with self._well_formed("dag/import"):
            answers = [line["Root"] for line in lines if "Root" in line]
            roots = [Cid.parse(answer["Cid"]["/"]) for answer in answers]
            faults = [answer.get("PinErrorMsg") for answer in answers]
        if [cid.as_v1() for cid in roots] != [root.as_v1()]:
            raise DaemonLied(self._address, f"imported {[str(cid) for cid in roots]}, not {root}")
        if any(faults):
            raise DaemonRefused(self._address, f"could not pin {root}: {faults[0]}")

    def _ask_json(self, command: str, **request: Any) -> list[Any]:
        """The answer's JSON objects, one per line."""
        answer = b"".join(self._ask(command, limit_bytes=ANSWER_BYTES_MAX, **request))
        with self._well_formed(command):
            return [json.loads(line) for line in answer.splitlines() if line.strip()]

    def _ask(
        self,
        command: str,
        *,
        limit_bytes: int,
        arg: str | None = None,
        opts: dict[str, str] | None = None,
        data: Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
        patience_seconds: float = 0.0,
    ) -> Iterator[bytes]:
        """Yield the answer in pieces, within `limit_bytes` and the time budget.

        Uses the transport below the client's public methods: those read a whole answer, for as
        long as it lasts, before it can be measured. `patience_seconds` is for work that grows with
        what was sent.
        """
        read_seconds = self._read_seconds + patience_seconds
        with self._in_our_words(command):
            closables, _ = self._client._client._request(
                "POST",
                command,
                map_args_to_params((arg,) if arg else (), opts or {}),
                auth=None,
                data=data,
                headers=headers,
                timeout=(self._connect_seconds, read_seconds),
                chunk_size=None,
            )
            try:
                yield from self._measured(command, closables[0].raw, limit_bytes, read_seconds)
            finally:
                for closable in closables:
                    closable.close()

    def _measured(
        self, command: str, answer: urllib3.HTTPResponse, limit_bytes: int, read_seconds: float
    ) -> Iterator[bytes]:
        """Yield what arrives as it arrives, so that size and pace are checked at every step."""
        started = time.monotonic()
        received_bytes = 0
        while piece := answer.read1(PIECE_BYTES, decode_content=True):
            received_bytes += len(piece)
            if received_bytes > limit_bytes:
                raise DaemonLied(
                    self._address, f"answers {command} with more than {limit_bytes} bytes"
                )
            budget_seconds = read_seconds + received_bytes / PACE_BYTES_PER_SECOND
            if time.monotonic() - started > budget_seconds:
                raise DaemonTooSlow(self._address, f"{command} only trickles")
            yield piece

    @contextmanager
    def _in_our_words(self, command: str) -> Iterator[None]:
        """Translate what the client and the transport below it raise."""
        try:
            yield
        except client_errors.TimeoutError as error:
            if isinstance(error.original, requests.ConnectTimeout):
                raise DaemonUnreachable(self._address, "does not take a connection") from error
            raise self._too_slow(command) from error
        except urllib3.exceptions.ReadTimeoutError as error:
            raise self._too_slow(command) from error
        except client_errors.StatusError as error:
            raise DaemonRefused(self._address, f"{command}: {error}") from error
        except requests.TooManyRedirects as error:
            raise DaemonRefused(self._address, f"{command}: it redirects elsewhere") from error
        except BROKEN_OFF as error:
            raise DaemonUnreachable(
                self._address, f"cannot be reached or broke off ({command}): is it running?"
            ) from error

    def _too_slow(self, command: str) -> DaemonTooSlow:
        return DaemonTooSlow(self._address, f"{command} took over {self._read_seconds:g} s")

    @contextmanager
    def _well_formed(self, command: str) -> Iterator[None]:
        """Whatever shape an answer has, it ends in an error of ours."""
        try:
            yield
        except NO_KNOWN_FORM as error:
            raise DaemonLied(self._address, f"answers {command} in no known form") from error
