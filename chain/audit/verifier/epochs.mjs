// The epoch lane: segments to events, events to payouts, payouts to the roots that the chain has.
//
// Every report that was not rejected is computed again, from the first, out of the segments that it
// names and the state at its state block. Docs: SEGMENTS.md, contracts/UsageOracle.md and
// contracts/EpochDistributor.md of the project.

import {
  Broken,
  ascii,
  cborDecode,
  cidText,
  hex,
  isPlain,
  join,
  number,
  same,
  unhex,
} from "./formats.mjs";
import { keccak256 } from "./keccak.mjs";
import { BPS, Tally, UNIT, ZERO, divide, hashOf, order, sum, word } from "./ledger.mjs";

const PROGRAM = ascii("antiphon.settle/6");
const MAGIC = ascii("ANTSEG2\n");
const HEADER_BYTES = 64;
const RECORD_BYTES = 57;
const LICENCES_MAX = 64;
export const GENERATION = 1n;
export const PLAY = 2n;
export const DETECTION = 3n;
// Tiers are training 0, generation 1, distribution 2.
const TIERS = new Map([
  [GENERATION, [1n]],
  [PLAY, [2n]],
  [DETECTION, [1n, 2n]],
]);
const REPORT_TYPE = ascii(
  "EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot," +
    "uint64 eventCount,bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount," +
    "uint256 cumulativeTotal,uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash," +
    "bytes32 withheldHash,bytes32 programHash)",
);
export const NOTHING = { numerators: new Map(), value: 0n, kept: new Map(), counted: new Set() };

// The ledger's state now, kept from what comes later.
export function stateOf(ledger, time) {
  const communities = new Map([...ledger.works].map(([work, of]) => [work, of.community]));
  for (const work of ledger.displaced.keys()) {
    let holder = work;
    while (ledger.displaced.has(holder)) holder = ledger.displaced.get(holder);
    communities.set(work, communities.get(holder) ?? 0n);
  }
  const standing = [...ledger.direct].filter(([, held]) => held.state !== "rejected");
  return {
    licences: new Map(ledger.licences),
    used: new Map(ledger.used),
    above: new Map(ledger.above),
    generations: new Map(ledger.generations),
    vectors: new Map(ledger.vectors),
    splits: new Map([...ledger.splits].map(([work, versions]) => [work, versions.at(-1)])),
    communities,
    rules: [...ledger.rules],
    direct: new Set(standing.map(([eventId]) => eventId)),
    credits: new Map(ledger.credits.entries().map(([key, credit]) => [key.join("|"), credit])),
    frozen: new Map(ledger.frozenAt(time).map((share) => [share.join("|"), share])),
  };
}

// segments

// The segments that a report names; null, with a finding, when one is not to be had.
export function readSegments(report, files, posted, chain, oracle) {
  const { epoch } = posted;
  const name = `blocks/${cidText(0x71, unhex(posted.segmentsDigest))}`;
  if (!files.has(name)) {
    report.fail("segments", `${name}, the segment set of epoch ${epoch}`, "a file", "nothing");
    return null;
  }
  const found = cborDecode(files.get(name), name);
  const body = isPlain(found) ? found.body : null;
  if (!isPlain(body) || !Array.isArray(body.segments)) {
    throw new Broken(name, "a set of segments", "something else");
  }
  report.compare("segments", `${name}, epoch`, String(epoch), body.epoch);
  const segments = [];
  for (const entry of body.segments) {
    const link = isPlain(entry) ? entry.cid : null;
    const head = Uint8Array.of(1, 0x55, 0x12, 0x20);
    if (!(link instanceof Uint8Array) || link.length !== 36 || !same(link.subarray(0, 4), head)) {
      throw new Broken(name, "links to segments", "something else");
    }
    const digest = link.subarray(4);
    const part = `blocks/${cidText(0x55, digest)}`;
    if (!files.has(part)) {
      report.fail("segments", `${part}, a segment of epoch ${epoch}`, "a file", "nothing");
      return null;
    }
    const segment = readSegment(report, part, digest, files.get(part), chain, oracle);
    report.compare("segments", `${part}, events`, entry.count, segment.uses.length);
    segments.push(segment);
  }
  return segments;
}

function readSegment(report, name, digest, block, chain, oracle) {
  const count = Math.floor((block.length - HEADER_BYTES) / RECORD_BYTES);
  const rest = (block.length - HEADER_BYTES) % RECORD_BYTES;
  if (!same(block.subarray(0, 8), MAGIC) || count < 1 || rest) {
    throw new Broken(name, "a segment of usage events", "something else");
  }
  const at = (from, to) => number(block.subarray(from, to));
  const found = [at(8, 16), hex(block.subarray(16, 36)), at(56, 60), at(60, 64)];
  const place = `${name}, chain, oracle and count`;
  report.compare("segments", place, [chain, oracle, count, 0], found);
  const producer = hex(block.subarray(36, 56));
  const uses = [];
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const named = join(ascii("antiphon.usage.2"), new Uint8Array(49));
  for (let n = 0; n < count; n++) {
    const start = HEADER_BYTES + n * RECORD_BYTES;
    const kind = BigInt(block[start]);
    if (!TIERS.has(kind)) throw new Broken(`${name}, event ${n}`, "a kind from 1 to 3", `${kind}`);
    named.set(block.subarray(start, start + 49), 16);
    uses.push({
      time: view.getBigUint64(start + 49),
      id: hex(keccak256(named)),
      kind,
      licence: view.getBigUint64(start + 1),
      generation: view.getBigUint64(start + 9),
      source: hex(block.subarray(start + 17, start + 49)),
      producer,
    });
  }
  return { digest: hex(digest), producer, uses };
}

// counting and dividing

// Which events count, by licence in units and value, and why the others do not.
function countUses(uses, state, token, before) {
  const [counted, refused, units, unfit] = [new Map(), [], new Map(), new Map()];
  const spent = { units: new Tally(), revenue: new Tally(), charged: new Tally() };
  // What a limit refused is refused for that limit when it comes again.
  const over = new Map();
  const sorted = [...uses].sort((a, b) => order(a.time, b.time) || order(a.id, b.id));
  for (const use of sorted) {
    let reason = "";
    if (counted.has(use.id) || before.counted.has(use.id)) reason = "already-counted";
    else if (state.direct.has(use.id)) reason = "directly-reported";
    else if (!state.licences.has(use.licence)) reason = "licence-unknown";
    else {
      const licence = state.licences.get(use.licence);
      if (!unfit.has(use.licence)) unfit.set(use.licence, unfitLicence(licence, state, token));
      const isFull = !units.has(use.licence) && units.size === LICENCES_MAX;
      reason = unfitUse(use, licence, state) || unfit.get(use.licence);
      if (!reason) {
        if (!over.has(use.id)) {
          const limit = overLimit(use.licence, state, token, spent);
          over.set(use.id, limit || (isFull ? "epoch-full" : ""));
        }
        reason = over.get(use.id);
      }
    }
    if (reason) {
      refused.push([use.id, reason]);
      continue;
    }
    counted.set(use.id, use);
    units.set(use.licence, (units.get(use.licence) ?? 0n) + 1n);
    spend(use.licence, state, spent);
  }
  const usage = [...units.keys()].sort(order).map((licence) => {
    const count = units.get(licence);
    return [licence, count, count * state.licences.get(licence).unitPrice];
  });
  return [[...counted.keys()].sort(order).map((id) => counted.get(id)), usage, refused];
}

function unfitUse(use, licence, state) {
  if (!TIERS.get(use.kind).includes(licence.tier)) return "tier-unfit";
  const made = state.generations.get(use.generation);
  if (made === undefined) return "generation-unknown";
  if (!made[1].some(([work]) => work === licence.work)) return "not-a-parent";
  if (use.time < licence.takenAt) return "before-licence";
  return use.time >= licence.expiry ? "after-expiry" : "";
}

function unfitLicence(licence, state, token) {
  if (licence.token !== token) return "other-token";
  const parts = divide(state.vectors.get(licence.work), licence.work, 1n);
  return parts.some(([work, part]) => part && !state.splits.has(work)) ? "no-split" : "";
}

function overLimit(licence, state, token, spent) {
  const { unitPrice: price, holder } = state.licences.get(licence);
  const path = [licence, ...(state.above.get(licence) ?? [])];
  const used = (i, each, by) => state.used.get(each)[i] + by.get(each);
  const caps = (each) => state.licences.get(each);
  if (path.some((each) => used(0, each, spent.units) + 1n > caps(each).unitCap)) return "unit-cap";
  if (path.some((each) => used(1, each, spent.revenue) + price > caps(each).revenueCap)) {
    return "revenue-cap";
  }
  const credit = state.credits.get(`${token}|${holder}`) ?? 0n;
  return spent.charged.get(holder) + price > credit ? "unfunded" : "";
}

function spend(licence, state, spent) {
  const { unitPrice: price, holder } = state.licences.get(licence);
  for (const each of [licence, ...(state.above.get(licence) ?? [])]) {
    spent.units.add(1n, each);
    spent.revenue.add(price, each);
  }
  spent.charged.add(price, holder);
}

// What each work brings each payee, in numerators: by ancestors, by splits, and where a community
// announced a rule, by that among the payees of all its works. Keys are "work|payee".
function entitled(usage, state, epoch, previous) {
  const income = new Map();
  for (const [licence, , revenue] of usage) {
    const { work: of } = state.licences.get(licence);
    for (const [work, part] of divide(state.vectors.get(of), of, revenue)) {
      if (part) income.set(work, (income.get(work) ?? 0n) + part);
    }
  }
  const parts = new Map();
  for (const [work, numerator] of income) {
    for (const [payee, bps] of state.splits.get(work)) {
      parts.set(`${work}|${payee}`, { work, payee, amount: numerator * bps });
    }
  }
  const rules = new Map();
  for (const rule of state.rules) {
    if (rule.fromEpoch <= epoch) rules.set(rule.communityId, rule);
  }
  const pools = new Map();
  for (const part of parts.values()) {
    const community = state.communities.get(part.work) ?? 0n;
    if (rules.has(community)) pools.set(community, [...(pools.get(community) ?? []), part]);
  }
  for (const [community, pool] of pools) {
    for (const part of byRule(pool, rules.get(community), BigInt(previous))) {
      parts.set(`${part.work}|${part.payee}`, part);
    }
  }
  return parts;
}

// In proportion, exact together; whose division begins is decided by `seed`.
export function proRata(pool, weights, seed) {
  const whole = sum(weights);
  const amounts = weights.map(() => 0n);
  let [cumulative, paid] = [0n, 0n];
  const first = whole ? Number(seed % BigInt(weights.length)) : 0;
  for (let step = 0; whole && step < weights.length; step++) {
    const at = (first + step) % weights.length;
    cumulative += weights[at];
    const upTo = (pool * cumulative) / whole;
    amounts[at] = upTo - paid;
    paid = upTo;
  }
  return amounts;
}

export function squareRoot(value) {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

// Rule 1: a part equally, the rest in proportion. Rule 2: between works with the same payees by the
// square root of their weight. Then each payee's amount is laid to its works.
function byRule(pool, rule, seed) {
  const whole = sum(pool.map((part) => part.amount));
  let [groups, rows] = [[], []];
  if (rule.rule === 1n) {
    groups = [grouped(pool)];
    const weights = groups[0].map(([, weight]) => weight);
    const floor = sum(weights) ? (whole * rule.phiBps) / BPS : whole;
    const equal = proRata(floor, weights.map(() => 1n), seed);
    const rest = proRata(whole - floor, weights, seed);
    rows = [equal.map((amount, i) => amount + rest[i])];
  } else if (rule.rule === 2n) {
    const together = new Map();
    for (const part of pool) {
      const payees = pool.filter((p) => p.work === part.work).map((p) => p.payee);
      const named = payees.sort(order).join();
      together.set(named, [...(together.get(named) ?? []), part]);
    }
    groups = [...together.keys()].sort(order).map((named) => grouped(together.get(named)));
    const weighed = groups.map((group) => group.map(([, weight]) => weight));
    const roots = weighed.map((row) => squareRoot(sum(row) << 64n));
    const between = proRata(whole, roots, seed);
    rows = weighed.map((row, i) => proRata(between[i], row, seed));
  } else {
    return pool;
  }
  return groups.flatMap((group, g) =>
    group.flatMap(([parts], i) => {
      const laid = proRata(rows[g][i], parts.map((part) => part.amount), seed);
      return parts.map((part, n) => ({ ...part, amount: laid[n] }));
    }),
  );
}

// Payees ascending, each with its parts by work and their sum.
function grouped(pool) {
  const payees = new Map();
  const ascending = [...pool].sort((a, b) => order([a.payee, a.work], [b.payee, b.work]));
  for (const part of ascending) payees.set(part.payee, [...(payees.get(part.payee) ?? []), part]);
  return [...payees.values()].map((parts) => [parts, sum(parts.map((part) => part.amount))]);
}

// One epoch from its events.
export function settle(posted, uses, state, header, before) {
  const { epoch, token, previousReport } = posted;
  const [counted, usage, refused] = countUses(uses, state, token, before);
  const parts = entitled(usage, state, epoch, previousReport);
  const numerators = new Map(before.numerators);
  const kept = new Map([...before.kept].filter(([share]) => state.frozen.has(share)));
  for (const [share, { payee, amount }] of parts) {
    numerators.set(payee, (numerators.get(payee) ?? 0n) + amount);
    if (state.frozen.has(share)) kept.set(share, (kept.get(share) ?? 0n) + amount);
  }
  const payable = new Map(numerators);
  for (const [share, amount] of kept) {
    const payee = share.split("|")[1];
    payable.set(payee, payable.get(payee) - amount);
  }
  const payouts = [...numerators.keys()]
    .sort(order)
    .filter((payee) => numerators.get(payee))
    .map((payee) => [payee, payable.get(payee) / UNIT]);
  const withheld = [...state.frozen.values()]
    .sort(order)
    .map((share) => [...share, (kept.get(share.join("|")) ?? 0n) / UNIT]);
  const [levels, leaves] = sumTree(token, payouts);
  const [hashes, sums] = levels.at(-1);
  const fields = {
    epoch,
    previousReport,
    token,
    usageRoot: standardRoot(counted.map((use) => keccak256(keccak256(unhex(use.id))))),
    eventCount: counted.length,
    segmentsDigest: posted.segmentsDigest,
    sumRoot: hex(hashes[0]),
    leafRoot: standardRoot(leaves),
    leafCount: payouts.length,
    cumulativeTotal: sums[0],
    stateBlock: header.number,
    stateTime: header.time,
    licenceUsageHash: usageHash(usage),
    withheldHash: hashOf(32, withheld.length, ...withheld.flat()),
    programHash: hex(keccak256(PROGRAM)),
  };
  const value = before.value + sum(usage.map(([, , revenue]) => revenue));
  const seen = new Set([...before.counted, ...counted.map((use) => use.id)]);
  const carried = { numerators, value, kept, counted: seen };
  return { fields, usage, payouts, withheld, refused, counted, levels, carried };
}

// keccak256 of the list of licences with their units and value, as the ABI encodes it.
export function usageHash(usage) {
  return hashOf(32, usage.length, ...usage.flat());
}

// What the next report names as the one before it.
export function reportHash(posted) {
  return hex(keccak256(join(keccak256(REPORT_TYPE), ...Object.values(posted).map(word))));
}

// trees

// Levels of hashes and sums, leaves first, padded with zeros to a power of two; and the leaves. A
// leaf is the double hash of payee, token and amount; a node hashes both children and sums.
export function sumTree(token, payouts) {
  const leaves = payouts.map(([payee, amount]) =>
    keccak256(keccak256(join(word(payee), word(token), word(amount)))),
  );
  let width = 1;
  while (width < leaves.length) width *= 2;
  const padding = width - leaves.length;
  let hashes = [...leaves, ...Array.from({ length: padding }, () => new Uint8Array(32))];
  let sums = [...payouts.map(([, amount]) => amount), ...new Array(padding).fill(0n)];
  const levels = [[hashes, sums]];
  while (hashes.length > 1) {
    const [above, totals] = [[], []];
    for (let i = 0; i < hashes.length; i += 2) {
      const pair = [hashes[i], word(sums[i]), hashes[i + 1], word(sums[i + 1])];
      above.push(keccak256(join(...pair)));
      totals.push(sums[i] + sums[i + 1]);
    }
    [hashes, sums] = [above, totals];
    levels.push([hashes, sums]);
  }
  return [levels, leaves];
}

// OpenZeppelin's tree: leaves ascend, stand at the end of an array, and the children of k are
// 2k + 1 and 2k + 2, hashed smaller first.
export function standardRoot(leaves) {
  if (!leaves.length) return ZERO;
  const tree = [...new Array(leaves.length - 1), ...[...leaves].sort(Buffer.compare).reverse()];
  for (let k = leaves.length - 2; k >= 0; k--) {
    tree[k] = keccak256(join(...tree.slice(2 * k + 1, 2 * k + 3).sort(Buffer.compare)));
  }
  return hex(tree[0]);
}

// Where a leaf's siblings lead: a root's hash and sum.
export function climb(leaf, amount, index, proof) {
  let [hash, total] = [leaf, amount];
  proof.forEach(([sibling, other], level) => {
    const pair = [
      [hash, total],
      [sibling, other],
    ];
    if ((index >> level) & 1) pair.reverse();
    hash = keccak256(join(...pair.flatMap(([digest, units]) => [digest, word(units)])));
    total += other;
  });
  return [hex(hash), total];
}

