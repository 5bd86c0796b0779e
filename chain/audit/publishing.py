"""Which manifests may go into a bundle: those that the publish gate lets out, and no audio at all.

What is kept back is only counted. To say why would tell what the gate keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.indexer.store import Store
from chain.ledger.identifiers import ZERO_DIGEST, Digest, WorkId
from chain.ledger.rights import ConsentState, WorkKind
from chain.provenance.block_store import RestrictedBlockStore
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import BlockCorrupt, ManifestInvalid, NotCanonical
from chain.provenance.manifests import WorkManifest, open_manifest
from chain.provenance.publish_gate import Allowed, judge_manifest
from chain.settlement.segment_sets import ReadBlock


@dataclass(frozen=True)
class Published:
    """`blocks` may leave, by digest; of the others that the chain names, `kept_back` stay because
    the gate says so, and `not_held` are somewhere else."""

    blocks: Mapping[Digest, bytes]
    kept_back: int
    not_held: int


def publishable(
    store: Store,
    read_block: ReadBlock,
    at: BlockPin,
    restricted: RestrictedBlockStore | None = None,
) -> Published:
    """The manifests of works, licences' texts and communities that may be told at a block."""
    live = _works_with_live_consent(store, at)
    named: dict[Digest, set[WorkId]] = {}
    for work in store.works(at=at):
        named.setdefault(work.manifest_digest, set()).add(work.work_id)
    for licence in store.licences(at=at):
        named.setdefault(licence.terms.text_digest, set())
    for community in store.communities(at=at):
        named.setdefault(community.profile_digest, set())
    named.pop(ZERO_DIGEST, None)
    blocks: dict[Digest, bytes] = {}
    kept_back = not_held = 0
    for digest, works in named.items():
        block = read_block(digest, Codec.DAG_CBOR)
        if block is None:
            not_held += 1
        elif _may_leave(digest, block, bool(works) and works <= live, restricted):
            blocks[digest] = block
        else:
            kept_back += 1
    return Published(blocks, kept_back, not_held)


def _may_leave(
    digest: Digest, block: bytes, consent_live: bool, restricted: RestrictedBlockStore | None
) -> bool:
    cid = Cid.from_digest(digest, Codec.DAG_CBOR)
    if restricted is not None and restricted.holds(cid):
        return False
    try:
        # Opened under its name: bytes that were altered may call a secret work open.
        body = open_manifest(block, cid=cid).body
    except (BlockCorrupt, ManifestInvalid, NotCanonical):
        return False
    # A work's manifest links its master: where that is on the restricted shelf, neither leaves.
    if restricted is not None and isinstance(body, WorkManifest):
        master = body.master.cid
        if isinstance(master, Cid) and restricted.holds(master):
            return False
    return isinstance(judge_manifest(body, consent_live=consent_live), Allowed)


def _works_with_live_consent(store: Store, at: BlockPin) -> set[WorkId]:
    """Works of which some tier is consented to now; a derivative needs all its parents'."""
    live = {
        consent.work_id
        for consent in store.consents(at=at)
        if consent.state is ConsentState.GRANTED and consent.live_until > at.timestamp
    }
    parents = {
        record.child: [parent.work_id for parent in record.parents]
        for record in store.derivatives(at=at)
    }
    # Parents are registered before their children, so ids ascend from parent to child.
    for work in store.works(at=at):
        if work.kind is WorkKind.DERIVATIVE:
            of = parents.get(work.work_id, [])
            if of and all(parent in live for parent in of):
                live.add(work.work_id)
            else:
                live.discard(work.work_id)
    return live
