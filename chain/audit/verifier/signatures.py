"""Who signed what: segments by their producers, generation logs by platforms, detections by
operators; and whether the events that were counted have such a paper behind them."""

from __future__ import annotations

from typing import Any

from bundle import Report
from epochs import DETECTION, GENERATION, PLAY, Outcome, Segment
from events import Chain
from formats import Broken, octets, parse_lines
from keccak import keccak256, keccak256_many
from ledger import Ledger, word
from secp256k1 import Checker, Claim

DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
SEGMENT = b"Segment(bytes32 digest,uint32 count,address producer)"
GENERATION_LOG = (
    b"GenerationLog(uint64 generationId,bytes32 salt,bytes32 manifestDigest,"
    b"bytes32 outputCommitment,uint64[] licenceIds,uint64 startedAt,uint64 endedAt,"
    b"address platform)"
)
DETECTION_REPORT = (
    b"DetectionReport(bytes32 subjectPcmSha256,uint64 generationId,uint32 zMilli,"
    b"uint32 falsePositivePpb,uint8 corroboration,bytes32 detectorDigest,uint64 observedAt,"
    b"bytes32 manifestDigest,address operator)"
)


def domain(name: bytes, chain: int, contract: str) -> bytes:
    """The EIP-712 domain separator."""
    named = keccak256(DOMAIN) + keccak256(name) + keccak256(b"1") + word(chain) + word(contract)
    separator: bytes = keccak256(named)
    return separator


class Papers:
    """The signed papers of a bundle."""

    def __init__(self) -> None:
        self.signed: list[tuple[str, str, bytes, bytes]] = []  # place, account, digest, signature
        self.logs: dict[str, tuple[int, list[int]]] = {}
        self.found: set[tuple[str, int]] = set()

    def add(self, separator: bytes, claims: list[tuple[str, str, bytes, Any]]) -> list[bytes]:
        """Papers of one kind: place, account that is said to have signed, struct, signature. The
        structs' hashes. All are hashed together: that is what makes it quick."""
        hashes: list[bytes] = keccak256_many([struct for _, _, struct, _ in claims])
        digests = keccak256_many([b"\x19\x01" + separator + digest for digest in hashes])
        for (place, account, _, signature), digest in zip(claims, digests, strict=True):
            self.signed.append((place, account, digest, octets(signature, place, 65)))
        return hashes


def verify_signatures(
    report: Report,
    files: dict[str, bytes],
    chain: Chain,
    ledger: Ledger,
    outcomes: dict[int, Outcome],
    segments: dict[int, list[Segment]],
) -> None:
    """Check every signature, and every counted event against the paper it follows from."""
    papers = Papers()
    _segments(papers, files, chain, segments, report)
    _logs(papers, report, files, chain)
    _detections(papers, files, chain)
    claims: list[Claim] = [
        (bytes.fromhex(account[2:]), digest, signature)
        for _, account, digest, signature in papers.signed
    ]
    held = Checker().holds(claims)
    for (place, account, _, _), good in zip(papers.signed, held, strict=True):
        found = account if good else "somebody else's signature"
        report.compare("signatures", f"{place}, signed by", account, found)
    _compare_events(report, papers, ledger, outcomes)


def _segments(
    papers: Papers,
    files: dict[str, bytes],
    chain: Chain,
    segments: dict[int, list[Segment]],
    report: Report,
) -> None:
    by_digest = {"0x" + s.digest.hex(): s for of in segments.values() for s in of}
    separator = domain(b"Antiphon Usage", chain.id, chain.contracts["UsageOracle"])
    kind = keccak256(SEGMENT)
    claims: list[tuple[str, str, bytes, Any]] = []
    signed = set()
    name = "signed/segments.jsonl"
    for n, line in enumerate(_lines(files, name), 1):
        place = f"{name} line {n}"
        if not isinstance(line, list) or len(line) != 3:
            raise Broken(place, "digest, producer and signature", "something else")
        digest, producer = octets(line[0], place, 32), line[1]
        octets(producer, place, 20)
        segment = by_digest.get(line[0])
        if segment is None:
            report.notes.append(f"{place}: of a segment that no epoch in the bundle counts")
            continue
        report.compare("signatures", f"{place}, producer", segment.producer, producer)
        signed.add(line[0])
        struct = kind + digest + word(len(segment.uses)) + word(producer)
        claims.append((place, producer, struct, line[2]))
    papers.add(separator, claims)
    unsigned = len(by_digest) - len(signed)
    if unsigned:
        report.notes.append(f"{unsigned} segments have no producer's signature in the bundle")


def _logs(papers: Papers, report: Report, files: dict[str, bytes], chain: Chain) -> None:
    graph = chain.contracts["DerivativeGraph"]
    separator = domain(b"Antiphon Generation Log", chain.id, graph)
    kind, name = keccak256(GENERATION_LOG), "signed/generations.jsonl"
    heads, lists, tails, runs, salts = [], [], [], [], []
    for n, line in enumerate(_lines(files, name), 1):
        place = f"{name} line {n}"
        of = _paper(line, "log", place)
        salt, manifest, output, platform = (
            octets(of.get(field), place, size)
            for field, size in (
                ("salt", 32),
                ("manifestDigest", 32),
                ("outputCommitment", 32),
                ("platform", 20),
            )
        )
        generation = int.from_bytes(octets(of.get("generationId"), place, 8), "big")
        licences = [_number(i, place) for i in of.get("licenceIds") or ()]
        times = [word(_number(of.get(field), place)) for field in ("startedAt", "endedAt")]
        heads.append(kind + word(generation) + salt + manifest + output)
        lists.append(b"".join(map(word, licences)))
        tails.append(b"".join(times) + platform.rjust(32, b"\0"))
        runs.append((place, "0x" + platform.hex(), generation, licences, line.get("signature")))
        salts.append(platform.rjust(32, b"\0") + salt)
    structs = [
        head + middle + tail
        for head, middle, tail in zip(heads, keccak256_many(lists), tails, strict=True)
    ]
    ids = papers.add(
        separator,
        [
            (place, account, struct, signature)
            for (place, account, _, _, signature), struct in zip(runs, structs, strict=True)
        ],
    )
    named = keccak256(b"antiphon.generation.1") + word(chain.id) + word(graph)
    linked = keccak256_many([named + salt for salt in salts])
    for (place, _, generation, licences, _), log_id, digest in zip(runs, ids, linked, strict=True):
        papers.logs["0x" + log_id.hex()] = (generation, licences)
        expected = int.from_bytes(digest, "big") % (2**64 - 1) + 1
        report.compare("signatures", f"{place}, generation by its salt", expected, generation)


def _detections(papers: Papers, files: dict[str, bytes], chain: Chain) -> None:
    separator = domain(b"Antiphon Detection Report", chain.id, chain.contracts["UsageOracle"])
    kind, name = keccak256(DETECTION_REPORT), "signed/detections.jsonl"
    claims: list[tuple[str, str, bytes, Any]] = []
    for n, line in enumerate(_lines(files, name), 1):
        place = f"{name} line {n}"
        of = _paper(line, "report", place)
        subject, detector, manifest, operator = (
            octets(of.get(field), place, size)
            for field, size in (
                ("subjectPcmSha256", 32),
                ("detectorDigest", 32),
                ("manifestDigest", 32),
                ("operator", 20),
            )
        )
        generation = int.from_bytes(octets(of.get("generationId"), place, 8), "big")
        fields = ("zMilli", "falsePositivePpb", "corroboration", "observedAt")
        z, rate, corroboration, time = (_number(of.get(field), place) for field in fields)
        struct = kind + subject
        struct += b"".join(map(word, (generation, z, rate, corroboration))) + detector
        struct += word(time) + manifest + operator.rjust(32, b"\0")
        claims.append((place, "0x" + operator.hex(), struct, line.get("signature")))
        papers.found.add(("0x" + subject.hex(), generation))
    papers.add(separator, claims)


def _compare_events(
    report: Report, papers: Papers, ledger: Ledger, outcomes: dict[int, Outcome]
) -> None:
    bare = {GENERATION: 0, DETECTION: 0}
    for epoch in sorted(outcomes):
        for use in outcomes[epoch].counted:
            place = f"usage event {use.id} of epoch {epoch}"
            if use.kind == PLAY:
                holder = ledger.licences[use.licence]["holder"]
                report.compare("signatures", f"{place}, reported by", holder, use.producer)
            elif use.kind == GENERATION and use.source in papers.logs:
                generation, licences = papers.logs[use.source]
                fits = generation == use.generation and use.licence in licences
                report.compare("signatures", f"{place}, as its log says", True, fits)
            elif use.kind == GENERATION or (use.source, use.generation) not in papers.found:
                bare[use.kind] += 1
            else:
                report.compare("signatures", f"{place}, as a detection says", True, True)
    for kind, what in ((GENERATION, "generations"), (DETECTION, "detections")):
        if bare[kind]:
            report.notes.append(f"{bare[kind]} {what} were counted whose paper is not here")


def _lines(files: dict[str, bytes], name: str) -> list[Any]:
    if name not in files:
        raise Broken(name, "a file", "nothing")
    lines: list[Any] = parse_lines(files[name], name)
    return lines


def _paper(line: Any, field: str, place: str) -> dict[str, Any]:
    of = line.get(field) if isinstance(line, dict) else None
    if not isinstance(of, dict) or not isinstance(of.get("licenceIds", []), list):
        raise Broken(place, f"a signed {field}", "something else")
    for name in ("platform", "operator"):
        if isinstance(of.get(name), str):
            of[name] = of[name].lower()
    return of


def _number(value: Any, place: str) -> int:
    """A whole number, as decimal text or as a number of JSON."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        number = int(value)
    elif type(value) is int:
        number = value
    else:
        raise Broken(place, "a whole number", "something else")
    if not 0 <= number < 1 << 64:
        raise Broken(place, "a number of 64 bits", "another")
    return number
