"""The epoch lane: segments to events, events to payouts, payouts to the roots that the chain has.

Every report that was not rejected is computed again, from the first, out of the segments that it
names and the state at its state block. Docs: SEGMENTS.md, contracts/UsageOracle.md and
contracts/EpochDistributor.md of the project.
"""

from __future__ import annotations

from math import isqrt
from typing import Any, NamedTuple

from bundle import Report
from events import Header
from formats import Broken, cbor_decode, cid_text
from keccak import keccak256, keccak256_many
from ledger import BPS, SCALE, UNIT, ZERO, Ledger, hash_of, word

PROGRAM = b"antiphon.settle/6"
MAGIC = b"ANTSEG2\n"
HEADER_BYTES, RECORD_BYTES = 64, 57
LICENCES_MAX = 64
GENERATION, PLAY, DETECTION = 1, 2, 3
# Tiers are training 0, generation 1, distribution 2.
TIERS = {GENERATION: (1,), PLAY: (2,), DETECTION: (1, 2)}
REPORT_TYPE = (
    b"EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,"
    b"uint64 eventCount,bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,"
    b"uint256 cumulativeTotal,uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash,"
    b"bytes32 withheldHash,bytes32 programHash)"
)


class Use(NamedTuple):
    """One usage event of a segment, ordered as they are counted."""

    time: int
    id: str
    kind: int
    licence: int
    generation: int
    source: str
    producer: str


class Segment(NamedTuple):
    """What a segment's header says of it, and its events."""

    digest: bytes
    producer: str
    uses: list[Use]


class State(NamedTuple):
    """The ledger as a report's state block left it."""

    licences: dict[int, dict[str, Any]]
    used: dict[int, tuple[int, int]]
    above: dict[int, tuple[int, ...]]
    generations: dict[int, tuple[int, list[tuple[int, int]]]]
    ledger: Ledger
    vectors: dict[int, Any]
    splits: dict[int, dict[str, int]]
    communities: dict[int, int]
    rules: list[dict[str, Any]]
    direct: set[str]
    frozen: set[tuple[int, str]]
    credits: dict[tuple[str, str], int]


class Carried(NamedTuple):
    """What epochs hand on in a token: entitlements in numerators, their value, what is kept."""

    numerators: dict[str, int]
    value: int
    kept: dict[tuple[int, str], int]
    counted: frozenset[str]


class Spent(NamedTuple):
    """What one epoch has counted so far: by licence, those above the used ones included, and by
    the holder that pays for it."""

    units: dict[int, int]
    revenue: dict[int, int]
    charged: dict[str, int]


class Outcome(NamedTuple):
    """What one epoch comes to."""

    fields: dict[str, Any]
    usage: list[tuple[int, int, int]]
    payouts: list[tuple[str, int]]
    withheld: list[tuple[int, str, int]]
    refused: list[tuple[str, str]]
    counted: list[Use]
    levels: list[tuple[list[bytes], list[int]]]
    carried: Carried


def state_of(ledger: Ledger, time: int) -> State:
    """The ledger's state now, kept from what comes later."""
    communities = {work: of["community"] for work, of in ledger.works.items()}
    for work in ledger.displaced:
        holder = work
        while holder in ledger.displaced:
            holder = ledger.displaced[holder]
        communities[work] = communities.get(holder, 0)
    return State(
        dict(ledger.licences),
        dict(ledger.used),
        dict(ledger.above),
        dict(ledger.generations),
        ledger,
        dict(ledger.vectors),
        {work: versions[-1] for work, versions in ledger.splits.items()},
        communities,
        list(ledger.rules),
        {event for event, held in ledger.direct.items() if held["state"] != "rejected"},
        ledger.frozen_at(time),
        dict(ledger.credits),
    )


# segments


def read_segments(
    report: Report, files: dict[str, bytes], posted: dict[str, Any], chain: int, oracle: str
) -> list[Segment] | None:
    """The segments that a report names; None, with a finding, when one is not to be had."""
    epoch, digest = posted["epoch"], bytes.fromhex(posted["segmentsDigest"][2:])
    name = f"blocks/{cid_text(0x71, digest)}"
    if name not in files:
        report.fail("segments", f"{name}, the segment set of epoch {epoch}", "a file", "nothing")
        return None
    found = cbor_decode(files[name], name)
    body = found.get("body") if isinstance(found, dict) else None
    entries = body.get("segments") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(entries, list):
        raise Broken(name, "a set of segments", "something else")
    report.compare("segments", f"{name}, epoch", str(epoch), body.get("epoch"))
    segments = []
    for entry in entries:
        link = entry.get("cid") if isinstance(entry, dict) else None
        if not isinstance(link, bytes) or len(link) != 36 or link[:4] != b"\x01\x55\x12\x20":
            raise Broken(name, "links to segments", "something else")
        part = f"blocks/{cid_text(0x55, link[4:])}"
        if part not in files:
            report.fail("segments", f"{part}, a segment of epoch {epoch}", "a file", "nothing")
            return None
        segment = _segment(report, part, link[4:], files[part], chain, oracle)
        report.compare("segments", f"{part}, events", entry.get("count"), len(segment.uses))
        segments.append(segment)
    return segments


def _segment(
    report: Report, name: str, digest: bytes, block: bytes, chain: int, oracle: str
) -> Segment:
    count, rest = divmod(len(block) - HEADER_BYTES, RECORD_BYTES)
    if block[:8] != MAGIC or count < 1 or rest:
        raise Broken(name, "a segment of usage events", "something else")
    expected = [chain, oracle, count, 0]
    numbers = [int.from_bytes(block[a:b], "big") for a, b in ((8, 16), (56, 60), (60, 64))]
    found = [numbers[0], "0x" + block[16:36].hex(), *numbers[1:]]
    report.compare("segments", f"{name}, chain, oracle and count", expected, found)
    producer = "0x" + block[36:56].hex()
    records = [
        block[at : at + RECORD_BYTES] for at in range(HEADER_BYTES, len(block), RECORD_BYTES)
    ]
    ids = keccak256_many([b"antiphon.usage.2" + record[:49] for record in records])
    uses = []
    for n, (record, event_id) in enumerate(zip(records, ids, strict=True)):
        if record[0] not in TIERS:
            raise Broken(f"{name}, event {n}", "a kind from 1 to 3", str(record[0]))
        numbers = [int.from_bytes(record[a : a + 8], "big") for a in (1, 9, 49)]
        source = "0x" + record[17:49].hex()
        of = (record[0], numbers[0], numbers[1], source, producer)
        uses.append(Use(numbers[2], "0x" + event_id.hex(), *of))
    return Segment(digest, producer, uses)


# counting and dividing


def count_uses(
    uses: list[Use], state: State, token: str, before: Carried
) -> tuple[list[Use], list[tuple[int, int, int]], list[tuple[str, str]]]:
    """Which events count, by licence in units and value, and why the others do not."""
    counted: dict[str, Use] = {}
    refused: list[tuple[str, str]] = []
    units: dict[int, int] = {}
    spent = Spent({}, {}, {})
    unfit: dict[int, str] = {}
    # What a limit refused is refused for that limit when it comes again.
    over: dict[str, str] = {}
    for use in sorted(uses):
        reason = ""
        if use.id in counted or use.id in before.counted:
            reason = "already-counted"
        elif use.id in state.direct:
            reason = "directly-reported"
        elif use.licence not in state.licences:
            reason = "licence-unknown"
        else:
            licence = state.licences[use.licence]
            if use.licence not in unfit:
                unfit[use.licence] = _unfit_licence(licence, state, token)
            is_full = use.licence not in units and len(units) == LICENCES_MAX
            reason = _unfit_use(use, licence, state) or unfit[use.licence]
            if not reason:
                if use.id not in over:
                    limit = _over_limit(use.licence, state, token, spent)
                    over[use.id] = limit or ("epoch-full" if is_full else "")
                reason = over[use.id]
        if reason:
            refused.append((use.id, reason))
        else:
            counted[use.id] = use
            units[use.licence] = units.get(use.licence, 0) + 1
            _spend(use.licence, state, spent)
    usage = [(i, units[i], units[i] * state.licences[i]["unitPrice"]) for i in sorted(units)]
    return [counted[event_id] for event_id in sorted(counted)], usage, refused


def _unfit_use(use: Use, licence: dict[str, Any], state: State) -> str:
    if licence["tier"] not in TIERS[use.kind]:
        return "tier-unfit"
    if use.generation not in state.generations:
        return "generation-unknown"
    if licence["work"] not in (work for work, _ in state.generations[use.generation][1]):
        return "not-a-parent"
    if use.time < licence["takenAt"]:
        return "before-licence"
    return "after-expiry" if use.time >= licence["expiry"] else ""


def _unfit_licence(licence: dict[str, Any], state: State, token: str) -> str:
    if licence["token"] != token:
        return "other-token"
    parts = _divide(state, licence["work"], 1)
    return "no-split" if any(part and work not in state.splits for work, part in parts) else ""


def _over_limit(licence: int, state: State, token: str, spent: Spent) -> str:
    price, holder = (state.licences[licence][name] for name in ("unitPrice", "holder"))
    path = (licence, *state.above.get(licence, ()))
    for each in path:
        if state.used[each][0] + spent.units.get(each, 0) + 1 > state.licences[each]["unitCap"]:
            return "unit-cap"
    for each in path:
        revenue = state.used[each][1] + spent.revenue.get(each, 0) + price
        if revenue > state.licences[each]["revenueCap"]:
            return "revenue-cap"
    charged = spent.charged.get(holder, 0) + price
    return "unfunded" if charged > state.credits.get((token, holder), 0) else ""


def _spend(licence: int, state: State, spent: Spent) -> None:
    price, holder = (state.licences[licence][name] for name in ("unitPrice", "holder"))
    for each in (licence, *state.above.get(licence, ())):
        spent.units[each] = spent.units.get(each, 0) + 1
        spent.revenue[each] = spent.revenue.get(each, 0) + price
    spent.charged[holder] = spent.charged.get(holder, 0) + price


def _divide(state: State, work: int, amount: int) -> list[tuple[int, int]]:
    vector = state.vectors.get(work, {})
    rest = SCALE - sum(share for share, _ in vector.values())
    return [*((a, amount * vector[a][0]) for a in sorted(vector)), (work, amount * rest)]


def entitled(
    usage: list[tuple[int, int, int]], state: State, epoch: int, previous: str
) -> dict[tuple[int, str], int]:
    """What each work brings each payee, in numerators: by ancestors, by splits, and where a
    community announced a rule, by that among the payees of all its works."""
    income: dict[int, int] = {}
    for licence, _, revenue in usage:
        for work, numerator in _divide(state, state.licences[licence]["work"], revenue):
            if numerator:
                income[work] = income.get(work, 0) + numerator
    parts = {
        (work, payee): numerator * bps
        for work, numerator in income.items()
        for payee, bps in state.splits[work].items()
    }
    rules: dict[int, dict[str, Any]] = {}
    for rule in state.rules:
        if rule["fromEpoch"] <= epoch:
            rules[rule["communityId"]] = rule
    pools: dict[int, dict[tuple[int, str], int]] = {}
    for key, numerator in parts.items():
        community = state.communities.get(key[0], 0)
        if community in rules:
            pools.setdefault(community, {})[key] = numerator
    for community, pool in pools.items():
        parts.update(_by_rule(pool, rules[community], int(previous, 16)))
    return parts


def pro_rata(pool: int, weights: list[int], seed: int) -> list[int]:
    """In proportion, exact together; whose division begins is decided by `seed`."""
    whole, amounts = sum(weights), [0] * len(weights)
    cumulative = paid = 0
    for step in range(len(weights) if whole else 0):
        at = (seed + step) % len(weights)
        cumulative += weights[at]
        up_to = pool * cumulative // whole
        amounts[at], paid = up_to - paid, up_to
    return amounts


def _by_rule(
    pool: dict[tuple[int, str], int], rule: dict[str, Any], seed: int
) -> dict[tuple[int, str], int]:
    """Rule 1: a part equally, the rest in proportion. Rule 2: between works with the same payees
    by the square root of their weight. Then each payee's amount is laid to its works."""
    whole = sum(pool.values())
    if rule["rule"] == 1:
        groups = [sorted(pool, key=lambda key: (key[1], key[0]))]
        payees, weights = _weights(groups[0], pool)
        floor = whole * rule["phiBps"] // BPS if sum(weights) else whole
        equal = pro_rata(floor, [1] * len(weights), seed)
        rest = pro_rata(whole - floor, weights, seed)
        rows = [[a + b for a, b in zip(equal, rest, strict=True)]]
    elif rule["rule"] == 2:
        together: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        for work, payee in pool:
            named = tuple(sorted(p for w, p in pool if w == work))
            together.setdefault(named, []).append((work, payee))
        groups = [
            sorted(together[named], key=lambda key: (key[1], key[0])) for named in sorted(together)
        ]
        weighed = [_weights(group, pool)[1] for group in groups]
        between = pro_rata(whole, [isqrt(sum(row) << 64) for row in weighed], seed)
        rows = [pro_rata(part, row, seed) for part, row in zip(between, weighed, strict=True)]
    else:
        return dict(pool)
    divided: dict[tuple[int, str], int] = {}
    for group, row in zip(groups, rows, strict=True):
        payees, _ = _weights(group, pool)
        for payee, amount in zip(payees, row, strict=True):
            keys = [key for key in group if key[1] == payee]
            laid = pro_rata(amount, [pool[key] for key in keys], seed)
            divided.update(zip(keys, laid, strict=True))
    return divided


def _weights(
    group: list[tuple[int, str]], pool: dict[tuple[int, str], int]
) -> tuple[list[str], list[int]]:
    weights: dict[str, int] = {}
    for key in group:
        weights[key[1]] = weights.get(key[1], 0) + pool[key]
    return list(weights), list(weights.values())


def settle(
    posted: dict[str, Any], uses: list[Use], state: State, header: Header, before: Carried
) -> Outcome:
    """One epoch from its events."""
    epoch, token, previous = posted["epoch"], posted["token"], posted["previousReport"]
    counted, usage, refused = count_uses(uses, state, token, before)
    parts = entitled(usage, state, epoch, previous)
    numerators = dict(before.numerators)
    kept = {share: n for share, n in before.kept.items() if share in state.frozen}
    for share, numerator in parts.items():
        numerators[share[1]] = numerators.get(share[1], 0) + numerator
        if share in state.frozen:
            kept[share] = kept.get(share, 0) + numerator
    payable = dict(numerators)
    for (_, payee), numerator in kept.items():
        payable[payee] -= numerator
    payouts = [(payee, payable[payee] // UNIT) for payee in sorted(numerators) if numerators[payee]]
    withheld = [(*share, kept.get(share, 0) // UNIT) for share in sorted(state.frozen)]
    ids = [bytes.fromhex(use.id[2:]) for use in counted]
    levels, leaves = sum_tree(token, payouts)
    root, total = levels[-1][0][0], levels[-1][1][0]
    fields = {
        "epoch": epoch,
        "previousReport": previous,
        "token": token,
        "usageRoot": standard_root(keccak256_many(keccak256_many(ids))),
        "eventCount": len(counted),
        "segmentsDigest": posted["segmentsDigest"],
        "sumRoot": "0x" + root.hex(),
        "leafRoot": standard_root(leaves),
        "leafCount": len(payouts),
        "cumulativeTotal": total,
        "stateBlock": header.number,
        "stateTime": header.time,
        "licenceUsageHash": usage_hash(usage),
        "withheldHash": hash_of(32, len(withheld), *(part for line in withheld for part in line)),
        "programHash": "0x" + keccak256(PROGRAM).hex(),
    }
    value = before.value + sum(revenue for _, _, revenue in usage)
    seen = before.counted | {use.id for use in counted}
    carried = Carried(numerators, value, kept, seen)
    return Outcome(fields, usage, payouts, withheld, refused, counted, levels, carried)


def usage_hash(usage: list[tuple[int, int, int]]) -> str:
    """keccak256 of the list of licences with their units and value, as the ABI encodes it."""
    digest: str = hash_of(32, len(usage), *(part for line in usage for part in line))
    return digest


def report_hash(posted: dict[str, Any]) -> str:
    """What the next report names as the one before it."""
    digest: bytes = keccak256(keccak256(REPORT_TYPE) + b"".join(map(word, posted.values())))
    return "0x" + digest.hex()


# trees


def sum_tree(
    token: str, payouts: list[tuple[str, int]]
) -> tuple[list[tuple[list[bytes], list[int]]], list[bytes]]:
    """Levels of hashes and sums, leaves first, padded with zeros to a power of two; and the leaves.
    A leaf is the double hash of payee, token and amount; a node hashes both children and sums."""
    encoded = [word(payee) + word(token) + word(amount) for payee, amount in payouts]
    leaves = keccak256_many(keccak256_many(encoded))
    width = 1 << max(len(leaves) - 1, 0).bit_length()
    hashes = [*leaves, *[bytes(32)] * (width - len(leaves))]
    sums = [*(amount for _, amount in payouts), *[0] * (width - len(leaves))]
    levels = [(hashes, sums)]
    while len(hashes) > 1:
        pairs = range(0, len(hashes), 2)
        nodes = [hashes[i] + word(sums[i]) + hashes[i + 1] + word(sums[i + 1]) for i in pairs]
        hashes, sums = keccak256_many(nodes), [sums[i] + sums[i + 1] for i in pairs]
        levels.append((hashes, sums))
    return levels, leaves


def standard_root(leaves: list[bytes]) -> str:
    """OpenZeppelin's tree: leaves ascend, stand at the end of an array, and the children of k are
    2k + 1 and 2k + 2, hashed smaller first."""
    if not leaves:
        return str(ZERO)
    tree = [b""] * (len(leaves) - 1) + sorted(leaves)[::-1]
    inner = len(leaves) - 1
    for depth in range(inner.bit_length() - 1, -1, -1):
        row = range((1 << depth) - 1, min((2 << depth) - 1, inner))
        pairs = [sorted(tree[2 * k + 1 : 2 * k + 3]) for k in row]
        for k, digest in zip(row, keccak256_many([a + b for a, b in pairs]), strict=True):
            tree[k] = digest
    return "0x" + tree[0].hex()


def climb(leaves: list[bytes], amounts: list[int], proofs: list[Any]) -> list[list[Any]]:
    """Where each leaf's siblings lead: a root's hash and sum. All proofs are of one length."""
    hashes, sums = list(leaves), list(amounts)
    for level in range(len(proofs[0]) if proofs else 0):
        nodes = []
        for i, proof in enumerate(proofs):
            sibling, total = proof[level]
            pair = [(hashes[i], sums[i]), (sibling, total)]
            if i >> level & 1:
                pair.reverse()
            nodes.append(b"".join(digest + word(amount) for digest, amount in pair))
            sums[i] += total
        hashes = keccak256_many(nodes)
    return [["0x" + digest.hex(), total] for digest, total in zip(hashes, sums, strict=True)]
