"""Usage handed in as signed segments (docs/SEGMENTS.md), and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import SegmentTooLarge
from api.http import plain, problems
from api.http.dependencies import App, Hash
from api.usage import SIGNED_SEGMENT_BYTES_MAX, UsageDesk, segment_cid
from chain.settlement.segments import SEGMENT_EVENTS_MAX
from oracle.generation_log import CLOCK_SKEW_SECONDS
from oracle.intake import BACKDATED_SECONDS_MAX
from oracle.intake_receipt import RowOutcome

router = APIRouter(prefix="/v1/usage", tags=["usage"], responses=problems.RESPONSES)
CREATED: Final = 201
BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "A segment, and the 65 bytes of its producer's signature behind it.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def the_desk(request: Request) -> UsageDesk:
    desk: UsageDesk = request.app.state.usage
    return desk


Desk = Annotated[UsageDesk, Depends(the_desk)]
DryRun = Annotated[bool, Query(description="only say what would become of it")]


@router.get("")
def read_usage(app: App, desk: Desk) -> dict[str, Any]:
    """What a producer must know before it signs, and how many events are in which state.

    A use dated more than `ahead_seconds_max` ahead of `time`, or more than `back_seconds_max`
    before it, is refused. `credits` are what licence holders have in the epoch lane, as base units:
    use that is not covered waits until its holder funds it.
    """
    return {
        "chain_id": app.deployment.chain_id,
        "usage_oracle": app.oracle.address,
        "segment_events_max": SEGMENT_EVENTS_MAX,
        "time": desk.now(),
        "ahead_seconds_max": CLOCK_SKEW_SECONDS,
        "back_seconds_max": BACKDATED_SECONDS_MAX,
        "events": desk.event_counts(),
        "currency": plain.plain_currency(app.currency),
        "credits": {holder: str(units) for holder, units in desk.credits().items()},
    }


@router.post("/segments", responses=problems.UPLOAD_RESPONSES, openapi_extra=BODY)
async def file_segment(
    request: Request, response: Response, desk: Desk, dry_run: DryRun = False
) -> dict[str, Any]:
    """Hand in a signed segment, whole or not at all: 201 when something of it is new.

    Handing it in again is harmless. `rows` are those that are not new, counted from 0; when the
    segment is refused, the problem's `rows` say which ones to leave out.
    """
    body = await bounded_body(request)
    filed = await run_in_threadpool(desk.file, body, dry_run=dry_run)
    accepted = filed.receipt.count(RowOutcome.ACCEPTED)
    if accepted and not dry_run:
        response.status_code = CREATED
    return {
        "segment": plain.hexadecimal(filed.segment),
        "cid": str(segment_cid(filed.segment)),
        "producer": filed.producer,
        "count": len(filed.receipt.rows),
        "accepted": accepted,
        "dry_run": dry_run,
        "rows": [
            {"row": row.index, "outcome": row.outcome.value, "reason": row.reason}
            for row in filed.receipt.not_accepted()
        ],
    }


@router.get("/segments/{digest}")
def read_receipt(digest: Hash, desk: Desk) -> dict[str, Any]:
    """What became of a segment's events. Those that came first with another segment are held there:
    `held` may sum up to less than `count`."""
    found = desk.receipt(digest)
    return {
        "segment": plain.hexadecimal(found.segment),
        "cid": str(segment_cid(found.segment)),
        "producer": found.producer,
        "count": found.count,
        "held": [
            {"epoch": h.epoch, "state": h.state, "reason": h.reason, "events": h.events}
            for h in found.held
        ],
    }


async def bounded_body(request: Request) -> bytes:
    """The body, refused while it arrives once it is too large. Raises SegmentTooLarge."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > SIGNED_SEGMENT_BYTES_MAX:
            raise SegmentTooLarge(SIGNED_SEGMENT_BYTES_MAX)
        parts.append(part)
    return b"".join(parts)
