// What anvil runs at every step of a traced transaction: which places of which code were reached, and which way each
// conditional jump went. Answers {address: {size, run: {pc: 1}, jumps: {2 * pc + taken: 1}}}; `made` instead of
// `run` is code of a constructor. The size of the code tells contracts apart.
{
  depth: 0, last: 0, frames: [], found: {}, now: null,
  step: function (log, db) {
    var depth = log.getDepth(), op = log.op.toNumber(), pc = log.getPC();
    if (depth !== this.depth) {
      if (depth > this.depth) {
        var address = toHex(log.contract.getAddress());
        var isMade = this.last === 0xf0 || this.last === 0xf5;
        var key = (isMade ? 'made ' : 'run ') + address;
        this.now = this.found[key];
        if (this.now === undefined) { this.now = { pcs: {}, jumps: {} }; this.found[key] = this.now; }
        this.frames[depth] = this.now;
      } else { this.now = this.frames[depth]; }
      this.depth = depth;
    }
    this.last = op;
    this.now.pcs[pc] = 1;
    if (op === 0x57) { this.now.jumps[2 * pc + (log.stack.peek(1).toString() === '0' ? 0 : 1)] = 1; }
  },
  fault: function (log, db) {},
  result: function (context, db) {
    var answer = [];
    for (var key in this.found) {
      var kind = key.split(' ')[0], address = key.split(' ')[1];
      answer.push([kind, address, db.getCode(toAddress(address)).length,
        Object.keys(this.found[key].pcs).join(), Object.keys(this.found[key].jumps).join()]);
    }
    return answer;
  }
}
