"""Checks an audit bundle of Antiphon: recomputes every payout from the chain's own bytes.

    python3 verify.py BUNDLE.zip [--json] [--expect-block-hash 0x...] [--expect-manifest 0x...]

Needs Python 3.11 or newer and nothing else; opens no connection. Exit status 0 when every check
passed, 1 when one did not, 2 when there is no bundle to check. What is proven and what is not
stands in docs/AUDIT_BUNDLE.md of the project, as does every format.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from bundle import BYTES_MAX, MANIFEST, Report, open_container, open_manifest
from epochs import State, state_of
from events import Chain, custodians, read_chain
from formats import Broken, cid_text, parse_json
from lane import Lane, compare_lists, settle_all
from ledger import SCALE, ZERO, Ledger, encoded
from signatures import verify_signatures

# What arithmetic on events that no contract would emit may end in.
CONTRADICTIONS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
BLOCK = re.compile(r"blocks/(b[a-z2-7]{58})")


def verify(data: bytes, block_hash: str = "", manifest_digest: str = "") -> dict[str, Any]:
    """Everything found about a bundle's bytes, as a document."""
    report = Report()
    totals: dict[str, dict[str, str]] = {}
    about: dict[str, Any] = {}
    files = open_container(report, data)
    if files is not None:
        digest = "0x" + hashlib.sha256(files.get(MANIFEST, b"")).hexdigest()
        about["manifest"] = digest
        if manifest_digest:
            report.compare("anchor", "sha256 of the manifest", manifest_digest.lower(), digest)
        manifest = open_manifest(report, files)
        if manifest is None:
            report.notes.append("nothing else was checked: the files are not those of the manifest")
        else:
            about |= {"chainId": manifest["chainId"], "block": manifest["block"]}
            if block_hash:
                found = manifest["block"][1]
                report.compare("anchor", "hash of the newest block", block_hash.lower(), found)
            try:
                about["contracts"] = custodians(files)
                totals = _verify_ledger(report, files, manifest)
            except Broken as error:
                report.broken("files", error)
                report.notes.append(f"nothing was checked after {error.place}")
            except CONTRADICTIONS:
                report.fail("events", "all events", "a ledger", "events that contradict each other")
    failed: dict[str, int] = dict.fromkeys(report.checks, 0)
    for kind, *_ in report.findings:
        failed[kind] += 1
    names = ("check", "place", "expected", "found")
    return {
        **about,
        "passed": sum(report.checks.values()) - len(report.findings),
        "failed": len(report.findings),
        "checks": {k: [n - failed[k], failed[k]] for k, n in report.checks.items() if n},
        "findings": [dict(zip(names, found, strict=True)) for found in report.findings],
        "notes": report.notes,
        "totals": totals,
    }


def _verify_ledger(
    report: Report, files: dict[str, bytes], manifest: dict[str, Any]
) -> dict[str, dict[str, str]]:
    chain = read_chain(report, files, manifest)
    if report.findings:
        report.notes.append("nothing else was checked: the events are not those of the named block")
        return {}
    ledger, lane = Ledger(report, chain.contracts), Lane(report)
    states = _replay(chain, ledger, lane)
    _compare_books(report, files, ledger)
    outcomes, segments = settle_all(report, files, chain, lane, states)
    verify_signatures(report, files, chain, ledger, outcomes, segments)
    _compare_names(report, files, ledger, lane)
    counted = {use.id for outcome in outcomes.values() for use in outcome.counted}
    for event_id, held in sorted(ledger.direct.items()):
        if held["state"] == "released":
            place = f"direct report of event {event_id}, counted in an epoch too"
            report.compare("direct reports", place, False, event_id in counted)
    _compare_money(report, ledger, lane)
    for field, what in (("KeptBack", "kept back by the publish gate"), ("NotHeld", "not held")):
        if manifest[f"manifests{field}"]:
            report.notes.append(f"{manifest[f'manifests{field}']} manifests are {what}")
    return _totals(chain, manifest["fromBlock"])


def _replay(chain: Chain, ledger: Ledger, lane: Lane) -> dict[int, State]:
    """All events in chain order; the ledger's state after each block that reports settle by."""
    wanted = sorted(
        {
            event.values["report"]["stateBlock"]
            for event in chain.events
            if event.name == "UsageOracle.EpochPosted"
        }
        & set(chain.headers)
    )
    states: dict[int, State] = {}
    for event in chain.events:
        while wanted and event.block > wanted[0]:
            number = wanted.pop(0)
            states[number] = state_of(ledger, chain.headers[number].time)
        ledger.apply(event)
        lane.apply(event)
    for number in wanted:
        states[number] = state_of(ledger, chain.headers[number].time)
    return states


def _compare_books(report: Report, files: dict[str, bytes], ledger: Ledger) -> None:
    """What the exporter's own index says, against what the events say."""
    name = "books/direct.json"
    books = _document(files, name)
    works = [
        [str(w), token, str(ledger.gross[w, token]), str(ledger.settled[w, token]), str(accrued)]
        for token in ledger.tokens
        for w in sorted(ledger.works)
        for accrued in [ledger.accrued[w, token]]
        if ledger.gross[w, token] or accrued
    ]
    compare_lists(report, "direct lane", f"{name}, works", works, books.get("works"))
    payees = {}
    for token in ledger.tokens:
        for work, versions in ledger.splits.items():
            for version, split in enumerate(versions, 1):
                for payee in split:
                    paid = ledger.paid[work, version, token, payee]
                    due = ledger.due(work, token, version, payee)
                    if paid or due:
                        payees[str(work), str(version), token, payee] = [str(paid), str(due)]
    listed = books.get("payees")
    found: dict[tuple[Any, ...], Any] = {}
    for line in listed if isinstance(listed, list) else []:
        if (
            not isinstance(line, list)
            or len(line) != 6
            or not all(isinstance(part, str) for part in line)
        ):
            raise Broken(f"{name}, payees", "payees with what they were paid and are due", "others")
        found[tuple(line[:4])] = line[4:]
    for key in sorted(payees.keys() | found.keys()):
        work, version, token, payee = key
        place = f"{name}, paid and due to {payee} from work {work} split {version} in {token}"
        report.compare("direct lane", place, payees.get(key), found.get(key))
    count = len(listed) if isinstance(listed, list) else 0
    report.compare("direct lane", f"{name}, lines of payees", len(payees), count)
    _compare_state(report, files, ledger)


def _compare_state(report: Report, files: dict[str, bytes], ledger: Ledger) -> None:
    name = "books/ledger.json"
    books = _document(files, name)
    terms = ("unitPrice", "royaltyShare", "unitCap", "revenueCap", "takenAt", "expiry")
    expected: dict[str, list[Any]] = {
        "works": [
            [str(w), str(of["community"]), of["kind"], of["manifest"]]
            for w, of in sorted(ledger.works.items())
        ],
        "splits": [
            [str(w), str(v), [[p, b] for p, b in split.items()]]
            for w, versions in sorted(ledger.splits.items())
            for v, split in enumerate(versions, 1)
        ],
        "licences": [
            [
                *(str(i), str(of["work"]), of["holder"], of["tier"], of["token"]),
                *(str(of[term]) for term in terms),
                *map(str, ledger.used[i]),
                str(next(iter(ledger.above.get(i, ())), 0)),
            ]
            for i, of in sorted(ledger.licences.items())
        ],
        "derivatives": [
            [
                str(c),
                f"{g:016x}",
                [[str(p), str(i)] for p, i in parents],
                "0x" + encoded(ledger.vectors[c]).hex(),
            ]
            for g, (c, parents) in ledger.generations.items()
        ],
        "rules": [
            [
                str(r["communityId"]),
                str(r["version"]),
                r["rule"],
                r["phiBps"],
                str(r["fromEpoch"]),
            ]
            for r in ledger.rules
        ],
    }
    for field, lines in expected.items():
        compare_lists(report, "licences", f"{name}, {field}", lines, books.get(field))


def _compare_names(report: Report, files: dict[str, bytes], ledger: Ledger, lane: Lane) -> None:
    """Every block hashes to its name, and the chain or a segment set names it."""
    named = {of["manifest"] for of in ledger.works.values()} | set(ledger.profiles.values())
    named |= {of["textDigest"] for of in ledger.terms.values()}
    named |= {posted.report["segmentsDigest"] for posted in lane.posted}
    expected = {cid_text(0x71, bytes.fromhex(digest[2:])) for digest in named - {ZERO}}
    for name in sorted(files):
        match = BLOCK.fullmatch(name)
        if match is None:
            if name.startswith("blocks/"):
                report.fail("content ids", name, "a content id", "another name")
            continue
        digest = hashlib.sha256(files[name]).digest()
        codec = 0x55 if match[1].startswith("bafkrei") else 0x71
        report.compare("content ids", f"{name}, by its bytes", match[1], cid_text(codec, digest))
        if codec == 0x71:
            report.compare("content ids", f"{name}, named on chain", True, match[1] in expected)


def _compare_money(report: Report, ledger: Ledger, lane: Lane) -> None:
    """Nothing is lost or made: in each token and lane, and the contracts hold what they owe."""
    for token in ledger.tokens:
        accrued = sum(n for (_, t), n in ledger.accrued.items() if t == token)
        waiting = sum(g - ledger.settled[key] for key, g in ledger.gross.items() if key[1] == token)
        place = f"{token}, direct lane: accrued and waiting, in numerators"
        whole = SCALE * ledger.paid_in[token]
        report.compare("conservation", place, whole, accrued + SCALE * waiting)
        due = sum(
            ledger.due(work, token, version, payee)
            for work, versions in ledger.splits.items()
            for version, split in enumerate(versions, 1)
            for payee in split
        )
        owed = ledger.paid_in[token] - ledger.paid_out[token]
        place = f"{token}, direct lane: what payees are due is there"
        report.compare("conservation", place, True, due <= owed)
    keys = {*ledger.released, *ledger.from_reports}
    for work, token in sorted(keys):
        expected, found = ledger.released[work, token], ledger.from_reports[work, token]
        place = f"direct reports of work {work} in {token}, released and paid"
        report.compare("direct reports", place, expected, found)
    tokens = {*ledger.tokens, *ledger.deposits, *lane.funded}
    for token in sorted(tokens):
        owes = {
            "RoyaltyLedger": ledger.paid_in[token] - ledger.paid_out[token],
            "EpochDistributor": lane.funded[token] - lane.paid[token],
            "DirectReports": ledger.deposits[token],
        }
        for name, owed in owes.items():
            held = ledger.moved[ledger.contracts[name], token]
            # More than is owed is a gift; less is a theft.
            place = f"{token} that {name} owes, and has by its transfers"
            report.compare("solvency", place, owed, min(owed, held))
            report.compare(
                "solvency", f"{token}: {name} owes no less than nothing", True, owed >= 0
            )


def _totals(chain: Chain, first: int) -> dict[str, dict[str, str]]:
    """Money that moved from a block on, per token, in base units."""
    names = {
        "RoyaltyLedger.Paid": "paidIn",
        "RoyaltyLedger.PaidOut": "paidOut",
        "EpochDistributor.Funded": "funded",
        "EpochDistributor.PaidOut": "epochsPaid",
    }
    sums: dict[str, dict[str, int]] = {}
    for event in chain.events:
        if event.block >= first and event.name in names:
            of = sums.setdefault(event.values["token"], dict.fromkeys(names.values(), 0))
            of[names[event.name]] += event.values["amount"]
    return {token: {n: str(s) for n, s in sums[token].items()} for token in sorted(sums)}


def _document(files: dict[str, bytes], name: str) -> dict[str, Any]:
    found = parse_json(files.get(name, b""), name)
    if not isinstance(found, dict):
        raise Broken(name, "a document", "something else")
    return found


def told(answer: dict[str, Any]) -> str:
    """The answer for people."""
    lines = []
    if "block" in answer:
        lines.append(f"chain {answer['chainId']}, block {answer['block'][0]} {answer['block'][1]}")
    for name, account in answer.get("contracts", {}).items():
        lines.append(f"{name} {account}")
    for kind, (passed, failed) in answer["checks"].items():
        lines.append(f"{kind}: {passed} passed" + (f", {failed} FAILED" if failed else ""))
    for found in answer["findings"]:
        where = f"{found['check']}: {found['place']}"
        lines.append(f"FAILED {where}: expected {found['expected']}, found {found['found']}")
    lines += [f"note: {note}" for note in answer["notes"]]
    for token, of in answer["totals"].items():
        lines.append(f"{token}: " + ", ".join(f"{name} {units}" for name, units in of.items()))
    if "manifest" in answer:
        lines.append(f"manifest {answer['manifest']}")
    lines.append(f"{answer['passed']} checks passed, {answer['failed']} failed")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Check the bundle that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--json", action="store_true", help="print one document for programs")
    parser.add_argument("--expect-block-hash", default="", help="from a source you trust")
    parser.add_argument("--expect-manifest", default="", help="as printed by the export")
    given = parser.parse_args()
    try:
        size = given.bundle.stat().st_size
        if size > BYTES_MAX:
            raise OSError(f"{size} bytes, at most {BYTES_MAX}")
        data = given.bundle.read_bytes()
        if data[:2] != b"PK":
            raise OSError("it is no ZIP archive")
    except OSError as error:
        sys.stderr.write(f"{given.bundle}: there is no bundle to check ({error})\n")
        return 2
    answer = verify(data, given.expect_block_hash, given.expect_manifest)
    text = json.dumps(answer, indent=2, sort_keys=True) + "\n" if given.json else told(answer)
    sys.stdout.write(text)
    return 1 if answer["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
