// The bundle's container and what is found in it. For given files there is exactly one container:
// names ascend, nothing is compressed, times and permissions are fixed. So it is rebuilt from what
// was read and compared byte by byte.

import { createHash } from "node:crypto";
import { Broken, ascii, hex, isPlain, join, parseJson } from "./formats.mjs";

export const MANIFEST = "MANIFEST.json";
export const BYTES_MAX = 2 ** 30 + 2 ** 26;
const SCHEMA = "antiphon.audit/1";
const FILES_MAX = 60_001;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const NAME_MAX = 200;
const SHOWN_MAX = 800;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const KINDS = [
  "anchor",
  "container",
  "files",
  "headers",
  "receipts",
  "events",
  "content ids",
  "signatures",
  "segments",
  "licences",
  "vectors",
  "direct lane",
  "direct reports",
  "reports",
  "leaves",
  "epoch lane",
  "conservation",
  "solvency",
];

// What was checked, by kind, and every place where two accounts differ.
export class Report {
  checks = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  findings = [];
  notes = [];

  // Count one check; a difference is kept.
  compare(kind, place, expected, found) {
    if (equal(expected, found)) {
      this.checks[kind] += 1;
      return true;
    }
    this.fail(kind, place, shown(expected), shown(found));
    return false;
  }

  fail(kind, place, expected, found) {
    this.checks[kind] += 1;
    this.findings.push([kind, shown(place), expected, found]);
  }

  broken(kind, error) {
    this.fail(kind, error.place, error.expected, error.found);
  }
}

export function equal(a, b) {
  if (a === b) return true;
  if (a === null || b === null || a === undefined || b === undefined) {
    return (a ?? null) === (b ?? null);
  }
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((x, i) => x === b[i]);
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((x, i) => equal(x, b[i]));
  }
  const whole = (x) => typeof x === "bigint" || Number.isSafeInteger(x);
  return whole(a) && whole(b) && BigInt(a) === BigInt(b);
}

// A value as a reader compares it. A forger's text must not command a terminal.
export function shown(value) {
  if (value instanceof Uint8Array) return shown(hex(value));
  if (typeof value === "string") return value.replace(/[^ -~]/gu, "?").slice(0, SHOWN_MAX);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`.slice(0, SHOWN_MAX);
  if (isPlain(value)) return "a document";
  return value === null || value === undefined ? "nothing" : String(value);
}

export function sha256(data) {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

// Own table: Node has zlib.crc32 only since 20.15.
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(data) {
  let value = 0xffffffff;
  for (let i = 0; i < data.length; i++) value = CRC[(value ^ data[i]) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Numbers of 2 or 4 bytes, little-endian, as [size, value] pairs.
function pack(...parts) {
  const bytes = [];
  for (const [size, value] of parts) {
    for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) {
      bytes.push(rest % 256);
    }
  }
  return Uint8Array.from(bytes);
}

// Version 2.0, no flags, stored, midnight of 1980-01-01.
const COMMON = pack([2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21]);

function starts(data, at, signature) {
  return at + 4 <= data.length && data.readUInt32LE(at) === signature;
}

// The files by name; null, with a finding, where the container ends to make sense.
export function openContainer(report, data) {
  const files = new Map();
  const central = [];
  let [at, before] = [0, ""];
  while (starts(data, at, LOCAL)) {
    const place = `file ${central.length + 1} of the archive, at byte ${at}`;
    if (central.length === FILES_MAX) {
      report.fail("container", place, `at most ${FILES_MAX} files`, "more");
      return null;
    }
    const entry = entryAt(report, data, at, place, before);
    if (entry === null) return null;
    const [name, content, header] = entry;
    const found = new Uint8Array(data.subarray(at, at + 30));
    report.compare("container", `${name}, its header at byte ${at}`, header, found);
    const tail = pack([2, 0], [2, 0], [2, 0], [4, 0o100644 * 65536], [4, at]);
    const version = pack([4, CENTRAL], [2, 0x0314]);
    central.push(join(version, header.subarray(4), tail, ascii(name)));
    if (!files.has(name)) files.set(name, content);
    before = name;
    at += header.length + name.length + content.length;
  }
  const listed = join(...central);
  const size = [[2, central.length], [2, central.length], [4, listed.length], [4, at]];
  const rest = join(listed, pack([4, END], [2, 0], [2, 0], ...size, [2, 0]));
  const found = data.subarray(at);
  const place = `directory at byte ${at}, length`;
  if (!report.compare("container", place, rest.length, found.length)) {
    return files.size ? files : null;
  }
  for (let first = 0; first < rest.length; first += 64) {
    const ours = rest.subarray(first, first + 64);
    const byte = ours.findIndex((value, i) => value !== found[first + i]);
    if (byte < 0) continue;
    const digits = (value) => value.toString(16).padStart(2, "0");
    const where = `directory, byte ${at + first + byte} of the archive`;
    report.fail("container", where, digits(ours[byte]), digits(found[first + byte]));
  }
  return files;
}

// Name, content and the header that it must have.
function entryAt(report, data, at, place, before) {
  if (data.length < at + 30) {
    report.fail("container", place, "a header of 30 bytes", "the end of the archive");
    return null;
  }
  const method = data.readUInt16LE(at + 8);
  const [size, raw] = [data.readUInt32LE(at + 18), data.readUInt32LE(at + 22)];
  const length = data.readUInt16LE(at + 26);
  if (method !== 0) {
    report.fail("container", place, "a file that is not compressed", `method ${method}`);
    return null;
  }
  if (size !== raw || at + 30 + length + size > data.length || length < 1 || length > NAME_MAX) {
    report.fail("container", place, "sizes within the archive", "others");
    return null;
  }
  const name = data.subarray(at + 30, at + 30 + length).toString("latin1");
  if (!NAME.test(name) || name.includes("..")) {
    report.fail("container", place, "a plain file's name", "another");
    return null;
  }
  if (name <= before) {
    // Read on: which file is missing then says which name was altered.
    report.fail("container", place, `a name after ${before}`, name);
  }
  const start = at + 30 + length;
  const content = new Uint8Array(data.buffer, data.byteOffset + start, size);
  const sizes = [[4, crc32(content)], [4, size], [4, size], [2, length], [2, 0]];
  return [name, content, join(pack([4, LOCAL]), COMMON, pack(...sizes))];
}

// The manifest, and every other file compared with it; null when anything is amiss.
export function openManifest(report, files) {
  let manifest;
  try {
    manifest = readManifest(files);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    report.broken("files", error);
    return null;
  }
  const listed = manifest.files;
  const names = new Set([...files.keys(), ...Object.keys(listed)]);
  names.delete(MANIFEST);
  for (const name of [...names].sort()) {
    const content = files.get(name);
    if (!Object.hasOwn(listed, name)) {
      report.fail("files", name, "a file of the manifest", "one that it does not name");
    } else if (content === undefined) {
      report.fail("files", name, "a file", "nothing");
    } else {
      const found = [content.length, hex(sha256(content)).slice(2)];
      report.compare("files", `${name}, length and sha256`, listed[name], found);
    }
  }
  return report.findings.length ? null : manifest;
}

function readManifest(files) {
  if (!files.has(MANIFEST)) throw new Broken(MANIFEST, "a file", "nothing");
  const manifest = parseJson(files.get(MANIFEST), MANIFEST);
  if (!isPlain(manifest) || manifest.schema !== SCHEMA) {
    throw new Broken(MANIFEST, `a document of schema ${SCHEMA}`, "another");
  }
  const { block, files: listed, fromBlock, chainId, headers } = manifest;
  const whole = Number.isInteger;
  const fits =
    isPlain(listed) &&
    Array.isArray(block) &&
    block.length === 2 &&
    whole(block[0]) &&
    typeof block[1] === "string" &&
    whole(fromBlock) &&
    typeof chainId === "string" &&
    /^[1-9][0-9]{0,18}$/.test(chainId) &&
    ["every block", "some blocks"].includes(headers) &&
    ["KeptBack", "NotHeld"].every((n) => whole(manifest[`manifests${n}`]));
  if (!fits) throw new Broken(MANIFEST, "chain, blocks and files as documented", "others");
  return manifest;
}
