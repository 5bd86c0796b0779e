"""Ledger's linter over our ERC-7730 descriptors: each finding is mended or answered, or this fails.

    python -m tests.descriptors
    python -m tests.descriptors --json

Descriptors are kept without deployments, which the standard asks for: copies get one filled in.
Canaries are linted beside them, each with a fault that must be found.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "contracts" / "descriptors"
COPIES: Final = ROOT / "var" / "descriptors"
LINTER: Final = ROOT / ".tools" / "descriptors" / "bin" / "python"
SOMEWHERE: Final = {"chainId": 1, "address": "0x" + "11" * 20}
# Answered where what is inside the list, or the bytes as a whole, is shown: the linter asks for a
# line of the list's own besides.
_NOT_SHOWN: Final = re.compile(r"for path `#\.(\S+)\.\[\]` in (?:function )?(\w+)")


@dataclass(frozen=True)
class Finding:
    file: str
    level: str
    title: str
    message: str

    @property
    def is_answered(self) -> bool:
        found = _NOT_SHOWN.search(self.message)
        return bool(
            self.title == "Missing Display field" and found and _is_shown(self.file, found.group(1))
        )


def _is_shown(file: str, path: str) -> bool:
    """Whether every format of the file that has this list or these bytes shows what is in it."""
    formats = json.loads((COPIES / file).read_text())["display"]["formats"].values()
    shown = {field["path"] for each in formats for field in each["fields"]}
    return any(each == path or each.startswith(f"{path}.[]") for each in shown)


def _hides_the_payee(document: dict[str, Any]) -> None:
    for each in document["display"]["formats"].values():
        each["fields"] = [field for field in each["fields"] if field["path"] != "payee"]
        each["required"] = [path for path in each["required"] if path != "payee"]


def _shows_what_is_not_signed(document: dict[str, Any]) -> None:
    for each in document["display"]["formats"].values():
        each["fields"].append({"path": "discount", "label": "Discount", "format": "raw"})


def _names_by_nothing(document: dict[str, Any]) -> None:
    for each in document["display"]["formats"].values():
        for field in each["fields"]:
            if field["format"] == "addressName":
                del field["params"]


# What is broken, how, and what the linter must say to it.
CANARIES: Final[tuple[tuple[str, Callable[[dict[str, Any]], None], str], ...]] = (
    ("calldata-RoyaltyLedger.json", _hides_the_payee, "Missing Display field"),
    ("eip712-LicenceVoucher.json", _shows_what_is_not_signed, "Invalid Display field"),
    ("calldata-DisputeCourt.json", _names_by_nothing, "Missing parameters"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.descriptors", description=__doc__)
    parser.add_argument("--json", action="store_true", help="findings and faults as one document")
    as_json = parser.parse_args().json
    if not LINTER.exists():
        sys.stderr.write("The linter is not installed. Next: make descriptors\n")
        return 1
    names = write_copies()
    findings = linted()
    ours = [each for each in findings if each.file in names]
    open_findings = [each for each in ours if each.level == "error" or not each.is_answered]
    faults = [f"{each.file}: {each.title}: {each.message}" for each in open_findings]
    faults += missed_canaries(findings)
    if as_json:
        answered = [asdict(each) for each in ours if each not in open_findings]
        say(json.dumps({"files": names, "answered": answered, "faults": faults}, indent=1))
    else:
        answered_count = len(ours) - len(open_findings)
        say(f"{len(names)} descriptors, {len(ours)} findings, {answered_count} answered")
        for fault in faults:
            say(f"FAILED  {fault}")
    return 1 if faults else 0


def write_copies() -> list[str]:
    """Each descriptor, deployed somewhere, and the broken ones; the names of the first."""
    shutil.rmtree(COPIES, ignore_errors=True)
    COPIES.mkdir(parents=True)
    names = sorted(path.name for path in FOLDER.glob("*.json"))
    assert names, f"no descriptors in {FOLDER}"
    for name in names:
        (COPIES / name).write_text(json.dumps(deployed(name)))
    for number, (name, break_it, _) in enumerate(CANARIES):
        document = deployed(name)
        break_it(document)
        (COPIES / canary_file(number)).write_text(json.dumps(document))
    return names


def canary_file(number: int) -> str:
    """By its own name it is none of ours; the linter reads the kind off the name's beginning."""
    kind = CANARIES[number][0].partition("-")[0]
    return f"{kind}-Canary{number}.json"


def deployed(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / name).read_text())
    context = document["context"]
    context.get("contract", context.get("eip712"))["deployments"] = [SOMEWHERE]
    return document


def linted() -> list[Finding]:
    ran = subprocess.run(
        [LINTER, ROOT / "tests" / "descriptors" / "linted.py", COPIES],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"the linter did not run:\n{ran.stderr[-3000:]}")
    return [Finding(*row) for row in json.loads(ran.stdout)]


def missed_canaries(findings: list[Finding]) -> list[str]:
    said = {(each.file, each.title) for each in findings if not each.is_answered}
    return [
        f"the linter does not find its canary: {name}, {title}"
        for number, (name, _, title) in enumerate(CANARIES)
        if (canary_file(number), title) not in said
    ]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
