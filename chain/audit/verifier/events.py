"""From a chain's own bytes to the ledger's events: headers hash to the block named, receipts
to the headers' roots, and what our contracts logged is read out of the receipts alone."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from bundle import Report, shown
from formats import Broken, EventFormat, octets, parse_json, parse_lines, rlp_decode, trie_roots
from keccak import keccak256_many

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
ADDRESS = re.compile(r"0x[0-9a-f]{40}")
CUSTODIANS = ("RoyaltyLedger", "EpochDistributor", "DirectReports")
NUMBER_MAX = 1 << 48
TERMS = (
    "(uint8 tier,address token,uint128 price,uint128 unitPrice,uint32 royaltyShare,"
    "uint40 durationSeconds,uint48 unitCap,uint104 revenueCap,bool sublicensable,"
    "bytes32 textDigest) terms"
)
REPORT = (
    "(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,uint64 eventCount,"
    "bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,"
    "uint256 cumulativeTotal,uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash,"
    "bytes32 withheldHash,bytes32 programHash) report"
)
# What the contracts declare, a star at what is indexed.
DECLARED = f"""
WorkRegistry WorkRegistered(uint64* workId,uint32* communityId,address* owner,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)
WorkRegistry WorkDisplaced(uint64* displaced,uint64* by)
ConsentRegistry CommunityFounded(uint32* communityId,address* steward,address[] elders,uint8 approvalsRequired,bytes32 profileDigest)
ConsentRegistry ConsentProposed(uint64* workId,uint8* tier,uint48* offer,(bytes32 termsHash,uint40 until,uint40 reaffirmSeconds,bool byVoucher,bytes32 labels) proposal)
ConsentRegistry ConsentGranted(uint64* workId,uint8* tier,bytes32 termsHash,uint40 until)
SharingRules SharingRuleAnnounced(uint32* communityId,uint32* version,uint8 rule,uint16 phiBps,uint64 fromEpoch)
LicenceRegistry OfferOpened(uint48* offer,uint64* workId,{TERMS})
LicenceRegistry LicenceTaken(uint64* licenceId,uint64* workId,address* holder,uint48 offer,uint40 expiry)
LicenceRegistry LicenceSublicensed(uint64* licenceId,uint64* parent,uint48 unitCap,uint104 revenueCap)
LicenceRegistry UsageRecorded(uint64* licenceId,uint64 units,uint128 revenue,uint64 unitsUsed,uint128 revenueUsed)
LicenceRegistry UsageReturned(uint64* licenceId,uint64 units,uint128 revenue,uint64 unitsUsed,uint128 revenueUsed)
DerivativeGraph DerivativeLinked(uint64* child,uint64* generationId,(uint64 workId,uint64 licenceId)[] parents,uint8 depth,bytes vector)
DerivativeGraph FloorDeclared(uint64* root,uint32 floor,uint40 bindsFrom)
RoyaltyLedger TokenAccepted(address* token)
RoyaltyLedger SplitSet(uint64* workId,uint32* version,(address payee,uint16 bps)[] shares)
RoyaltyLedger Paid(uint64* workId,address* token,address* payer,uint128 amount,uint128 gross)
RoyaltyLedger Settled(uint64* workId,address* token,uint128 amount,uint128 settled)
RoyaltyLedger PaidOut(uint64* workId,address* token,address* payee,uint32 version,address to,uint256 amount,uint256 paid)
UsageOracle EpochPosted(uint64* epoch,bytes32* reportHash,{REPORT},(uint64 licenceId,uint64 units,uint128 revenue)[] licenceUsage)
EpochDistributor Funded(address* token,address* holder,uint256 amount,uint256 credit,uint256 funded)
EpochDistributor Charged(address* token,address* holder,uint256 amount,uint256 credit)
EpochDistributor ChargeReturned(address* token,address* holder,uint256 amount,uint256 credit)
EpochDistributor RootProposed(address* token,uint64* epoch,bytes32 sumRoot,uint256 total,uint32 leafCount,uint40 claimableFrom)
EpochDistributor RootActivated(address* token,uint64* epoch,bytes32 reportHash,uint256 total)
EpochDistributor RootRejected(address* token,uint64* epoch,bytes32 reportHash,uint8 fault,bytes32 reason)
EpochDistributor PaidOut(address* token,address* payee,address to,uint256 amount,uint256 claimed)
DirectReports Deposited(address* platform,address* token,address* from,uint256 amount,uint256 free)
DirectReports TakenBack(address* platform,address* token,uint256 amount,uint256 free)
DirectReports DirectReportPosted(bytes32* eventId,(uint8 usageKind,uint64 licenceId,uint64 generationId,bytes32 sourceKey,uint64 occurredAt,bytes32 evidence,bytes32 programHash,uint40 deadline) report,(bytes32 eventId,uint64 licenceId,uint64 workId,address platform,address token,uint128 amount,uint40 releasableFrom) held,uint256 free)
DirectReports DirectReportReleased(bytes32* eventId,uint64* workId,address* token,uint256 amount)
DirectReports DirectReportRejected(bytes32* eventId,uint64* epoch,bytes32 reason,uint256 free)
DisputeCourt CaseOpened(bytes32* caseId,uint64* workId,address* payee,address disputer,bytes32 evidence,uint96 bond,address arbiter,uint40 frozenUntil)
DisputeCourt CaseEnded(bytes32* caseId,uint8 status,uint40 frozenUntil)
"""  # noqa: E501 -- one event a line
TRANSFER = EventFormat("Transfer(address* from,address* to,uint256 value)")
CONTRACTS = (
    "ConsentRegistry",
    "DerivativeGraph",
    "DirectReports",
    "DisputeCourt",
    "EpochDistributor",
    "LicenceRegistry",
    "RoyaltyLedger",
    "SharingRules",
    "UsageOracle",
    "WorkRegistry",
)


class Header(NamedTuple):
    """What is read of a block's header."""

    number: int
    time: int
    hash: bytes
    parent: bytes
    receipts_root: bytes
    bloom: int


class Event(NamedTuple):
    """One event of the ledger; `place` is for people, block and log order it."""

    block: int
    log: int
    time: int
    address: str
    name: str  # Contract.Event
    values: dict[str, Any]
    place: str


class Chain(NamedTuple):
    """What the chain's bytes come to."""

    id: int
    first: int
    contracts: dict[str, str]
    headers: dict[int, Header]
    events: list[Event]
    newest: Header


def read_chain(report: Report, files: dict[str, bytes], manifest: dict[str, Any]) -> Chain:
    """Events proven up to the block that the manifest names. Raises Broken."""
    deployment = parse_json(_file(files, "deployment.json"), "deployment.json")
    contracts, first = _deployment(report, deployment, manifest)
    headers = _headers(report, _file(files, "chain/headers.jsonl"))
    _compare_ends(report, headers, manifest, first)
    receipts = _receipts(report, _file(files, "chain/receipts.jsonl"), headers, contracts, first)
    events, lines = _events(report, receipts, headers, contracts)
    _compare_lines(report, parse_lines(_file(files, "chain/logs.jsonl"), "chain/logs.jsonl"), lines)
    _compare_abis(report, files)
    newest = headers[max(headers)]
    return Chain(int(manifest["chainId"]), first, contracts, headers, events, newest)


def custodians(files: dict[str, bytes]) -> dict[str, str]:
    """The contracts that hold the money, for a reader to compare: they are the bundle's word."""
    found = parse_json(_file(files, "deployment.json"), "deployment.json")
    named = found.get("contracts") if isinstance(found, dict) else None
    accounts = named if isinstance(named, dict) else {}
    return {name: shown(accounts.get(name)) for name in CUSTODIANS}


def _file(files: dict[str, bytes], name: str) -> bytes:
    if name not in files:
        raise Broken(name, "a file", "nothing")
    return files[name]


def whole(value: Any, place: str) -> int:
    """A whole number of a document, small enough for every program."""
    if type(value) is not int or not 0 <= value < NUMBER_MAX:
        raise Broken(place, "a whole number", "something else")
    return value


def _deployment(report: Report, found: Any, manifest: dict[str, Any]) -> tuple[dict[str, str], int]:
    place = "deployment.json"
    named = found.get("contracts") if isinstance(found, dict) else None
    if not isinstance(named, dict):
        raise Broken(place, "a deployment with its contracts", "something else")
    contracts = {}
    for name in CONTRACTS:
        account = named.get(name)
        if not isinstance(account, str) or ADDRESS.fullmatch(account.lower()) is None:
            raise Broken(f"{place}, {name}", "an address", "something else")
        contracts[name] = account.lower()
    chain = whole(found.get("chainId"), f"{place}, chainId")
    report.compare("files", f"{place}, chain id", manifest["chainId"], str(chain))
    return contracts, whole(found.get("block"), f"{place}, block")


def _headers(report: Report, data: bytes) -> dict[int, Header]:
    lines = parse_lines(data, "chain/headers.jsonl")
    encoded = [octets(x, f"chain/headers.jsonl line {n}") for n, x in enumerate(lines, 1)]
    headers: dict[int, Header] = {}
    before: Header | None = None
    for n, (raw, digest) in enumerate(zip(encoded, keccak256_many(encoded), strict=True), 1):
        place = f"chain/headers.jsonl line {n}"
        fields = rlp_decode(raw, place)
        is_header = isinstance(fields, list) and len(fields) >= 15
        if not is_header or not all(isinstance(f, bytes) for f in fields):
            raise Broken(place, "a block header", "something else")
        number, time = (int.from_bytes(fields[i][:8], "big") for i in (8, 11))
        bloom = int.from_bytes(fields[6], "big")
        header = Header(number, time, digest, fields[0], fields[5], bloom)
        if before is not None and number <= before.number:
            raise Broken(place, f"a block after {before.number}", str(number))
        if before is not None and number == before.number + 1:
            report.compare("headers", f"block {number}, its parent", before.hash, header.parent)
        headers[number] = before = header
    if not headers:
        raise Broken("chain/headers.jsonl", "headers", "none")
    return headers


def _compare_ends(
    report: Report, headers: dict[int, Header], manifest: dict[str, Any], first: int
) -> None:
    newest, oldest = headers[max(headers)], headers[min(headers)]
    number, digest = manifest["block"]
    report.compare("headers", "number of the newest block", number, newest.number)
    report.compare("headers", "hash of the newest block", digest, "0x" + newest.hash.hex())
    report.compare("headers", "the oldest block", max(0, first - 1), oldest.number)
    every = len(headers) == newest.number - oldest.number + 1
    said = manifest["headers"] == "every block"
    report.compare("headers", "every block is there, as the manifest says", said, every)
    if not every:
        report.notes.append(
            "blocks are left out: that nothing happened in them is not proven, "
            "nor that the blocks before the newest are of its chain"
        )


def bloom_bits(values: list[bytes]) -> list[int]:
    """The bits that each address or topic sets in the bloom of a block that logs it."""
    found = []
    for digest in keccak256_many(values):
        bits = 0
        for at in (0, 2, 4):
            bits |= 1 << int.from_bytes(digest[at : at + 2], "big") % 2048
        found.append(bits)
    return found


def _receipts(
    report: Report,
    data: bytes,
    headers: dict[int, Header],
    contracts: dict[str, str],
    first: int,
) -> dict[int, list[bytes]]:
    """Every block's receipts, compared with its header's root. A block without any must not have
    been able to log what concerns us."""
    found: dict[int, list[bytes]] = {}
    before = -1
    for n, line in enumerate(parse_lines(data, "chain/receipts.jsonl"), 1):
        place = f"chain/receipts.jsonl line {n}"
        if not isinstance(line, list) or len(line) != 2 or not isinstance(line[1], list):
            raise Broken(place, "a block and its receipts", "something else")
        number = whole(line[0], place)
        if number <= before or number not in headers or not line[1]:
            raise Broken(place, f"receipts of a block after {before} whose header is here", "none")
        found[number] = [octets(receipt, place) for receipt in line[1]]
        before = number
    roots = trie_roots(list(found.values()))
    for number, root in zip(found, roots, strict=True):
        place = f"receipts of block {number}, their root"
        report.compare("receipts", place, headers[number].receipts_root, root)
    bits = bloom_bits([bytes.fromhex(contracts[name][2:]) for name in CONTRACTS])
    custody = [bytes(12) + bytes.fromhex(contracts[name][2:]) for name in CUSTODIANS]
    transfer, *words = bloom_bits([TRANSFER.topic, *custody])
    bits += [transfer | word for word in words]
    for number, header in headers.items():
        if number < first or number in found:
            continue
        possible = any(header.bloom & each == each for each in bits)
        silent = not possible or header.receipts_root == EMPTY_ROOT
        place = f"block {number}, whose receipts are left out, has no event of ours"
        report.compare("receipts", place, True, silent)
    return found


def _events(
    report: Report,
    receipts: dict[int, list[bytes]],
    headers: dict[int, Header],
    contracts: dict[str, str],
) -> tuple[list[Event], list[list[Any]]]:
    names: dict[str, str] = {account: name for name, account in contracts.items()}
    formats: dict[tuple[str, bytes], EventFormat] = {}
    for line in DECLARED.strip().split("\n"):
        emitter, declared = line.split(" ", 1)
        known = EventFormat(declared)
        formats[emitter, known.topic] = known
    custody = {bytes(12) + bytes.fromhex(contracts[name][2:]) for name in CUSTODIANS}
    events, lines = [], []
    for number, encoded in receipts.items():
        log = -1
        for account, topics, data in _logs(encoded, number):
            log += 1
            contract: str | None = names.get(account)
            moves = topics[:1] == [TRANSFER.topic] and len(topics) == 3 and len(data) == 32
            if contract is None and not (moves and custody & set(topics[1:])):
                continue
            lines.append(
                [number, log, account, ["0x" + t.hex() for t in topics], "0x" + data.hex()]
            )
            made = TRANSFER if contract is None else formats.get((contract, (*topics, b"")[0]))
            if made is None:
                continue  # an event that changes nothing here
            name = f"{contract or 'Token'}.{made.name}"
            place = f"{name} in block {number}, log {log}"
            try:
                values = made.read(topics, data, place)
            except Broken as error:
                report.broken("events", error)
                continue
            events.append(Event(number, log, headers[number].time, account, name, values, place))
    return events, lines


def _logs(encoded: list[bytes], number: int) -> Any:
    """Address, topics and data of each log of a block."""
    for raw in encoded:
        place = f"a receipt of block {number}"
        fields = rlp_decode(raw if raw[:1] >= b"\xc0" else raw[1:], place)
        logs = fields[3] if isinstance(fields, list) and len(fields) == 4 else None
        if not isinstance(logs, list):
            raise Broken(place, "status, gas, bloom and logs", "something else")
        for log in logs:
            parts = log if isinstance(log, list) and len(log) == 3 else [None, None, None]
            account, topics, data = parts
            if not isinstance(account, bytes) or not isinstance(topics, list):
                raise Broken(place, "address, topics and data of a log", "something else")
            if not all(isinstance(part, bytes) for part in (data, *topics)):
                raise Broken(place, "address, topics and data of a log", "something else")
            yield "0x" + account.hex(), topics, data


def _compare_lines(report: Report, listed: list[Any], proven: list[list[Any]]) -> None:
    """The list of events for readers, line by line with what the receipts say."""
    for n in range(max(len(listed), len(proven))):
        line = listed[n] if n < len(listed) else None
        found = None
        if isinstance(line, list) and len(line) == 6:
            found = [*line[:2], *line[3:]]
        expected = proven[n] if n < len(proven) else None
        report.compare("events", f"chain/logs.jsonl line {n + 1}", expected, found)


def _compare_abis(report: Report, files: dict[str, bytes]) -> None:
    """The ABIs declare the events as this verifier reads them."""
    declared: dict[str, set[str]] = {}
    for contract in CONTRACTS:
        name = f"abi/{contract}.json"
        found = parse_json(_file(files, name), name)
        entries = found if isinstance(found, list) else []
        declared[contract] = {
            f"{e.get('name')}({','.join(map(_abi_input, e.get('inputs') or []))})"
            for e in entries
            if isinstance(e, dict) and e.get("type") == "event"
        }
    for line in DECLARED.strip().split("\n"):
        contract, event = line.split(" ", 1)
        signature = EventFormat(event).marked
        place = f"abi/{contract}.json declares {signature}"
        report.compare("events", place, True, signature in declared[contract])


def _abi_input(given: Any) -> str:
    return _abi_type(given) + "*" * (isinstance(given, dict) and given.get("indexed") is True)


def _abi_type(given: Any) -> str:
    kind = str(given.get("type")) if isinstance(given, dict) else ""
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(map(_abi_type, given.get("components") or [])) + ")" + kind[5:]
