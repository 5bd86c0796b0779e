// Who signed: secp256k1 signatures of 65 bytes (r, s, v), checked against accounts.
//
// An account is the last 20 bytes of keccak256 of its public key. The first signature of an account
// gives its key away (SEC 1, 4.1.6); the others are checked with tables of that key's multiples,
// all at once, so that ten thousand take seconds. High s is refused (EIP-2).

import { bytesOf, hex, join, number } from "./formats.mjs";
import { keccak256 } from "./keccak.mjs";

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const G = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
const WINDOW = 8; // bits of a scalar that one step through a table takes
const FEW = 4; // for fewer signatures of one account a table does not pay

function modulo(a, m) {
  const rest = a % m;
  return rest < 0n ? rest + m : rest;
}

function power(base, exponent, m) {
  let result = 1n;
  for (let b = modulo(base, m), e = exponent; e > 0n; e >>= 1n, b = (b * b) % m) {
    if (e & 1n) result = (result * b) % m;
  }
  return result;
}

function inverse(a, m) {
  let [r, next] = [m, modulo(a, m)];
  let [t, step] = [0n, 1n];
  while (next) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, step] = [step, t - quotient * step];
  }
  return modulo(t, m);
}

// Sums pair by pair, with one inversion for all of them (Montgomery's trick); null is infinity.
function addEach(left, right) {
  const sums = [];
  const slopes = [];
  let product = 1n;
  left.forEach((a, i) => {
    const b = right[i];
    sums.push(a ?? b);
    if (a === null || b === null) return;
    let [over, under] = [b[1] - a[1], b[0] - a[0]];
    if (under === 0n) {
      if (over !== 0n) {
        sums[i] = null;
        return;
      }
      [over, under] = [3n * a[0] * a[0], 2n * a[1]];
    }
    slopes.push([i, a, b[0], over, under, product]);
    product = modulo(product * under, P);
  });
  let rest = inverse(product, P);
  for (const [i, a, bx, over, under, before] of slopes.reverse()) {
    const slope = modulo(over * (rest * before % P), P);
    rest = modulo(rest * under, P);
    const x = modulo(slope * slope - a[0] - bx, P);
    sums[i] = [x, modulo(slope * (a[0] - x) - a[1], P)];
  }
  return sums;
}

// Row w has the multiples 0 to 2^WINDOW - 1 of 2^(WINDOW * w) times the point.
function tableOf(point) {
  const bases = [point];
  while (bases.length < 256 / WINDOW) {
    let base = [bases[bases.length - 1]];
    for (let i = 0; i < WINDOW; i++) base = addEach(base, base);
    bases.push(base[0]);
  }
  const columns = [bases.map(() => null), bases];
  while (columns.length < 1 << WINDOW) columns.push(addEach(columns[columns.length - 1], bases));
  return bases.map((_, w) => columns.map((column) => column[w]));
}

function multiples(table, scalars, sums) {
  const mask = BigInt((1 << WINDOW) - 1);
  return table.reduce((total, row, w) => {
    const digits = scalars.map((scalar) => Number((scalar >> BigInt(WINDOW * w)) & mask));
    return addEach(total, digits.map((digit) => row[digit]));
  }, sums);
}

function partsOf(digest, signature) {
  if (signature.length !== 65 || ![27, 28].includes(signature[64])) return null;
  const [r, s] = [number(signature.subarray(0, 32)), number(signature.subarray(32, 64))];
  if (r <= 0n || r >= N || s <= 0n || s > N / 2n) return null;
  return { z: number(digest), r, s, odd: BigInt(signature[64] - 27) };
}

function accountOf([x, y]) {
  return hex(keccak256(join(bytesOf(x, 32), bytesOf(y, 32))).subarray(12));
}

// Whether each claim's account signed its digest; claims are [account, digest, signature].
export function signaturesHold(claims) {
  const base = tableOf(G);
  const results = claims.map(() => false);
  const byAccount = new Map();
  claims.forEach(([account], i) => byAccount.set(account, [...(byAccount.get(account) ?? []), i]));
  for (const [account, places] of byAccount) {
    const waiting = [...places];
    let key = null;
    while (waiting.length && (key === null || waiting.length <= FEW)) {
      const i = waiting.shift();
      const found = recover(base, claims[i][1], claims[i][2]);
      results[i] = found !== null && accountOf(found) === account;
      if (results[i]) key = found;
    }
    if (waiting.length) {
      verifyAll(base, key, claims, waiting).forEach((good, n) => (results[waiting[n]] = good));
    }
  }
  return results;
}

function recover(base, digest, signature) {
  const parts = partsOf(digest, signature);
  if (parts === null) return null;
  const { z, r, s, odd } = parts;
  const square = modulo(r ** 3n + 7n, P);
  const y = power(square, (P + 1n) / 4n, P);
  if ((y * y) % P !== square) return null;
  const turned = inverse(r, N);
  let total = multiples(base, [modulo(-z * turned, N)], [null]);
  let point = [[r, (y & 1n) === odd ? y : P - y]];
  for (let scalar = modulo(s * turned, N); scalar > 0n; scalar >>= 1n) {
    if (scalar & 1n) total = addEach(total, point);
    point = addEach(point, point);
  }
  return total[0];
}

function verifyAll(base, key, claims, places) {
  const parts = places.map((i) => partsOf(claims[i][1], claims[i][2]));
  const sound = parts.filter((part) => part !== null);
  const turned = sound.map(({ s }) => inverse(s, N));
  const start = sound.map(() => null);
  let sums = multiples(base, sound.map(({ z }, n) => modulo(z * turned[n], N)), start);
  sums = multiples(tableOf(key), sound.map(({ r }, n) => modulo(r * turned[n], N)), sums);
  const good = sound.map(({ r, odd }, n) => {
    const found = sums[n];
    return found !== null && found[0] === r && (found[1] & 1n) === odd;
  });
  return parts.map((part) => part !== null && good.shift());
}
