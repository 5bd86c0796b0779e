"""From filed evidence to usage events: attribution of everything that is open.

Looking changes nothing. Events become part of the ledger only when an epoch is sealed with them, in
one transaction with the evidence they rest on: a paper that is filed a moment before counts, one
that is filed a moment after does not reach into the sealed epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.counting import LICENCES_MAX
from chain.settlement.segments import SEGMENT_EVENTS_MAX
from oracle.attribution import (
    Attribution,
    DetectionPolicy,
    WithheldReason,
    attribute_detections,
    attribute_log,
)
from oracle.chain_facts import ChainFacts
from oracle.detection_report import SignedDetectionReport
from oracle.evidence_book import EvidenceBook
from oracle.generation_log import SignedGenerationLog

# What only the chain can change later; everything else wakes up with the next paper filed.
CHAIN_MAY_MEND: Final = frozenset({WithheldReason.NOT_LINKED, WithheldReason.LICENCE_UNKNOWN})


@dataclass(frozen=True)
class Harvest:
    """What all open evidence comes to. `fresh` are the events that no epoch or segment holds."""

    logs: tuple[tuple[SignedGenerationLog, Attribution], ...]
    findings: tuple[tuple[tuple[SignedDetectionReport, ...], Attribution], ...]
    fresh: tuple[UsageEvent, ...]


def look(
    book: EvidenceBook,
    facts: ChainFacts,
    policy: DetectionPolicy,
    operators: Collection[Address],
) -> Harvest:
    """Attribute all open evidence; reports of whoever is none of the `operators` any more wait."""
    logs = tuple((signed, attribute_log(signed.log, facts)) for signed in book.open_logs())
    findings = tuple(
        (reports, _attribute_finding(book, reports, facts, policy))
        for found in book.open_findings()
        if (reports := _of_operators(found, operators))
    )
    everything = [a for _, a in logs] + [a for _, a in findings]
    fresh = _not_held(book, (event for a in everything for event in a.events))
    return Harvest(logs, findings, tuple(fresh))


def record(book: EvidenceBook, harvest: Harvest, sealed: AbstractSet[Digest]) -> None:
    """Keep the reasons for what is withheld, and close what needs no further look.

    `sealed` are the ids of the fresh events that went into an epoch; evidence with events that did
    not stays open.
    """
    left = {event.event_id for event in harvest.fresh} - sealed
    for signed, attribution in harvest.logs:
        book.settle_log(
            signed.log.log_id, attribution.withheld, still_open=_still_open(attribution, left)
        )
    for reports, attribution in harvest.findings:
        book.settle_finding(
            [signed.report for signed in reports],
            attribution.withheld,
            still_open=_still_open(attribution, left),
        )


def evidence_for(
    book: EvidenceBook, events: Sequence[UsageEvent], operators: Collection[Address]
) -> tuple[tuple[SignedGenerationLog, ...], tuple[SignedDetectionReport, ...]]:
    """The signed papers that events of logs and detections rest on, each once."""
    attributed = [event for event in events if event.kind is not UsageKind.PLAY]
    logs = book.logs_of(sorted({event.generation_id for event in attributed}))
    found = {event.source_key for event in attributed if event.kind is UsageKind.DETECTION}
    reports = [report for subject in sorted(found) for report in book.reports_on(subject)]
    return tuple(logs.values()), _of_operators(reports, operators)


def chunks_of(events: Sequence[UsageEvent], facts: ChainFacts) -> Iterator[list[UsageEvent]]:
    """Events in lots that fit one segment, whose licences fit one report and have one holder: what
    one cannot pay for keeps nobody else waiting."""
    of_holder: dict[Address | None, list[UsageEvent]] = {}
    for event in events:
        licence = facts.licence(event.licence_id)
        of_holder.setdefault(None if licence is None else licence.holder, []).append(event)
    for held in of_holder.values():
        yield from _lots(held)


def _lots(events: Sequence[UsageEvent]) -> Iterator[list[UsageEvent]]:
    lot: list[UsageEvent] = []
    licences: set[LicenceId] = set()
    for event in events:
        crowded = event.licence_id not in licences and len(licences) == LICENCES_MAX
        if lot and (crowded or len(lot) == SEGMENT_EVENTS_MAX):
            yield lot
            lot, licences = [], set()
        lot.append(event)
        licences.add(event.licence_id)
    if lot:
        yield lot


def _of_operators(
    reports: Iterable[SignedDetectionReport], operators: Collection[Address]
) -> tuple[SignedDetectionReport, ...]:
    known = {operator.lower() for operator in operators}
    return tuple(signed for signed in reports if signed.report.operator.lower() in known)


def _attribute_finding(
    book: EvidenceBook,
    reports: Sequence[SignedDetectionReport],
    facts: ChainFacts,
    policy: DetectionPolicy,
) -> Attribution:
    named = {signed.report.generation_id for signed in reports}
    logs = {generation: signed.log for generation, signed in book.logs_of(sorted(named)).items()}
    return attribute_detections([signed.report for signed in reports], logs, facts, policy)


def _not_held(book: EvidenceBook, events: Iterable[UsageEvent]) -> list[UsageEvent]:
    """Those not held yet, once each, in one order on every machine."""
    by_id: dict[Digest, UsageEvent] = {event.event_id: event for event in events}
    held = book.usage.known_events(list(by_id))
    return [by_id[event_id] for event_id in sorted(by_id) if event_id not in held]


def _still_open(attribution: Attribution, left: AbstractSet[Digest]) -> bool:
    may_change = any(withheld.reason in CHAIN_MAY_MEND for withheld in attribution.withheld)
    return may_change or any(event.event_id in left for event in attribution.events)
