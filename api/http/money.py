"""Payouts, epochs, and the verifier."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.disputes import Wanted, by_payee, list_disputes
from api.http import plain, problems
from api.http.dependencies import App, At
from api.http.plain_disputes import plain_dispute
from api.reading import payee_balances
from api.verifying import published_payouts, verify_everything

router = APIRouter(prefix="/v1", tags=["money"], responses=problems.RESPONSES)


@router.get("/payouts")
def list_payouts(app: App, at: At) -> dict[str, Any]:
    """What each payee got in both lanes, what waits for it, and the disputes that stand about its
    shares; base units as text."""
    disputes = by_payee(list_disputes(app, Wanted(standing=True), at))
    return {
        "block": plain.plain_block(at),
        "currency": plain.plain_currency(app.currency),
        "payees": [
            {
                **plain.plain_balance(balance),
                "disputes": [plain_dispute(each) for each in disputes.get(balance.payee, ())],
            }
            for balance in payee_balances(app, at)
        ],
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
