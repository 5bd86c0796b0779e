"""Proofs, so that anybody can claim for a payee and check that an event was counted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath

from api.http import plain, problems
from api.http.dependencies import ID_MAX, Account, App, At, Hash
from api.proving import EpochProofs
from chain.ledger.identifiers import Address, EpochNumber

router = APIRouter(prefix="/v1", tags=["proofs"], responses=problems.RESPONSES)


def the_proofs(request: Request) -> EpochProofs:
    proofs: EpochProofs = request.app.state.proofs
    return proofs


Proofs = Annotated[EpochProofs, Depends(the_proofs)]
Token = Annotated[
    Account | None, Query(description="the currency; the deployment's own when left out")
]


@router.get("/payees/{payee}/proof")
def prove_payout(
    payee: Account, app: App, proofs: Proofs, at: At, token: Token = None
) -> dict[str, Any]:
    """A payee's leaf under the active payout root, and the call that anybody may send to have it
    paid: the money goes to the payee. `due` is what the call pays now, in base units."""
    currency = app.deployment.token if token is None else Address(token)
    found = proofs.payout(currency, Address(payee), at)
    proven = found.proven
    call = app.distributor.call("claim", currency, *proven.as_tuple())
    return {
        "block": plain.plain_block(at),
        "payee": proven.payout.payee,
        "token": currency,
        "epoch": found.report.epoch,
        "report": plain.hexadecimal(found.report_hash),
        "root": plain.plain_node(found.root),
        "leaf_count": found.leaf_count,
        "index": proven.index,
        "leaf": plain.hexadecimal(found.leaf),
        "cumulative": str(proven.payout.cumulative),
        "claimed": str(found.claimed),
        "due": str(found.due),
        "siblings": [plain.plain_node(node) for node in proven.proof],
        "call": {"to": call.to, "data": plain.hexadecimal(call.data)},
    }


@router.get("/epochs/{epoch}/events/{event_id}/proof")
def prove_event(
    epoch: Annotated[int, InPath(ge=1, le=ID_MAX)], event_id: Hash, proofs: Proofs, at: At
) -> dict[str, Any]:
    """That an epoch counted a usage event: siblings from its leaf up to the report's usage root, as
    OpenZeppelin's MerkleProof takes them."""
    found = proofs.event(EpochNumber(epoch), event_id, at)
    return {
        "block": plain.plain_block(at),
        "epoch": found.report.epoch,
        "report": plain.hexadecimal(found.report_hash),
        "usage_root": plain.hexadecimal(found.report.usage_root),
        "event_id": plain.hexadecimal(found.event_id),
        "leaf": plain.hexadecimal(found.leaf),
        "siblings": [plain.hexadecimal(sibling) for sibling in found.siblings],
    }
