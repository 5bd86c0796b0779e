"""A community's own past as a file: what each epoch brought it, before any rule divided it.

The same document over HTTP and on disk, so that rules are compared where the listener data lies and
nobody sends it anywhere. A file cannot prove that it is of the chain: who doubts it asks an API of
its own, which divides every epoch anew against the report on chain before it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.application import Application
from api.errors import ApplicationError, NotFound
from api.reading import show_work
from chain.client.blocks import BlockPin
from chain.ledger.errors import Inconsistent, LedgerError
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    EpochNumber,
    WorkId,
    address,
    digest_from_hex,
)
from chain.ledger.money import Currency
from chain.ledger.rights import UNIT_NUMERATOR, Split
from chain.ledger.sharing import Announcement, SharingRule
from chain.settlement.history import CommunityPool, community_pools

SCHEMA: Final = "antiphon.community-pools/1"


class HistoryUnsound(ApplicationError):
    """An epoch on chain is not what the rules come to, so no comparison can start from it."""

    code = "history-unsound"

    def __init__(self, reason: Inconsistent) -> None:
        super().__init__(f"{reason}. Next: antiphon verify")


class HistoryMalformed(ApplicationError):
    """A file that is no community's past."""

    code = "history-malformed"

    def __init__(self, reason: object) -> None:
        super().__init__(
            f"this is no {SCHEMA} document ({reason}). "
            "Next: antiphon rules export COMMUNITY FILE makes one"
        )


@dataclass(frozen=True)
class WorkPaid:
    """A work of the community with the split in force, whether it earned or not."""

    work_id: WorkId
    title: str
    split: Split


@dataclass(frozen=True)
class CommunityHistory:
    """Pools ascend by epoch; `works` are the community's that have a split, at `block`."""

    chain_id: int
    community_id: CommunityId
    block: int
    currency: Currency
    works: tuple[WorkPaid, ...]
    pools: tuple[CommunityPool, ...]

    @property
    def splits(self) -> dict[WorkId, Split]:
        return {work.work_id: work.split for work in self.works}

    @property
    def earned(self) -> int:
        """All pools together, in base units; fractions of one are carried on to later epochs."""
        return sum(sum(pool.parts.values()) for pool in self.pools) // UNIT_NUMERATOR

    def of_epochs(self, first: int, last: int) -> CommunityHistory:
        """The same past between two epochs, both included."""
        pools = tuple(pool for pool in self.pools if first <= pool.epoch <= last)
        given = (self.chain_id, self.community_id, self.block, self.currency, self.works)
        return CommunityHistory(*given, pools)

    def to_plain(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "chain_id": self.chain_id,
            "community_id": self.community_id,
            "block": self.block,
            "currency": {
                "token": self.currency.token,
                "symbol": self.currency.symbol,
                "decimals": self.currency.decimals,
            },
            "works": [
                {
                    "work_id": str(work.work_id),
                    "title": work.title,
                    "shares": [{"payee": s.payee, "bps": s.bps} for s in work.split.shares],
                }
                for work in self.works
            ],
            "epochs": [_plain_pool(pool) for pool in self.pools],
        }

    @classmethod
    def from_plain(cls, document: Any) -> CommunityHistory:
        """Inverse of `to_plain`. Raises HistoryMalformed."""
        try:
            if document["schema"] != SCHEMA:
                raise HistoryMalformed(f"its schema is {str(document['schema'])[:60]!r}")
            currency = document["currency"]
            return cls(
                int(document["chain_id"]),
                CommunityId(int(document["community_id"])),
                int(document["block"]),
                Currency(address(currency["token"]), currency["symbol"], int(currency["decimals"])),
                tuple(map(_work, document["works"])),
                tuple(sorted(map(_pool, document["epochs"]), key=lambda pool: pool.epoch)),
            )
        except (KeyError, TypeError, ValueError, LedgerError) as error:
            raise HistoryMalformed(f"{type(error).__name__}: {str(error)[:80]}") from error


def read_history(app: Application, community_id: CommunityId, at: BlockPin) -> CommunityHistory:
    """A community's pools in the deployment's token, each held against the report on chain.

    Raises NotFound, HistoryUnsound, and what the index and the node raise.
    """
    if app.store.community(community_id, at=at) is None:
        raise NotFound("community", community_id)
    token = app.token.address
    try:
        pools = community_pools(app.store, community_id, token, at=at, pin_of=app.node.block)
    except Inconsistent as error:
        raise HistoryUnsound(error) from error
    own = app.store.works_of_communities([community_id], at=at)
    splits = {record.work_id: record.split for record in app.store.splits(at=at)}
    works = tuple(
        WorkPaid(record.work_id, show_work(app, record).title, splits[record.work_id])
        for record in app.store.works(at=at)
        if record.work_id in own and record.work_id in splits
    )
    return CommunityHistory(
        app.deployment.chain_id, community_id, at.number, app.currency, works, pools
    )


def _plain_pool(pool: CommunityPool) -> dict[str, Any]:
    announced = pool.announced
    return {
        "epoch": pool.epoch,
        "previous_report": "0x" + pool.previous_report.hex(),
        "announced": None
        if announced is None
        else {
            "rule": announced.rule.name,
            "phi_bps": announced.phi_bps,
            "version": announced.version,
            "from_epoch": announced.from_epoch,
        },
        "parts": [
            {"work_id": str(work), "payee": payee, "numerator": str(numerator)}
            for (work, payee), numerator in pool.parts.items()
        ],
    }


def _pool(plain: Mapping[str, Any]) -> CommunityPool:
    held = plain["announced"]
    parts: dict[tuple[WorkId, Address], int] = {}
    for part in plain["parts"]:
        share = (WorkId(int(part["work_id"])), address(part["payee"]))
        numerator = int(part["numerator"])
        if share in parts or numerator < 0:
            raise ValueError(f"payee {share[1]} of work {share[0]} is there twice or below zero")
        parts[share] = numerator
    announced = held and Announcement(
        SharingRule[held["rule"]],
        int(held["phi_bps"]),
        int(held["version"]),
        EpochNumber(int(held["from_epoch"])),
    )
    return CommunityPool(
        EpochNumber(int(plain["epoch"])),
        digest_from_hex(plain["previous_report"], "previous report"),
        announced,
        parts,
    )


def _work(plain: Mapping[str, Any]) -> WorkPaid:
    shares = {address(share["payee"]): int(share["bps"]) for share in plain["shares"]}
    return WorkPaid(WorkId(int(plain["work_id"])), str(plain["title"]), Split.of(shares))
