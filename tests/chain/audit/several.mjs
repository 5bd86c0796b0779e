// Verifies several bundles in one process, a line of JSON for each. Arguments: the verifier, and a
// file with a list of [bundle, byte, bit]: the bit that is turned, none where byte is -1.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , verifier, list] = process.argv;
const { verify } = await import(pathToFileURL(verifier));
const read = new Map();
for (const [bundle, byte, bit] of JSON.parse(readFileSync(list, "utf8"))) {
  if (!read.has(bundle)) read.set(bundle, readFileSync(bundle));
  const data = read.get(bundle);
  if (byte >= 0) data[byte] ^= 1 << bit;
  process.stdout.write(JSON.stringify(verify(data)) + "\n");
  if (byte >= 0) data[byte] ^= 1 << bit;
}
