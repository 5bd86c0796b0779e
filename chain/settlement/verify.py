"""Recomputing everything: from the chain's logs to every balance, from segments to every leaf.

A verification trusts no one but the chain and the hash functions. It lists every difference with
its place, and goes on as far as it can: one altered leaf must not hide another.
"""

from __future__ import annotations

import hashlib

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.node import Node
from chain.indexer.store import Store
from chain.ledger.identifiers import ZERO_DIGEST, Digest
from chain.settlement.findings import (
    DAG_CBOR_CODEC,
    RAW_CODEC,
    Check,
    Discrepancy,
    Findings,
    TokenTotals,
    VerificationReport,
    cid_text,
)
from chain.settlement.segment_sets import ReadBlock
from chain.settlement.verify_direct_reports import verify_direct_reports
from chain.settlement.verify_epochs import ReadPayouts, verify_epochs
from chain.settlement.verify_index import verify_index
from chain.settlement.verify_ledgers import (
    verify_custody,
    verify_direct_lane,
    verify_epoch_lane,
    verify_registers,
)

__all__ = [
    "DAG_CBOR_CODEC",
    "RAW_CODEC",
    "Check",
    "Discrepancy",
    "ReadBlock",
    "ReadPayouts",
    "TokenTotals",
    "VerificationReport",
    "cid_text",
    "verify",
]


def verify(
    store: Store,
    node: Node,
    deployment: Deployment,
    read_block: ReadBlock,
    *,
    at: BlockPin | None = None,
    second_copy: ReadBlock | None = None,
    read_payouts: ReadPayouts | None = None,
) -> VerificationReport:
    """Verify everything up to `at`, by default the newest indexed block.

    `read_block(digest, codec)` gives the bytes held for a block, unverified, or None: altered
    blocks must reach this function, which names them. `second_copy` reads other holders' blocks,
    `read_payouts` the leaves that were published.
    Raises BlockGone when the chain forks meanwhile, RpcUnavailable, IndexEmpty, NotIndexedYet.
    """
    node.expect_chain(deployment.chain_id)
    pin = at or store.head()
    findings = Findings()
    verify_index(findings, store, node, deployment, pin)
    verify_registers(findings, store, node, deployment, pin)
    book = verify_direct_lane(findings, store, node, deployment, pin)
    verify_direct_reports(findings, store, node, deployment, pin)
    verify_epoch_lane(findings, store, node, deployment, pin)
    totals = verify_custody(findings, store, node, deployment, book, pin)
    verify_epochs(
        findings,
        store,
        node,
        deployment,
        pin,
        read_block=read_block,
        second_copy=second_copy,
        read_payouts=read_payouts,
    )
    _verify_manifests(findings, store, read_block, pin)
    return VerificationReport(
        pin,
        dict(findings.checks),
        tuple(findings.discrepancies),
        tuple(findings.unread),
        tuple(findings.rejected),
        totals,
    )


def _verify_manifests(
    findings: Findings, store: Store, read_block: ReadBlock, at: BlockPin
) -> None:
    """Re-hash every manifest that the chain names and that is held here."""
    named: dict[Digest, str] = {}
    for work in store.works(at=at):
        named.setdefault(work.manifest_digest, f"of work {work.work_id}")
    for community in store.communities(at=at):
        named.setdefault(community.profile_digest, f"of community {community.community_id}")
    for licence in store.licences(at=at):
        named.setdefault(licence.terms.text_digest, f"of licence {licence.licence_id}'s terms")
    named.pop(ZERO_DIGEST, None)
    for digest, subject in named.items():
        place = f"manifest {cid_text(digest, DAG_CBOR_CODEC)} {subject}"
        block = read_block(digest, DAG_CBOR_CODEC)
        if block is None:
            findings.unread.append(place)
            continue
        findings.compare(Check.MANIFESTS, place, bytes(digest), hashlib.sha256(block).digest())
