// From a chain's own bytes to the ledger's events: headers hash to the block named, receipts to the
// headers' roots, and what our contracts logged is read out of the receipts alone.

import { shown } from "./bundle.mjs";
import {
  Broken,
  EventFormat,
  hex,
  isPlain,
  join,
  number,
  octets,
  parseJson,
  parseLines,
  rlpDecode,
  same,
  trieRoot,
  unhex,
} from "./formats.mjs";
import { keccak256 } from "./keccak.mjs";

const EMPTY_ROOT = unhex("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
const ADDRESS = /^0x[0-9a-f]{40}$/;
const CUSTODIANS = ["RoyaltyLedger", "EpochDistributor", "DirectReports"];
const NUMBER_MAX = 2 ** 48;
const TERMS =
  "(uint8 tier,address token,uint128 price,uint128 unitPrice,uint32 royaltyShare," +
  "uint40 durationSeconds,uint48 unitCap,uint104 revenueCap,bool sublicensable," +
  "bytes32 textDigest) terms";
const REPORT =
  "(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,uint64 eventCount," +
  "bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount," +
  "uint256 cumulativeTotal,uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash," +
  "bytes32 withheldHash,bytes32 programHash) report";
// What the contracts declare, a star at what is indexed.
const DECLARED = `
WorkRegistry WorkRegistered(uint64* workId,uint32* communityId,address* owner,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)
WorkRegistry WorkDisplaced(uint64* displaced,uint64* by)
ConsentRegistry CommunityFounded(uint32* communityId,address* steward,address[] elders,uint8 approvalsRequired,bytes32 profileDigest)
ConsentRegistry ConsentProposed(uint64* workId,uint8* tier,uint48* offer,(bytes32 termsHash,uint40 until,uint40 reaffirmSeconds,bool byVoucher,bytes32 labels) proposal)
ConsentRegistry ConsentGranted(uint64* workId,uint8* tier,bytes32 termsHash,uint40 until)
SharingRules SharingRuleAnnounced(uint32* communityId,uint32* version,uint8 rule,uint16 phiBps,uint64 fromEpoch)
LicenceRegistry OfferOpened(uint48* offer,uint64* workId,${TERMS})
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
UsageOracle EpochPosted(uint64* epoch,bytes32* reportHash,${REPORT},(uint64 licenceId,uint64 units,uint128 revenue)[] licenceUsage)
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
`.trim().split("\n").map((line) => {
  const space = line.indexOf(" ");
  return [line.slice(0, space), new EventFormat(line.slice(space + 1))];
});
const TRANSFER = new EventFormat("Transfer(address* from,address* to,uint256 value)");
const CONTRACTS = [
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
];

// Events proven up to the block that the manifest names: chain id, contracts by name, headers by
// block, events in chain order. Throws Broken.
export function readChain(report, files, manifest) {
  const deployment = parseJson(fileOf(files, "deployment.json"), "deployment.json");
  const [contracts, first] = readDeployment(report, deployment, manifest);
  const headers = readHeaders(report, fileOf(files, "chain/headers.jsonl"));
  compareEnds(report, headers, manifest, first);
  const raw = fileOf(files, "chain/receipts.jsonl");
  const receipts = readReceipts(report, raw, headers, contracts, first);
  const [events, lines] = readEvents(report, receipts, headers, contracts);
  const listed = parseLines(fileOf(files, "chain/logs.jsonl"), "chain/logs.jsonl");
  compareLines(report, listed, lines);
  compareAbis(report, files);
  return { id: BigInt(manifest.chainId), contracts, headers, events };
}

// The contracts that hold the money, for a reader to compare: they are the bundle's word.
export function custodians(files) {
  const found = parseJson(fileOf(files, "deployment.json"), "deployment.json");
  const accounts = isPlain(found) && isPlain(found.contracts) ? found.contracts : {};
  return Object.fromEntries(CUSTODIANS.map((name) => [name, shown(accounts[name])]));
}

export function fileOf(files, name) {
  if (!files.has(name)) throw new Broken(name, "a file", "nothing");
  return files.get(name);
}

// A whole number of a document, small enough for every program.
function whole(value, place) {
  if (!Number.isInteger(value) || value < 0 || value >= NUMBER_MAX) {
    throw new Broken(place, "a whole number", "something else");
  }
  return value;
}

function readDeployment(report, found, manifest) {
  const place = "deployment.json";
  const named = isPlain(found) ? found.contracts : null;
  if (!isPlain(named)) {
    throw new Broken(place, "a deployment with its contracts", "something else");
  }
  const contracts = {};
  for (const name of CONTRACTS) {
    const account = named[name];
    if (typeof account !== "string" || !ADDRESS.test(account.toLowerCase())) {
      throw new Broken(`${place}, ${name}`, "an address", "something else");
    }
    contracts[name] = account.toLowerCase();
  }
  const chain = whole(found.chainId, `${place}, chainId`);
  report.compare("files", `${place}, chain id`, manifest.chainId, String(chain));
  return [contracts, whole(found.block, `${place}, block`)];
}

function readHeaders(report, data) {
  const lines = parseLines(data, "chain/headers.jsonl");
  const encoded = lines.map((x, n) => octets(x, `chain/headers.jsonl line ${n + 1}`));
  const headers = new Map();
  let before = null;
  encoded.forEach((raw, n) => {
    const place = `chain/headers.jsonl line ${n + 1}`;
    const fields = rlpDecode(raw, place);
    if (!Array.isArray(fields) || fields.length < 15 || fields.some(Array.isArray)) {
      throw new Broken(place, "a block header", "something else");
    }
    const [height, time] = [8, 11].map((i) => number(fields[i].subarray(0, 8)));
    const header = {
      number: Number(height),
      time,
      hash: keccak256(raw),
      parent: fields[0],
      receiptsRoot: fields[5],
      bloom: number(fields[6]),
    };
    if (before !== null && header.number <= before.number) {
      throw new Broken(place, `a block after ${before.number}`, `${height}`);
    }
    if (before !== null && header.number === before.number + 1) {
      const what = `block ${header.number}, its parent`;
      report.compare("headers", what, before.hash, header.parent);
    }
    headers.set(header.number, header);
    before = header;
  });
  if (before === null) throw new Broken("chain/headers.jsonl", "headers", "none");
  return headers;
}

function compareEnds(report, headers, manifest, first) {
  const numbers = [...headers.keys()];
  const [oldest, newest] = [numbers[0], numbers[numbers.length - 1]];
  const [height, digest] = manifest.block;
  report.compare("headers", "number of the newest block", height, newest);
  report.compare("headers", "hash of the newest block", digest, hex(headers.get(newest).hash));
  report.compare("headers", "the oldest block", Math.max(0, first - 1), oldest);
  const every = headers.size === newest - oldest + 1;
  const said = manifest.headers === "every block";
  report.compare("headers", "every block is there, as the manifest says", said, every);
  if (!every) {
    report.notes.push(
      "blocks are left out: that nothing happened in them is not proven, " +
        "nor that the blocks before the newest are of its chain",
    );
  }
}

// The bits that an address or topic sets in the bloom of a block that logs it.
function bloomBits(value) {
  const digest = keccak256(value);
  let bits = 0n;
  for (const at of [0, 2, 4]) bits |= 1n << BigInt((digest[at] * 256 + digest[at + 1]) % 2048);
  return bits;
}

function padded(account) {
  return join(new Uint8Array(12), unhex(account));
}

// Every block's receipts, compared with its header's root. A block without any must not have been
// able to log what concerns us.
function readReceipts(report, data, headers, contracts, first) {
  const found = new Map();
  let before = -1;
  parseLines(data, "chain/receipts.jsonl").forEach((line, n) => {
    const place = `chain/receipts.jsonl line ${n + 1}`;
    if (!Array.isArray(line) || line.length !== 2 || !Array.isArray(line[1])) {
      throw new Broken(place, "a block and its receipts", "something else");
    }
    const height = whole(line[0], place);
    if (height <= before || !headers.has(height) || !line[1].length) {
      const expected = `receipts of a block after ${before} whose header is here`;
      throw new Broken(place, expected, "none");
    }
    found.set(height, line[1].map((receipt) => octets(receipt, place)));
    before = height;
  });
  for (const [height, encoded] of found) {
    const place = `receipts of block ${height}, their root`;
    report.compare("receipts", place, headers.get(height).receiptsRoot, trieRoot(encoded));
  }
  const bits = CONTRACTS.map((name) => bloomBits(unhex(contracts[name])));
  const transfer = bloomBits(TRANSFER.topic);
  for (const name of CUSTODIANS) bits.push(transfer | bloomBits(padded(contracts[name])));
  for (const [height, header] of headers) {
    if (height < first || found.has(height)) continue;
    const possible = bits.some((each) => (header.bloom & each) === each);
    const silent = !possible || same(header.receiptsRoot, EMPTY_ROOT);
    const place = `block ${height}, whose receipts are left out, has no event of ours`;
    report.compare("receipts", place, true, silent);
  }
  return found;
}

function readEvents(report, receipts, headers, contracts) {
  const names = new Map(Object.entries(contracts).map(([name, account]) => [account, name]));
  const formats = new Map(DECLARED.map(([name, made]) => [`${name} ${hex(made.topic)}`, made]));
  const custody = new Set(CUSTODIANS.map((name) => hex(padded(contracts[name]))));
  const [events, lines] = [[], []];
  for (const [height, encoded] of receipts) {
    let log = -1;
    for (const [account, topics, data] of logsOf(encoded, height)) {
      log += 1;
      const contract = names.get(account);
      const told = topics.map(hex);
      const moves = told[0] === hex(TRANSFER.topic) && told.length === 3 && data.length === 32;
      const ours = moves && told.slice(1).some((word) => custody.has(word));
      if (contract === undefined && !ours) continue;
      lines.push([height, log, account, told, hex(data)]);
      const made = contract === undefined ? TRANSFER : formats.get(`${contract} ${told[0]}`);
      if (made === undefined) continue; // an event that changes nothing here
      const name = `${contract ?? "Token"}.${made.name}`;
      const place = `${name} in block ${height}, log ${log}`;
      try {
        const values = made.read(topics, data, place);
        const time = headers.get(height).time;
        events.push({ block: height, log, time, address: account, name, values, place });
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        report.broken("events", error);
      }
    }
  }
  return [events, lines];
}

// Address, topics and data of each log of a block.
function* logsOf(encoded, height) {
  for (const raw of encoded) {
    const place = `a receipt of block ${height}`;
    const fields = rlpDecode(raw[0] >= 0xc0 ? raw : raw.subarray(1), place);
    const logs = Array.isArray(fields) && fields.length === 4 ? fields[3] : null;
    if (!Array.isArray(logs)) {
      throw new Broken(place, "status, gas, bloom and logs", "something else");
    }
    for (const log of logs) {
      const parts = Array.isArray(log) && log.length === 3 ? log : [null, null, null];
      const [account, topics, data] = parts;
      const isBytes = (part) => part instanceof Uint8Array;
      if (!isBytes(account) || !Array.isArray(topics) || ![data, ...topics].every(isBytes)) {
        throw new Broken(place, "address, topics and data of a log", "something else");
      }
      yield [hex(account), topics, data];
    }
  }
}

// The list of events for readers, line by line with what the receipts say.
function compareLines(report, listed, proven) {
  for (let n = 0; n < Math.max(listed.length, proven.length); n++) {
    const line = listed[n];
    const isLine = Array.isArray(line) && line.length === 6;
    const found = isLine ? [...line.slice(0, 2), ...line.slice(3)] : null;
    report.compare("events", `chain/logs.jsonl line ${n + 1}`, proven[n], found);
  }
}

// The ABIs declare the events as this verifier reads them.
function compareAbis(report, files) {
  const declared = {};
  for (const contract of CONTRACTS) {
    const name = `abi/${contract}.json`;
    const found = parseJson(fileOf(files, name), name);
    const entries = Array.isArray(found) ? found : [];
    declared[contract] = new Set(
      entries
        .filter((e) => isPlain(e) && e.type === "event")
        .map((e) => `${e.name}(${listOf(e.inputs).map(abiInput).join(",")})`),
    );
  }
  for (const [contract, made] of DECLARED) {
    const place = `abi/${contract}.json declares ${made.marked}`;
    report.compare("events", place, true, declared[contract].has(made.marked));
  }
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

function abiInput(given) {
  return abiType(given) + (isPlain(given) && given.indexed === true ? "*" : "");
}

function abiType(given) {
  const kind = isPlain(given) ? String(given.type) : "";
  if (!kind.startsWith("tuple")) return kind;
  return "(" + listOf(given.components).map(abiType).join(",") + ")" + kind.slice(5);
}
