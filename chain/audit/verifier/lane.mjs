// The epoch lane's record on chain, and its comparison with the papers in the bundle.

import { NOTHING, climb, readSegments, reportHash, settle, usageHash } from "./epochs.mjs";
import { Broken, hex, isPlain, octets, parseJson } from "./formats.mjs";
import { Tally, UNIT, ZERO, order, sum } from "./ledger.mjs";

const PROVEN_LEAVES_MAX = 4_096;

// What the EpochDistributor and the UsageOracle said.
export class Lane {
  posted = [];
  funded = new Tally();
  claimed = new Tally();
  paid = new Tally();
  roots = new Map();
  active = new Map();
  rejected = new Set();
  payouts = [];

  constructor(report) {
    this.report = report;
  }

  // Take over one event.
  apply(event) {
    const { values: of, place } = event;
    if (event.name === "UsageOracle.EpochPosted") {
      const usage = of.licenceUsage.map((u) => [u.licenceId, u.units, u.revenue]);
      this.posted.push({ event, report: of.report, hash: of.reportHash, usage, charges: [] });
    } else if (event.name === "EpochDistributor.Charged") {
      // Reports alone charge holders, right after they are posted.
      if (this.check(`${place}: charged for a report`, true, this.posted.length > 0)) {
        this.posted.at(-1).charges.push([of.holder, of.amount]);
      }
    } else if (event.name === "EpochDistributor.Funded") {
      this.funded.add(of.amount, of.token);
      this.check(`${place}: funds so far`, this.funded.get(of.token), of.funded);
    } else if (event.name === "EpochDistributor.RootProposed") {
      this.roots.set(`${of.token}|${of.epoch}`, of);
    } else if (event.name === "EpochDistributor.RootActivated") {
      const root = this.roots.get(`${of.token}|${of.epoch}`);
      const due = root !== undefined && root.claimableFrom <= event.time;
      this.check(`${place}: its window was over`, true, due);
      this.check(`${place}: total`, root?.total, of.total);
      this.active.set(of.token, of.epoch);
      const covered = of.total <= this.funded.get(of.token);
      this.check(`${place}: no more than was funded`, true, covered);
    } else if (event.name === "EpochDistributor.RootRejected") {
      this.rejected.add(of.epoch);
    } else if (event.name === "EpochDistributor.PaidOut") {
      this.claimed.add(of.amount, of.token, of.payee);
      this.paid.add(of.amount, of.token);
      const claimed = this.claimed.get(of.token, of.payee);
      this.check(`${place}: paid to ${of.payee} so far`, claimed, of.claimed);
      this.payouts.push([event, this.active.get(of.token) ?? 0n]);
    }
  }

  check(place, expected, found) {
    return this.report.compare("epoch lane", place, expected, found);
  }
}

function paperName(epoch) {
  return `epochs/${String(epoch).padStart(6, "0")}.json`;
}

// Every report that stands, computed again; by epoch, with its segments.
export function settleAll(report, files, chain, lane, states) {
  compareOrder(report, lane);
  const carried = new Map([[ZERO, NOTHING]]);
  const [outcomes, read] = [new Map(), new Map()];
  for (const posted of lane.posted) {
    const { epoch } = posted.report;
    if (lane.rejected.has(epoch)) continue;
    let segments = null;
    try {
      const oracle = chain.contracts.UsageOracle;
      segments = readSegments(report, files, posted.report, chain.id, oracle);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      report.broken("segments", error);
    }
    const header = chain.headers.get(Number(posted.report.stateBlock));
    const before = carried.get(posted.report.previousReport);
    const state = header && states.get(header.number);
    if (segments === null || !before || !state) {
      report.fail("reports", `epoch ${epoch}`, "segments and a state to settle by", "none");
      continue;
    }
    const uses = segments.flatMap((segment) => segment.uses);
    const outcome = settle(posted.report, uses, state, header, before);
    outcomes.set(epoch, outcome);
    read.set(epoch, segments);
    carried.set(posted.hash, outcome.carried);
    compareReport(report, posted, outcome, lane);
    compareCharges(report, posted, outcome, state);
    comparePaper(report, files, posted, outcome, lane);
    compareConservation(report, epoch, outcome);
  }
  comparePresence(report, files, outcomes);
  comparePayouts(report, lane, outcomes);
  return [outcomes, read];
}

function compareOrder(report, lane) {
  const last = new Map();
  lane.posted.forEach((posted, n) => {
    const { report: of } = posted;
    const place = `report of epoch ${of.epoch}`;
    report.compare("reports", `${place}, number`, n + 1, of.epoch);
    report.compare("reports", `${place}, hash`, reportHash(of), posted.hash);
    const usage = usageHash(posted.usage);
    report.compare("reports", `${place}, usage per licence`, usage, of.licenceUsageHash);
    if (lane.rejected.has(of.epoch)) return;
    const before = last.get(of.token) ?? ZERO;
    report.compare("reports", `${place}, previous report`, before, of.previousReport);
    last.set(of.token, posted.hash);
    const earlier = lane.posted.filter((p) => BigInt(p.event.block) <= of.stateBlock).length;
    const what = `${place}, epochs posted at its state block`;
    report.compare("reports", what, of.epoch - 1n, earlier);
  });
}

function compareReport(report, posted, outcome, lane) {
  const { epoch, token } = posted.report;
  for (const [name, expected] of Object.entries(outcome.fields)) {
    const place = `report of epoch ${epoch}, ${name}`;
    report.compare("reports", place, expected, posted.report[name]);
  }
  const [ours, theirs] = [outcome.usage, posted.usage].map(
    (usage) => new Map(usage.map(([licence, ...line]) => [licence, line])),
  );
  for (const licence of [...new Set([...ours.keys(), ...theirs.keys()])].sort(order)) {
    const place = `use of licence ${licence} in epoch ${epoch}, events and value`;
    report.compare("reports", place, ours.get(licence), theirs.get(licence));
  }
  const root = lane.roots.get(`${token}|${epoch}`) ?? {};
  const { sumRoot, cumulativeTotal, leafCount } = posted.report;
  const found = [root.sumRoot, root.total, root.leafCount];
  const place = `payout root of epoch ${epoch} as proposed`;
  report.compare("reports", place, [sumRoot, cumulativeTotal, leafCount], found);
}

// Each line was charged to the holder of its licence; one that earned nothing to nobody.
function compareCharges(report, posted, outcome, state) {
  const lines = outcome.usage.filter(([, , revenue]) => revenue);
  const expected = lines.map(([of, , revenue]) => [state.licences.get(of).holder, revenue]);
  const place = `report of epoch ${posted.report.epoch}, whom it charged`;
  report.compare("reports", place, expected, posted.charges);
}

function comparePaper(report, files, posted, outcome, lane) {
  const { epoch, token } = posted.report;
  const name = paperName(epoch);
  if (!files.has(name)) {
    report.fail("leaves", name, "a file", "nothing");
    return;
  }
  const paper = parseJson(files.get(name), name);
  if (!isPlain(paper)) {
    report.fail("leaves", name, "a paper of an epoch", "something else");
    return;
  }
  const plain = { epoch, reportHash: posted.hash, token, events: outcome.counted.length };
  for (const [field, expected] of Object.entries(plain)) {
    report.compare("leaves", `${name}, ${field}`, expected, paper[field]);
  }
  for (const field of ["usage", "withheld", "refused"]) {
    const lines = outcome[field].map((line) => line.map(String));
    compareLists(report, "leaves", `${name}, ${field}`, lines, paper[field]);
  }
  compareLeaves(report, name, outcome, paper.payouts);
  const proven =
    lane.active.get(token) === epoch && outcome.payouts.length <= PROVEN_LEAVES_MAX;
  compareProofs(report, name, outcome, paper.proofs, proven);
}

// Two lists line by line.
export function compareLists(report, kind, place, expected, found) {
  const lines = Array.isArray(found) ? found : [];
  for (let n = 0; n < Math.max(expected.length, lines.length); n++) {
    report.compare(kind, `${place} ${n}`, expected[n], lines[n]);
  }
}

function compareLeaves(report, name, outcome, found) {
  const lines = Array.isArray(found) ? found : [];
  const isText = (part) => typeof part === "string";
  if (!lines.every((line) => Array.isArray(line) && line.length === 2 && line.every(isText))) {
    report.fail("leaves", `${name}, payouts`, "payees and amounts", "something else");
    return;
  }
  const ours = new Map(outcome.payouts.map(([payee, amount]) => [payee, String(amount)]));
  const theirs = new Map(lines);
  for (const payee of [...new Set([...ours.keys(), ...theirs.keys()])].sort(order)) {
    const place = `${name}, cumulative payout of ${payee}`;
    report.compare("leaves", place, ours.get(payee), theirs.get(payee));
  }
  const given = lines.map(([payee]) => payee);
  const sorted = [...theirs.keys()].sort(order);
  const ascending = given.length === sorted.length && given.every((p, i) => p === sorted[i]);
  report.compare("leaves", `${name}, payees ascend, each once`, true, ascending);
}

function compareProofs(report, name, outcome, found, proven) {
  const count = proven ? outcome.payouts.length : 0;
  const lines = Array.isArray(found) ? found : [];
  const counted = report.compare("leaves", `${name}, number of proofs`, count, lines.length);
  if (!counted || !lines.length) return;
  const place = `${name}, proofs`;
  let proofs;
  try {
    proofs = lines.map((line) => siblingsOf(line, place));
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    report.fail("leaves", place, "hashes and sums", "something else");
    return;
  }
  const depth = outcome.levels.length - 1;
  if (proofs.some((proof) => proof.length !== depth)) {
    report.fail("leaves", place, `${depth} siblings each`, "others");
    return;
  }
  const [leaves, amounts] = outcome.levels[0];
  const [hashes, sums] = outcome.levels[depth];
  outcome.payouts.forEach(([payee], i) => {
    const end = climb(leaves[i], amounts[i], i, proofs[i]);
    const what = `${name}, where the proof of ${payee} leads`;
    report.compare("leaves", what, [hex(hashes[0]), sums[0]], end);
  });
}

function siblingsOf(line, place) {
  const isSum = (text) => typeof text === "string" && /^[0-9]{1,78}$/.test(text);
  const isSibling = (s) => Array.isArray(s) && s.length === 2 && isSum(s[1]);
  if (!Array.isArray(line) || !line.every(isSibling)) {
    throw new Broken(place, "hashes and sums", "something else");
  }
  return line.map(([digest, units]) => [octets(digest, place, 32), BigInt(units)]);
}

// Paid, remainders and what is kept back are all that the usage is worth, to the numerator.
function compareConservation(report, epoch, outcome) {
  const paid = sum(outcome.payouts.map(([, amount]) => amount));
  const kept = sum([...outcome.carried.kept.values()]);
  const payable = sum([...outcome.carried.numerators.values()]) - kept;
  const value = UNIT * outcome.carried.value;
  const place = `epoch ${epoch}, all entitlements in numerators`;
  report.compare("conservation", place, value, payable + kept);
  const left = payable - UNIT * paid;
  const within = left >= 0n && left < UNIT * BigInt(Math.max(1, outcome.payouts.length));
  const what = `epoch ${epoch}, less than a unit a payee is left to rounding`;
  report.compare("conservation", what, true, within);
}

function comparePresence(report, files, outcomes) {
  const expected = new Set([...outcomes.keys()].map(paperName));
  for (const name of [...files.keys()].filter((n) => n.startsWith("epochs/")).sort(order)) {
    const place = `${name} is of an epoch that stands`;
    report.compare("leaves", place, true, expected.has(name));
  }
}

// Every payment of the epoch lane is the leaf of the epoch that was active when it was made.
function comparePayouts(report, lane, outcomes) {
  const leaves = new Map([...outcomes].map(([epoch, of]) => [epoch, new Map(of.payouts)]));
  for (const [event, epoch] of lane.payouts) {
    const { payee, claimed } = event.values;
    const expected = leaves.get(epoch)?.get(payee) ?? 0n;
    const place = `${event.place}: leaf of ${payee} in epoch ${epoch}`;
    report.compare("epoch lane", place, expected, claimed);
  }
}
