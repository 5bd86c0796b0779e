#!/usr/bin/env node
// Gives npm's WebAssembly solc the command line of the native compiler, as far as py-solc-x, Brownie and forge use it:
// `--version` and `--standard-json` (input on stdin or as a file, output on stdout). Anything else is refused with exit 2.
//
// Why: native solc binaries come from a host of their own; the same compiler, bit for bit, is an npm package.
'use strict';
const fs = require('fs');
const path = require('path');

const modules = path.join(__dirname, '..', 'node_modules');
const args = process.argv.slice(2);
const valueOf = (flag) => { const at = args.indexOf(flag); return at < 0 ? undefined : args[at + 1]; };

// Loading the 30 MB module takes a second; callers ask for the version often, so it is read from package.json and a
// small cache of the commit suffix instead.
function version() {
  const cache = path.join(modules, '.solc-version');
  try { return fs.readFileSync(cache, 'utf8'); } catch { /* first call */ }
  // Brownie and crytic-compile parse the platform suffix and only know the native ones.
  const found = require(path.join(modules, 'solc')).version().replace('.Emscripten.clang', '.Linux.g++');
  fs.writeFileSync(cache, found);
  return found;
}

function readImport(requested) {
  const roots = ['', valueOf('--base-path'), valueOf('--include-path'), process.cwd(), modules];
  for (const root of roots) {
    if (root === undefined) continue;
    const file = path.join(root, requested);
    if (fs.existsSync(file) && fs.statSync(file).isFile()) return { contents: fs.readFileSync(file, 'utf8') };
  }
  return { error: `File not found: ${requested}` };
}

function writeAll(text) {
  const bytes = Buffer.from(text);
  for (let sent = 0; sent < bytes.length;) {
    try { sent += fs.writeSync(1, bytes, sent); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
}

if (args.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version()}`);
} else if (args.includes('--standard-json')) {
  const named = valueOf('--standard-json');
  const source = named && !named.startsWith('-') && fs.existsSync(named) ? named : 0;
  writeAll(require(path.join(modules, 'solc')).compile(fs.readFileSync(source, 'utf8'), { import: readImport }));
} else {
  process.stderr.write(`solc-wasm: only --version and --standard-json are supported, not: ${args.join(' ')}\n`);
  process.exitCode = 2;
}
