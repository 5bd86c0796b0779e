// Who signed what: segments by their producers, generation logs by platforms, detections by
// operators; and whether the events that were counted have such a paper behind them.

import { DETECTION, GENERATION, PLAY } from "./epochs.mjs";
import { fileOf } from "./events.mjs";
import { Broken, ascii, hex, isPlain, join, number, octets, parseLines } from "./formats.mjs";
import { keccak256 } from "./keccak.mjs";
import { word } from "./ledger.mjs";
import { signaturesHold } from "./secp256k1.mjs";

const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const SEGMENT = "Segment(bytes32 digest,uint32 count,address producer)";
const GENERATION_LOG =
  "GenerationLog(uint64 generationId,bytes32 salt,bytes32 manifestDigest," +
  "bytes32 outputCommitment,uint64[] licenceIds,uint64 startedAt,uint64 endedAt," +
  "address platform)";
const DETECTION_REPORT =
  "DetectionReport(bytes32 subjectPcmSha256,uint64 generationId,uint32 zMilli," +
  "uint32 falsePositivePpb,uint8 corroboration,bytes32 detectorDigest,uint64 observedAt," +
  "bytes32 manifestDigest,address operator)";

function hashText(text) {
  return keccak256(ascii(text));
}

// The EIP-712 domain separator.
function domain(name, chain, contract) {
  const named = [hashText(DOMAIN), hashText(name), hashText("1"), word(chain), word(contract)];
  return keccak256(join(...named));
}

// The signed papers of a bundle.
class Papers {
  signed = []; // place, account, digest, signature
  logs = new Map();
  found = new Set();

  // One paper that an account is said to have signed.
  add(place, account, struct, separator, signature) {
    const digest = keccak256(join([0x19, 0x01], separator, keccak256(struct)));
    this.signed.push([place, account, digest, octets(signature, place, 65)]);
  }
}

// Check every signature, and every counted event against the paper it follows from.
export function verifySignatures(report, files, chain, ledger, outcomes, segments) {
  const papers = new Papers();
  readSegments(papers, report, files, chain, segments);
  readLogs(papers, report, files, chain);
  readDetections(papers, files, chain);
  const held = signaturesHold(papers.signed.map(([, ...claim]) => claim));
  papers.signed.forEach(([place, account], i) => {
    const found = held[i] ? account : "somebody else's signature";
    report.compare("signatures", `${place}, signed by`, account, found);
  });
  compareEvents(report, papers, ledger, outcomes);
}

function readSegments(papers, report, files, chain, segments) {
  const byDigest = new Map([...segments.values()].flat().map((s) => [s.digest, s]));
  const separator = domain("Antiphon Usage", chain.id, chain.contracts.UsageOracle);
  const signed = new Set();
  const name = "signed/segments.jsonl";
  linesOf(files, name).forEach((line, n) => {
    const place = `${name} line ${n + 1}`;
    if (!Array.isArray(line) || line.length !== 3) {
      throw new Broken(place, "digest, producer and signature", "something else");
    }
    const [text, producer, signature] = line;
    const digest = octets(text, place, 32);
    octets(producer, place, 20);
    const segment = byDigest.get(text);
    if (segment === undefined) {
      report.notes.push(`${place}: of a segment that no epoch in the bundle counts`);
      return;
    }
    report.compare("signatures", `${place}, producer`, segment.producer, producer);
    signed.add(text);
    const struct = [hashText(SEGMENT), digest, word(segment.uses.length), word(producer)];
    papers.add(place, producer, join(...struct), separator, signature);
  });
  const unsigned = byDigest.size - signed.size;
  if (unsigned) {
    report.notes.push(`${unsigned} segments have no producer's signature in the bundle`);
  }
}

function readLogs(papers, report, files, chain) {
  const graph = chain.contracts.DerivativeGraph;
  const separator = domain("Antiphon Generation Log", chain.id, graph);
  const name = "signed/generations.jsonl";
  linesOf(files, name).forEach((line, n) => {
    const place = `${name} line ${n + 1}`;
    const of = paperOf(line, "log", place);
    const sized = (field, size) => octets(of[field], place, size);
    const salt = sized("salt", 32);
    const manifest = sized("manifestDigest", 32);
    const output = sized("outputCommitment", 32);
    const platform = sized("platform", 20);
    const generation = number(sized("generationId", 8));
    const licences = (of.licenceIds ?? []).map((id) => wholeOf(id, place));
    const times = ["startedAt", "endedAt"].map((field) => word(wholeOf(of[field], place)));
    const struct = join(
      ...[hashText(GENERATION_LOG), word(generation), salt, manifest, output],
      ...[keccak256(join(...licences.map(word))), ...times, word(hex(platform))],
    );
    papers.add(place, hex(platform), struct, separator, line.signature);
    papers.logs.set(hex(keccak256(struct)), { generation, licences });
    const named = [hashText("antiphon.generation.1"), word(chain.id), word(graph)];
    const salted = keccak256(join(...named, word(hex(platform)), salt));
    const linked = (number(salted) % (2n ** 64n - 1n)) + 1n;
    report.compare("signatures", `${place}, generation by its salt`, linked, generation);
  });
}

function readDetections(papers, files, chain) {
  const separator = domain("Antiphon Detection Report", chain.id, chain.contracts.UsageOracle);
  const name = "signed/detections.jsonl";
  linesOf(files, name).forEach((line, n) => {
    const place = `${name} line ${n + 1}`;
    const of = paperOf(line, "report", place);
    const sized = (field, size) => octets(of[field], place, size);
    const subject = sized("subjectPcmSha256", 32);
    const detector = sized("detectorDigest", 32);
    const manifest = sized("manifestDigest", 32);
    const operator = sized("operator", 20);
    const generation = number(sized("generationId", 8));
    const fields = ["zMilli", "falsePositivePpb", "corroboration", "observedAt"];
    const [z, rate, corroboration, time] = fields.map((field) => wholeOf(of[field], place));
    const struct = join(
      ...[hashText(DETECTION_REPORT), subject],
      ...[generation, z, rate, corroboration].map(word),
      ...[detector, word(time), manifest, word(hex(operator))],
    );
    papers.add(place, hex(operator), struct, separator, line.signature);
    papers.found.add(`${hex(subject)}|${generation}`);
  });
}

function compareEvents(report, papers, ledger, outcomes) {
  const bare = new Map([
    [GENERATION, 0],
    [DETECTION, 0],
  ]);
  for (const epoch of [...outcomes.keys()].sort((a, b) => Number(a - b))) {
    for (const use of outcomes.get(epoch).counted) {
      const place = `usage event ${use.id} of epoch ${epoch}`;
      if (use.kind === PLAY) {
        const { holder } = ledger.licences.get(use.licence);
        report.compare("signatures", `${place}, reported by`, holder, use.producer);
      } else if (use.kind === GENERATION && papers.logs.has(use.source)) {
        const { generation, licences } = papers.logs.get(use.source);
        const fits = generation === use.generation && licences.includes(use.licence);
        report.compare("signatures", `${place}, as its log says`, true, fits);
      } else if (use.kind === GENERATION || !papers.found.has(`${use.source}|${use.generation}`)) {
        bare.set(use.kind, bare.get(use.kind) + 1);
      } else {
        report.compare("signatures", `${place}, as a detection says`, true, true);
      }
    }
  }
  for (const [kind, what] of [
    [GENERATION, "generations"],
    [DETECTION, "detections"],
  ]) {
    if (bare.get(kind)) {
      report.notes.push(`${bare.get(kind)} ${what} were counted whose paper is not here`);
    }
  }
}

function linesOf(files, name) {
  return parseLines(fileOf(files, name), name);
}

function paperOf(line, field, place) {
  const of = isPlain(line) ? line[field] : null;
  if (!isPlain(of) || !Array.isArray(of.licenceIds ?? [])) {
    throw new Broken(place, `a signed ${field}`, "something else");
  }
  for (const name of ["platform", "operator"]) {
    if (typeof of[name] === "string") of[name] = of[name].toLowerCase();
  }
  return of;
}

// A whole number, as decimal text or as a number of JSON.
function wholeOf(value, place) {
  const isText = typeof value === "string" && /^[0-9]{1,20}$/.test(value);
  if (!isText && !Number.isInteger(value)) {
    throw new Broken(place, "a whole number", "something else");
  }
  const whole = BigInt(value);
  if (whole < 0n || whole >> 64n) throw new Broken(place, "a number of 64 bits", "another");
  return whole;
}

