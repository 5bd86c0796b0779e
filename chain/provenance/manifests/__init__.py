"""Typed manifests: closed schemas over canonical blocks. Build a body, `seal` it, put it."""

from __future__ import annotations

from chain.provenance.canonical import decode_canonical
from chain.provenance.cid import Cid
from chain.provenance.errors import BlockCorrupt, ManifestInvalid
from chain.provenance.manifests.detection import DetectionManifest
from chain.provenance.manifests.envelope import (
    ManifestBody,
    SealedManifest,
    get_manifest,
    open_as,
    put_manifest,
    render_json,
    schema_of,
    seal,
)
from chain.provenance.manifests.generation import GenerationManifest
from chain.provenance.manifests.licence import LicenceManifest
from chain.provenance.manifests.segments import SegmentsManifest
from chain.provenance.manifests.work import WorkManifest

KINDS: dict[str, type[ManifestBody]] = {
    kind.SCHEMA: kind
    for kind in (
        WorkManifest,
        LicenceManifest,
        GenerationManifest,
        DetectionManifest,
        SegmentsManifest,
    )
}


def open_manifest(block: bytes, *, cid: Cid | None = None) -> SealedManifest[ManifestBody]:
    """Read a manifest of whichever kind it says it is.

    Raises BlockCorrupt when `cid` names other bytes, NotCanonical, or ManifestInvalid when the
    schema is unknown or broken.
    """
    if cid is not None and not cid.matches(block):
        raise BlockCorrupt(cid, None)
    schema = schema_of(decode_canonical(block))
    kind = KINDS.get(schema)
    if kind is None:
        raise ManifestInvalid(schema, (("schema", f"is none of {', '.join(KINDS)}"),))
    return open_as(kind, block, cid=cid)


__all__ = [
    "KINDS",
    "DetectionManifest",
    "GenerationManifest",
    "LicenceManifest",
    "ManifestBody",
    "SealedManifest",
    "SegmentsManifest",
    "WorkManifest",
    "get_manifest",
    "open_as",
    "open_manifest",
    "put_manifest",
    "render_json",
    "seal",
]
