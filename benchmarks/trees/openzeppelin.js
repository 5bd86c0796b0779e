// OpenZeppelin's own tree over rows from a file: its root, its time, and the proofs asked for.
//   node openzeppelin.js ROWS.bin usage|payouts COUNT PROVEN,PROVEN,…
const fs = require('node:fs');
const { StandardMerkleTree } = require('@openzeppelin/merkle-tree');

const [file, kind, count, proven] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const ROW_BYTES = { usage: 32, payouts: 72 }[kind];
const hex = (from, to) => '0x' + bytes.toString('hex', from, to);
const values = Array.from({ length: Number(count) }, (_, i) => {
  const at = i * ROW_BYTES;
  if (kind === 'usage') return [hex(at, at + 32)];
  return [hex(at, at + 20), hex(at + 20, at + 40), BigInt(hex(at + 40, at + 72)).toString()];
});
const types = { usage: ['bytes32'], payouts: ['address', 'address', 'uint256'] }[kind];

const wall = performance.now();
const cpu = process.cpuUsage();
const tree = StandardMerkleTree.of(values, types);
const spent = process.cpuUsage(cpu);
console.log(JSON.stringify({
  root: tree.root,
  cpu_seconds: (spent.user + spent.system) / 1e6,
  wall_seconds: (performance.now() - wall) / 1e3,
  rss_bytes: process.resourceUsage().maxRSS * 1024,
  proofs: proven.split(',').map((i) => tree.getProof(Number(i))),
}));
