// The ledger's state, folded from its events in chain order, and the direct lane's books.
//
// Income is counted in numerators: a base unit is 1,000,000,000 for a work (its ancestors have
// shares of that) and 10,000 times as much for a payee (a split is in basis points). It is divided
// only when somebody is paid, so nothing is lost to rounding.

import { ascii, bytesOf, hex, join, unhex } from "./formats.mjs";
import { keccak256 } from "./keccak.mjs";

export const SCALE = 1_000_000_000n;
export const BPS = 10_000n;
export const UNIT = SCALE * BPS;
export const ZERO = "0x" + "00".repeat(32);
const STACK_MAX = 500_000_000n;
const ANCESTORS_MAX = 32;
const PROTECTED = 1n << 31n;
const PATH_MAX = 8;

// A number, an account or a digest as 32 bytes.
export function word(value) {
  if (typeof value === "string") {
    const data = unhex(value);
    return join(new Uint8Array(32 - data.length), data);
  }
  return bytesOf(value, 32);
}

// keccak256 of static values as the ABI encodes them.
export function hashOf(...values) {
  return hex(keccak256(join(...values.map(word))));
}

export function sum(values) {
  return values.reduce((a, b) => a + b, 0n);
}

export function least(a, b) {
  return a < b ? a : b;
}

// For sorting numbers, texts, and lists of them, as they are read.
export function order(a, b) {
  if (Array.isArray(a)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const decided = order(a[i], b[i]);
      if (decided) return decided;
    }
    return a.length - b.length;
  }
  return a < b ? -1 : Number(a > b);
}

// A map whose keys are joined parts and whose values begin at zero.
export class Tally {
  values = new Map();
  parts = new Map();

  get(...key) {
    return this.values.get(key.join("|")) ?? 0n;
  }

  add(amount, ...key) {
    const name = key.join("|");
    this.values.set(name, (this.values.get(name) ?? 0n) + amount);
    this.parts.set(name, key);
  }

  entries() {
    return [...this.values].map(([name, value]) => [this.parts.get(name), value]);
  }
}

export function divide(vector, work, amount) {
  const entries = [...(vector ?? [])].sort(([a], [b]) => order(a, b));
  const rest = SCALE - sum(entries.map(([, [share]]) => share));
  return [...entries.map(([a, [share]]) => [a, amount * share]), [work, amount * rest]];
}

export function encodedVector(vector) {
  const entries = [...vector].sort(([a], [b]) => order(a, b));
  const parts = entries.flatMap(([work, [share, safe]]) => [
    bytesOf(work, 8),
    bytesOf(share | (safe ? PROTECTED : 0n), 4),
  ]);
  return join(...parts);
}

// Everything that the events said so far; `apply` checks each against the ones before it.
export class Ledger {
  works = new Map();
  displaced = new Map();
  profiles = new Map();
  offers = new Map();
  granted = new Set();
  rules = [];
  terms = new Map();
  licences = new Map();
  above = new Map(); // of a sublicence: what it comes from, in order
  used = new Map();
  uncounted = []; // use, of the licences above the one used
  floors = new Map(); // root: share, and from when it binds
  generations = new Map();
  vectors = new Map();
  tokens = [];
  splits = new Map();
  starts = new Tally();
  gross = new Tally();
  settled = new Tally();
  accrued = new Tally();
  paid = new Tally();
  paidIn = new Tally();
  paidOut = new Tally();
  moved = new Tally(); // contract, token: in less out
  credits = new Tally(); // token, licence holder
  cases = new Map();
  frozenUntil = new Map();
  direct = new Map();
  free = new Tally();
  deposits = new Tally();
  released = new Tally();
  fromReports = new Tally();

  constructor(report, contracts) {
    this.report = report;
    this.contracts = contracts;
  }

  // Take over one event; those of the epoch lane concern `lane`.
  apply(event) {
    STEPS[event.name]?.call(this, event, event.values);
  }

  // The shares under dispute at a time: [work, payee].
  frozenAt(time) {
    return [...this.frozenUntil.values()].filter((f) => f.until > time).map((f) => f.share);
  }

  // Base units that a payee of one split version can still be paid.
  due(work, token, version, payee) {
    const versions = this.splits.get(work);
    const start = this.starts.get(work, token, version);
    const newest = version === BigInt(versions.length);
    const end = newest ? this.accrued.get(work, token) : this.starts.get(work, token, version + 1n);
    const share = versions[Number(version) - 1].get(payee) ?? 0n;
    return ((end - start) * share) / UNIT - this.paid.get(work, version, token, payee);
  }

  // Every split version: [work, version, payees].
  *allSplits() {
    for (const [work, versions] of this.splits) {
      for (const [n, split] of versions.entries()) yield [work, BigInt(n + 1), split];
    }
  }

  check(kind, event, what, expected, found) {
    return this.report.compare(kind, `${event.place}: ${what}`, expected, found);
  }

  use(event, licence, units, revenue, of) {
    if (this.uncounted.length) {
      const found = [licence, units, revenue];
      this.check("licences", event, "use of the next licence up", this.uncounted.shift(), found);
    } else {
      this.uncounted = (this.above.get(licence) ?? []).map((up) => [up, units, revenue]);
    }
    const before = this.used.get(licence) ?? [0n, 0n];
    const after = [before[0] + units, before[1] + revenue];
    const found = [of.unitsUsed, of.revenueUsed];
    this.check("licences", event, `use of licence ${licence} so far`, after, found);
    const terms = this.licences.get(licence) ?? { unitCap: 0n, revenueCap: 0n };
    const within = found[0] <= terms.unitCap && found[1] <= terms.revenueCap;
    this.check("licences", event, `use within the caps of licence ${licence}`, true, within);
    this.used.set(licence, found);
  }

  // What parents under their licences owe to all ancestors. A parent passes on what its own vector
  // says, rounded down, and keeps the rest; roots with a floor that binds are raised to it; of too
  // many the smallest are folded into the parents through which they came.
  flatten(parents, floors) {
    const [share, through, safe, need] = [new Map(), new Map(), new Map(), new Map()];
    const own = new Set(parents.map(([parent]) => parent));
    for (const [parent, licence] of parents) {
      const granted = this.licences.get(licence)?.royaltyShare ?? 0n;
      let kept = granted;
      const above = [...(this.vectors.get(parent) ?? [])].sort(([a], [b]) => order(a, b));
      for (const [work, [part, isSafe]] of above) {
        const passed = (granted * part) / SCALE;
        kept -= passed;
        share.set(work, (share.get(work) ?? 0n) + passed);
        if (!through.has(work)) through.set(work, parent);
        if (isSafe) {
          safe.set(work, true);
          const asked = least(floors.get(work) ?? 0n, part);
          need.set(work, asked > (need.get(work) ?? 0n) ? asked : (need.get(work) ?? 0n));
        }
      }
      share.set(parent, kept);
      safe.set(parent, floors.has(parent));
      need.set(parent, 0n);
      through.delete(parent);
    }
    for (const work of [...share.keys()].sort(order)) {
      const short = (need.get(work) ?? 0n) - share.get(work);
      if (short > 0n && through.has(work)) {
        const parent = through.get(work);
        share.set(parent, share.get(parent) - least(short, share.get(parent)));
        share.set(work, share.get(work) + short);
      }
    }
    let owing = [...share.values()].filter((part) => part).length;
    const able = [...share.keys()].filter((w) => share.get(w) && !own.has(w) && !safe.get(w));
    for (const smallest of able.sort((v, w) => order([share.get(v), -v], [share.get(w), -w]))) {
      if (owing <= ANCESTORS_MAX) break;
      const parent = through.get(smallest);
      if (share.get(parent)) owing--;
      share.set(parent, share.get(parent) + share.get(smallest));
      share.set(smallest, 0n);
    }
    const owed = [...share].filter(([, part]) => part);
    return new Map(owed.map(([work, part]) => [work, [part, safe.get(work) ?? false]]));
  }

  deposit(event, amount, of) {
    this.deposits.add(amount, of.token);
    this.unlock(event, of.platform, of.token, amount, of.free);
  }

  unlock(event, platform, token, amount, found) {
    this.free.add(amount, platform, token);
    const free = this.free.get(platform, token);
    this.check("direct reports", event, `unlocked of ${platform}`, free, found);
  }

  credit(event, amount, of) {
    this.credits.add(amount, of.token, of.holder);
    const credit = this.credits.get(of.token, of.holder);
    this.check("epoch lane", event, "the holder's credit", credit, of.credit);
  }

  end(event, eventId, state) {
    const held = this.direct.get(eventId);
    const found = held?.state;
    if (!this.check("direct reports", event, "a report that is held", "held", found)) return null;
    this.direct.set(eventId, { ...held, state });
    return held;
  }

  freeze(share, until) {
    this.frozenUntil.set(share.join("|"), { share, until });
  }
}

const STEPS = {
  // works, consent and licences

  "WorkRegistry.WorkRegistered"(event, of) {
    this.check("licences", event, "its number", this.works.size + 1, of.workId);
    const named = { community: of.communityId, kind: of.kind, manifest: of.manifestDigest };
    this.works.set(of.workId, named);
  },
  "WorkRegistry.WorkDisplaced"(_, of) {
    this.displaced.set(of.displaced, of.by);
  },
  "ConsentRegistry.CommunityFounded"(_, of) {
    this.profiles.set(of.communityId, of.profileDigest);
  },
  "ConsentRegistry.ConsentProposed"(_, of) {
    this.offers.set(of.offer, [of.workId, of.proposal.termsHash]);
  },
  "ConsentRegistry.ConsentGranted"(_, of) {
    this.granted.add([of.workId, of.tier, of.termsHash].join("|"));
  },
  "SharingRules.SharingRuleAnnounced"(event, of) {
    const before = this.rules.filter((rule) => rule.communityId === of.communityId);
    this.check("licences", event, "version", before.length + 1, of.version);
    this.rules.push(of);
  },
  "LicenceRegistry.OfferOpened"(event, of) {
    const digest = hashOf(...Object.values(of.terms));
    const consented = this.offers.get(of.offer);
    const found = [of.workId, digest];
    this.check("licences", event, "work and terms as proposed", consented, found);
    const granted = this.granted.has([of.workId, of.terms.tier, digest].join("|"));
    this.check("licences", event, "terms that the community granted", true, granted);
    this.terms.set(of.offer, { ...of.terms, work: of.workId });
  },
  "LicenceRegistry.LicenceTaken"(event, of) {
    this.check("licences", event, "its number", this.licences.size + 1, of.licenceId);
    const terms = this.terms.get(of.offer);
    if (terms === undefined) {
      this.check("licences", event, "an offer that was opened", true, false);
      return;
    }
    this.check("licences", event, "work", terms.work, of.workId);
    const named = { holder: of.holder, expiry: of.expiry, takenAt: event.time };
    this.licences.set(of.licenceId, { ...terms, ...named });
    this.used.set(of.licenceId, [0n, 0n]);
  },
  "LicenceRegistry.LicenceSublicensed"(event, of) {
    const [licence, parent] = [this.licences.get(of.licenceId), this.licences.get(of.parent)];
    const known = licence !== undefined && parent !== undefined;
    if (!this.check("licences", event, "one of two licences taken before", true, known)) return;
    const own = { ...licence, unitCap: of.unitCap, revenueCap: of.revenueCap };
    this.licences.set(of.licenceId, own);
    const within = ["unitCap", "revenueCap", "expiry"].every((b) => own[b] <= parent[b]);
    this.check("licences", event, `bounds within those of licence ${of.parent}`, true, within);
    const above = [of.parent, ...(this.above.get(of.parent) ?? [])];
    this.above.set(of.licenceId, above);
    this.check("licences", event, "8 licences on a path", true, above.length < PATH_MAX);
  },
  "LicenceRegistry.UsageRecorded"(event, of) {
    this.use(event, of.licenceId, of.units, of.revenue, of);
  },
  "LicenceRegistry.UsageReturned"(event, of) {
    this.use(event, of.licenceId, -of.units, -of.revenue, of);
  },

  // what licence holders have in the epoch lane

  "EpochDistributor.Funded"(event, of) {
    this.credit(event, of.amount, of);
  },
  "EpochDistributor.Charged"(event, of) {
    this.credit(event, -of.amount, of);
  },
  "EpochDistributor.ChargeReturned"(event, of) {
    this.credit(event, of.amount, of);
  },

  // derivatives

  "DerivativeGraph.FloorDeclared"(_, of) {
    this.floors.set(of.root, [of.floor, of.bindsFrom]);
  },
  "DerivativeGraph.DerivativeLinked"(event, of) {
    const parents = of.parents.map((p) => [p.workId, p.licenceId]);
    const declared = [...this.floors].filter(([, [, since]]) => since <= event.time);
    const floors = new Map(declared.map(([root, [floor]]) => [root, floor]));
    const vector = this.flatten(parents, floors);
    const encoded = encodedVector(vector);
    this.check("vectors", event, "ancestors and their shares", encoded, of.vector);
    const linked = !this.vectors.has(of.child) && !this.generations.has(of.generationId);
    this.check("vectors", event, "linked for the first time", true, linked);
    const within = sum([...vector.values()].map(([share]) => share)) <= STACK_MAX;
    this.check("vectors", event, "no more passed on than may be", true, within);
    this.vectors.set(of.child, vector);
    this.generations.set(of.generationId, [of.child, parents]);
  },

  // the direct lane

  "RoyaltyLedger.TokenAccepted"(_, of) {
    this.tokens.push(of.token);
  },
  "RoyaltyLedger.SplitSet"(event, of) {
    const payees = of.shares.map((share) => share.payee);
    const ascending = payees.every((payee, i) => i === 0 || payees[i - 1] < payee);
    this.check("direct lane", event, "payees ascend, each once", true, ascending);
    const whole = sum(of.shares.map((share) => share.bps));
    this.check("direct lane", event, "shares together, in basis points", BPS, whole);
    const versions = this.splits.get(of.workId) ?? [];
    this.splits.set(of.workId, versions);
    this.check("direct lane", event, "its version", versions.length + 1, of.version);
    if (versions.length) {
      for (const token of this.tokens) {
        const accrued = this.accrued.get(of.workId, token);
        this.starts.add(accrued, of.workId, token, BigInt(versions.length + 1));
      }
    }
    versions.push(new Map(of.shares.map((share) => [share.payee, share.bps])));
  },
  "RoyaltyLedger.Paid"(event, of) {
    const key = [of.workId, of.token];
    this.gross.add(of.amount, ...key);
    this.check("direct lane", event, "income so far", this.gross.get(...key), of.gross);
    if (!this.vectors.has(of.workId)) {
      this.settled.add(of.amount, ...key);
      this.accrued.add(of.amount * SCALE, ...key);
    }
    this.paidIn.add(of.amount, of.token);
    if (of.payer === this.contracts.DirectReports) this.fromReports.add(of.amount, ...key);
  },
  "RoyaltyLedger.Settled"(event, of) {
    const key = [of.workId, of.token];
    const waiting = this.gross.get(...key) - this.settled.get(...key);
    this.check("direct lane", event, "amount that waited", waiting, of.amount);
    this.settled.add(of.amount, ...key);
    this.check("direct lane", event, "settled so far", this.settled.get(...key), of.settled);
    for (const [receiver, part] of divide(this.vectors.get(of.workId), of.workId, of.amount)) {
      this.accrued.add(part, receiver, of.token);
    }
  },
  "RoyaltyLedger.PaidOut"(event, of) {
    const versions = this.splits.get(of.workId)?.length ?? 0;
    const known = of.version >= 1n && of.version <= versions;
    const due = known ? this.due(of.workId, of.token, of.version, of.payee) : 0n;
    this.check("direct lane", event, `due to ${of.payee}`, due, of.amount);
    const key = [of.workId, of.version, of.token, of.payee];
    this.paid.add(of.amount, ...key);
    this.check("direct lane", event, `paid to ${of.payee} so far`, this.paid.get(...key), of.paid);
    this.paidOut.add(of.amount, of.token);
  },
  "Token.Transfer"(event, of) {
    this.moved.add(of.value, of.to, event.address);
    this.moved.add(-of.value, of.from, event.address);
  },

  // direct reports and disputes

  "DirectReports.Deposited"(event, of) {
    this.deposit(event, of.amount, of);
  },
  "DirectReports.TakenBack"(event, of) {
    this.deposit(event, -of.amount, of);
  },
  "DirectReports.DirectReportPosted"(event, { eventId, report, held, free }) {
    const named = join(
      ascii("antiphon.usage.2"),
      bytesOf(report.usageKind, 1),
      bytesOf(report.licenceId, 8),
      bytesOf(report.generationId, 8),
      unhex(report.sourceKey),
    );
    const digest = hex(keccak256(named));
    this.check("direct reports", event, "id of its usage event", digest, eventId);
    const standing = this.direct.get(eventId)?.state ?? "rejected";
    this.check("direct reports", event, "reported once", "rejected", standing);
    const licence = this.licences.get(report.licenceId) ?? {};
    const expected = [licence.work, licence.holder, licence.token, licence.unitPrice];
    const found = [held.workId, held.platform, held.token, held.amount];
    this.check("direct reports", event, "work, platform, token and price", expected, found);
    this.direct.set(eventId, { ...held, state: "held" });
    this.unlock(event, held.platform, held.token, -held.amount, free);
  },
  "DirectReports.DirectReportReleased"(event, of) {
    const held = this.end(event, of.eventId, "released");
    if (held === null) return;
    const expected = [held.workId, held.token, held.amount];
    const found = [of.workId, of.token, of.amount];
    this.check("direct reports", event, "work, token and amount", expected, found);
    this.released.add(held.amount, held.workId, held.token);
    this.deposits.add(-held.amount, held.token);
  },
  "DirectReports.DirectReportRejected"(event, of) {
    const held = this.end(event, of.eventId, "rejected");
    if (held !== null) this.unlock(event, held.platform, held.token, held.amount, of.free);
  },
  "DisputeCourt.CaseOpened"(_, of) {
    this.cases.set(of.caseId, [of.workId, of.payee]);
    this.freeze([of.workId, of.payee], of.frozenUntil);
  },
  "DisputeCourt.CaseEnded"(_, of) {
    const share = this.cases.get(of.caseId);
    if (share) this.freeze(share, of.frozenUntil);
  },
};
