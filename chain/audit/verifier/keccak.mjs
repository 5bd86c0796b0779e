// Keccak-256 as the EVM computes it: 64-bit lanes as pairs of 32-bit halves, low half first.
// Source: FIPS 202, section 3, with Keccak's own padding (01).

const RATE = 136;

function roundConstants() {
  const constants = [];
  let register = 1;
  for (let round = 0; round < 24; round++) {
    let low = 0;
    let high = 0;
    for (let j = 0; j < 7; j++) {
      if (register & 1) {
        const bit = (1 << j) - 1;
        if (bit < 32) low |= 1 << bit;
        else high |= 1 << (bit - 32);
      }
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
    constants.push(low, high);
  }
  return Int32Array.from(constants);
}

// Where each lane goes, and by how much it is rotated on the way (rho and pi).
function steps() {
  const made = [];
  let [x, y] = [1, 0];
  const rotation = new Array(25).fill(0);
  for (let t = 0; t < 24; t++) {
    rotation[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 5; j++) {
      made.push(i + 5 * j, j + 5 * ((2 * i + 3 * j) % 5), rotation[i + 5 * j]);
    }
  }
  return Uint8Array.from(made);
}

const CONSTANTS = roundConstants();
const STEPS = steps();
const a = new Int32Array(50);
const b = new Int32Array(50);
const c = new Int32Array(10);

function permute() {
  for (let round = 0; round < 24; round++) {
    for (let i = 0; i < 10; i++) c[i] = a[i] ^ a[i + 10] ^ a[i + 20] ^ a[i + 30] ^ a[i + 40];
    for (let i = 0; i < 5; i++) {
      const left = 2 * ((i + 4) % 5);
      const right = 2 * ((i + 1) % 5);
      const low = c[left] ^ ((c[right] << 1) | (c[right + 1] >>> 31));
      const high = c[left + 1] ^ ((c[right + 1] << 1) | (c[right] >>> 31));
      for (let j = 2 * i; j < 50; j += 10) {
        a[j] ^= low;
        a[j + 1] ^= high;
      }
    }
    for (let s = 0; s < 75; s += 3) {
      const from = 2 * STEPS[s];
      const to = 2 * STEPS[s + 1];
      const turn = STEPS[s + 2];
      const swapped = turn >= 32 ? 1 : 0;
      const low = a[from + swapped];
      const high = a[from + 1 - swapped];
      const r = turn % 32;
      if (r === 0) {
        b[to] = low;
        b[to + 1] = high;
      } else {
        b[to] = (low << r) | (high >>> (32 - r));
        b[to + 1] = (high << r) | (low >>> (32 - r));
      }
    }
    for (let row = 0; row < 50; row += 10) {
      for (let i = 0; i < 10; i++) {
        a[row + i] = b[row + i] ^ (~b[row + ((i + 2) % 10)] & b[row + ((i + 4) % 10)]);
      }
    }
    a[0] ^= CONSTANTS[2 * round];
    a[1] ^= CONSTANTS[2 * round + 1];
  }
}

const last = new Uint8Array(RATE);

export function keccak256(message) {
  a.fill(0);
  let at = 0;
  for (; at + RATE <= message.length; at += RATE) absorb(message, at);
  last.fill(0);
  last.set(message.subarray(at));
  last[message.length - at] ^= 0x01;
  last[RATE - 1] ^= 0x80;
  absorb(last, 0);
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = a[i >> 2] >>> (8 * (i & 3));
  return digest;
}

function absorb(block, at) {
  for (let i = 0; i < RATE / 4; i++) {
    const p = at + 4 * i;
    a[i] ^= block[p] | (block[p + 1] << 8) | (block[p + 2] << 16) | (block[p + 3] << 24);
  }
  permute();
}
