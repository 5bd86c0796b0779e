"""The one door out. It is shut unless a rule opens it.

A content network cannot forget: unpinning touches one's own node only. So before any byte leaves,
the access class, the consent that is live now and the list of fields that may be told are checked,
for every block of what would leave. What passes becomes a `ClearedBlocks`, the only thing that
archives for others and replicas are made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chain.provenance.block_store import BlockReader, RestrictedBlockStore
from chain.provenance.car import export_car
from chain.provenance.cid import Cid, Codec
from chain.provenance.dag_walk import links_in
from chain.provenance.errors import BlockMissing, ManifestInvalid, NotCanonical, PublicationRefused
from chain.provenance.manifests import (
    DetectionManifest,
    GenerationManifest,
    LicenceManifest,
    ManifestBody,
    SegmentsManifest,
    WorkManifest,
    open_manifest,
)
from chain.provenance.manifests.work import AccessClass, TitleKind

ConsentIsLive = Callable[[Cid], bool]
"""Asked with a manifest's id: is consent live, now, for every work that this manifest names?"""

# These say what the ceremony is; beside a title they give it away.
# Local Contexts: secret/sacred, men restricted, women restricted, seasonal.
SENSITIVE_LABELS: Final = frozenset(
    {
        *("secret_sacred", "men_restricted", "women_restricted", "seasonal"),
        *("tkss", "tkmr", "tkwr", "tks"),
    }
)

_ALWAYS_TOLD: Final = {
    *("kind", "title", "master", "custodian", "access_class", "consent"),
    *("attribution", "licence_terms", "generation"),
}
# What each class of work may tell. A field added to the schema stays in until it is listed here.
FIELDS_TOLD: Final[dict[AccessClass, frozenset[str]]] = {
    AccessClass.OPEN: frozenset({*_ALWAYS_TOLD, "labels", "culture"}),
    AccessClass.COMMUNITY: frozenset({*_ALWAYS_TOLD, "labels", "culture"}),
    AccessClass.RESTRICTED: frozenset(_ALWAYS_TOLD),
    AccessClass.SECRET: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The manifest may leave."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The manifest stays: `reason` is the rule, `path` the field that met it."""

    reason: str
    path: str = ""


Verdict = Allowed | Refused


@dataclass(frozen=True, slots=True)
class ClearedBlocks:
    """A read-only view of exactly the blocks that may leave. Only the gate makes one.

    Clear just before sending: consent that is withdrawn later does not shut a view already made.
    `cids` is a set in the order of the walk.
    """

    root: Cid
    cids: Mapping[Cid, None]
    store: BlockReader

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing for anything not cleared, held or not."""
        if cid.as_v1() not in self.cids:
            raise BlockMissing(cid)
        return self.store.get(cid)

    def has(self, cid: Cid) -> bool:
        """Whether the block is cleared."""
        return cid.as_v1() in self.cids

    def iterate(self) -> Iterator[Cid]:
        """Every cleared id, root first."""
        return iter(self.cids)


def judge_manifest(body: ManifestBody, *, consent_live: bool) -> Verdict:
    """Whether a manifest's own block may leave; what it links is judged on its own.

    Licences and usage segments stay public after a withdrawal: what was agreed and counted must
    remain open to audit. Whatever describes a work needs consent that is live.
    """
    if isinstance(body, LicenceManifest | SegmentsManifest):
        return Allowed()
    if not isinstance(body, WorkManifest | GenerationManifest | DetectionManifest):
        return Refused(f"{type(body).__name__} is not on the list of what may leave")
    if not consent_live:
        return Refused("no consent is live")
    return _judge_work(body) if isinstance(body, WorkManifest) else Allowed()


def clear_for_publication(
    root: Cid,
    store: BlockReader,
    *,
    consent_is_live: ConsentIsLive,
    restricted: RestrictedBlockStore | None = None,
) -> ClearedBlocks:
    """Judge `root` and everything below it; return the view of what may leave.

    All or nothing: raises PublicationRefused at the first block that must stay. Audio leaves only
    below the master of an open work's manifest, never by its own id; a block that `restricted`
    holds never leaves, whatever links it. Raises BlockMissing and BlockCorrupt as the store does.
    """
    cleared: dict[Cid, None] = {}
    waiting = [(root.as_v1(), False)]
    while waiting:
        cid, is_content = waiting.pop()
        if cid in cleared:
            continue
        if restricted is not None and restricted.holds(cid):
            raise PublicationRefused(str(cid), "it is on the restricted shelf")
        if is_content:
            below = _content_below(cid, store.get(cid))
        else:
            below = _manifest_below(cid, store, consent_is_live)
        cleared[cid] = None
        waiting.extend((link.as_v1(), leads_to_content) for link, leads_to_content in below[::-1])
    return ClearedBlocks(root.as_v1(), cleared, store)


def export_public_car(cleared: ClearedBlocks) -> Iterator[bytes]:
    """Yield the archive of what was cleared. Raises as `export_car` does."""
    return export_car(cleared.root, cleared)


def _judge_work(work: WorkManifest) -> Verdict:
    told = FIELDS_TOLD[work.access_class]
    if not told:
        return Refused(f"a {work.access_class} work is not published", "body.accessClass")
    for name, value in work:
        if name not in told and value not in (None, ()):
            return Refused(f"a {work.access_class} work does not tell it", f"body.{name}")
    for at, label in enumerate(work.labels):
        if label.label_type.lower() in SENSITIVE_LABELS:
            return Refused("beside a title it tells of the ceremony", f"body.labels[{at}]")
    if work.access_class is AccessClass.RESTRICTED:
        for at, title in enumerate(work.title):
            if title.kind is not TitleKind.PLACEHOLDER:
                return Refused("a restricted work shows placeholder titles", f"body.title[{at}]")
    return Allowed()


def _manifest_below(
    cid: Cid, store: BlockReader, consent_is_live: ConsentIsLive
) -> list[tuple[Cid, bool]]:
    """Judge the manifest `cid`; return its links, each with whether it leads to content."""
    if cid.codec is not Codec.DAG_CBOR:
        raise PublicationRefused(str(cid), "content leaves only below its manifest")
    block = store.get(cid)
    try:
        body = open_manifest(block, cid=cid).body
    except (ManifestInvalid, NotCanonical) as error:
        raise PublicationRefused(str(cid), f"it is no manifest known here ({error})") from error
    verdict = judge_manifest(body, consent_live=consent_is_live(cid))
    if isinstance(verdict, Refused):
        raise PublicationRefused(str(cid), verdict.reason, verdict.path)
    content = _content_of(body)
    return [(link, link in content) for link in links_in(cid, block)]


def _content_of(body: ManifestBody) -> set[Cid]:
    """The links of a manifest that may lead to bytes rather than to another manifest."""
    if isinstance(body, SegmentsManifest):
        return {segment.cid for segment in body.segments}
    if isinstance(body, WorkManifest) and isinstance(body.master.cid, Cid):
        return {body.master.cid}
    return set()


def _content_below(cid: Cid, block: bytes) -> list[tuple[Cid, bool]]:
    if cid.codec is Codec.DAG_CBOR:
        raise PublicationRefused(str(cid), "a manifest is not content")
    return [(link, True) for link in links_in(cid, block)]
