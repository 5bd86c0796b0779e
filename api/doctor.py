"""Why something does not work on this machine: questions in the order in which to ask them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import httpx

from api.cli.remote import base_url
from api.errors import NothingRunning
from api.stack.crew import API_PORT
from api.stack.holders import holders, told
from api.stack.ports import who_listens
from api.stack.stack import ANVIL, NODE_PORT, WATERMARK_PORT
from oracle.errors import OutboxUnavailable
from oracle.lease import Role
from oracle.operations.checks import Check, check_disk

SECONDS = 20.0
PYTHONS = ((3, 11), (3, 12))


def examine(api: str, state: Path, database: str = "") -> tuple[Check, ...]:
    """The machine first, then whatever runs: the API at `api`, or the one that was started here,
    and the roles in the outbox, which is a file in `state` or a `database`."""
    # Asking makes no folder.
    there = next(folder for folder in (state, *state.resolve().parents) if folder.exists())
    machine = (check_python(), check_anvil(), check_node_js(), check_ports(), check_disk(there))
    running = check_api(api)
    outbox = database or state / "outbox.sqlite"
    return (*machine, *running, check_roles(outbox, is_needed=len(running) > 1))


def check_roles(outbox: Path | str, *, is_needed: bool) -> Check:
    """Which process seals epochs, and which one sends; while a ledger runs, one for each must."""
    try:
        found = holders(outbox)
    except OutboxUnavailable as error:
        return Check("roles", False, str(error), "see to the database; the rest follows from it")
    if not found:
        return Check("roles", True, "no outbox here, so nobody has a role in it")
    said = ", ".join(f"{role}: {told(found.get(role))}" for role in Role)
    missing = [role for role in Role if role not in found or found[role].is_over]
    if is_needed and missing:
        step = f"antiphon up, or antiphon up --role {missing[0]} on the machine that is to do it"
        return Check("roles", False, said, step)
    return Check("roles", True, said)


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


def check_ports(usual: tuple[int, ...] = (NODE_PORT, WATERMARK_PORT, API_PORT)) -> Check:
    """Who listens on the usual ports; no fault, for a free one is taken then."""
    taken = [f"{port}: {who}" for port in usual if (who := who_listens(port))]
    return Check("ports", True, ", ".join(taken) or "the usual ones are free")


def check_api(api: str) -> tuple[Check, ...]:
    """What a running ledger says of itself."""
    try:
        url = base_url(api)
    except NothingRunning:
        return (Check("api", True, "nothing runs here", "antiphon up, if you meant it to"),)
    try:
        answer: dict[str, Any] = httpx.get(f"{url}/readyz", timeout=SECONDS).json()
        checks = [Check(**check) for check in answer["checks"]]
    except httpx.HTTPError as error:
        said = f"{url} does not answer ({type(error).__name__})"
        return (Check("api", False, said, "antiphon up"),)
    except (ValueError, KeyError, TypeError):
        return (Check("api", False, f"{url} is not an Antiphon API", "give --api another address"),)
    return (Check("api", True, url), *checks)
