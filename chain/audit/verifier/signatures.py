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
    """The signed papers of a bundle; `places` and `claims` go together."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.claims: list[tuple[str, bytes, bytes]] = []  # account, struct with domain, signature
        self.logs: dict[str, tuple[int, list[int]]] = {}
        self.found: set[tuple[str, int]] = set()

    def add(self, place: str, account: str, struct: bytes, separator: bytes, signed: Any) -> None:
        """One paper that an account is said to have signed."""
        self.places.append(place)
        signature = octets(signed, place, 65)
        self.claims.append((account, b"\x19\x01" + separator + keccak256(struct), signature))


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
    digests = keccak256_many([preimage for _, preimage, _ in papers.claims])
    claims: list[Claim] = [
        (bytes.fromhex(account[2:]), digest, signature)
        for (account, _, signature), digest in zip(papers.claims, digests, strict=True)
    ]
    for place, account, good in zip(
        papers.places, (a for a, _, _ in papers.claims), Checker().holds(claims), strict=True
    ):
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
        struct = keccak256(SEGMENT) + digest + word(len(segment.uses)) + word(producer)
        papers.add(place, producer, struct, separator, line[2])
    unsigned = len(by_digest) - len(signed)
    if unsigned:
        report.notes.append(f"{unsigned} segments have no producer's signature in the bundle")


def _logs(papers: Papers, report: Report, files: dict[str, bytes], chain: Chain) -> None:
    graph = chain.contracts["DerivativeGraph"]
    separator = domain(b"Antiphon Generation Log", chain.id, graph)
    name = "signed/generations.jsonl"
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
        struct = keccak256(GENERATION_LOG) + word(generation) + salt + manifest + output
        struct += keccak256(b"".join(map(word, licences))) + b"".join(times)
        struct += platform.rjust(32, b"\0")
        account = "0x" + platform.hex()
        papers.add(place, account, struct, separator, line.get("signature"))
        papers.logs["0x" + keccak256(struct).hex()] = (generation, licences)
        named = keccak256(b"antiphon.generation.1") + word(chain.id) + word(graph)
        linked = int.from_bytes(keccak256(named + word(account) + salt), "big") % (2**64 - 1) + 1
        report.compare("signatures", f"{place}, generation by its salt", linked, generation)


def _detections(papers: Papers, files: dict[str, bytes], chain: Chain) -> None:
    separator = domain(b"Antiphon Detection Report", chain.id, chain.contracts["UsageOracle"])
    name = "signed/detections.jsonl"
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
        struct = keccak256(DETECTION_REPORT) + subject
        struct += b"".join(map(word, (generation, z, rate, corroboration))) + detector
        struct += word(time) + manifest + operator.rjust(32, b"\0")
        papers.add(place, "0x" + operator.hex(), struct, separator, line.get("signature"))
        papers.found.add(("0x" + subject.hex(), generation))


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
