"""What a statement's JSON adds up to, from its own figures alone: account and digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from chain.ledger.money import Currency
from chain.statements.stocks import Stocks, exact_text, total

SCHEMA: Final = "antiphon.statement/1"
WITHHELD: Final = ("frozen", "pending", "deferred")
STOCKS: Final = ("earned", "paid", *WITHHELD)

Plain = dict[str, Any]


def signed_off(document: Plain) -> Plain:
    """With the account that its parts come to, and its digest."""
    body = {k: v for k, v in document.items() if k not in ("account", "digest")}
    body["account"] = account_of(body)
    return {**body, "digest": digest_of(body)}


def digest_of(document: Mapping[str, Any]) -> str:
    """sha2-256 of the document without its digest: members sorted, UTF-8, nothing between them."""
    body = {name: value for name, value in document.items() if name != "digest"}
    written = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def currency_of(document: Mapping[str, Any]) -> Currency:
    """Raises KeyError, TypeError, LedgerError for what is no document."""
    plain = document["currency"]
    return Currency(plain["token"], plain["symbol"], plain["decimals"])


def account_of(document: Mapping[str, Any]) -> Plain:
    """The account that a document's works and entries come to. Raises as `currency_of`."""
    currency = currency_of(document)
    opening = total(stocks_of(work["opening"]) for work in document["works"])
    moved = total(stocks_of(entry["change"]) for entry in document["entries"])
    closing = opening + moved

    def money(numerator: int) -> Plain:
        return plain_amount(numerator, currency)

    return {
        "opening": money(opening.payable),
        "earned": money(moved.earned),
        "withheld": money(moved.withheld),
        "paid": money(moved.paid),
        "closing": money(closing.payable),
        "states": {
            state: {
                "opening": money(getattr(opening, state)),
                "change": money(getattr(moved, state)),
                "closing": money(getattr(closing, state)),
            }
            for state in WITHHELD
        },
    }


def plain_amount(numerator: int, currency: Currency) -> Plain:
    return {"text": exact_text(numerator, currency), "numerator": str(numerator)}


def plain_stocks(stocks: Stocks) -> Plain:
    return {name: str(getattr(stocks, name)) for name in STOCKS}


def stocks_of(plain: Mapping[str, str]) -> Stocks:
    return Stocks(*(int(plain[name]) for name in STOCKS))
