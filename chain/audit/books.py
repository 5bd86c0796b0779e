"""What our own index and books say, in plain JSON: the verifiers come to it by themselves, from the
chain's bytes, and compare. Numbers are decimal text, bytes hexadecimal, accounts lower case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from chain.audit.archive import plain_json
from chain.client.blocks import BlockPin
from chain.indexer import tables
from chain.indexer.records import RootState
from chain.indexer.store import Store
from chain.ledger.accrual import RoyaltyBook
from chain.ledger.identifiers import Address, EpochNumber
from chain.ledger.sum_tree import SumTree
from chain.settlement.settle import EpochSettlement
from chain.settlement.state import royalty_book

# A proof a leaf is much text; of larger trees anybody makes a proof from the leaves.
PROVEN_LEAVES_MAX: Final = 4_096


def ledger_state(store: Store, at: BlockPin) -> bytes:
    """Works, splits, licences, derivatives and rules, as the index has them at a block."""
    rules = store.rows(tables.sharing_rule_announced, at=at)
    return plain_json(
        {
            "works": [
                [str(w.work_id), str(w.community_id), int(w.kind), _hex(w.manifest_digest)]
                for w in store.works(at=at)
            ],
            "splits": [
                [
                    str(s.work_id),
                    str(s.version),
                    [[_low(share.payee), share.bps] for share in s.split.shares],
                ]
                for s in sorted(store.splits(at=at), key=lambda s: (s.work_id, s.version))
            ],
            "licences": [
                [
                    str(x.licence_id),
                    str(x.work_id),
                    _low(x.holder),
                    int(x.terms.tier),
                    _low(x.terms.token),
                    str(x.terms.unit_price),
                    str(x.terms.royalty_share),
                    str(x.terms.unit_cap),
                    str(x.terms.revenue_cap),
                    str(x.taken_at),
                    str(x.expiry),
                    str(x.units_used),
                    str(x.revenue_used),
                    str(x.parent_id or 0),
                ]
                for x in store.licences(at=at)
            ],
            "derivatives": [
                [
                    str(d.child),
                    f"{d.generation_id:016x}",
                    [[str(p.work_id), str(p.licence_id)] for p in d.parents],
                    _hex(d.vector.encode()),
                ]
                for d in store.derivatives(at=at)
            ],
            "rules": [
                [
                    str(r["community_id"]),
                    str(r["version"]),
                    r["rule"],
                    r["phi_bps"],
                    str(r["from_epoch"]),
                ]
                for r in rules
            ],
        }
    )


def direct_balances(store: Store, at: BlockPin) -> bytes:
    """The direct lane's books: income per work and token, and per payee what it was paid and what
    it is still due. `accrued` counts 1/1,000,000,000 of a base unit. Raises Inconsistent."""
    book = royalty_book(store, at=at)
    tokens = store.tokens(at=at)
    works = [work.work_id for work in store.works(at=at)]
    return plain_json(
        {
            "works": [
                [str(work), _low(token), str(flow.gross), str(flow.settled), str(accrued)]
                for token in tokens
                for work in works
                for flow in [book.flow(work, token)]
                for accrued in [book.accrued(work, token)]
                if flow.gross or accrued
            ],
            "payees": list(_payees(store, book, tokens, at)),
        }
    )


def _payees(
    store: Store, book: RoyaltyBook, tokens: Iterable[Address], at: BlockPin
) -> Iterable[list[str]]:
    for token in tokens:
        for record in store.splits(at=at):
            of = (record.work_id, token, record.version)
            for share in record.split.shares:
                paid, due = book.paid_to(*of, share.payee), book.due(*of, share.payee)
                if paid or due:
                    named = [str(record.work_id), str(record.version), _low(token)]
                    yield [*named, _low(share.payee), str(paid), str(due)]


def epoch_papers(
    store: Store, settled: Mapping[EpochNumber, EpochSettlement], at: BlockPin
) -> dict[str, bytes]:
    """A paper for every epoch that stands: leaves, what is withheld, what was refused and why. Of
    the active root also each leaf's proof, unless there are too many."""
    records = {record.report.epoch: record for record in store.epochs(at=at)}
    active = {root.epoch for root in store.roots(at=at) if root.state is RootState.ACTIVE}
    return {
        f"epochs/{epoch:06d}.json": plain_json(
            {
                "epoch": epoch,
                "reportHash": _hex(records[epoch].report_hash),
                "token": _low(outcome.token),
                "events": len(outcome.counted),
                "usage": [
                    [str(u.licence_id), str(u.units), str(u.revenue)] for u in outcome.licence_usage
                ],
                "payouts": [[_low(p.payee), str(p.cumulative)] for p in outcome.payouts],
                "withheld": [
                    [str(w.work_id), _low(w.payee), str(w.amount)] for w in outcome.withheld
                ],
                "refused": [[_hex(r.event_id), str(r.reason)] for r in outcome.refused],
                "proofs": _proofs(outcome.sum_tree) if epoch in active else [],
            }
        )
        for epoch, outcome in settled.items()
    }


def _proofs(tree: SumTree) -> list[list[list[str]]]:
    if tree.leaf_count > PROVEN_LEAVES_MAX:
        return []
    return [
        [[_hex(node.hash), str(node.sum)] for node in tree.proof(index)]
        for index in range(tree.leaf_count)
    ]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _low(account: Any) -> str:
    return str(account).lower()
