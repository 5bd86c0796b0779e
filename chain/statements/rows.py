"""A statement as rows, one per line and one per event that earned nothing: what tables are made of.

Down the columns: opening + earned - withheld - paid == closing, in every table drawn from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chain.ledger.money import Currency
from chain.ledger.rights import BPS_WHOLE, SHARE_SCALE
from chain.statements.stocks import Stocks, exact_text
from chain.statements.sums import currency_of, stocks_of
from chain.statements.wording import percent

Plain = Mapping[str, Any]

OPENING: Final = "opening"
CLOSING: Final = "closing"
LINE: Final = "line"
ENTRY: Final = "entry"


@dataclass(frozen=True)
class Row:
    """One row: `entry` and `line` as in the document; amounts as exact text, empty for nothing.

    `balance` is said in the first and the last row alone.
    """

    kind: str
    time: str
    entry: Plain
    line: Plain
    earned: str = ""
    withheld: str = ""
    paid: str = ""
    balance: str = ""


@dataclass(frozen=True)
class Told:
    """What rows are explained by: titles and licences of one document."""

    currency: Currency
    titles: Mapping[int, str]
    licences: Mapping[int, Plain]

    @classmethod
    def of(cls, document: Plain) -> Told:
        titles = {w["work_id"]: w["titles"] for w in document["works"]}
        return cls(
            currency_of(document),
            {work: told[0]["value"] if told else "" for work, told in titles.items()},
            {licence["licence_id"]: licence for licence in document["licences"]},
        )

    def tiers(self, line: Plain) -> list[str]:
        """The tiers of a line's licences, each once."""
        found = [self.licences[each]["tier"] for each in line.get("licences", ())]
        return list(dict.fromkeys(found))

    def holders(self, line: Plain) -> list[str]:
        """Who took a line's licences, each once."""
        found = [self.licences[each]["holder"] for each in line.get("licences", ())]
        return list(dict.fromkeys(found))


def rows_of(document: Plain) -> Iterator[Row]:
    """From the opening balance to the closing one, in chain order."""
    currency, account, period = currency_of(document), document["account"], document["period"]
    opened, closed = period["opening"]["time"], period["closing"]["time"]
    yield Row(OPENING, opened, {}, {}, balance=account["opening"]["text"])
    for entry in document["entries"]:
        yield from _rows_of_entry(entry, currency)
    yield Row(CLOSING, closed, {}, {}, balance=account["closing"]["text"])


def _rows_of_entry(entry: Plain, currency: Currency) -> Iterator[Row]:
    change = stocks_of(entry["change"])
    for line in entry["lines"]:
        yield Row(LINE, entry["time"], entry, line, earned=line["amount"]["text"])
    left = Stocks(0 if entry["lines"] else change.earned, change.paid)
    if entry["lines"] and not (change.withheld or change.paid):
        return

    def money(numerator: int) -> str:
        return exact_text(numerator, currency) if numerator else ""

    yield Row(
        ENTRY,
        entry["time"],
        entry,
        {},
        earned=money(left.earned),
        withheld=money(change.withheld),
        paid=money(change.paid),
    )


def share_text(line: Plain) -> str:
    """The part of the income that reached the work, as a percentage."""
    return percent(int(line["share"]), SHARE_SCALE) if int(line["share"]) else ""


def split_text(line: Plain) -> str:
    """The payee's part of the work, as a percentage."""
    return percent(line["bps"], BPS_WHOLE) if line["bps"] else ""
