"""The JSON between whoever collects signatures and an operator's process.

POST /v1/attestations   {"report": {...}, "evidence": "bafy..."}
200                     {"operator": "0x...", "reportHash": "0x...", "signature": "0x..."}
409                     it does not sign: {"code", "detail", "differences": [[field, ...], ...]}
503                     it cannot judge now: {"code", "detail"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import Digest, address
from chain.provenance import Cid, ProvenanceError
from oracle.epoch_book import StoredSignature
from oracle.errors import PaperMalformed
from oracle.operator import Proposal
from oracle.papers import report_from_json, report_to_json

ATTESTATIONS: Final = "/v1/attestations"
HEALTH: Final = "/health"
# A proposal has some two thousand bytes, a refusal that names every field some four thousand.
MESSAGE_BYTES_MAX: Final = 64 * 1024
# JSON's brackets without end make it a RecursionError.
UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """What an operator is asked to sign."""
    return {"report": report_to_json(proposal.report), "evidence": str(proposal.evidence_cid)}


def proposal_from_json(body: bytes) -> Proposal:
    """Read `proposal_to_json`'s form. Raises PaperMalformed."""
    try:
        wire = json.loads(body)
        return Proposal(report_from_json(wire["report"]), Cid.parse(wire["evidence"]))
    except (*UNREADABLE, ProvenanceError) as error:
        raise PaperMalformed("proposal", str(error)) from error


def signature_to_json(signed: StoredSignature) -> dict[str, str]:
    """An operator's signature of one report."""
    return {
        "operator": signed.operator,
        "reportHash": "0x" + signed.report_hash.hex(),
        "signature": "0x" + signed.signature.hex(),
    }


def signature_from_json(wire: Mapping[str, Any]) -> StoredSignature:
    """Read `signature_to_json`'s form; nothing is verified. Raises PaperMalformed."""
    try:
        return StoredSignature(
            address(wire["operator"]),
            Digest(_octets(wire["reportHash"])),
            _octets(wire["signature"]),
        )
    except (*UNREADABLE, BadAddress) as error:
        raise PaperMalformed("signature", str(error)) from error


def refusal_to_json(
    code: str, detail: str, differences: Sequence[tuple[str, str, str]] = ()
) -> dict[str, Any]:
    """Why an operator does not sign; `differences` are field, proposed, computed."""
    return {"code": code, "detail": detail, "differences": [list(each) for each in differences]}


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
