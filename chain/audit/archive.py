"""The container: a ZIP archive of which there is exactly one for given files.

Names ascend, nothing is compressed, every time is 1980-01-01 and every permission 0644: the same
files are the same bytes, and a verifier can build the container again and compare it whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from chain.audit.errors import BundleTooLarge

SCHEMA: Final = "antiphon.audit/1"
MANIFEST: Final = "MANIFEST.json"
# What the verifiers take; both numbers stand in docs/AUDIT_BUNDLE.md.
FILES_MAX: Final = 60_000
BYTES_MAX: Final = 1 << 30
_EPOCH_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS: Final = 0o100644 << 16
_UNIX: Final = 3


def manifest_of(described: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """The manifest: what the bundle is about, and every other file's length and sha2-256."""
    listed = {
        name: [len(content), hashlib.sha256(content).hexdigest()] for name, content in files.items()
    }
    return plain_json({"schema": SCHEMA, **described, "files": listed})


def archive(files: Mapping[str, bytes]) -> bytes:
    """The container of some files. Raises BundleTooLarge."""
    if len(files) > FILES_MAX:
        raise BundleTooLarge("files", len(files), FILES_MAX)
    size = sum(map(len, files.values()))
    if size > BYTES_MAX:
        raise BundleTooLarge("bytes", size, BYTES_MAX)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as held:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            entry.create_system, entry.external_attr = _UNIX, _PERMISSIONS
            held.writestr(entry, files[name])
    return made.getvalue()


def plain_json(document: object) -> bytes:
    """One spelling of a document, a line long."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def json_lines(documents: Any) -> bytes:
    """A document a line."""
    return b"".join(map(plain_json, documents))
