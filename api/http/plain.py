"""The ledger's facts as plain JSON: money and 64-bit ids as text, hashes as hexadecimal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.reading import PayeeBalance, WorkShown, manifest_cid
from api.tracing import GenerationTraced, Trace
from api.verdict import searched_for
from chain.client.blocks import BlockPin
from chain.indexer.records import (
    CatalogueRecord,
    ConsentRecord,
    Deferral,
    EpochRecord,
    LicenceRecord,
    Place,
    Provenance,
    RootRecord,
    SplitProposalRecord,
    SplitRecord,
)
from chain.ledger.labels import decode_labels
from chain.ledger.money import Currency
from chain.ledger.rights import Split, Terms
from chain.ledger.sum_tree import SumNode
from chain.settlement.verify import VerificationReport
from watermark.detection import to_json

Plain = dict[str, Any]


def hexadecimal(data: bytes) -> str:
    return "0x" + data.hex()


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain_block(at: BlockPin) -> Plain:
    return {"number": at.number, "hash": hexadecimal(at.hash), "time": moment(at.timestamp)}


def plain_place(place: Place) -> Plain:
    return {
        "block": place.block_number,
        "transaction": hexadecimal(place.tx_hash),
        "time": moment(place.timestamp),
    }


def plain_work(work: WorkShown) -> Plain:
    record = work.record
    return {
        "work_id": record.work_id,
        "kind": record.kind.name,
        "titles": [{"lang": lang, "value": value} for lang, value in work.titles],
        "genre": work.genre,
        "community_id": record.community_id or None,
        "owner": record.owner,
        "manifest": str(work.manifest),
        "generation_log": work.generation,
        "content_commitment": hexadecimal(record.content_commitment),
        "registered": plain_place(record.place),
        "displaced_by": record.displaced_by,
    }


def plain_catalogue(record: CatalogueRecord) -> Plain:
    catalogue = record.catalogue
    return {
        "catalogue": hexadecimal(catalogue.hash()),
        "owner": catalogue.owner,
        "community_id": catalogue.community_id or None,
        "works": catalogue.count,
        "root": hexadecimal(catalogue.root),
        "manifest": str(manifest_cid(catalogue.manifest_digest)),
        "materialised": {
            str(position): work_id for position, work_id in record.materialised.items()
        },
        "registered": plain_place(record.place),
    }


def plain_terms(terms: Terms) -> Plain:
    return {
        "tier": terms.tier.name,
        "token": terms.token,
        "price": str(terms.price),
        "unit_price": str(terms.unit_price),
        "royalty_share": terms.royalty_share,
        "duration_seconds": terms.duration_seconds,
        "unit_cap": str(terms.unit_cap),
        "revenue_cap": str(terms.revenue_cap),
        "sublicensable": terms.sublicensable,
        "text_digest": hexadecimal(terms.text_digest),
    }


def plain_licence(licence: LicenceRecord, at: BlockPin) -> Plain:
    return {
        "licence_id": licence.licence_id,
        "parent_licence_id": licence.parent_id,
        "work_id": licence.work_id,
        "holder": licence.holder,
        "active": licence.taken_at <= at.timestamp < licence.expiry,
        "taken": moment(licence.taken_at),
        "expires": moment(licence.expiry),
        "units_used": str(licence.units_used),
        "revenue_used": str(licence.revenue_used),
        "terms": plain_terms(licence.terms),
        "place": plain_place(licence.place),
    }


def plain_consent(consent: ConsentRecord, at: BlockPin) -> Plain:
    ends = consent.live_until or consent.until
    lapsed = 0 < ends <= at.timestamp
    return {
        "tier": consent.tier.name,
        "state": consent.state.name,
        "lapsed": lapsed,
        "until": moment(consent.until) if consent.until else None,
        "live_until": moment(consent.live_until) if consent.live_until else None,
        "by_voucher": consent.by_voucher,
        "labels": [label.name for label in decode_labels(consent.labels)],
        "approvals": consent.approvals,
        "terms_hash": hexadecimal(consent.terms_hash) if consent.terms_hash else None,
    }


def plain_split(split: Split) -> list[Plain]:
    return [{"payee": share.payee, "bps": share.bps} for share in split.shares]


def plain_split_record(record: SplitRecord | None) -> Plain | None:
    if record is None:
        return None
    return {"version": record.version, "shares": plain_split(record.split)}


def plain_split_proposal(record: SplitProposalRecord) -> Plain:
    return {
        "version": record.version,
        "shares": plain_split(record.split),
        "enactable_from": moment(record.enactable_from),
        "consents": list(record.consents),
        "objections": list(record.objections),
    }


def plain_provenance(found: Provenance, works: dict[int, WorkShown]) -> Plain:
    return {
        "root": found.root,
        "works": [plain_work(works[node.work_id]) for node in found.nodes],
        "edges": [
            {
                "child": edge.child,
                "parent": edge.parent,
                "licence_id": edge.licence_id,
                "royalty_share": edge.royalty_share,
                "generation_id": f"{edge.generation_id:#018x}",
            }
            for edge in found.edges
        ],
    }


def plain_currency(currency: Currency) -> Plain:
    return {
        "token": currency.token,
        "symbol": currency.symbol,
        "decimals": currency.decimals,
    }


def plain_balance(balance: PayeeBalance) -> Plain:
    return {
        "payee": balance.payee,
        "paid": str(balance.paid),
        "direct_lane": str(balance.direct),
        "epoch_lane": str(balance.epoch),
        "waiting": str(balance.waiting),
    }


def plain_deferral(deferral: Deferral) -> Plain:
    return {
        "payee": deferral.payee,
        "work_id": deferral.work_id,
        "lane": "epoch" if deferral.work_id is None else "direct",
        "version": deferral.version,
        "amount": str(deferral.amount),
        "waiting": deferral.waiting,
        "place": plain_place(deferral.place),
    }


def plain_epoch(epoch: EpochRecord, root: RootRecord | None) -> Plain:
    report = epoch.report
    return {
        "epoch": report.epoch,
        "report": hexadecimal(epoch.report_hash),
        "events": report.event_count,
        "usage_root": hexadecimal(report.usage_root),
        "sum_root": hexadecimal(report.sum_root),
        "leaf_root": hexadecimal(report.leaf_root),
        "segments_digest": hexadecimal(report.segments_digest),
        "cumulative_total": str(report.cumulative_total),
        "state": root.state.value if root else None,
        "claimable_from": moment(root.claimable_from) if root else None,
        "place": plain_place(epoch.place),
    }


def plain_node(node: SumNode) -> Plain:
    return {"hash": hexadecimal(node.hash), "sum": str(node.sum)}


def plain_trace(trace: Trace) -> Plain:
    return {
        "name": trace.name,
        "block": plain_block(trace.at),
        "ambiguous": trace.is_ambiguous,
        "detection": to_json(trace.detection),
        "searched": searched_for(trace.detection),
        "generations": [plain_generation(found) for found in trace.generations],
        "lookalikes": list(trace.lookalikes),
    }


def plain_generation(found: GenerationTraced) -> Plain:
    return {
        "generation_id": str(found.identity.generation_id),
        "last_step": found.last_step.name,
        "found_as": list(found.found_as),
        "sound": found.told,
        "derivative": plain_work(found.work) if found.work else None,
        "generation_log": str(found.log.cid) if found.log else None,
        "parents": [
            {
                "work": plain_work(parent.work),
                "licence_id": parent.licence.licence_id,
                "licence_was_live": parent.licence_was_live,
                "royalty_share": parent.licence.terms.royalty_share,
                "split": plain_split(parent.split) if parent.split else None,
            }
            for parent in found.parents
        ],
    }


def plain_verification(report: VerificationReport) -> Plain:
    return {
        "block": plain_block(report.at),
        "clean": report.is_clean,
        "difference_units": str(report.difference_units),
        "checks": {str(check): count for check, count in report.checks.items()},
        "discrepancies": [
            {
                "check": str(found.check),
                "place": found.place,
                "expected": found.expected,
                "found": found.found,
                "units": str(found.units),
            }
            for found in report.discrepancies
        ],
        "not_held_here": list(report.unread),
    }
