// One warm compiler for many mutants: the first line on stdin is a whole compiler input, every later one
// {unit, content} puts a mutated source in place of one of its sources. Answers {code} a line, code null
// when the mutant does not compile. Starting the compiler anew for each would take ten times as long.
'use strict';
const path = require('path');
const readline = require('readline');

const solc = require(path.join(__dirname, '..', '..', 'node_modules', 'solc'));
let task;

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (task === undefined) { task = message; return; }
  const sources = { ...task.input.sources, [message.unit]: { content: message.content } };
  const output = JSON.parse(solc.compile(JSON.stringify({ ...task.input, sources })));
  const contract = output.contracts?.[task.unit]?.[task.name];
  process.stdout.write(JSON.stringify({ code: contract?.evm.bytecode.object || null }) + '\n');
});
