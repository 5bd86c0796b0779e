"""Recomputing every balance from the chain and the blocks held here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from api.application import Application
from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Digest, EpochNumber
from chain.ledger.sum_tree import Payout
from chain.provenance import Cid, Codec, FsBlockStore, ProvenanceError
from chain.provenance.errors import BlockMissing
from chain.settlement.verify import Check, Discrepancy, VerificationReport, verify
from oracle.errors import PaperMalformed
from oracle.opening import open_oracle
from oracle.papers import get_payouts


class AsOnDisk:
    """Blocks as they lie, unverified: what was altered must reach the verifier, to be named."""

    def __init__(self, blocks: FsBlockStore) -> None:
        self._blocks = blocks

    def get(self, cid: Cid) -> bytes:
        """The bytes under a name. Raises BlockMissing."""
        path = self._blocks.path_of(cid)
        if not path.exists():
            raise BlockMissing(cid)
        return path.read_bytes()

    def has(self, cid: Cid) -> bool:
        return self._blocks.has(cid)

    def iterate(self) -> Iterator[Cid]:
        return self._blocks.iterate()

    def read(self, digest: Digest, codec: int) -> bytes | None:
        """As the verifier asks: by digest, None when not held."""
        cid = Cid.from_digest(digest, Codec(codec))
        return self.get(cid) if self.has(cid) else None


def verify_everything(
    app: Application, at: BlockPin, published: Mapping[EpochNumber, Cid]
) -> VerificationReport:
    """Replay the chain's events and recompute every epoch; list what differs, with its place.

    `published` names the payouts paper of each epoch, whose leaves are compared one by one; a paper
    that is no paper any more is a difference too. Raises BlockGone, RpcUnavailable.
    """
    on_disk = AsOnDisk(app.blocks)
    damaged: list[Discrepancy] = []

    def leaves(epoch: EpochNumber) -> Sequence[Payout] | None:
        cid = published.get(epoch)
        if cid is None:
            return None
        try:
            return get_payouts(on_disk, cid).payouts
        except BlockMissing:
            return None
        except (PaperMalformed, ProvenanceError) as error:
            place = f"payouts {cid} of epoch {epoch}"
            damaged.append(Discrepancy(Check.LEAVES, place, "a list of payouts", str(error)))
            return None

    report = verify(app.store, app.node, app.deployment, on_disk.read, at=at, read_payouts=leaves)
    return replace(report, discrepancies=(*report.discrepancies, *damaged))


def published_payouts(app: Application) -> dict[EpochNumber, Cid]:
    """The payouts paper of each epoch, as the oracle's outbox beside this index names it."""
    place = app.settings.oracle.outbox
    if isinstance(place, Path) and not place.exists():
        return {}
    with open_oracle(app.settings.oracle, roles=()) as oracle:
        return {row.report.epoch: row.payouts_cid for row in oracle.status().epochs}
