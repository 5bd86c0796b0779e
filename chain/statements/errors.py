"""Why no statement is made, in plain words with the next step.

StatementRefused
├── PayeeUnknown        an account that no split names and nobody ever paid
├── CommunityUnknown    a community that was never founded
├── TokenUnknown        a currency that the ledger does not take
├── PeriodMalformed     no blocks, days or month that could be meant
├── PeriodsOverlap      two of the periods asked for share a block
├── PeriodNotOver       a period that ends after the newest block
├── EpochUnreadable     an epoch's segments are not held here, so what it pays for is not known
├── EpochUnsound        an epoch is being paid that its segments do not come to
├── StatementsApart     two statements that do not follow each other
├── FontsMissing        the fonts that a PDF is drawn with are not installed
├── PagesTooMany        a PDF of more lines than anybody turns pages for
└── NoStatement         a file that is no statement, or not a whole one
"""

from __future__ import annotations

from chain.ledger.identifiers import Address, EpochNumber


class StatementRefused(Exception):
    """Base; `code` is the refusal's name in the HTTP API."""

    code = "statement-refused"


class PayeeUnknown(StatementRefused):
    code = "payee-unknown"

    def __init__(self, payee: Address) -> None:
        self.payee = payee
        super().__init__(
            f"{payee} is in no split and was never paid. Next: check the address, or ask the "
            "community that registered the work for its split"
        )


class CommunityUnknown(StatementRefused):
    code = "community-unknown"

    def __init__(self, community_id: int) -> None:
        self.community_id = community_id
        super().__init__(f"there is no community {community_id}. Next: check the id")


class TokenUnknown(StatementRefused):
    code = "token-unknown"

    def __init__(self, token: Address) -> None:
        self.token = token
        super().__init__(f"{token} is no currency of this ledger. Next: leave it out, or check it")


class PeriodMalformed(StatementRefused):
    code = "period-malformed"

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        super().__init__(
            f"period {text[:60]!r}: {reason}. Next: give a month (2026-10), two days "
            "(2026-10-01..2026-11-01, the second not included) or two blocks (120..480)"
        )


class PeriodsOverlap(StatementRefused):
    code = "periods-overlap"

    def __init__(self, first: str, second: str) -> None:
        self.first, self.second = first, second
        super().__init__(
            f"the periods {first} and {second} share blocks, and would count money twice. "
            "Next: let one begin where the other ends; an end is not included"
        )


class PeriodNotOver(StatementRefused):
    code = "period-not-over"

    def __init__(self, text: str, head: int) -> None:
        self.text = text
        super().__init__(
            f"the period {text} is not over: the newest block is {head}. Next: ask again later, or "
            f"end the period with block {head + 1}, which is not included"
        )


class EpochUnreadable(StatementRefused):
    code = "epoch-unreadable"

    def __init__(self, epoch: EpochNumber, what: str) -> None:
        self.epoch = epoch
        super().__init__(
            f"epoch {epoch} cannot be computed again: {what}. Next: fetch its papers, "
            f"antiphon export-epoch {epoch} FOLDER"
        )


class EpochUnsound(StatementRefused):
    code = "epoch-unsound"

    def __init__(self, epoch: EpochNumber) -> None:
        self.epoch = epoch
        super().__init__(
            f"epoch {epoch} is being paid, but is not what its segments come to. "
            f"Next: antiphon verify-epoch {epoch}"
        )


class StatementsApart(StatementRefused):
    code = "statements-apart"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the one statement does not follow the other: {reason}. Next: ask for the period that "
            "begins where the published one ends, for the same payee and currency"
        )


class FontsMissing(StatementRefused):
    code = "fonts-missing"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"no PDF can be drawn: the font {what} is not installed. Next: make setup, or set "
            "ANTIPHON_FONTS; the other formats need no fonts"
        )


class PagesTooMany(StatementRefused):
    code = "pages-too-many"

    def __init__(self, rows: int, most: int) -> None:
        self.rows = rows
        super().__init__(
            f"a PDF holds {most} rows at most, and this statement has {rows}. Next: ask for a "
            "shorter period, or for CSV or JSON, which have no end"
        )


class NoStatement(StatementRefused):
    code = "no-statement"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"this is no statement that can be verified: {reason}. Next: give the JSON file; the "
            "other formats are drawn from it"
        )
