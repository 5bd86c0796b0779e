"""What must hold for the HTTP face to answer, each with the next step."""

from __future__ import annotations

import time
from collections.abc import Callable

from api.application import Application
from api.http.problems import told
from chain.client.signer import DEVELOPMENT_CHAIN_ID
from oracle.operations.checks import (
    BLOCKS_BEHIND_MAX,
    TROUBLES,
    Check,
    check_contracts,
    check_disk,
    check_node,
    examined,
)
from watermark.client import WatermarkFailure


def api_checks(app: Application) -> tuple[Check, ...]:
    """What `/readyz` asks; nothing is brought up to date by asking."""
    chain_id = app.deployment.chain_id
    development = chain_id == DEVELOPMENT_CHAIN_ID
    questions: tuple[tuple[str, Callable[[], Check]], ...] = (
        (
            "node",
            lambda: check_node(app.node, chain_id, mined_on_demand=development, now=time.time()),
        ),
        ("contracts", lambda: check_contracts(app.node, app.deployment)),
        ("index", lambda: check_index(app)),
        ("watermark", lambda: check_watermark(app)),
        ("disk", lambda: check_disk(app.settings.state)),
    )
    return tuple(
        examined(name, ask, (*TROUBLES, WatermarkFailure), told) for name, ask in questions
    )


def check_index(app: Application) -> Check:
    """Whether the index goes on, and has set nothing apart."""
    status = app.index_status()
    if status is None:
        return Check("index", True, "nothing was asked yet, so nothing is indexed")
    if status.paused_reason:
        step = "python -m chain.indexer repair"
        return Check("index", False, f"paused: {status.paused_reason}", step)
    if status.quarantined:
        step = "python -m chain.indexer status: it names them"
        return Check("index", False, f"{status.quarantined} logs could not be read", step)
    behind = max(app.head().number - status.cursor.number, 0)
    if behind > BLOCKS_BEHIND_MAX:
        # Every question brings it up to date; many blocks make the first one slow.
        return Check("index", True, f"{behind} blocks behind; the next question reads them")
    return Check("index", True, f"{behind} blocks behind")


def check_watermark(app: Application) -> Check:
    """Whether the watermark process answers."""
    health = app.watermark.health()
    return Check("watermark", True, f"{health.detector} {health.version}")
