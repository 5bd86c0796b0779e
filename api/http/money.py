"""Payouts, epochs, and the verifier."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.http import plain, problems
from api.http.dependencies import App, At
from api.reading import payee_balances
from api.verifying import published_payouts, verify_everything

router = APIRouter(prefix="/v1", tags=["money"], responses=problems.RESPONSES)


@router.get("/payouts")
def list_payouts(app: App, at: At) -> dict[str, Any]:
    """What each payee got in both lanes, and what waits for it; base units as text."""
    return {
        "block": plain.plain_block(at),
        "currency": plain.plain_currency(app.currency),
        "payees": [plain.plain_balance(balance) for balance in payee_balances(app, at)],
        "deferrals": [plain.plain_deferral(d) for d in app.store.deferrals(at=at)],
    }


@router.get("/epochs")
def list_epochs(app: App, at: At) -> dict[str, Any]:
    """Usage reports, and what became of their payout roots."""
    roots = {(root.token, root.epoch): root for root in app.store.roots(at=at)}
    shown = [
        plain.plain_epoch(record, roots.get((record.report.token, record.report.epoch)))
        for record in app.store.epochs(at=at)
    ]
    return {"block": plain.plain_block(at), "epochs": shown}


@router.get("/verification")
def verify_now(app: App, at: At) -> dict[str, Any]:
    """Replay every event and recompute every balance, now. Takes a while on a long chain."""
    return plain.plain_verification(verify_everything(app, at, published_payouts(app)))
