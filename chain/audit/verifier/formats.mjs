// The encodings that the bundle's parts are in: hexadecimal and JSON, RLP and the trie of receipts,
// a chain's event logs, DAG-CBOR and content ids. Bytes that are no such thing throw `Broken`.

import { keccak256 } from "./keccak.mjs";

const DEPTH_MAX = 64;
const HEX = /^0x(?:[0-9a-f]{2})*$/;

export class Broken extends Error {
  constructor(place, expected, found) {
    super(`${place}: expected ${expected}, found ${found}`);
    Object.assign(this, { place, expected, found });
  }
}

// text and bytes

export function hex(bytes) {
  return "0x" + Buffer.from(bytes).toString("hex");
}

export function unhex(text) {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

export function octets(text, place, size = null) {
  if (typeof text !== "string" || !HEX.test(text)) {
    throw new Broken(place, "0x and lower-case hexadecimal digits", "something else");
  }
  const data = unhex(text);
  if (size !== null && data.length !== size) {
    throw new Broken(place, `${size} bytes`, `${data.length}`);
  }
  return data;
}

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function ascii(text) {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function number(bytes) {
  return bytes.length ? BigInt(hex(bytes)) : 0n;
}

export function bytesOf(value, size) {
  return unhex("0x" + BigInt(value).toString(16).padStart(2 * size, "0"));
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function parseJson(data, place) {
  try {
    return JSON.parse(UTF8.decode(data));
  } catch {
    throw new Broken(place, "JSON in UTF-8", "something else");
  }
}

export function parseLines(data, name) {
  const lines = [];
  let start = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
    lines.push(data.subarray(start, end));
    start = end + 1;
  }
  if (start !== data.length) throw new Broken(name, "a line end after the last line", "none");
  return lines.map((line, n) => parseJson(line, `${name} line ${n + 1}`));
}

export function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// RLP, and the trie of a block's receipts

export function rlpDecode(data, place) {
  const [item, end] = rlpItem(data, 0, place, 0);
  if (end !== data.length) throw new Broken(place, "one RLP item", "more behind it");
  return item;
}

function rlpItem(data, at, place, depth) {
  const early = () => new Broken(place, "RLP", "bytes that end early or nest too deep");
  if (at >= data.length || depth > DEPTH_MAX) throw early();
  const first = data[at];
  at += 1;
  if (first < 0x80) return [data.subarray(at - 1, at), at];
  const isList = first >= 0xc0;
  let size = first - (isList ? 0xc0 : 0x80);
  if (size > 55) {
    const more = size - 55;
    size = Number(number(data.subarray(at, at + more)));
    at += more;
  }
  const end = at + size;
  if (end > data.length) throw early();
  if (!isList) return [data.subarray(at, end), end];
  const items = [];
  while (at < end) {
    let item;
    [item, at] = rlpItem(data, at, place, depth + 1);
    items.push(item);
  }
  if (at !== end) throw new Broken(place, "RLP", "an item beyond its list");
  return [items, end];
}

export function rlpEncode(item) {
  let body = item;
  let base = 0x80;
  if (Array.isArray(item)) {
    body = join(...item.map(rlpEncode));
    base = 0xc0;
  } else if (item.length === 1 && item[0] < 0x80) {
    return item;
  }
  if (body.length <= 55) return join([base + body.length], body);
  const size = short(body.length);
  return join([base + 55 + size.length], size, body);
}

function short(value) {
  const bytes = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

// The root of a list as blocks hold theirs: a trie from RLP of the index to the item.
export function trieRoot(items) {
  const pairs = items.map((item, index) => {
    const key = rlpEncode(short(index));
    return [[...key].flatMap((byte) => [byte >> 4, byte & 15]), item];
  });
  return keccak256(rlpEncode(trieNode(pairs, 0)));
}

function trieNode(pairs, at) {
  const [first, value] = pairs[0];
  if (pairs.length === 1) return [path(first.slice(at), true), value];
  let shared = at;
  while (pairs.every(([key]) => key.length > shared && key[shared] === first[shared])) shared += 1;
  if (shared > at) return [path(first.slice(at, shared), false), reference(trieNode(pairs, shared))];
  const below = [];
  for (let nibble = 0; nibble < 16; nibble++) {
    const part = pairs.filter(([key]) => key.length > at && key[at] === nibble);
    below.push(part.length ? reference(trieNode(part, at + 1)) : new Uint8Array());
  }
  const own = pairs.find(([key]) => key.length === at);
  return [...below, own ? own[1] : new Uint8Array()];
}

// A node of less than 32 bytes stands where its hash would.
function reference(node) {
  const encoded = rlpEncode(node);
  return encoded.length < 32 ? node : keccak256(encoded);
}

function path(nibbles, isLeaf) {
  const odd = nibbles.length % 2;
  const flag = 2 * Number(isLeaf) + odd;
  const padded = odd ? [flag, ...nibbles] : [flag, 0, ...nibbles];
  const bytes = [];
  for (let i = 0; i < padded.length; i += 2) bytes.push((padded[i] << 4) | padded[i + 1]);
  return Uint8Array.from(bytes);
}

// logs

// One event as its contract declares it, for instance
// `Settled(uint64* workId,address* token,uint128 amount)`; a star marks what is indexed.
export class EventFormat {
  constructor(declared) {
    const open = declared.indexOf("(");
    this.name = declared.slice(0, open);
    this.inputs = fieldsOf(declared.slice(open + 1, -1));
    const types = this.inputs.map((f) => typeOf(f));
    this.topic = keccak256(ascii(`${this.name}(${types.join(",")})`));
    const marked = this.inputs.map((f, i) => types[i] + (f.indexed ? "*" : ""));
    this.marked = `${this.name}(${marked.join(",")})`;
  }

  // Parameters by name: numbers, accounts and digests as text, bytes, lists of structs.
  read(topics, data, place) {
    const indexed = this.inputs.filter((f) => f.indexed);
    if (topics.length !== 1 + indexed.length) {
      throw new Broken(place, `${1 + indexed.length} topics of ${this.name}`, `${topics.length}`);
    }
    const values = {};
    indexed.forEach((f, i) => (values[f.name] = wordOf(f.kind, topics[i + 1], place)));
    let at = 0;
    for (const f of this.inputs) {
      if (f.indexed) continue;
      if (f.kind.endsWith("[]") || f.kind === "bytes" || f.kind === "string") {
        const start = wordOf("uint64", data.subarray(at, at + 32), place);
        values[f.name] = tailOf(f, data, start, place);
        at += 32;
      } else {
        [values[f.name], at] = staticOf(f.kind, f.parts, data, at, place);
      }
    }
    return values;
  }
}

function fieldsOf(inner) {
  const fields = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= inner.length; at++) {
    const letter = at === inner.length ? "," : inner[at];
    depth += Number(letter === "(") - Number(letter === ")");
    if (letter !== "," || depth !== 0) continue;
    if (at > start) {
      const declared = inner.slice(start, at);
      const space = declared.lastIndexOf(" ");
      let kind = declared.slice(0, space);
      const name = declared.slice(space + 1);
      let parts = null;
      if (kind.startsWith("(")) {
        const close = kind.lastIndexOf(")");
        parts = fieldsOf(kind.slice(1, close));
        kind = "tuple" + kind.slice(close + 1);
      }
      const indexed = kind.endsWith("*");
      fields.push({ name, kind: indexed ? kind.slice(0, -1) : kind, indexed, parts });
    }
    start = at + 1;
  }
  return fields;
}

function typeOf(field) {
  if (field.parts === null) return field.kind;
  return "(" + field.parts.map(typeOf).join(",") + ")" + field.kind.slice(5);
}

function wordOf(kind, word, place) {
  if (word.length !== 32) throw new Broken(place, "a word of 32 bytes", `${word.length}`);
  if (kind === "bytes32") return hex(word);
  const value = number(word);
  const bits = { address: 160, bool: 1 }[kind] ?? Number(kind.replace("uint", ""));
  if (value >> BigInt(bits)) {
    throw new Broken(place, `a value of type ${kind}`, "more bits than it has");
  }
  return kind === "address" ? hex(word.subarray(12)) : value;
}

function staticOf(kind, parts, data, at, place) {
  if (parts === null) return [wordOf(kind, data.subarray(at, at + 32), place), at + 32];
  const values = {};
  for (const f of parts) [values[f.name], at] = staticOf(f.kind, f.parts, data, at, place);
  return [values, at];
}

function tailOf(field, data, from, place) {
  const start = from > BigInt(data.length) ? data.length : Number(from);
  const size = wordOf("uint64", data.subarray(start, start + 32), place);
  let at = start + 32;
  if (!field.kind.endsWith("[]")) {
    if (BigInt(data.length) < BigInt(at) + size) throw new Broken(place, `${size} bytes`, "fewer");
    return data.subarray(at, at + Number(size));
  }
  if (size > BigInt(data.length)) throw new Broken(place, `${size} elements`, "fewer");
  const values = [];
  for (let n = 0n; n < size; n++) {
    let value;
    [value, at] = staticOf(field.kind.slice(0, -2), field.parts, data, at, place);
    values.push(value);
  }
  return values;
}

// content ids and DAG-CBOR

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

// Version 1, sha2-256, base32.
export function cidText(codec, digest) {
  const body = join([1, codec, 0x12, 0x20], digest);
  let text = "b";
  let [bits, held] = [0, 0];
  for (const byte of body) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

// Numbers, text, bytes, lists, maps, and links (as the bytes of their content id).
export function cborDecode(data, place) {
  const [value, end] = cborItem(data, 0, place, 0);
  if (end !== data.length) throw new Broken(place, "one DAG-CBOR item", "more behind it");
  return value;
}

function cborItem(data, at, place, depth) {
  const broken = () => new Broken(place, "DAG-CBOR", "bytes that are none");
  if (at >= data.length || depth > DEPTH_MAX) throw broken();
  const major = data[at] >> 5;
  let size = data[at] & 31;
  at += 1;
  if (major === 7) {
    if (![20, 21, 22].includes(size)) throw broken();
    return [{ 20: false, 21: true, 22: null }[size], at];
  }
  if (size >= 24) {
    const more = { 24: 1, 25: 2, 26: 4, 27: 8 }[size] ?? 0;
    if (!more || at + more > data.length) throw broken();
    size = number(data.subarray(at, at + more));
    at += more;
  }
  if (major === 0) return [BigInt(size), at];
  if (major === 1) return [-1n - BigInt(size), at];
  const count = Number(size);
  if (major === 2 || major === 3) {
    if (at + count > data.length) throw broken();
    const body = data.subarray(at, at + count);
    if (major === 2) return [body, at + count];
    try {
      return [UTF8.decode(body), at + count];
    } catch {
      throw broken();
    }
  }
  if (major === 6) {
    let link;
    [link, at] = cborItem(data, at, place, depth + 1);
    if (count !== 42 || !(link instanceof Uint8Array) || link[0] !== 0) throw broken();
    return [link.subarray(1), at];
  }
  if (count > data.length) throw broken();
  const values = [];
  for (let n = 0; n < count * (major - 3); n++) {
    let value;
    [value, at] = cborItem(data, at, place, depth + 1);
    values.push(value);
  }
  if (major === 4) return [values, at];
  const found = {};
  for (let n = 0; n < values.length; n += 2) {
    if (typeof values[n] !== "string") throw broken();
    found[values[n]] = values[n + 1];
  }
  return [found, at];
}
