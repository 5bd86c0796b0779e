"""Fetching an official checkpoint, when and only when somebody asks for it.

Nothing here runs unless a download was asked for in so many words. Addresses are https, redirects
stay https, the size is bounded, and what arrives is bytes: reading them is another module's work.
"""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from watermark.presence.archive import LARGEST_BYTES
from watermark.presence.networks import published_address
from watermark.presence.refusal import CheckpointRefused, Reason

HUB: Final = "https://huggingface.co"  # where the audioseal package's own cards point
_HUB_NAME: Final = re.compile(r"(\w[\w.-]*/\w[\w.-]*)/(\w[\w.-]*\.pth)", re.ASCII)
_PUBLISHED_NAME: Final = re.compile(r"audioseal_\w+", re.ASCII)
_PIECE_BYTES: Final = 1 << 20
_SILENT_SECONDS: Final = 30.0


def address_of(source: str) -> str:
    """The https address of a URL, of `owner/name/file.pth` on the hub, or of a published card.

    Raises CheckpointRefused for anything else.
    """
    if source.startswith("https://"):
        return source
    if _PUBLISHED_NAME.fullmatch(source) and (published := published_address(source)):
        return published
    if named := _HUB_NAME.fullmatch(source):
        return f"{HUB}/{named[1]}/resolve/main/{named[2]}"
    if "://" in source:
        raise _not_fetched(source, "only https addresses are fetched", "Give an https address.")
    raise CheckpointRefused(
        source,
        Reason.MISSING,
        "no such file, and no address",
        "Give a path, an https address, OWNER/NAME/FILE.pth, or audioseal_wm_16bits.",
    )


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """A redirect to anything but https is not followed."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise _not_fetched(req.full_url, f"it redirects to {newurl}", "Give an https address.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(address: str, destination: Path, *, trust: ssl.SSLContext | None = None) -> None:
    """Write what `address` serves to `destination`; raises CheckpointRefused.

    `trust` is whose certificates to accept, the system's where left out.
    """
    if urlsplit(address).scheme != "https":
        raise _not_fetched(address, "only https addresses are fetched", "Give an https address.")
    context = trust if trust is not None else ssl.create_default_context()
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _OnlyHttps())
    try:
        with opener.open(address, timeout=_SILENT_SECONDS) as reply, destination.open("wb") as file:
            received = 0
            while piece := reply.read(_PIECE_BYTES):
                received += len(piece)
                if received > LARGEST_BYTES:
                    raise CheckpointRefused(
                        address,
                        Reason.TOO_LARGE,
                        f"more than {LARGEST_BYTES} bytes",
                        "Give the address of an AudioSeal checkpoint.",
                    )
                file.write(piece)
            announced = reply.headers.get("Content-Length")
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise _not_fetched(address, str(error), "Fetch it by other means and give its path.") from (
            error
        )
    if announced is not None and announced != str(received):
        raise _not_fetched(address, f"{received} of {announced} bytes came", "Try again.")


def _not_fetched(source: str, detail: str, next_step: str) -> CheckpointRefused:
    return CheckpointRefused(source, Reason.NOT_FETCHED, detail, next_step)
