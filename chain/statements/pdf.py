"""A statement as a tagged PDF (PDF/UA-1): headings, tables with header rows, languages of titles.

Typst sets it and shapes every script; the layout is in `statement.typ`. The same statement is the
same bytes: its date is that of its last block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from chain.ledger.money import Currency
from chain.statements.errors import PagesTooMany
from chain.statements.fonts import FAMILIES, font_folders, undrawn
from chain.statements.rows import LINE, Row, rows_of
from chain.statements.stocks import Stocks, exact_text
from chain.statements.sums import WITHHELD, currency_of, stocks_of

LAYOUT: Final = Path(__file__).with_name("statement.typ")
STANDARD: Final = "ua-1"
MEANINGS: Final = {
    "frozen": "A dispute is about the share; it is kept until the case ends.",
    "pending": "The payout root of its epoch waits for its window to end.",
    "deferred": "It was pushed, and the account could not take it; it can be claimed.",
}
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
# What a page-setter does in half a minute; a longer list is for a spreadsheet.
ROWS_MAX: Final = 5_000
_UNDRAWN_SHOWN: Final = 8
_NO_LETTER: Final = "?"

Plain = Mapping[str, Any]


def pdf_of(document: Plain) -> bytes:
    """Raises FontsMissing, PagesTooMany."""
    folders = font_folders()
    count = sum(1 for _ in rows_of(document))
    if count > ROWS_MAX:
        raise PagesTooMany(count, ROWS_MAX)
    closing = datetime.fromisoformat(document["period"]["closing"]["time"])
    compiler = typst.Compiler(
        root=str(LAYOUT.parent),
        font_paths=[str(folder) for folder in folders],
        ignore_system_fonts=True,
    )
    set_in_type = compiler.compile(
        str(LAYOUT),
        format="pdf",
        pdf_standards=STANDARD,
        sys_inputs={"data": _drawable(json.dumps(_page(document, closing), ensure_ascii=False))},
        timestamp=int(closing.timestamp()),
    )
    assert isinstance(set_in_type, bytes)
    return set_in_type


def _page(document: Plain, closing: datetime) -> dict[str, Any]:
    currency, period, account = currency_of(document), document["period"], document["account"]
    about, symbol = document["for"], currency.symbol
    whose = about.get("payee") or f"community {about['community_id']}"
    noun = "Payee" if "payee" in about else "Works of"
    title = f"Statement of {whose}"
    return {
        "title": title,
        "date": [closing.year, closing.month, closing.day],
        "fonts": [family for family, _ in FAMILIES],
        "currency": symbol,
        "about": [
            f"{noun}: {whose}",
            f"Period: {_days(period)}, blocks {period['from_block']} to {period['to_block']} "
            "(the last not included)",
            f"Currency: {symbol}, token {currency.token} on chain {document['chain_id']}",
            f"Last block: {period['closing']['number']}, {period['closing']['hash']}",
            *([f"Puts right statement {document['corrects']}"] if document["corrects"] else []),
        ],
        "account": [
            ["Payable before", account["opening"]["text"]],
            ["+ Earned", account["earned"]["text"]],
            ["− Withheld, more than before", account["withheld"]["text"]],
            ["− Paid", account["paid"]["text"]],
            ["= Payable after", account["closing"]["text"]],
        ],
        "exactly": _exactly(document),
        "states": [
            [
                state,
                MEANINGS[state],
                *(
                    account["states"][state][when]["text"]
                    for when in ("opening", "change", "closing")
                ),
            ]
            for state in WITHHELD
        ],
        "works": [_work(work, document) for work in document["works"]],
        "payees": [
            [p["payee"], *_moved(stocks_of(p["opening"]), stocks_of(p["closing"]), currency)]
            for p in document["payees"]
        ],
        "rows": [_row(row, document) for row in rows_of(document) if row.entry],
        "notices": [*document["notices"], *_undrawn(document)],
        "checking": [
            "Every line names the transaction it comes from, and in the epoch lane the leaf of the "
            "payout tree. Anybody with a node can make this statement again from the chain: "
            "antiphon statement verify FILE compares its JSON form line by line and names each "
            "difference.",
            f"Digest of the JSON form: {document['digest']}",
        ],
        "footer": title,
    }


def _days(period: Plain) -> str:
    return f"after {period['opening']['time']} up to {period['closing']['time']}"


def _exactly(document: Plain) -> str:
    """What is below one unit, share by share; a community's payees carry theirs over all works."""
    said = "Nothing is rounded: amounts have every digit that there is."
    if "payee" not in document["for"]:
        return said
    shares = (*document["direct_balances"], *document["epoch_balances"])
    carried = sum(int(share["carried_numerator"]) for share in shares)
    currency = currency_of(document)
    text = exact_text(carried, currency)
    return f"{said} Below one unit of {currency.symbol}, carried until it is one: {text}."


def _work(work: Plain, document: Plain) -> dict[str, Any]:
    opening, closing = stocks_of(work["opening"]), stocks_of(work["closing"])
    return {
        "id": work["work_id"],
        "titles": [{"lang": _lang(t["lang"]), "value": t["value"]} for t in work["titles"]],
        "amounts": _moved(opening, closing, currency_of(document)),
    }


def _moved(opening: Stocks, closing: Stocks, currency: Currency) -> list[str]:
    """What was earned and paid meanwhile, and what is payable after."""
    amounts = (closing.earned - opening.earned, closing.paid - opening.paid, closing.payable)
    return [exact_text(amount, currency) for amount in amounts]


def _lang(tag: str) -> str | None:
    """The primary language of a BCP 47 tag; None for one that a PDF cannot say."""
    first = tag.split("-")[0].lower()
    return first if _LANGUAGE.fullmatch(first) else None


def _row(row: Row, document: Plain) -> dict[str, Any]:
    line, entry = row.line, row.entry
    words = line["why"] if row.kind == LINE else entry["words"]
    return {
        "date": row.time[:10],
        "why": _marked(words, document),
        "proof": _proof(row, document),
        "earned": row.earned,
        "withheld": row.withheld,
        "paid": row.paid,
    }


def _marked(words: str, document: Plain) -> list[Any]:
    """A sentence in parts, so that each title in it says its language."""
    parts: list[Any] = [words]
    for work in document["works"]:
        for title in work["titles"][:1]:
            lang, value = _lang(title["lang"]), title["value"]
            if lang is not None and lang != "en" and value:
                parts = [piece for part in parts for piece in _split(part, value, lang)]
    return parts


def _split(part: Any, value: str, lang: str) -> Sequence[Any]:
    if not isinstance(part, str) or value not in part:
        return [part]
    pieces: list[Any] = []
    for number, text in enumerate(part.split(value)):
        pieces += [{"lang": lang, "value": value}] if number else []
        pieces += [text] if text else []
    return pieces


def _proof(row: Row, document: Plain) -> list[str]:
    line, place = row.line, row.line.get("booked") or row.entry["place"]
    whose = [] if "payee" in document["for"] else [f"payee {row.entry['payee']}"]
    if place is None:
        return [*whose, "no transaction: the clock alone"]
    named = [f"{place['transaction']} log {place['log_index']}, block {place['block']}"]
    if line and line["paid_in"]["transaction"] != place["transaction"]:
        paid = line["paid_in"]
        named.insert(0, f"{paid['transaction']} log {paid['log_index']}, block {paid['block']}")
    if line.get("epoch"):
        paper = line["epoch"]
        named.append(f"leaf {paper['leaf_index']} under {paper['leaf_root']}")
    return [*whose, *named]


def _drawable(text: str) -> str:
    """Without letters that would be boxes, which PDF/UA refuses; a notice tells of those."""
    return text.translate({ord(char): _NO_LETTER for char in undrawn([text])})


def _undrawn(document: Plain) -> list[str]:
    """A notice for each title with letters that no font here has: boxes are told, not hidden."""
    found = []
    for work in document["works"]:
        missing = undrawn(title["value"] for title in work["titles"])
        if missing:
            codes = " ".join(f"U+{ord(char):04X}" for char in missing[:_UNDRAWN_SHOWN])
            found.append(
                f"The title of work {work['work_id']} has letters that no font here draws "
                f"({codes}) and shows as {_NO_LETTER}; the JSON form has them all."
            )
    return found
