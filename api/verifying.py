"""Recomputing every balance from the chain and the blocks held here."""

from __future__ import annotations

from api.application import Application
from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Digest
from chain.provenance import Cid, Codec
from chain.settlement.verify import VerificationReport, verify


def verify_everything(app: Application, at: BlockPin) -> VerificationReport:
    """Replay the chain's events and recompute every epoch; list what differs, with its place.

    Raises BlockGone, RpcUnavailable.
    """

    def held(digest: Digest, codec: int) -> bytes | None:
        # As it lies on the disk: an altered block must reach the verifier, which names it.
        path = app.blocks.path_of(Cid.from_digest(digest, Codec(codec)))
        return path.read_bytes() if path.exists() else None

    return verify(app.store, app.node, app.deployment, held, at=at)
