"""The packaged dashboard beside Grafana's own types of one, as Grafana publishes them.

A target of its own (`make test-dashboard`), for it installs the types and a compiler from npm. That
its numbers exist and what its queries say is tested without (tests/oracle/operations).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DASHBOARD = ROOT / "oracle" / "operations" / "dashboard.json"
TYPES = HERE / "node_modules" / "@grafana" / "schema" / "dist" / "types"
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"
OPTIONS = ("--noEmit", "--skipLibCheck", "--strict", "--module", "esnext")
SECONDS = 600
SWITCH = "ANTIPHON_GRAFANA"
Panel = dict[str, Any]

pytestmark = pytest.mark.skipif(not os.environ.get(SWITCH), reason="make test-dashboard")


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if not COMPILER.exists():
        subprocess.run(
            ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=HERE,
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )


def complaints(kinds: dict[str, tuple[str, str, Any]], folder: Path) -> str:
    """What the compiler says of values, each of a type of one of Grafana's modules."""
    lines = []
    for name, (module, kind, value) in kinds.items():
        lines.append(f"import type {{ {kind} as {name}Kind }} from {str(TYPES / module)!r};")
        lines.append(f"export const {name}: {name}Kind = {json.dumps(value)};")
    source = folder / "dashboard.ts"
    source.write_text("\n".join(lines))
    command = ["node", str(COMPILER), *OPTIONS, "--moduleResolution", "bundler", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode == 0) == (not done.stdout), done.stderr
    return done.stdout


def parts(dashboard: dict[str, Any]) -> dict[str, tuple[str, str, Any]]:
    """The dashboard, and what the type of a whole one leaves open: each panel and its settings."""
    whole = "raw/dashboard/x/types.gen"
    found: dict[str, tuple[str, str, Any]] = {"dashboard": (whole, "Dashboard", dashboard)}
    for panel in dashboard["panels"]:
        name = f"panel{panel['id']}"
        found[name] = (whole, "Panel", panel)
        if "options" in panel:
            module = f"raw/composable/{panel['type']}/panelcfg/x/types.gen"
            found[f"{name}options"] = (module, "Options", panel["options"])
    return found


def test_it_is_a_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads(DASHBOARD.read_text())

    assert complaints(parts(dashboard), tmp_path) == ""


def _text_for_a_number(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["gridPos"]["w"] = "8"


def _a_word_nobody_knows(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["titel"] = "Conservation error"


def _a_panel_without_a_type(dashboard: dict[str, Any]) -> None:
    del dashboard["panels"][0]["type"]


@pytest.mark.parametrize(
    "break_it", [_text_for_a_number, _a_word_nobody_knows, _a_panel_without_a_type]
)
def test_a_fault_in_it_is_found(break_it: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    break_it(dashboard)

    assert "error TS" in complaints(parts(dashboard), tmp_path)
