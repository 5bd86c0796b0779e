"""From rows of the projection to records; no question is asked of the database here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from chain.client.blocks import RawLog
from chain.indexer.consent_fold import Step
from chain.indexer.records import (
    CommunityRecord,
    EpochRecord,
    LicenceRecord,
    Place,
    RootFault,
    RootRecord,
    RootState,
    WorkRecord,
)
from chain.indexer.tables import FIRST_COUNCIL
from chain.ledger.epoch import EpochReport, LicenceUsage
from chain.ledger.identifiers import Address, CommunityId, Digest, LicenceId, WorkId
from chain.ledger.rights import Terms, Tier, WorkKind
from chain.ledger.words import WORD_BYTES


def place_of(row: Row[Any]) -> Place:
    return Place(row.block_number, row.log_index, row.tx_hash, row.place_time)


def work_of(row: Row[Any], owners: dict[int, Address], displaced: dict[int, WorkId]) -> WorkRecord:
    return WorkRecord(
        WorkId(row.work_id),
        CommunityId(row.community_id),
        owners.get(row.work_id, row.owner),
        WorkKind(row.kind),
        Digest(row.content_commitment),
        Digest(row.manifest_digest),
        place_of(row),
        displaced.get(row.work_id),
    )


def community_of(
    founded: Row[Any],
    seat: Row[Any] | None,
    stewardship: Row[Any] | None,
    elders: Mapping[tuple[int, int], list[Address]],
) -> CommunityRecord:
    """A community as its last seated council and its last accepted stewardship leave it."""
    steward, required, council = founded.steward, founded.approvals_required, FIRST_COUNCIL
    if seat is not None:
        steward, required, council = seat.steward, seat.approvals_required, seat.council
    if stewardship is not None and (seat is None or place_of(seat) < place_of(stewardship)):
        steward = stewardship.account
    return CommunityRecord(
        CommunityId(founded.community_id),
        steward,
        tuple(elders[founded.community_id, council]),
        required,
        Digest(founded.profile_digest),
        place_of(founded),
    )


def step_of(row: Row[Any]) -> Step:
    return Step(
        WorkId(row.work_id),
        Tier(row.tier),
        row.step,
        None if row.terms_hash is None else Digest(row.terms_hash),
        row.until,
        row.offer,
        row.reaffirm_seconds,
        row.by_voucher,
        row.labels,
        row.live_until,
        row.approvals,
        place_of(row),
    )


def licence_of(
    row: Row[Any], offer: Row[Any], sublicensed: Row[Any] | None, used: tuple[int, int]
) -> LicenceRecord:
    consented = Terms(
        Tier(offer.tier),
        offer.token,
        offer.price,
        offer.unit_price,
        offer.royalty_share,
        offer.duration_seconds,
        offer.unit_cap,
        offer.revenue_cap,
        Digest(offer.text_digest),
        offer.sublicensable,
    )
    terms, parent = consented, None
    if sublicensed is not None:
        terms = replace(
            consented, unit_cap=sublicensed.unit_cap, revenue_cap=sublicensed.revenue_cap
        )
        parent = LicenceId(sublicensed.parent_id)
    place = place_of(row)
    return LicenceRecord(
        LicenceId(row.licence_id),
        WorkId(row.work_id),
        row.holder,
        place.timestamp,
        row.expiry,
        terms,
        consented.hash(),
        parent,
        *used,
        place,
    )


def epoch_of(row: Row[Any], usage: tuple[LicenceUsage, ...]) -> EpochRecord:
    fields = {name: getattr(row, name) for name in EpochReport.__dataclass_fields__}
    return EpochRecord(EpochReport(**fields), Digest(row.report_hash), usage, place_of(row))


def decisions(rows: Iterable[Row[Any]]) -> dict[tuple[Address, int], Place]:
    return {(row.token, row.epoch): place_of(row) for row in rows}


def root_of(
    row: Row[Any],
    active: dict[tuple[Address, int], Place],
    rejected: dict[tuple[Address, int], Row[Any]],
    newest: dict[Address, int],
) -> RootRecord:
    key = (row.token, row.epoch)
    fault = RootFault(rejected[key].fault) if key in rejected else None
    if key in rejected:
        state, decided = RootState.REJECTED, place_of(rejected[key])
    elif key not in active:
        state, decided = RootState.PENDING, None
    else:
        is_newest = newest[row.token] == row.epoch
        state = RootState.ACTIVE if is_newest else RootState.SUPERSEDED
        decided = active[key]
    return RootRecord(
        row.token,
        row.epoch,
        Digest(row.sum_root),
        row.total,
        row.leaf_count,
        row.claimable_from,
        state,
        decided,
        fault,
        place_of(row),
    )


def raw_of(row: Row[Any]) -> RawLog:
    topics = tuple(row.topics[i : i + WORD_BYTES] for i in range(0, len(row.topics), WORD_BYTES))
    return RawLog(
        row.block_number,
        row.place_hash,
        row.log_index,
        row.tx_hash,
        row.address,
        topics,
        row.data,
    )


def reached(start: WorkId, steps: list[tuple[WorkId, WorkId]]) -> set[WorkId]:
    onward = defaultdict(list)
    for here, there in steps:
        onward[here].append(there)
    found, waiting = {start}, [start]
    while waiting:
        for node in onward[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
