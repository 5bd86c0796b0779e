// Computes the vectors that contracts and Python share with the JavaScript verifier's functions.
// Arguments: the folder of the verifier, the folder of the vectors. Prints one document.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, vectors] = process.argv;
const load = (name) => import(pathToFileURL(`${folder}/${name}.mjs`));
const read = (name) => JSON.parse(readFileSync(`${vectors}/${name}.json`, "utf8"));
const { Ledger, encodedVector } = await load("ledger");
const { proRata, squareRoot, standardRoot, sumTree } = await load("epochs");
const { hex } = await load("formats");
const { Report } = await load("bundle");

const ancestors = read("ancestor_vectors").cases.map(({ links }) => {
  const ledger = new Ledger(new Report(), {});
  const declared = new Map();
  return links.map(({ floors, child, parents }) => {
    for (const { work, floor } of floors) declared.set(BigInt(work), BigInt(floor));
    const under = parents.map(({ work, share }, n) => {
      ledger.licences.set(BigInt(n), { royaltyShare: BigInt(share) });
      return [BigInt(work), BigInt(n)];
    });
    ledger.vectors.set(BigInt(child), ledger.flatten(under, declared));
    return hex(encodedVector(ledger.vectors.get(BigInt(child))));
  });
});
const shares = read("sharing_rules").cases.map(({ pool, groups, epochHash }) => {
  const [whole, seed] = [BigInt(pool), BigInt(epochHash)];
  const weights = groups.map((group) => group.map(BigInt));
  const roots = weights.map((row) => squareRoot(row.reduce((a, b) => a + b, 0n) << 64n));
  const between = proRata(whole, roots, seed);
  return {
    proRata: proRata(whole, weights.flat(), seed).map(String),
    communityRoot: weights.map((row, i) => proRata(between[i], row, seed).map(String)),
  };
});
const trees = read("sum_tree").cases.map(({ token, payouts }) => {
  const lines = payouts.map((p) => [p.payee.toLowerCase(), BigInt(p.cumulative)]);
  const [levels, leaves] = sumTree(token.toLowerCase(), lines);
  const [hashes, sums] = levels.at(-1);
  return [hex(hashes[0]), String(sums[0]), standardRoot(leaves)];
});
process.stdout.write(JSON.stringify({ ancestors, shares, trees }));
