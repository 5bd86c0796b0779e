"""Statements of the ledger that runs here, with titles from the manifests that are held."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from api.application import Application
from api.reading import find_work
from api.verifying import AsOnDisk
from chain.client.blocks import BlockPin
from chain.client.stablecoin import Stablecoin
from chain.ledger.identifiers import Address, CommunityId, WorkId
from chain.ledger.money import Currency
from chain.ledger.rights import UNIT_NUMERATOR
from chain.statements.books import Books
from chain.statements.document import document_of
from chain.statements.epoch_lane import EpochRecomputation
from chain.statements.errors import TokenUnknown
from chain.statements.periods import Chain, Period, periods_of, whole_chain
from chain.statements.stocks import NOTHING


class StatementDesk:
    """Makes statements over one application; epochs are computed again once, then remembered."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._computing = threading.Lock()
        self._currencies: dict[Address, Currency] = {}
        self._recomputation: EpochRecomputation | None = None
        self._reorganisations = 0

    def of_payee(
        self, payee: Address, periods: Sequence[str], token: Address | None, at: BlockPin
    ) -> list[dict[str, Any]]:
        """A creator's statements, in the order of time; without periods, of the whole chain.

        Raises StatementRefused, ClientError, IndexerError.
        """
        store = self._app.store
        is_known = (
            any(share.payee == payee for r in store.splits(at=at) for share in r.split.shares)
            or bool(store.direct_payouts(at=at, payee=payee))
            or bool(store.epoch_payouts(at=at, payee=payee))
        )
        return [
            document_of(books.of_payee(payee, period, is_known=is_known), self._titles(at))
            for period, books in self._books(periods, token, at)
        ]

    def of_community(
        self, community_id: CommunityId, periods: Sequence[str], token: Address | None, at: BlockPin
    ) -> list[dict[str, Any]]:
        """A community's statements, as `of_payee`."""
        is_known = self._app.store.community(community_id, at=at) is not None
        return [
            document_of(
                books.of_community(community_id, period, is_known=is_known), self._titles(at)
            )
            for period, books in self._books(periods, token, at)
        ]

    def kept_back(self, payee: Address, work_id: WorkId, token: Address, at: BlockPin) -> int:
        """What the epoch lane keeps back of a disputed share, in whole base units.

        Raises as `of_payee`.
        """
        ((period, books),) = self._books((), token, at)
        statement = books.of_payee(payee, period, is_known=True)
        frozen = statement.closing.get(work_id, NOTHING).frozen
        if (work_id, payee) in self._app.store.frozen(at=at):
            for version in statement.direct:
                if version.work_id == work_id:
                    frozen -= version.due * UNIT_NUMERATOR + version.below_a_unit
        return frozen // UNIT_NUMERATOR

    def _books(
        self, texts: Sequence[str], token: Address | None, at: BlockPin
    ) -> list[tuple[Period, Books]]:
        app = self._app
        chain = Chain(app.node.block, at)
        periods = periods_of(texts, chain) or [whole_chain(chain)]
        currency = self._currency(token or app.deployment.token, at)
        # One at a time: each epoch is settled once, and settling takes memory.
        with self._computing:
            recomputation = self._settled_so_far()
            return [
                (period, Books(app.store, app.deployment, recomputation, currency, period.closing))
                for period in periods
            ]

    def _settled_so_far(self) -> EpochRecomputation:
        """What epochs came to, as long as no block was replaced: they were settled from blocks."""
        app, reorganisations = self._app, self._app.store.status().reorg_count
        if self._recomputation is None or reorganisations != self._reorganisations:
            self._reorganisations = reorganisations
            self._recomputation = EpochRecomputation(
                app.store,
                app.deployment,
                pin_of=app.node.block,
                read_block=AsOnDisk(app.blocks).read,
            )
        return self._recomputation

    def _currency(self, token: Address, at: BlockPin) -> Currency:
        if token not in self._currencies:
            if token not in self._app.store.tokens(at=at):
                raise TokenUnknown(token)
            self._currencies[token] = Stablecoin(self._app.node, token).currency(at=at)
        return self._currencies[token]

    def _titles(self, at: BlockPin) -> _Titles:
        return _Titles(self._app, at)


class _Titles:
    """The titles of works, each looked up once."""

    def __init__(self, app: Application, at: BlockPin) -> None:
        self._app, self._at = app, at
        self._found: dict[WorkId, tuple[tuple[str, str], ...]] = {}

    def __call__(self, work_id: WorkId) -> tuple[tuple[str, str], ...]:
        if work_id not in self._found:
            shown = find_work(self._app, work_id, self._at)
            self._found[work_id] = shown.titles if shown else ()
        return self._found[work_id]
