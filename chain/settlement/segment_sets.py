"""Reading an epoch's segment set from blocks nobody has to be trusted for.

A block is believed when it hashes to the digest that named it. One that does not is reported with
its content id, and still read: what it would change says where in it to look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import libipld

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, EpochNumber
from chain.ledger.words import SigningDomain
from chain.settlement.findings import DAG_CBOR_CODEC, RAW_CODEC, Check, Findings, cid_text
from chain.settlement.segments import (
    Records,
    decode_segment,
    joined_records,
    segment_origin,
    segment_records,
)

# Gives the bytes held for a block, unverified, by its sha2-256 digest and codec; None if not held.
ReadBlock = Callable[[Digest, int], bytes | None]

SCHEMA: Final = "antiphon.segments/1"
# Version 1, raw codec, sha2-256, 32 bytes: how every link to a segment begins.
SEGMENT_LINK_HEAD: Final = bytes([1, RAW_CODEC, 0x12, 0x20])


@dataclass(frozen=True)
class SegmentSet:
    """The records of an epoch, in the order of its segments; `whole` when nothing was amiss."""

    records: Records
    whole: bool
    suspects: tuple[str, ...]
    """The content ids of altered segments."""


def read_segment_set(
    findings: Findings,
    epoch: EpochNumber,
    digest: Digest,
    domain: SigningDomain,
    read_block: ReadBlock,
    second_copy: ReadBlock | None = None,
) -> SegmentSet | None:
    """Read a set's manifest and segments; None when that is not possible.

    Every segment must say that it is signed in `domain`. With a second copy of the blocks, an
    altered segment is compared record by record.
    """
    place = f"segment set {cid_text(digest, DAG_CBOR_CODEC)} of epoch {epoch}"
    block, sound = _read(findings, place, digest, DAG_CBOR_CODEC, read_block)
    if block is None:
        return None
    links = _links(findings, place, epoch, block)
    if links is None:
        return None
    parts: list[Records] = []
    suspects = []
    for link, count in links:
        name = cid_text(link, RAW_CODEC)
        at = f"segment {name} of epoch {epoch}"
        data, intact = _read(findings, at, link, RAW_CODEC, read_block)
        if data is None:
            return None
        if not intact:
            suspects.append(name)
            _compare_copies(findings, at, link, data, second_copy)
        sound = sound and intact
        try:
            found, origin = segment_records(data), segment_origin(data)
        except Malformed as error:
            findings.differ(Check.SEGMENTS, at, "usage events", error.reason)
            return None
        findings.compare(Check.SEGMENTS, f"{at}, events", count, len(found))
        findings.compare(Check.SEGMENTS, f"{at}, chain and contract", domain, origin.domain)
        parts.append(found)
    return SegmentSet(joined_records(parts), sound, tuple(suspects))


def _read(
    findings: Findings, place: str, digest: Digest, codec: int, read_block: ReadBlock
) -> tuple[bytes | None, bool]:
    block = read_block(digest, codec)
    if block is None:
        findings.differ(Check.SEGMENTS, place, "a block", "not held here")
        return None, False
    actual = hashlib.sha256(block).digest()
    return block, findings.compare(Check.SEGMENTS, place, bytes(digest), actual)


def _links(
    findings: Findings, place: str, epoch: EpochNumber, block: bytes
) -> list[tuple[Digest, int]] | None:
    """(digest, count) of each segment that a manifest names."""
    try:
        manifest: Any = libipld.decode_dag_cbor(block)
        body = manifest["body"]
        named = (manifest["schema"], int(body["epoch"]))
        links = [(_linked(entry["cid"]), int(entry["count"])) for entry in body["segments"]]
    except (ValueError, KeyError, TypeError) as error:
        findings.differ(Check.SEGMENTS, place, f"a manifest of schema {SCHEMA}", str(error)[:80])
        return None
    findings.compare(Check.SEGMENTS, f"{place}, schema and epoch", (SCHEMA, epoch), named)
    return links


def _linked(link: Any) -> Digest:
    if not isinstance(link, bytes) or not link.startswith(SEGMENT_LINK_HEAD):
        raise ValueError("a link that is no raw sha2-256 block")
    return Digest(link[len(SEGMENT_LINK_HEAD) :])


def _compare_copies(
    findings: Findings, place: str, link: Digest, data: bytes, second_copy: ReadBlock | None
) -> None:
    other = second_copy(link, RAW_CODEC) if second_copy else None
    if other is None or hashlib.sha256(other).digest() != link:
        return
    try:
        altered, original = decode_segment(data), decode_segment(other)
    except Malformed:
        return
    for number, (bad, good) in enumerate(zip(altered, original, strict=False)):
        if bad != good:
            findings.differ(
                Check.SEGMENTS,
                f"{place}, usage event {number} (0x{good.event_id.hex()})",
                str(good),
                str(bad),
            )
