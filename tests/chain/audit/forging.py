"""How far a forger goes: an event is altered in the list for readers, in the receipts too, in the
headers' roots too, or in a whole chain of headers that is hashed anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import rlp

from chain.audit.archive import MANIFEST, json_lines, plain_json
from chain.ledger.keccak import keccak256
from tests.chain.audit.checking import Files, verifier

RECEIPTS_ROOT, BLOOM = 5, 6
Change = Callable[[bytes], bytes]


class Care(IntEnum):
    """What a forger altered; each includes the ones before."""

    LIST = 1
    RECEIPTS = 2
    ROOTS = 3
    CHAIN = 4


def lines(files: Files, name: str) -> list[Any]:
    return [json.loads(line) for line in files[name].splitlines()]


def alter_event(
    files: Files, address: str, topic: bytes, change: Change, care: Care, *, nth: int = 0
) -> int:
    """Alter the data of an event; its block."""
    logs = lines(files, "chain/logs.jsonl")
    wanted = [
        entry for entry in logs if entry[3] == address.lower() and entry[4][0] == "0x" + topic.hex()
    ]
    block, index, _, _, _, data = wanted[nth]
    new = change(bytes.fromhex(data[2:]))
    wanted[nth][5] = "0x" + new.hex()
    files["chain/logs.jsonl"] = json_lines(logs)
    if care >= Care.RECEIPTS:
        _alter_receipt(files, block, index, new)
    if care >= Care.ROOTS:
        relink(files, whole=care >= Care.CHAIN)
    return int(block)


def _alter_receipt(files: Files, block: int, index: int, data: bytes) -> None:
    receipts = lines(files, "chain/receipts.jsonl")
    entry = next(entry for entry in receipts if entry[0] == block)
    log = -1
    for n, text in enumerate(entry[1]):
        raw = bytes.fromhex(text[2:])
        kind, body = (b"", raw) if raw[0] >= 0xC0 else (raw[:1], raw[1:])
        fields = rlp.decode(body)
        for each in fields[3]:
            log += 1
            if log == index:
                each[2] = data
        entry[1][n] = "0x" + (kind + rlp.encode(fields)).hex()
    files["chain/receipts.jsonl"] = json_lines(receipts)


def relink(files: Files, *, whole: bool) -> None:
    """Put the receipts' roots into the headers; with `whole`, hash the chain anew after that."""
    formats = verifier("formats")
    receipts = {
        n: [bytes.fromhex(r[2:]) for r in of] for n, of in lines(files, "chain/receipts.jsonl")
    }
    roots = dict(zip(receipts, formats.trie_roots(list(receipts.values())), strict=True))
    before, encoded = b"", []
    for text in lines(files, "chain/headers.jsonl"):
        fields = rlp.decode(bytes.fromhex(text[2:]))
        number = int.from_bytes(fields[8], "big")
        if number in roots:
            fields[RECEIPTS_ROOT] = roots[number]
        if whole and before:
            fields[0] = keccak256(before)
        before = rlp.encode(fields)
        encoded.append("0x" + before.hex())
    files["chain/headers.jsonl"] = json_lines(encoded)
    if whole:
        manifest = json.loads(files[MANIFEST])
        manifest["block"][1] = "0x" + keccak256(before).hex()
        files[MANIFEST] = plain_json(manifest)
