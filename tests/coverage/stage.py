"""A copy of the checkout whose contracts Brownie compiles without the optimizer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from scripts.export_abi import ROOT
from tests.mutation.verdicts import digest_of

HERE: Final = ROOT / "var" / "coverage"
TREE: Final = HERE / "tree"
COPIED: Final = ("contracts", "tests", "scripts", "chain", "oracle", "api", "watermark")
OPTIMIZER: Final = "      enabled: true\n"
REAL_ANVIL: Final = Path(os.environ.get("ANTIPHON_ANVIL", ROOT / ".tools" / "anvil"))
FOLDERS: Final = tuple(
    sorted({path.parent.name for path in (ROOT / "tests" / "contracts").glob("*/test_*.py")})
)


class TestsFailed(RuntimeError):
    """What a folder reaches is not known; the message is the end of what its tests said."""

    __test__ = False


def prepare() -> None:
    """Copies what the tests need. What Brownie compiled there before is kept."""
    for part in COPIED:
        shutil.rmtree(TREE / part, ignore_errors=True)
        shutil.copytree(ROOT / part, TREE / part, ignore=shutil.ignore_patterns("__pycache__"))
    for linked in ("node_modules", ".tools"):
        if not (TREE / linked).exists():
            (TREE / linked).symlink_to(ROOT / linked)
    config = (ROOT / "brownie-config.yaml").read_text()
    assert config.count(OPTIMIZER) == 1, "brownie-config.yaml has no single optimizer to turn off"
    turned_off = config.replace(OPTIMIZER, OPTIMIZER.replace("true", "false"))
    (TREE / "brownie-config.yaml").write_text(turned_off)
    shutil.copy(ROOT / "pyproject.toml", TREE / "pyproject.toml")
    anvil = TREE / "bin" / "anvil"
    anvil.parent.mkdir(exist_ok=True)
    # Without the optimizer contracts are larger than a chain takes.
    anvil.write_text(f'#!/bin/sh\nexec "{REAL_ANVIL.resolve()}" --disable-code-size-limit "$@"\n')
    anvil.chmod(0o755)


def traced(folder: str) -> dict[str, Any]:
    """What the tests of one folder of tests/contracts reach; see traced.py. Kept, and asked anew
    only when they or the contracts changed: a run that ended goes on where it was. Each folder has
    a node of its own. Raises TestsFailed when a test fails."""
    version = version_of(TREE, folder)
    kept = HERE / f"{folder}-{version}.json"
    if not kept.is_file():
        for older in HERE.glob(f"{folder}-*.json"):
            older.unlink()
        run(folder, kept)
    reached: dict[str, Any] = json.loads(kept.read_text())
    return reached


def version_of(root: Path, folder: str) -> str:
    """A name for all that decides what these tests reach, as it is below `root`."""
    tests = root / "tests"
    return digest_of(
        [
            root / "contracts",
            tests / "contracts" / folder,
            *sorted((tests / "contracts").glob("*.py")),
            root / "scripts" / "deployment.py",
            tests / "coverage" / "traced.py",
        ]
    )


def run(folder: str, answers: Path) -> None:
    environment = os.environ | {
        "ANTIPHON_ROOT": str(TREE),
        "PYTHONPATH": str(TREE),
        "ANTIPHON_ANVIL": str(TREE / "bin" / "anvil"),
        "ANTIPHON_TRACES": str(answers),
    }
    command = [sys.executable, "-m", "pytest", "-p", "tests.coverage.traced", "-q", "--tb=short"]
    # What fits into a block when optimized may not without.
    ran = subprocess.run(
        [*command, "-m", "not gas", f"tests/contracts/{folder}"],
        cwd=TREE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        answers.unlink(missing_ok=True)
        raise TestsFailed(f"{folder}: {(ran.stdout + ran.stderr)[-4000:]}")
