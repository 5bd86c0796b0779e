"""What the faces show of the ledger: index facts with the words of their manifests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from api.application import Application
from chain.client.blocks import BlockPin
from chain.indexer.records import WorkRecord
from chain.ledger.identifiers import Address, Digest, WorkId
from chain.provenance import Cid, Codec, ProvenanceError, WorkManifest, get_manifest

UNTOLD = "(manifest not held here)"


@dataclass(frozen=True)
class WorkShown:
    """A work as people know it. `titles` are (language, text); empty when its manifest is away."""

    record: WorkRecord
    manifest: Cid
    titles: tuple[tuple[str, str], ...]
    genre: str | None
    generation: str | None

    @property
    def title(self) -> str:
        return self.titles[0][1] if self.titles else UNTOLD


def manifest_cid(digest: Digest) -> Cid:
    """A manifest's content id from the digest on chain."""
    return Cid.from_digest(digest, Codec.DAG_CBOR)


def show_work(app: Application, record: WorkRecord) -> WorkShown:
    """Join a work with its manifest; a missing or damaged manifest hides words, never the work."""
    cid = manifest_cid(record.manifest_digest)
    try:
        body = get_manifest(app.blocks, cid, WorkManifest).body
    except ProvenanceError:
        return WorkShown(record, cid, (), None, None)
    return WorkShown(
        record,
        cid,
        tuple((title.lang, title.value) for title in body.title),
        body.culture.genre if body.culture else None,
        body.generation,
    )


def show_works(app: Application, at: BlockPin) -> list[WorkShown]:
    return [show_work(app, record) for record in app.store.works(at=at)]


def find_work(app: Application, work_id: WorkId, at: BlockPin) -> WorkShown | None:
    record = app.store.work(work_id, at=at)
    return None if record is None else show_work(app, record)


@dataclass(frozen=True)
class PayeeBalance:
    """What a payee got in both lanes, and what waits for it; base units."""

    payee: Address
    direct: int
    epoch: int
    waiting: int

    @property
    def paid(self) -> int:
        return self.direct + self.epoch


def payee_balances(app: Application, at: BlockPin) -> list[PayeeBalance]:
    """Every payee of any split, ascending by address; zero for those not paid yet."""
    payees = {s.payee for record in app.store.splits(at=at) for s in record.split.shares}
    direct: dict[Address, int] = dict.fromkeys(payees, 0)
    epoch: dict[Address, int] = dict.fromkeys(payees, 0)
    for payout in app.store.direct_payouts(at=at):
        direct[payout.payee] = direct.get(payout.payee, 0) + payout.amount
    for paid in app.store.epoch_payouts(at=at):
        epoch[paid.payee] = epoch.get(paid.payee, 0) + paid.amount
    waiting = waiting_by_payee(app, at)
    return [
        PayeeBalance(payee, direct[payee], epoch.get(payee, 0), waiting.get(payee, 0))
        for payee in sorted(direct, key=str.lower)
    ]


def waiting_by_payee(app: Application, at: BlockPin) -> dict[Address, int]:
    """What waits for payees whom a push could not pay.

    In the direct lane the ledger is asked what is due by now under each version that a deferral
    names. In the epoch lane the newest deferral includes the earlier ones.
    """
    total: dict[Address, int] = defaultdict(int)
    epoch: dict[tuple[Address, Address], int] = {}
    direct: set[tuple[WorkId, int, Address, Address]] = set()
    for deferral in app.store.deferrals(at=at):
        if deferral.work_id is not None and deferral.version is not None:
            direct.add((deferral.work_id, deferral.version, deferral.token, deferral.payee))
        else:
            waits = deferral.amount if deferral.waiting else 0
            epoch[(deferral.token, deferral.payee)] = waits
    for (_, payee), amount in epoch.items():
        total[payee] += amount
    for work_id, version, token, payee in direct:
        split = app.store.splits(at=at, work_id=work_id)[version - 1].split
        total[payee] += app.ledger.due_to(work_id, token, version, split, payee, at=at)
    return total
