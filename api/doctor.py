"""Why something does not work on this machine: questions in the order in which to ask them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import httpx

from api.cli.remote import base_url
from api.errors import NothingRunning
from api.stack.stack import ANVIL
from oracle.operations.checks import Check, check_disk

SECONDS = 20.0
PYTHONS = ((3, 11), (3, 12))


def examine(api: str, state: Path) -> tuple[Check, ...]:
    """The machine first, then whatever runs: the API at `api`, or the one that was started here."""
    return (check_python(), check_anvil(), check_node_js(), check_disk(state), *check_api(api))


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """Whether this Python is one that the pinned packages were made for."""
    said = ".".join(map(str, version))
    if version not in PYTHONS:
        return Check("python", False, said, "make setup PYTHON=python3.11")
    return Check("python", True, said)


def check_anvil(place: Path = ANVIL) -> Check:
    """Whether the development chain's node is installed."""
    if not place.exists():
        return Check("anvil", False, f"{place} is missing", "make setup")
    return Check("anvil", True, str(place))


def check_node_js() -> Check:
    """Whether the compiler's runtime is there; a deployed ledger does without."""
    found = shutil.which("node")
    if found is None:
        return Check("node.js", False, "not found", "install Node 20; contracts compile with it")
    return Check("node.js", True, found)


def check_api(api: str) -> tuple[Check, ...]:
    """What a running ledger says of itself."""
    try:
        url = base_url(api)
    except NothingRunning:
        return (Check("api", True, "nothing runs here", "antiphon up, if you meant it to"),)
    try:
        answer: dict[str, Any] = httpx.get(f"{url}/readyz", timeout=SECONDS).json()
        told = [Check(**check) for check in answer["checks"]]
    except httpx.HTTPError as error:
        said = f"{url} does not answer ({type(error).__name__})"
        return (Check("api", False, said, "antiphon up"),)
    except (ValueError, KeyError, TypeError):
        return (Check("api", False, f"{url} is not an Antiphon API", "give --api another address"),)
    return (Check("api", True, url), *told)
