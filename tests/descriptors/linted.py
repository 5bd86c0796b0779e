"""What Ledger's linter says about a folder of descriptors, as JSON. Run by its own Python:

    .tools/descriptors/bin/python tests/descriptors/linted.py FOLDER

Answers [[file, level, title, message], ...]; a level is "error" or "warning".
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from erc7730.common.output import ListOutputAdder
from erc7730.lint.lint import lint_all


def main() -> None:
    found = ListOutputAdder()
    # It greets, and we answer one thing alone.
    with redirect_stdout(sys.stderr):
        # Its check of the ABI asks a block explorer; ours are checked against what is deployed.
        lint_all([Path(sys.argv[1])], found, skip_abi_validation=True)
    rows = [
        [Path(str(each.file)).name, each.level.name.lower(), each.title, each.message]
        for each in found.outputs
        if each.level.name in {"ERROR", "WARNING"}
    ]
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main()
