"""The JSON between whoever collects signatures and an operator's process.

POST /v1/attestations         {"report": {...}, "evidence": "bafy..."}
POST /v1/direct-attestations  the same of a direct report
200                           {"operator": "0x...", "reportHash": "0x...", "signature": "0x..."}
409                           it does not sign: {"code", "detail", "differences": [[field, ...]]}
503                           it cannot judge now: {"code", "detail"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chain.ledger.direct_report import DirectReport
from chain.ledger.errors import BadAddress, LedgerError
from chain.ledger.identifiers import Digest, GenerationId, LicenceId, address
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import Cid, ProvenanceError
from oracle.direct_operator import DirectProposal
from oracle.epoch_book import StoredSignature
from oracle.errors import PaperMalformed
from oracle.operator import Proposal
from oracle.papers import report_from_json, report_to_json

ATTESTATIONS: Final = "/v1/attestations"
DIRECT_ATTESTATIONS: Final = "/v1/direct-attestations"
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


def direct_proposal_to_json(proposal: DirectProposal) -> dict[str, Any]:
    """What an operator is asked to sign of a single use."""
    report, event = proposal.report, proposal.report.event
    return {
        "report": {
            "kind": event.kind.name,
            "licence": event.licence_id,
            "generation": f"0x{event.generation_id:016x}",
            "sourceKey": "0x" + event.source_key.hex(),
            "occurredAt": event.occurred_at,
            "programHash": "0x" + report.program_hash.hex(),
            "deadline": report.deadline,
        },
        # Its digest is in the report.
        "evidence": str(proposal.evidence_cid),
    }


def direct_proposal_from_json(body: bytes) -> DirectProposal:
    """Read `direct_proposal_to_json`'s form. Raises PaperMalformed."""
    try:
        wire = json.loads(body)
        report, evidence = wire["report"], Cid.parse(wire["evidence"])
        event = UsageEvent(
            UsageKind[report["kind"]],
            LicenceId(_whole(report["licence"])),
            GenerationId(int(report["generation"], 16)),
            Digest(_octets(report["sourceKey"])),
            _whole(report["occurredAt"]),
        )
        program, deadline = Digest(_octets(report["programHash"])), _whole(report["deadline"])
        found = DirectReport(event, Digest(evidence.digest), program, deadline)
        return DirectProposal(found, evidence)
    except (*UNREADABLE, LedgerError, ProvenanceError) as error:
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


def _whole(number: object) -> int:
    """JSON's true is a number to Python, and no licence."""
    if type(number) is not int:
        raise TypeError(f"{number!r} is no whole number")
    return number


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
