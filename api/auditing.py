"""Audit bundles of a running ledger, and the checkers that read them."""

from __future__ import annotations

from api.application import Application
from api.verifying import AsOnDisk
from chain.audit.errors import PeriodInvalid
from chain.audit.export import Bundle, export


def audit_bundle(
    app: Application, *, from_block: int | None = None, to_block: int | None = None
) -> Bundle:
    """The ledger as one file, up to a block (the newest when left out); `from_block` is where the
    period begins whose money is added up. Raises PeriodInvalid and what `export` raises."""
    head = app.refresh()
    if to_block is not None and not app.deployment.block <= to_block <= head.number:
        raise PeriodInvalid(
            f"block {to_block} is not of this ledger, which has blocks {app.deployment.block} to "
            f"{head.number}. Next: name one of these"
        )
    at = head if to_block is None else app.node.block(to_block)
    blocks = AsOnDisk(app.blocks)
    return export(app.store, app.node, app.deployment, blocks.read, at=at, from_block=from_block)
