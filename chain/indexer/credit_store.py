"""What licence holders have in the epoch lane: every SELECT on the table of credits."""

from __future__ import annotations

from chain.client.blocks import BlockPin
from chain.indexer import tables
from chain.indexer.index_reader import IndexReader, ordered
from chain.indexer.records import CreditChange, CreditStep
from chain.indexer.row_reading import place_of
from chain.ledger.identifiers import Address


class CreditStore(IndexReader):
    """Reads credits. Raises IndexEmpty, and NotIndexedYet for a block not there."""

    def credit_steps(
        self, *, at: BlockPin, token: Address | None = None, holder: Address | None = None
    ) -> list[CreditStep]:
        """Every change of a credit, in chain order."""
        table = tables.credit_step
        given = {"token": token, "holder": holder}
        wanted = [table.c[name] == value for name, value in given.items() if value is not None]
        with self._at(at) as connection:
            return [
                CreditStep(
                    row.token,
                    row.holder,
                    CreditChange(row.step),
                    row.amount,
                    row.credit,
                    row.funded or 0,
                    place_of(row),
                )
                for row in ordered(connection, table, at, *wanted)
            ]

    def credits(self, token: Address, *, at: BlockPin) -> dict[Address, int]:
        """What each holder that was ever funded has left in a token, in base units."""
        return {step.holder: step.credit for step in self.credit_steps(at=at, token=token)}
