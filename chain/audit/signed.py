"""The signed papers behind epochs: each segment set cites the evidence that its operators kept, in
JSON of the form `antiphon.evidence/1`. It is passed on as it is: the verifiers judge it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from chain.audit.archive import plain_json
from chain.ledger.identifiers import Digest
from chain.provenance.cid import Cid
from chain.provenance.errors import BlockMissing, ProvenanceError
from chain.provenance.unixfs import read_file
from chain.settlement.segment_sets import ReadBlock

EVIDENCE_SCHEMA: Final = "antiphon.evidence/1"
EVIDENCE_BYTES_MAX: Final = 1 << 28


@dataclass
class SignedPapers:
    """Lines of JSON, each there once: of segments, generation logs and detections."""

    segments: set[bytes] = field(default_factory=set)
    generations: set[bytes] = field(default_factory=set)
    detections: set[bytes] = field(default_factory=set)

    def files(self) -> dict[str, bytes]:
        """The three lists as files, each in one order."""
        return {
            f"signed/{name}.jsonl": b"".join(sorted(getattr(self, name)))
            for name in ("segments", "generations", "detections")
        }


def signed_papers(cited: Iterable[str], read_block: ReadBlock) -> SignedPapers:
    """All evidence that is held under the content ids cited; what is not is left out, and a
    verifier says of which segments no signature is here."""
    papers = SignedPapers()
    for text in cited:
        try:
            raw = b"".join(
                read_file(
                    Cid.parse(text),
                    lambda cid: _block(read_block, cid),
                    limit_bytes=EVIDENCE_BYTES_MAX,
                )
            )
            _add(papers, json.loads(raw))
        except (ProvenanceError, ValueError, KeyError, TypeError):
            continue
    return papers


def _add(papers: SignedPapers, document: dict[str, Any]) -> None:
    if document["schema"] != EVIDENCE_SCHEMA:
        return
    for entry in document["segments"]:
        line = [entry["digest"], str(entry["producer"]).lower(), entry["signature"]]
        papers.segments.add(plain_json(line))
    papers.generations |= {plain_json(entry) for entry in document["generationLogs"]}
    papers.detections |= {plain_json(entry) for entry in document["detections"]}


def _block(read_block: ReadBlock, cid: Cid) -> bytes:
    block = read_block(Digest(cid.digest), cid.codec)
    if block is None or not cid.matches(block):
        raise BlockMissing(cid)
    return block
