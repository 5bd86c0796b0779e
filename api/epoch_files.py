"""One epoch as files: everything that anybody needs to compute it again, with no node at all.

A folder holds `export.json` (the deployment, the block up to which events go, a digest of every
piece of the other files and of itself), `logs.jsonl` (the events of our contracts, one a line),
`headers.jsonl` (the blocks that they and the reports name) and `blocks/` (segments and the sets
that name them, each file named by its content id). From these the index is built anew and every
epoch up to the one asked for is settled again.

Files cannot prove that they are of the chain: whoever holds them compares the report's hash, which
covers every figure, with `standingReport` of the EpochDistributor.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from api.application import Application
from api.errors import NotFound
from chain.client.blocks import BlockPin, Header, RawLog
from chain.client.deployment import Deployment
from chain.client.errors import ClientError
from chain.indexer import cursor as index
from chain.indexer.cursor import Batch
from chain.indexer.database import open_database
from chain.indexer.errors import IndexerError
from chain.indexer.projecting import Projector
from chain.indexer.records import EpochRecord
from chain.indexer.store import Store
from chain.ledger.errors import LedgerError
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest, EpochNumber
from chain.provenance import Cid, Codec, SegmentsManifest, get_manifest
from chain.settlement.findings import Check, Findings, VerificationReport
from chain.settlement.verify_epochs import verify_epoch

SCHEMA: Final = "antiphon.epoch-files/1"
# Small, so that what was altered is found close by.
PIECE_BYTES: Final = 4_096
LISTS: Final = ("logs.jsonl", "headers.jsonl")
_HEADERS_PER_REQUEST: Final = 500
_NOWHERE: Final = BlockPin(0, bytes(32), 0)


def write_epoch_files(app: Application, epoch: EpochNumber, folder: Path) -> EpochRecord:
    """Write a folder for an epoch that stands; its report. Raises NotFound, FileExistsError,
    RpcUnavailable, BlockMissing, BlockCorrupt."""
    head = app.refresh()
    records = {record.report.epoch: record for record in app.store.epochs(at=head)}
    record = records.get(epoch)
    if record is None or epoch in app.view.rejected(head):
        raise NotFound("standing epoch", epoch)
    last = record.place.block_number
    logs = [entry for entry in app.store.logs(at=head) if entry.block_number <= last]
    of_token = [
        each
        for number, each in records.items()
        if number <= epoch and each.report.token == record.report.token
    ]
    numbers = {0, max(0, app.deployment.block - 1), last}
    numbers |= {entry.block_number for entry in logs}
    numbers |= {each.report.state_block for each in of_token}
    headers = _headers(app, sorted(numbers))
    folder.mkdir(parents=True)
    (folder / "blocks").mkdir()
    for each in of_token:
        _write_blocks(app, each.report.segments_digest, folder / "blocks")
    _write_lines(folder / LISTS[0], map(_plain_log, logs))
    _write_lines(folder / LISTS[1], map(_plain_header, headers))
    document = {
        "schema": SCHEMA,
        "epoch": epoch,
        "reportHash": record.report_hash.hex(),
        "block": last,
        "deployment": app.deployment.to_plain(),
        "pieces": {name: _pieces((folder / name).read_bytes()) for name in LISTS},
    }
    (folder / "export.json").write_bytes(_sealed(document))
    return record


def verify_epoch_files(folder: Path, epoch: EpochNumber) -> tuple[VerificationReport, Digest]:
    """Settle an epoch again from a folder alone; every difference with its place, and the hash of
    the report that the files hold (zeros without one). Raises OSError without such a folder."""
    findings = Findings()
    document = _opened(findings, (folder / "export.json").read_bytes())
    contents = {name: (folder / name).read_bytes() for name in LISTS}
    if document is not None:
        for name, content in contents.items():
            _compare_pieces(findings, name, content, document["pieces"][name])
    if document is None or findings.discrepancies:
        return _report(findings, _NOWHERE), ZERO_DIGEST
    try:
        at, held = _settle_again(findings, folder, document, contents, epoch)
    except (LedgerError, IndexerError, ClientError, ValueError, KeyError, TypeError) as error:
        # Digests fit and the content does not: somebody wrote these files with care.
        findings.differ(Check.FILES, str(folder), "an epoch's events", f"{error!r:.200}")
        return _report(findings, _NOWHERE), ZERO_DIGEST
    return _report(findings, at), held


def _settle_again(
    findings: Findings,
    folder: Path,
    document: dict[str, Any],
    contents: dict[str, bytes],
    epoch: EpochNumber,
) -> tuple[BlockPin, Digest]:
    logs = [_log(entry) for entry in _lines(contents[LISTS[0]])]
    headers = {header.pin.number: header for header in map(_header, _lines(contents[LISTS[1]]))}
    at = headers[document["block"]].pin
    deployment = Deployment.parse(document["deployment"], folder / "export.json")

    def read_block(digest: Digest, codec: int) -> bytes | None:
        path = folder / "blocks" / str(Cid.from_digest(digest, Codec(codec)))
        return path.read_bytes() if path.is_file() else None

    with tempfile.TemporaryDirectory() as scratch:
        store = _indexed(deployment, logs, headers, at, Path(scratch) / "index.sqlite")
        verify_epoch(
            findings,
            store,
            deployment,
            epoch,
            at,
            pin_of=lambda number: headers[number].pin,
            read_block=read_block,
        )
        held = {record.report.epoch: record.report_hash for record in store.epochs(at=at)}
    named = Digest(bytes.fromhex(document["reportHash"]))
    findings.compare(Check.FILES, "export.json, epoch", epoch, document["epoch"])
    findings.compare(Check.FILES, "export.json, report hash", held.get(epoch), named)
    return at, held.get(epoch, ZERO_DIGEST)


def _indexed(
    deployment: Deployment,
    logs: Sequence[RawLog],
    headers: dict[int, Header],
    at: BlockPin,
    place: Path,
) -> Store:
    engine = open_database(f"sqlite:///{place}")
    before_first = headers[max(0, deployment.block - 1)].pin
    index.open_index(engine, deployment, headers[0].pin, before_first)
    after = [header for number, header in sorted(headers.items()) if number > before_first.number]
    batch = Batch(after, Projector(deployment).project(logs), at)
    # All headers stay: the reports' state blocks need hold no event.
    index.advance(engine, before_first, batch, head=at.number, depth=at.number)
    return Store(engine)


def _report(findings: Findings, at: BlockPin) -> VerificationReport:
    return VerificationReport(
        at,
        dict(findings.checks),
        tuple(findings.discrepancies),
        tuple(findings.unread),
        tuple(findings.rejected),
        {},
    )


def _headers(app: Application, numbers: Sequence[int]) -> list[Header]:
    found: list[Header] = []
    for first in range(0, len(numbers), _HEADERS_PER_REQUEST):
        answers = app.node.headers(numbers[first : first + _HEADERS_PER_REQUEST])
        found += [header for header in answers if header is not None]
    return found


def _write_blocks(app: Application, segments_digest: Digest, folder: Path) -> None:
    set_cid = Cid.from_digest(segments_digest, Codec.DAG_CBOR)
    manifest = get_manifest(app.papers, set_cid, SegmentsManifest).body
    for cid in (set_cid, *(entry.cid for entry in manifest.segments)):
        (folder / str(cid)).write_bytes(app.papers.get(cid))


def _sealed(document: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(_text(document)).hexdigest()
    return _text({**document, "sha256": digest})


def _opened(findings: Findings, raw: bytes) -> dict[str, Any] | None:
    """The document of `export.json`; None, with a finding, when it is not as it was written."""
    try:
        document = json.loads(raw)
        digest = document.pop("sha256")
        whole = _sealed(document) == raw
        schema = document["schema"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        findings.differ(Check.FILES, "export.json", f"a document of {SCHEMA}", str(error)[:80])
        return None
    expected = hashlib.sha256(_text(document)).hexdigest()
    if not findings.compare(Check.FILES, "export.json, schema", SCHEMA, schema):
        return None
    if not findings.compare(Check.FILES, "export.json, sha256", expected, digest):
        return None
    return document if findings.compare(Check.FILES, "export.json, spelling", True, whole) else None


def _compare_pieces(findings: Findings, name: str, content: bytes, expected: list[str]) -> None:
    found = _pieces(content)
    findings.compare(Check.FILES, f"{name}, pieces", len(expected), len(found))
    for number, (ours, theirs) in enumerate(zip(expected, found, strict=False)):
        first = number * PIECE_BYTES
        lines = (content[:first].count(b"\n") + 1, content[: first + PIECE_BYTES].count(b"\n") + 1)
        place = (
            f"{name}, bytes {first} to {first + PIECE_BYTES - 1}, lines {lines[0]} to {lines[1]}"
        )
        findings.compare(Check.FILES, place, ours, theirs)


def _pieces(content: bytes) -> list[str]:
    return [
        hashlib.sha256(content[first : first + PIECE_BYTES]).hexdigest()
        for first in range(0, len(content), PIECE_BYTES)
    ]


def _plain_log(entry: RawLog) -> list[Any]:
    topics = [topic.hex() for topic in entry.topics]
    place = [entry.block_number, entry.block_hash.hex(), entry.log_index, entry.tx_hash.hex()]
    return [*place, entry.address, topics, entry.data.hex()]


def _log(plain: list[Any]) -> RawLog:
    number, block, log_index, tx_hash, account, topics, data = plain
    return RawLog(
        number,
        bytes.fromhex(block),
        log_index,
        bytes.fromhex(tx_hash),
        Address(account),
        tuple(map(bytes.fromhex, topics)),
        bytes.fromhex(data),
    )


def _plain_header(header: Header) -> list[Any]:
    return [
        header.pin.number,
        header.pin.hash.hex(),
        header.pin.timestamp,
        header.parent_hash.hex(),
    ]


def _header(plain: list[Any]) -> Header:
    number, block, timestamp, parent = plain
    return Header(BlockPin(number, bytes.fromhex(block), timestamp), bytes.fromhex(parent), 0)


def _write_lines(path: Path, rows: Any) -> None:
    path.write_bytes(b"".join(_text(row) for row in rows))


def _lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def _text(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
