"""What every book of the outbox is: statements in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


class Book:
    """Some tables of the outbox, in one transaction of it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _rows(self, statement: str, **values: Any) -> Sequence[sa.RowMapping]:
        return self._connection.execute(sa.text(statement), values).mappings().all()

    def _row(self, statement: str, **values: Any) -> sa.RowMapping | None:
        return self._connection.execute(sa.text(statement), values).mappings().first()

    def _scalar(self, statement: str, **values: Any) -> Any:
        return self._connection.execute(sa.text(statement), values).scalar()

    def _execute(self, statement: str, **values: Any) -> int:
        return self._connection.execute(sa.text(statement), values).rowcount

    def _many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(sa.text(statement), rows)
