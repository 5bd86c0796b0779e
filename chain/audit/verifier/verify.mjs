// Checks an audit bundle of Antiphon: recomputes every payout from the chain's own bytes.
//
//     node verify.mjs BUNDLE.zip [--json] [--expect-block-hash 0x...] [--expect-manifest 0x...]
//
// Needs Node 20 or newer and nothing else; opens no connection. Exit status 0 when every check
// passed, 1 when one did not, 2 when there is no bundle to check. What is proven and what is not
// stands in docs/AUDIT_BUNDLE.md of the project, as does every format. It says what verify.py says,
// line by line.

import { readFileSync, realpathSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BYTES_MAX, MANIFEST, Report, openContainer, openManifest, sha256 } from "./bundle.mjs";
import { stateOf } from "./epochs.mjs";
import { custodians, readChain } from "./events.mjs";
import { Broken, cidText, hex, isPlain, parseJson, unhex } from "./formats.mjs";
import { Lane, compareLists, settleAll } from "./lane.mjs";
import { Ledger, SCALE, ZERO, encodedVector, least, order, sum } from "./ledger.mjs";
import { verifySignatures } from "./signatures.mjs";

const BLOCK = /^blocks\/(b[a-z2-7]{58})$/;

// Everything found about a bundle's bytes, as a document.
export function verify(data, blockHash = "", manifestDigest = "") {
  const report = new Report();
  const about = {};
  let totals = {};
  const files = openContainer(report, data);
  if (files !== null) {
    const digest = hex(sha256(files.get(MANIFEST) ?? new Uint8Array()));
    about.manifest = digest;
    if (manifestDigest) {
      report.compare("anchor", "sha256 of the manifest", manifestDigest.toLowerCase(), digest);
    }
    const manifest = openManifest(report, files);
    if (manifest === null) {
      report.notes.push("nothing else was checked: the files are not those of the manifest");
    } else {
      Object.assign(about, { chainId: manifest.chainId, block: manifest.block });
      if (blockHash) {
        const found = manifest.block[1];
        report.compare("anchor", "hash of the newest block", blockHash.toLowerCase(), found);
      }
      totals = verifySafely(report, files, manifest, about);
    }
  }
  const failed = {};
  for (const [kind] of report.findings) failed[kind] = (failed[kind] ?? 0) + 1;
  const checks = Object.entries(report.checks).filter(([, count]) => count);
  const all = checks.reduce((total, [, count]) => total + count, 0);
  return {
    ...about,
    passed: all - report.findings.length,
    failed: report.findings.length,
    checks: Object.fromEntries(
      checks.map(([kind, count]) => [kind, [count - (failed[kind] ?? 0), failed[kind] ?? 0]]),
    ),
    findings: report.findings.map(([check, place, expected, found]) => {
      return { check, place, expected, found };
    }),
    notes: report.notes,
    totals,
  };
}

function verifySafely(report, files, manifest, about) {
  try {
    about.contracts = custodians(files);
    return verifyLedger(report, files, manifest);
  } catch (error) {
    if (error instanceof Broken) {
      report.broken("files", error);
      report.notes.push(`nothing was checked after ${error.place}`);
    } else {
      report.fail("events", "all events", "a ledger", "events that contradict each other");
    }
    return {};
  }
}

function verifyLedger(report, files, manifest) {
  const chain = readChain(report, files, manifest);
  if (report.findings.length) {
    report.notes.push("nothing else was checked: the events are not those of the named block");
    return {};
  }
  const [ledger, lane] = [new Ledger(report, chain.contracts), new Lane(report)];
  const states = replay(chain, ledger, lane);
  compareBooks(report, files, ledger);
  compareState(report, files, ledger);
  const [outcomes, segments] = settleAll(report, files, chain, lane, states);
  verifySignatures(report, files, chain, ledger, outcomes, segments);
  compareNames(report, files, ledger, lane);
  const counted = new Set([...outcomes.values()].flatMap((of) => of.counted.map((use) => use.id)));
  for (const [eventId, held] of [...ledger.direct].sort(([a], [b]) => order(a, b))) {
    if (held.state !== "released") continue;
    const place = `direct report of event ${eventId}, counted in an epoch too`;
    report.compare("direct reports", place, false, counted.has(eventId));
  }
  compareMoney(report, ledger, lane);
  for (const [field, what] of [
    ["KeptBack", "kept back by the publish gate"],
    ["NotHeld", "not held"],
  ]) {
    const count = manifest[`manifests${field}`];
    if (count) report.notes.push(`${count} manifests are ${what}`);
  }
  return totalsOf(chain, manifest.fromBlock);
}

// All events in chain order; the ledger's state after each block that reports settle by.
function replay(chain, ledger, lane) {
  const posted = chain.events.filter((event) => event.name === "UsageOracle.EpochPosted");
  const named = new Set(posted.map((event) => Number(event.values.report.stateBlock)));
  const wanted = [...named].filter((n) => chain.headers.has(n)).sort((a, b) => a - b);
  const states = new Map();
  const keep = (n) => states.set(n, stateOf(ledger, chain.headers.get(n).time));
  for (const event of chain.events) {
    while (wanted.length && event.block > wanted[0]) keep(wanted.shift());
    ledger.apply(event);
    lane.apply(event);
  }
  wanted.forEach(keep);
  return states;
}

// What the exporter's own index says, against what the events say.
function compareBooks(report, files, ledger) {
  const name = "books/direct.json";
  const books = documentOf(files, name);
  const works = ledger.tokens.flatMap((token) =>
    [...ledger.works.keys()]
      .sort(order)
      .map((w) => [w, token, ...["gross", "settled", "accrued"].map((n) => ledger[n].get(w, token))])
      .filter(([, , gross, , accrued]) => gross || accrued)
      .map((line) => line.map(String)),
  );
  compareLists(report, "direct lane", `${name}, works`, works, books.works);
  const payees = new Map();
  for (const token of ledger.tokens) {
    for (const [work, version, split] of ledger.allSplits()) {
      for (const payee of split.keys()) {
        const paid = ledger.paid.get(work, version, token, payee);
        const due = ledger.due(work, token, version, payee);
        const key = [work, version, token, payee].join("|");
        if (paid || due) payees.set(key, [String(paid), String(due)]);
      }
    }
  }
  const listed = Array.isArray(books.payees) ? books.payees : [];
  const found = new Map();
  for (const line of listed) {
    if (!Array.isArray(line) || line.length !== 6 || line.some((p) => typeof p !== "string")) {
      const expected = "payees with what they were paid and are due";
      throw new Broken(`${name}, payees`, expected, "others");
    }
    found.set(line.slice(0, 4).join("|"), line.slice(4));
  }
  const keys = [...new Set([...payees.keys(), ...found.keys()])];
  const sorted = keys.map((key) => key.split("|")).sort(order);
  for (const key of sorted) {
    const [work, version, token, payee] = key;
    const whose = `${payee} from work ${work} split ${version} in ${token}`;
    const place = `${name}, paid and due to ${whose}`;
    const at = key.join("|");
    report.compare("direct lane", place, payees.get(at), found.get(at));
  }
  report.compare("direct lane", `${name}, lines of payees`, payees.size, listed.length);
}

function compareState(report, files, ledger) {
  const name = "books/ledger.json";
  const books = documentOf(files, name);
  const terms = ["unitPrice", "royaltyShare", "unitCap", "revenueCap", "takenAt", "expiry"];
  const byId = (map) => [...map].sort(([a], [b]) => order(a, b));
  const expected = {
    works: byId(ledger.works).map(([w, of]) => {
      return [String(w), String(of.community), of.kind, of.manifest];
    }),
    splits: [...ledger.allSplits()]
      .sort((a, b) => order(a.slice(0, 2), b.slice(0, 2)))
      .map(([w, version, split]) => [String(w), String(version), [...split]]),
    licences: byId(ledger.licences).map(([id, of]) => [
      ...[String(id), String(of.work), of.holder, of.tier, of.token],
      ...terms.map((term) => String(of[term])),
      ...ledger.used.get(id).map(String),
      String(ledger.above.get(id)?.[0] ?? 0),
    ]),
    derivatives: [...ledger.generations].map(([generation, [child, parents]]) => [
      String(child),
      generation.toString(16).padStart(16, "0"),
      parents.map((parent) => parent.map(String)),
      hex(encodedVector(ledger.vectors.get(child))),
    ]),
    rules: ledger.rules.map((r) => [
      ...[String(r.communityId), String(r.version), r.rule, r.phiBps, String(r.fromEpoch)],
    ]),
  };
  for (const [field, lines] of Object.entries(expected)) {
    compareLists(report, "licences", `${name}, ${field}`, lines, books[field]);
  }
}

// Every block hashes to its name, and the chain or a segment set names it.
function compareNames(report, files, ledger, lane) {
  const named = new Set([
    ...[...ledger.works.values()].map((of) => of.manifest),
    ...ledger.profiles.values(),
    ...[...ledger.terms.values()].map((of) => of.textDigest),
    ...lane.posted.map((posted) => posted.report.segmentsDigest),
  ]);
  named.delete(ZERO);
  const expected = new Set([...named].map((digest) => cidText(0x71, unhex(digest))));
  for (const name of [...files.keys()].sort(order)) {
    const match = BLOCK.exec(name);
    if (match === null) {
      if (name.startsWith("blocks/")) {
        report.fail("content ids", name, "a content id", "another name");
      }
      continue;
    }
    const codec = match[1].startsWith("bafkrei") ? 0x55 : 0x71;
    const text = cidText(codec, sha256(files.get(name)));
    report.compare("content ids", `${name}, by its bytes`, match[1], text);
    if (codec === 0x71) {
      report.compare("content ids", `${name}, named on chain`, true, expected.has(match[1]));
    }
  }
}

// Nothing is lost or made: in each token and lane, and the contracts hold what they owe.
function compareMoney(report, ledger, lane) {
  const of = (tally, token) => {
    return sum(tally.entries().filter(([key]) => key[1] === token).map(([, value]) => value));
  };
  for (const token of ledger.tokens) {
    const waiting = of(ledger.gross, token) - of(ledger.settled, token);
    const found = of(ledger.accrued, token) + SCALE * waiting;
    const place = `${token}, direct lane: accrued and waiting, in numerators`;
    report.compare("conservation", place, SCALE * ledger.paidIn.get(token), found);
    let due = 0n;
    for (const [work, version, split] of ledger.allSplits()) {
      for (const payee of split.keys()) due += ledger.due(work, token, version, payee);
    }
    const owed = ledger.paidIn.get(token) - ledger.paidOut.get(token);
    const what = `${token}, direct lane: what payees are due is there`;
    report.compare("conservation", what, true, due <= owed);
  }
  const both = [...ledger.released.entries(), ...ledger.fromReports.entries()];
  const keys = new Map(both.map(([key]) => [key.join("|"), key]));
  for (const [work, token] of [...keys.values()].sort(order)) {
    const place = `direct reports of work ${work} in ${token}, released and paid`;
    const [paid, released] = [ledger.fromReports, ledger.released].map((t) => t.get(work, token));
    report.compare("direct reports", place, released, paid);
  }
  const tokens = [ledger.deposits, lane.funded].flatMap((t) => t.entries().map(([[key]]) => key));
  for (const token of [...new Set([...ledger.tokens, ...tokens])].sort(order)) {
    const owes = {
      RoyaltyLedger: ledger.paidIn.get(token) - ledger.paidOut.get(token),
      EpochDistributor: lane.funded.get(token) - lane.paid.get(token),
      DirectReports: ledger.deposits.get(token),
    };
    for (const [name, owed] of Object.entries(owes)) {
      const held = ledger.moved.get(ledger.contracts[name], token);
      // More than is owed is a gift; less is a theft.
      const place = `${token} that ${name} owes, and has by its transfers`;
      report.compare("solvency", place, owed, least(owed, held));
      const what = `${token}: ${name} owes no less than nothing`;
      report.compare("solvency", what, true, owed >= 0n);
    }
  }
}

// Money that moved from a block on, per token, in base units.
function totalsOf(chain, first) {
  const names = {
    "RoyaltyLedger.Paid": "paidIn",
    "RoyaltyLedger.PaidOut": "paidOut",
    "EpochDistributor.Funded": "funded",
    "EpochDistributor.PaidOut": "epochsPaid",
  };
  const sums = {};
  for (const event of chain.events) {
    if (event.block < first || !(event.name in names)) continue;
    const { token, amount } = event.values;
    sums[token] ??= Object.fromEntries(Object.values(names).map((name) => [name, 0n]));
    sums[token][names[event.name]] += amount;
  }
  const told = Object.entries(sums).sort(([a], [b]) => order(a, b));
  return Object.fromEntries(
    told.map(([token, of]) => {
      return [token, Object.fromEntries(Object.entries(of).map(([n, s]) => [n, String(s)]))];
    }),
  );
}

function documentOf(files, name) {
  const found = parseJson(files.get(name) ?? new Uint8Array(), name);
  if (!isPlain(found)) throw new Broken(name, "a document", "something else");
  return found;
}

// The answer for people.
function told(answer) {
  const lines = [];
  if (answer.block) {
    lines.push(`chain ${answer.chainId}, block ${answer.block[0]} ${answer.block[1]}`);
  }
  for (const [name, account] of Object.entries(answer.contracts ?? {})) {
    lines.push(`${name} ${account}`);
  }
  for (const [kind, [passed, failed]] of Object.entries(answer.checks)) {
    lines.push(`${kind}: ${passed} passed` + (failed ? `, ${failed} FAILED` : ""));
  }
  for (const { check, place, expected, found } of answer.findings) {
    lines.push(`FAILED ${check}: ${place}: expected ${expected}, found ${found}`);
  }
  for (const note of answer.notes) lines.push(`note: ${note}`);
  for (const [token, of] of Object.entries(answer.totals)) {
    const sums = Object.entries(of).map(([name, units]) => `${name} ${units}`);
    lines.push(`${token}: ${sums.join(", ")}`);
  }
  if (answer.manifest) lines.push(`manifest ${answer.manifest}`);
  lines.push(`${answer.passed} checks passed, ${answer.failed} failed`);
  return lines.join("\n") + "\n";
}

// As Python's json writes it: keys sorted, other characters than ASCII's printable ones escaped.
function plainJson(document) {
  const sorted = (value) => {
    if (Array.isArray(value)) return value.map(sorted);
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  };
  const escaped = (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0");
  const text = JSON.stringify(sorted(document), null, 2);
  return text.replace(/[\u007f-\uffff]/g, escaped) + "\n";
}

// The command line's words; null when they are not understood.
function argumentsOf(words) {
  const given = { bundle: "", json: false, "--expect-block-hash": "", "--expect-manifest": "" };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "--json") given.json = true;
    else if (words[i] in given && words[i].startsWith("--") && i + 1 < words.length) {
      given[words[i]] = words[++i];
    } else if (!words[i].startsWith("-") && !given.bundle) given.bundle = words[i];
    else return null;
  }
  return given.bundle ? given : null;
}

function main() {
  const given = argumentsOf(process.argv.slice(2));
  if (given === null) {
    process.stderr.write(
      "usage: verify.mjs BUNDLE.zip [--json] [--expect-block-hash HASH] [--expect-manifest HASH]\n",
    );
    return 2;
  }
  let data;
  try {
    const { size } = statSync(given.bundle);
    if (size > BYTES_MAX) throw new Error(`${size} bytes, at most ${BYTES_MAX}`);
    data = readFileSync(given.bundle);
    if (data.subarray(0, 2).toString("latin1") !== "PK") throw new Error("it is no ZIP archive");
  } catch (error) {
    process.stderr.write(`${given.bundle}: there is no bundle to check (${error.message})\n`);
    return 2;
  }
  const answer = verify(data, given["--expect-block-hash"], given["--expect-manifest"]);
  process.stdout.write(given.json ? plainJson(answer) : told(answer));
  return answer.failed ? 1 : 0;
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = main();
