"""Bundles that were altered with care, every digest of the files computed anew: what the chain says
gives the forger away, and both verifiers name the place in the same words."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libipld
import pytest

from chain.audit.archive import MANIFEST, json_lines, plain_json
from chain.audit.export import Bundle
from chain.client.interfaces import interface
from chain.provenance.cid import Cid, Codec
from tests.chain.audit.audit_world import AuditWorld
from tests.chain.audit.checking import (
    ENGINES,
    Files,
    answer,
    doctored,
    javascript_on,
    opened,
    python_on,
)
from tests.chain.audit.forging import Care, alter_event, lines, relink

Say = Callable[..., list[list[str]]]
FIRST_PAPER, LAST_PAPER = "epochs/000001.json", "epochs/000003.json"


@pytest.fixture
def say(bundle: Bundle, tmp_path: Path) -> Say:
    """Doctors the bundle in several ways and says what both verifiers find in each: kind and place
    of every finding. They agree to the letter."""

    def say(*changes: Callable[[Files], None]) -> list[list[str]]:
        contents = [doctored(bundle.content, change) for change in changes]
        paths = [tmp_path / f"doctored-{n}.zip" for n in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        ours = list(map(python_on, contents))
        assert javascript_on([(path, -1, 0) for path in paths], tmp_path) == ours
        return [[f"{each['check']}: {each['place']}" for each in of["findings"]] for of in ours]

    return say


def edited(name: str, edit: Callable[[Any], None]) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        document = json.loads(files[name])
        edit(document)
        files[name] = plain_json(document)

    return change


def test_untouched_it_passes(say: Say) -> None:
    assert say(lambda _: None) == [[]]


# papers and books


def test_an_extra_payee_is_named(say: Say) -> None:
    thief = "0x" + "ff" * 20
    (found,) = say(edited(FIRST_PAPER, lambda paper: paper["payouts"].append([thief, "1000000"])))

    assert found == [f"leaves: {FIRST_PAPER}, cumulative payout of {thief}"]


def test_a_changed_payout_is_named(say: Say, bundle: Bundle) -> None:
    payee = json.loads(opened(bundle.content)[LAST_PAPER])["payouts"][2][0]

    def raise_it(paper: Any) -> None:
        paper["payouts"][2][1] = str(int(paper["payouts"][2][1]) + 1)

    (found,) = say(edited(LAST_PAPER, raise_it))

    assert found == [f"leaves: {LAST_PAPER}, cumulative payout of {payee}"]


def test_reordered_leaves_are_named(say: Say) -> None:
    def swap(paper: Any) -> None:
        paper["payouts"][0], paper["payouts"][1] = paper["payouts"][1], paper["payouts"][0]

    assert say(edited(FIRST_PAPER, swap)) == [[f"leaves: {FIRST_PAPER}, payees ascend, each once"]]


def test_a_proof_of_another_root_is_named(say: Say, bundle: Bundle) -> None:
    payee = json.loads(opened(bundle.content)[LAST_PAPER])["payouts"][1][0]

    def alter(paper: Any) -> None:
        paper["proofs"][1][0][1] = str(int(paper["proofs"][1][0][1]) + 1)

    (found,) = say(edited(LAST_PAPER, alter))

    assert found == [f"leaves: {LAST_PAPER}, where the proof of {payee} leads"]


def test_dropped_proofs_and_papers_are_named(say: Say) -> None:
    extra = "epochs/000009.json"
    found = say(
        edited(LAST_PAPER, lambda paper: paper["proofs"].clear()),
        lambda files: files.pop(FIRST_PAPER) and None,
        lambda files: files.update({extra: files[FIRST_PAPER]}),
    )

    assert found == [
        [f"leaves: {LAST_PAPER}, number of proofs"],
        [f"leaves: {FIRST_PAPER}"],
        [f"leaves: {extra} is of an epoch that stands"],
    ]


def test_a_changed_balance_and_a_changed_split_are_named(say: Say) -> None:
    def pay_more(books: Any) -> None:
        books["payees"][3][5] = "1000000"

    def cut(books: Any) -> None:
        books["splits"][0][2][0][1] += 1

    (balance,), (split,) = say(
        edited("books/direct.json", pay_more), edited("books/ledger.json", cut)
    )

    assert balance.startswith("direct lane: books/direct.json, paid and due to 0x")
    assert split == "licences: books/ledger.json, splits 0"


# segments


def repack(files: Files, change: Callable[[bytes], bytes], *, listed: bool) -> str:
    """Alter the largest segment; with `listed`, under its right name, in its set too."""
    name = max((n for n in files if n.startswith("blocks/bafkrei")), key=lambda n: len(files[n]))
    old = files.pop(name)
    new = change(old)
    if not listed:
        files[name] = new
        return name
    digests = [hashlib.sha256(block).digest() for block in (old, new)]
    files[f"blocks/{Cid.from_digest(digests[1], Codec.RAW)}"] = new
    for set_name in [n for n in files if n.startswith("blocks/bafyrei")]:
        if digests[0] in files[set_name]:
            block = files.pop(set_name).replace(*digests)
            files[f"blocks/{Cid.of(Codec.DAG_CBOR, block)}"] = block
    return name


def drop_last_event(segment: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", segment, 56)
    return segment[:56] + struct.pack(">I", count - 1) + segment[60:-57]


def other_source(segment: bytes) -> bytes:
    return segment[:90] + bytes([segment[90] ^ 1]) + segment[91:]


@pytest.mark.parametrize("change", [drop_last_event, other_source])
def test_a_changed_or_dropped_usage_event_is_named(
    say: Say, change: Callable[[bytes], bytes], bundle: Bundle
) -> None:
    names: list[str] = []
    (found,) = say(lambda files: names.append(repack(files, change, listed=False)))

    assert any(f"content ids: {names[0]}, by its bytes" in place for place in found)
    assert "reports: report of epoch 1, usageRoot" in found

    (found,) = say(lambda files: names.append(repack(files, change, listed=True)))

    assert any("the segment set of epoch 1" in place for place in found)
    assert any(place.endswith(", named on chain") for place in found)


def test_a_dropped_segment_is_named(say: Say, bundle: Bundle) -> None:
    name = next(n for n in opened(bundle.content) if n.startswith("blocks/bafkrei"))

    def drop(files: Files) -> None:
        # The evidence is a raw block like a segment; only segments are in a bundle.
        del files[name]

    assert any(name in place for place in say(drop)[0])


def test_the_same_event_twice_counts_once(say: Say) -> None:
    """Doubling a record alters the segment: nothing of it can be believed any more."""

    def double(segment: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", segment, 56)
        return segment[:56] + struct.pack(">I", count + 1) + segment[60:] + segment[-57:]

    (found,) = say(lambda files: repack(files, double, listed=False) and None)

    assert any(place.startswith("content ids:") for place in found)
    assert "reports: report of epoch 1, usageRoot" not in found


def test_an_altered_segment_set_is_named(say: Say) -> None:
    def alter(files: Files) -> None:
        name = next(n for n in files if n.startswith("blocks/bafyrei"))
        manifest = libipld.decode_dag_cbor(files[name])
        manifest["body"]["eventCount"] = 1
        files[name] = libipld.encode_dag_cbor(manifest)

    assert any("by its bytes" in place for place in say(alter)[0])


# signatures


@pytest.mark.parametrize("name", ["segments", "generations", "detections"])
def test_a_signature_of_somebody_else_is_named(say: Say, name: str) -> None:
    path = f"signed/{name}.jsonl"

    def alter(files: Files) -> None:
        entries = lines(files, path)
        entry = entries[0]
        holder, key = (entry, 2) if isinstance(entry, list) else (entry, "signature")
        holder[key] = holder[key][:-4] + ("0" if holder[key][-4] != "0" else "1") + holder[key][-3:]
        files[path] = json_lines(entries)

    assert say(alter) == [[f"signatures: {path} line 1, signed by"]]


def test_a_log_of_another_run_is_named(say: Say) -> None:
    def alter(files: Files) -> None:
        entries = lines(files, "signed/generations.jsonl")
        entries[0]["log"]["generationId"] = "0x0000000000000007"
        files["signed/generations.jsonl"] = json_lines(entries)

    (found,) = say(alter)

    assert "signatures: signed/generations.jsonl line 1, generation by its salt" in found
    assert "signatures: signed/generations.jsonl line 1, signed by" in found


def test_dropped_signatures_are_a_note(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "bare.zip"
    path.write_bytes(
        doctored(bundle.content, lambda files: files.update({"signed/segments.jsonl": b""}))
    )
    for engine in ENGINES:
        code, found = answer(engine, path)
        assert code == 0
        assert "6 segments have no producer's signature in the bundle" in found["notes"]


# the chain's own bytes


def one_more(data: bytes) -> bytes:
    """The last word of an event's data, plus one."""
    return data[:-32] + (int.from_bytes(data[-32:], "big") + 1).to_bytes(32, "big")


def event_of(world: AuditWorld, contract: str, name: str) -> tuple[str, bytes]:
    topic = interface(contract).event_named(name).topic
    return world.devnet.deployment.contracts[contract], topic


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        ("RoyaltyLedger", "SplitSet"),
        ("RoyaltyLedger", "PaidOut"),
        ("EpochDistributor", "PaidOut"),
        ("LicenceRegistry", "OfferOpened"),
        ("LicenceRegistry", "LicenceSublicensed"),
        ("LicenceRegistry", "UsageRecorded"),
        ("SharingRules", "SharingRuleAnnounced"),
    ],
)
def test_a_changed_event_is_named_however_careful(
    say: Say, world: AuditWorld, contract: str, name: str
) -> None:
    of = event_of(world, contract, name)
    blocks: list[int] = []

    def forge(care: Care) -> Callable[[Files], None]:
        return lambda files: blocks.append(alter_event(files, *of, one_more, care))

    (listed,), found, rooted, forged = say(*map(forge, Care))

    assert listed.startswith("events: chain/logs.jsonl line ")
    assert found == [f"receipts: receipts of block {blocks[0]}, their root"]
    assert rooted == [f"headers: block {blocks[0] + 1}, its parent"]
    # A chain of one's own is no contradiction; that the arithmetic does not fit is.
    assert forged


def test_a_sublicence_wider_than_its_parent_is_named(say: Say, world: AuditWorld) -> None:
    of = event_of(world, "LicenceRegistry", "LicenceSublicensed")

    (found,) = say(lambda files: alter_event(files, *of, one_more, Care.CHAIN) and None)

    assert any(place.endswith("bounds within those of licence 7") for place in found), found


def test_use_that_is_not_counted_for_the_licence_above_is_named(
    say: Say, world: AuditWorld, bundle: Bundle
) -> None:
    """Every event of a path has the same units and value."""
    address, topic = event_of(world, "LicenceRegistry", "UsageRecorded")
    logs = lines(opened(bundle.content), "chain/logs.jsonl")
    uses = [of[4] for of in logs if (of[3], of[4][0]) == (address.lower(), "0x" + topic.hex())]
    # The second sublicence was used last: an event for it, and one for each licence above it.
    used = len(uses) - 1 - next(n for n, of in enumerate(reversed(uses)) if int(of[1], 16) == 9)

    def another(data: bytes) -> bytes:
        return one_more(data[:64]) + one_more(data[64:])

    def forge(nth: int) -> Callable[[Files], None]:
        return lambda files: (
            alter_event(files, address, topic, another, Care.CHAIN, nth=nth) and None
        )

    told = say(forge(used), forge(used + 1), forge(used + 2))

    for found in told:
        assert any(place.endswith("use of the next licence up") for place in found), found


def test_a_forged_chain_that_fits_is_found_by_one_hash_from_elsewhere(
    world: AuditWorld, bundle: Bundle, tmp_path: Path
) -> None:
    """What no figure depends on can be forged with the whole chain: here a community's profile."""
    of = event_of(world, "ConsentRegistry", "CommunityFounded")

    def forge(files: Files) -> None:
        def change(data: bytes) -> bytes:
            return data[:64] + bytes([data[64] ^ 1]) + data[65:]

        alter_event(files, *of, change, Care.CHAIN)

    path = tmp_path / "forged.zip"
    path.write_bytes(doctored(bundle.content, forge))
    trusted = "0x" + bundle.at.hash.hex()
    for engine in ENGINES:
        assert answer(engine, path)[0] == 0
        code, found = answer(engine, path, "--expect-block-hash", trusted)
        assert code == 1
        assert [each["place"] for each in found["findings"]] == ["hash of the newest block"]
        code, found = answer(engine, path, "--expect-manifest", "0x" + bundle.manifest_digest.hex())
        assert [each["place"] for each in found["findings"]] == ["sha256 of the manifest"]


def test_dropped_events_are_named(say: Say, world: AuditWorld, bundle: Bundle) -> None:
    address, topic = event_of(world, "EpochDistributor", "PaidOut")
    logs = lines(opened(bundle.content), "chain/logs.jsonl")
    number, block = next(
        (n, entry[0])
        for n, entry in enumerate(logs)
        if (entry[3], entry[4][0]) == (address.lower(), "0x" + topic.hex())
    )

    def drop(files: Files, *names: str) -> None:
        for name in names:
            kept = [entry for entry in lines(files, name) if entry[0] != block]
            files[name] = json_lines(kept)

    def drop_line(files: Files) -> None:
        entries = lines(files, "chain/logs.jsonl")
        files["chain/logs.jsonl"] = json_lines(entries[:number] + entries[number + 1 :])

    def drop_receipts(files: Files) -> None:
        drop(files, "chain/logs.jsonl", "chain/receipts.jsonl")

    def drop_block(files: Files) -> None:
        """The header too, and the manifest says that blocks are left out."""
        drop_receipts(files)
        entries = lines(files, "chain/headers.jsonl")
        first = json.loads(files[MANIFEST])["block"][0] - len(entries) + 1
        del entries[block - first]
        files["chain/headers.jsonl"] = json_lines(entries)

    def admit(files: Files) -> None:
        drop_block(files)
        manifest = json.loads(files[MANIFEST])
        files[MANIFEST] = plain_json({**manifest, "headers": "some blocks"})

    line, receipts, header, admitted = say(drop_line, drop_receipts, drop_block, admit)

    assert f"events: chain/logs.jsonl line {number + 1}" in line
    left_out = f"block {block}, whose receipts are left out, has no event of ours"
    assert receipts == [f"receipts: {left_out}"]
    assert header == ["headers: every block is there, as the manifest says"]
    assert any(place.endswith("so far") for place in admitted), admitted


def test_a_newest_block_of_another_chain_is_named(say: Say) -> None:
    def rename(files: Files) -> None:
        manifest = json.loads(files[MANIFEST])
        manifest["block"][1] = "0x" + "ab" * 32
        files[MANIFEST] = plain_json(manifest)

    def renumber(files: Files) -> None:
        manifest = json.loads(files[MANIFEST])
        files[MANIFEST] = plain_json({**manifest, "chainId": "1"})

    assert say(rename, renumber) == [
        ["headers: hash of the newest block"],
        ["files: deployment.json, chain id"],
    ]


def test_relinked_without_change_is_the_same_chain(bundle: Bundle) -> None:
    """The forger of these tests forges nothing by accident."""
    files = opened(bundle.content)
    relink(files, whole=True)

    assert files == opened(bundle.content)


def test_broken_files_are_told_not_crashed_on(say: Say) -> None:
    broken = {
        "chain/headers.jsonl": [b"", b"{}\n", b'"0xc0"\n', b'"0x00"\n', b'"zz"\n', b"[1]"],
        "chain/receipts.jsonl": [b"{}\n", b'[1,["0xc0"]]\n', b"[0,[]]\n", b'["a",[]]\n', b"\n"],
        "chain/logs.jsonl": [b"", b"{}\n", b"[]\n", b"[1,2,3,4,5,6]\n"],
        "deployment.json": [b"{}", b"[]", b'{"contracts":{}}', b"null"],
        "books/direct.json": [b"{}", b"[]", b'{"payees":[[1]]}', b'{"works":7,"payees":{}}'],
        "books/ledger.json": [b"{}", b"7", b'{"splits":{"a":1}}'],
        FIRST_PAPER: [b"{}", b"[]", b'{"payouts":[[1,2]]}', b'{"payouts":"x","usage":[null]}'],
        LAST_PAPER: [b'{"proofs":[[["0x","1"]]]}', b'{"proofs":{}}'],
        "signed/segments.jsonl": [b"{}\n", b"[1,2,3]\n", b'["0x00","0x","0x"]\n'],
        "signed/generations.jsonl": [b"{}\n", b'{"log":{}}\n', b'{"log":{"licenceIds":[1.5]}}\n'],
        "signed/detections.jsonl": [b"[]\n", b'{"report":{"zMilli":-1}}\n'],
        "abi/RoyaltyLedger.json": [b"{}", b"[7]", b'[{"type":"event"}]'],
    }
    named = [(name, content) for name, contents in broken.items() for content in contents]
    changes = [lambda files, given=given: files.update([given]) for given in named]
    for given, found in zip(named, say(*changes), strict=True):
        assert found, given
        assert not any("all events" in place for place in found), (given, found)
