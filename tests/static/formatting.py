"""`python -m tests.static.formatting`: Solidity laid out as forge lays it out, or this fails.

A source that nobody would write so goes through the same check: one that passes anything fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PLACES: Final = ("contracts", "tests")
INSTALLED: Final = "node_modules"
CANARY: Final = "contract Canary{uint   x ;}\n"
_DIFFERS: Final = re.compile(r"^Diff in (.+):$", re.MULTILINE)


def main() -> int:
    faults = [f"{file} is not formatted. Next: forge fmt {file}" for file in unformatted(*PLACES)]
    if not unformatted("-", text=CANARY):
        faults.append("forge fmt finds nothing wrong with its canary")
    for fault in faults:
        print(f"FAILED  {fault}", file=sys.stderr)
    return 1 if faults else 0


def unformatted(*places: str, text: str | None = None) -> list[str]:
    """The sources that forge would lay out otherwise; "-" is `text`. Raises RuntimeError when
    forge does not get as far as that."""
    ran = subprocess.run(
        [ROOT / ".tools" / "forge", "fmt", "--check", *places],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    found = _DIFFERS.findall(ran.stdout + ran.stderr)
    if ran.returncode and not found:
        raise RuntimeError((ran.stdout + ran.stderr)[-2000:])
    # A second node that was installed below tests/ brings contracts of its own.
    return [file for file in found if INSTALLED not in Path(file).parts]


if __name__ == "__main__":
    sys.exit(main())
