"""Two JSON papers beside every report, named by content id: its evidence and its payouts.

Evidence is what an operator needs beyond the chain and the segments before it signs; payouts are
what a pusher needs. Neither is authority: the report's roots and the signatures are. They are kept
as files (UnixFS), since either may outgrow a block.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.ledger.epoch import EpochReport, LicenceUsage
from chain.ledger.errors import LedgerError
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.sum_tree import Payout
from chain.provenance import BlockReader, BlockSink, Cid, import_file, read_file
from oracle.detection_report import DetectionReport, SignedDetectionReport
from oracle.errors import PaperMalformed
from oracle.generation_log import GenerationLog, SignedGenerationLog
from oracle.usage_book import StoredSegment

EVIDENCE_SCHEMA: Final = "antiphon.evidence/1"
PAYOUTS_SCHEMA: Final = "antiphon.payouts/1"
# A million events with their logs; more is an attack on the reader.
PAPER_BYTES_MAX: Final = 1 << 30

_REPORT_FIELDS: Final = (
    ("epoch", "epoch", int),
    ("previousReport", "previous_report", bytes),
    ("token", "token", str),
    ("usageRoot", "usage_root", bytes),
    ("eventCount", "event_count", int),
    ("segmentsDigest", "segments_digest", bytes),
    ("sumRoot", "sum_root", bytes),
    ("leafRoot", "leaf_root", bytes),
    ("leafCount", "leaf_count", int),
    ("cumulativeTotal", "cumulative_total", int),
    ("stateBlock", "state_block", int),
    ("stateTime", "state_time", int),
    ("licenceUsageHash", "licence_usage_hash", bytes),
    ("withheldHash", "withheld_hash", bytes),
    ("programHash", "program_hash", bytes),
)


def report_to_json(report: EpochReport) -> dict[str, str]:
    """A report with the contract's field names; numbers as decimal text, bytes as hexadecimal."""
    wire = {}
    for name, attribute, kind in _REPORT_FIELDS:
        value = getattr(report, attribute)
        wire[name] = "0x" + value.hex() if kind is bytes else str(value)
    return wire


def report_from_json(wire: Mapping[str, str]) -> EpochReport:
    """Read `report_to_json`'s form. Raises PaperMalformed."""
    values: dict[str, Any] = {}
    try:
        for name, attribute, kind in _REPORT_FIELDS:
            text = wire[name]
            values[attribute] = _octets(text) if kind is bytes else text
            if kind is int:
                values[attribute] = int(text)
        return EpochReport(**values)
    except (KeyError, TypeError, ValueError, AttributeError, LedgerError) as error:
        raise PaperMalformed("epoch report", str(error)) from error


def differences(proposed: EpochReport, computed: EpochReport) -> list[tuple[str, str, str]]:
    """The fields in which two reports differ: name, proposed, computed."""
    ours, theirs = report_to_json(computed), report_to_json(proposed)
    return [(name, theirs[name], ours[name]) for name in ours if theirs[name] != ours[name]]


@dataclass(frozen=True)
class SegmentProducer:
    """Who made a segment, and the signature that says so."""

    digest: Digest
    count: int
    producer: Address
    signature: bytes


@dataclass(frozen=True)
class Evidence:
    """Everything signed that stands behind an epoch's segments."""

    segments: tuple[SegmentProducer, ...]
    logs: tuple[SignedGenerationLog, ...]
    detections: tuple[SignedDetectionReport, ...]


@dataclass(frozen=True)
class PayoutsPaper:
    """A report with its leaves, in the tree's order, and what was not counted and why."""

    report: EpochReport
    licence_usage: tuple[LicenceUsage, ...]
    payouts: tuple[Payout, ...]
    refused: tuple[tuple[Digest, str], ...]


def producers_of(segments: Sequence[StoredSegment]) -> tuple[SegmentProducer, ...]:
    """The segments' signatures without their bodies."""
    return tuple(SegmentProducer(s.digest, s.count, s.producer, s.signature) for s in segments)


def put_evidence(store: BlockSink, evidence: Evidence) -> Cid:
    """Keep an epoch's evidence; the same evidence has the same id."""
    document = {
        "schema": EVIDENCE_SCHEMA,
        "segments": [
            {
                "digest": "0x" + s.digest.hex(),
                "count": s.count,
                "producer": s.producer,
                "signature": "0x" + s.signature.hex(),
            }
            for s in evidence.segments
        ],
        "generationLogs": [
            {"log": s.log.to_json(), "signature": "0x" + s.signature.hex()} for s in evidence.logs
        ],
        "detections": [
            {"report": s.report.to_json(), "signature": "0x" + s.signature.hex()}
            for s in evidence.detections
        ],
    }
    return _put(store, document)


def get_evidence(store: BlockReader, cid: Cid) -> Evidence:
    """Read an epoch's evidence. Raises PaperMalformed, EvidenceMalformed, or a BlockError.

    Signatures are not judged here.
    """
    wire = _get(store, cid, EVIDENCE_SCHEMA)
    try:
        return Evidence(
            tuple(
                SegmentProducer(
                    _digest(s["digest"]),
                    int(s["count"]),
                    Address(str(s["producer"])),
                    _octets(s["signature"]),
                )
                for s in wire["segments"]
            ),
            tuple(
                SignedGenerationLog(GenerationLog.from_json(s["log"]), _octets(s["signature"]))
                for s in wire["generationLogs"]
            ),
            tuple(
                SignedDetectionReport(
                    DetectionReport.from_json(s["report"]), _octets(s["signature"])
                )
                for s in wire["detections"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PaperMalformed(f"evidence {cid}", str(error)) from error


def put_payouts(store: BlockSink, paper: PayoutsPaper) -> Cid:
    """Publish what an epoch pays, for whoever pushes or claims."""
    document = {
        "schema": PAYOUTS_SCHEMA,
        "report": report_to_json(paper.report),
        "licenceUsage": [
            [str(u.licence_id), str(u.units), str(u.revenue)] for u in paper.licence_usage
        ],
        "payouts": [[p.payee, str(p.cumulative)] for p in paper.payouts],
        "refused": [["0x" + event_id.hex(), reason] for event_id, reason in paper.refused],
    }
    return _put(store, document)


def get_payouts(store: BlockReader, cid: Cid) -> PayoutsPaper:
    """Read what an epoch pays. Raises PaperMalformed, or a BlockError."""
    wire = _get(store, cid, PAYOUTS_SCHEMA)
    try:
        return PayoutsPaper(
            report_from_json(wire["report"]),
            tuple(
                LicenceUsage(LicenceId(int(i)), int(u), int(r)) for i, u, r in wire["licenceUsage"]
            ),
            tuple(Payout(Address(payee), int(amount)) for payee, amount in wire["payouts"]),
            tuple((_digest(event_id), str(reason)) for event_id, reason in wire["refused"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, LedgerError) as error:
        raise PaperMalformed(f"payouts {cid}", str(error)) from error


def _put(store: BlockSink, document: Mapping[str, Any]) -> Cid:
    # One spelling, so that sealing the same epoch again names the same paper.
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return import_file(io.BytesIO(text.encode()), store.put).cid


def _get(store: BlockReader, cid: Cid, schema: str) -> dict[str, Any]:
    data = b"".join(read_file(cid, store.get, limit_bytes=PAPER_BYTES_MAX))
    try:
        wire = json.loads(data)
    except ValueError as error:
        raise PaperMalformed(f"paper {cid}", "it is no JSON") from error
    if not isinstance(wire, dict) or wire.get("schema") != schema:
        raise PaperMalformed(f"paper {cid}", f"it is no {schema}")
    return wire


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _digest(text: str) -> Digest:
    return Digest(_octets(text))
