// Reads [[[type, ...], [[value, ...], ...]], ...] and writes the roots OpenZeppelin's own StandardMerkleTree gives them.
'use strict';
const fs = require('fs');
const { StandardMerkleTree } = require('@openzeppelin/merkle-tree');

const trees = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(trees.map(([types, values]) => StandardMerkleTree.of(values, types).root)));
