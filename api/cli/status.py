"""`antiphon status`: what runs, how far it is, and which process has which role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.printing import Api, AsJson, refuse, show
from api.cli.up import STATE, Database

if TYPE_CHECKING:
    from rich.table import Table

    from oracle.lease import Holding

Plain = dict[str, Any]


def status(
    state: Annotated[Path, typer.Option(help="The folder of the `antiphon up` meant.")] = STATE,
    database: Database = "",
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """What runs, how far it is, and which process has which role of the oracle.

    Example: antiphon status --database postgresql://antiphon@10.0.0.5/outbox
    """
    from api.cli.remote import base_url, get
    from api.errors import ApplicationError
    from api.stack.holders import holders
    from oracle.errors import OutboxUnavailable
    from oracle.lease import Role

    found: Plain = {"api": None, "health": None, "trouble": None}
    try:
        found["api"] = base_url(api)
        found["health"] = get(api, "/health")
    except ApplicationError as error:
        found["trouble"] = str(error)
    try:
        held = holders(database or state / "outbox.sqlite")
    except OutboxUnavailable as error:
        refuse(str(error))
    if found["api"] is None and not held:
        refuse(found["trouble"])
    found["roles"] = {role.value: _plain(held.get(role)) for role in Role}
    show(found, as_json, _table)


def _plain(held: Holding | None) -> Plain | None:
    """Who took a role last; `over` when it has ended or was not heard of for too long."""
    if held is None:
        return None
    host, _, process = held.holder.rpartition(":")
    return {
        "host": host,
        "process": int(process),
        "over": held.is_over,
        "lease_seconds": max(held.seconds, 0),
    }


def _table(found: Plain) -> Table:
    from api.cli.tables import table_of

    rows = table_of("what", "how it stands")
    rows.add_row("ledger", found["api"] or found["trouble"])
    if found["api"] and found["trouble"]:
        rows.add_row("", found["trouble"])
    if found["health"]:
        for name, said in _health(found["health"]):
            rows.add_row(name, said)
    for role, held in found["roles"].items():
        rows.add_row(f"role {role}", _words(held))
    return rows


def _health(health: Plain) -> Iterator[tuple[str, str]]:
    yield "chain", f"{health['chain_id']}, block {health['block']}"
    index = health["index"]
    if index is None:
        yield "index", "nothing was asked yet, so nothing is indexed"
    else:
        paused = f"; paused: {index['paused_reason']}" if index["paused_reason"] else ""
        yield "index", f"block {index['block']}{paused}"
        if index["paused_contracts"]:
            yield "paused contracts", ", ".join(index["paused_contracts"])
    watermark = health["watermark"]
    ids = f"{watermark['registered_ids']} ids registered"
    yield "watermark service", f"{watermark['detector']} {watermark['version']}, {ids}"


def _words(held: Plain | None) -> str:
    if held is None:
        return "nobody. Next: antiphon up"
    who = f"process {held['process']} on {held['host']}"
    if held["over"]:
        return f"nobody ({who} had it last). Next: antiphon up"
    return f"{who}, for {held['lease_seconds']} s more unless it says that it is there"
