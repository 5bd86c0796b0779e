"""Writing a bundle: everything up to one block from which anybody computes every payout again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from typing import Any, Final

from chain.audit import archive as container
from chain.audit.books import direct_balances, epoch_papers, ledger_state
from chain.audit.consensus import (
    ProvenHeader,
    bloom_of,
    encoded_receipt,
    read_headers,
    read_receipts,
)
from chain.audit.errors import PeriodInvalid
from chain.audit.publishing import Published, publishable
from chain.audit.signed import signed_papers
from chain.client.blocks import BlockPin, hexadecimal, parse_log
from chain.client.deployment import Deployment
from chain.client.errors import BlockGone
from chain.client.interfaces import ABI_FOLDER, CORE_CONTRACTS
from chain.client.node import Node
from chain.indexer.events import CUSTODIANS, TRANSFER_TOPIC, EventReader
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest, address_bytes
from chain.ledger.words import address_word
from chain.provenance.block_store import RestrictedBlockStore
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import ManifestInvalid, NotCanonical
from chain.provenance.manifests import SegmentsManifest, open_as
from chain.settlement.findings import Findings
from chain.settlement.segment_sets import ReadBlock
from chain.settlement.verify_epochs import settle_again

# Above so many blocks, only those that are needed go in, and a verifier says what that leaves open.
HEADERS_MAX: Final = 50_000
EVERY, SOME = "every block", "some blocks"
README: Final = """What this is, and how to check it: docs/AUDIT_BUNDLE.md of Antiphon.

    python3 verify/verify.py THIS.zip                 Python 3.11 or newer, nothing to install
    node verify/verify.mjs THIS.zip                   Node 20 or newer, nothing to install

Whoever made this file could have altered the checkers in it. Take them from the project instead,
and compare the block's hash with one from a source you trust: --expect-block-hash 0x...
"""


@dataclass(frozen=True)
class Bundle:
    """The file's bytes, and the digest of its manifest, which covers every other byte."""

    content: bytes
    manifest_digest: Digest
    at: BlockPin


def export(
    store: Store,
    node: Node,
    deployment: Deployment,
    read_block: ReadBlock,
    *,
    at: BlockPin | None = None,
    from_block: int | None = None,
    restricted: RestrictedBlockStore | None = None,
    headers_max: int = HEADERS_MAX,
) -> Bundle:
    """The bundle of a ledger at a block, by default the newest indexed one: the same ledger at the
    same block is the same bytes.

    Everything before is needed to compute what stands; `from_block` only says from where on the
    verifiers add up a period. Raises PeriodInvalid, HeaderUnlike, BundleTooLarge, BlockGone,
    RpcUnavailable, AnswerMalformed, Inconsistent (an index that contradicts itself).
    """
    pin = at or store.head()
    first = deployment.block if from_block is None else from_block
    if not deployment.block <= first <= pin.number:
        raise PeriodInvalid(
            f"blocks {first} to {pin.number} are no period: the ledger begins at block "
            f"{deployment.block}. Next: name blocks from there on, the first before the last"
        )
    headers = _headers(store, node, deployment, pin, headers_max)
    bits = _possible_events(deployment)
    holding = [h for h in headers if h.pin.number >= deployment.block and h.may_hold(*bits)]
    receipts = read_receipts(node, holding)
    if node.header(pin.number).pin.hash != pin.hash:
        raise BlockGone(pin.number, pin.hash)
    settled = settle_again(
        Findings(), store, deployment, pin, pin_of=node.block, read_block=read_block
    )
    published = publishable(store, read_block, pin, restricted)
    sets = _segment_sets(store, read_block, pin)
    signed = signed_papers((each.evidence for each in sets.values() if each.evidence), read_block)
    files = {
        "README.txt": README.encode(),
        "deployment.json": container.plain_json(deployment.to_plain()),
        "chain/headers.jsonl": container.json_lines(hexadecimal(h.encoded) for h in headers),
        "chain/receipts.jsonl": container.json_lines(
            [number, [hexadecimal(encoded_receipt(each)) for each in answers]]
            for number, answers in receipts.items()
            if answers
        ),
        "chain/logs.jsonl": container.json_lines(_our_logs(deployment, receipts)),
        "books/direct.json": direct_balances(store, pin),
        "books/ledger.json": ledger_state(store, pin),
        **signed.files(),
        **{f"abi/{name}.json": _abi(name) for name in CORE_CONTRACTS},
        **epoch_papers(store, settled, pin),
        **_named(published.blocks, Codec.DAG_CBOR),
        **_segments(sets, read_block),
        **_verifiers(),
    }
    described = _described(deployment, pin, first, headers, published)
    manifest = container.manifest_of(described, files)
    content = container.archive({container.MANIFEST: manifest, **files})
    return Bundle(content, Digest(hashlib.sha256(manifest).digest()), pin)


def _described(
    deployment: Deployment,
    at: BlockPin,
    first: int,
    headers: Sequence[ProvenHeader],
    published: Published,
) -> dict[str, Any]:
    every = len(headers) == at.number - headers[0].pin.number + 1
    return {
        "chainId": str(deployment.chain_id),
        "block": [at.number, hexadecimal(at.hash)],
        "fromBlock": first,
        "headers": EVERY if every else SOME,
        "manifestsKeptBack": published.kept_back,
        "manifestsNotHeld": published.not_held,
    }


def _headers(
    store: Store, node: Node, deployment: Deployment, at: BlockPin, headers_max: int
) -> list[ProvenHeader]:
    """Every block from the one before the first contract, or, of a long chain, those needed."""
    before = max(0, deployment.block - 1)
    numbers: Iterable[int] = range(before, at.number + 1)
    if at.number + 1 - before > headers_max:
        wanted = {before, at.number, *(entry.block_number for entry in store.logs(at=at))}
        wanted |= {record.report.state_block for record in store.epochs(at=at)}
        numbers = sorted(wanted)
    return read_headers(node, list(numbers))


def _possible_events(deployment: Deployment) -> list[int]:
    """What a block's bloom has when one of our contracts logged, or money moved in or out."""
    bits = [bloom_of(address_bytes(deployment.contracts[name])) for name in CORE_CONTRACTS]
    for name in CUSTODIANS:
        word = address_word(deployment.contracts[name])
        bits.append(bloom_of(TRANSFER_TOPIC, word))
    return bits


def _our_logs(
    deployment: Deployment, receipts: dict[int, list[dict[str, Any]]]
) -> Iterable[list[Any]]:
    """The events as a reader wants them; receipts prove all of it but the transaction's hash."""
    reader = EventReader(deployment)
    for number, answers in receipts.items():
        index = 0
        for answer in answers:
            for entry in map(parse_log, answer["logs"]):
                if entry.address in reader.names or reader.moves_custody(entry):
                    topics = [hexadecimal(topic) for topic in entry.topics]
                    told = [hexadecimal(entry.tx_hash), entry.address.lower(), topics]
                    yield [number, index, *told, hexadecimal(entry.data)]
                index += 1


def _segment_sets(
    store: Store, read_block: ReadBlock, at: BlockPin
) -> dict[Digest, SegmentsManifest]:
    """The segment sets of all reports, as far as they are held and can be read."""
    found: dict[Digest, SegmentsManifest] = {}
    for record in store.epochs(at=at):
        block = read_block(record.report.segments_digest, Codec.DAG_CBOR)
        try:
            if block is not None:
                found[record.report.segments_digest] = open_as(SegmentsManifest, block).body
        except (ManifestInvalid, NotCanonical):
            continue
    return found


def _segments(sets: Mapping[Digest, SegmentsManifest], read_block: ReadBlock) -> dict[str, bytes]:
    """The blocks of segment sets and of the segments that they name, as they lie: an altered one
    must reach the verifiers, to be named."""
    found: dict[str, bytes] = {}
    for digest, manifest in sets.items():
        wanted = [(digest, Codec.DAG_CBOR)]
        wanted += [(Digest(entry.cid.digest), Codec.RAW) for entry in manifest.segments]
        for each, codec in wanted:
            block = read_block(each, codec)
            if block is not None:
                found |= _named({each: block}, codec)
    return found


def _named(blocks: Any, codec: Codec) -> dict[str, bytes]:
    return {f"blocks/{Cid.from_digest(d, codec)}": block for d, block in blocks.items()}


def _abi(name: str) -> bytes:
    document = json.loads((ABI_FOLDER / f"{name}.json").read_text())
    return container.plain_json(document["abi"])


def _verifiers() -> dict[str, bytes]:
    folder = package_files("chain.audit") / "verifier"
    return {
        f"verify/{entry.name}": entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.endswith((".py", ".mjs"))
    }
