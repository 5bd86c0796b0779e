"""Corrections: a published statement is never changed; the next one takes back what it said wrong.

A reorganisation can drop events that a statement was made from, or bring others into its blocks.
The statement after it begins with what was published, and has an entry for each difference that
names the entry it puts right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chain.statements.entries import Cause
from chain.statements.errors import StatementsApart
from chain.statements.stocks import NOTHING, Stocks, change, total
from chain.statements.sums import plain_stocks, signed_off, stocks_of

Plain = Mapping[str, Any]
_SAME: Final = ("for", "currency", "chain_id", "contracts")
_NAME_DIGITS: Final = 24


def amended(published: Plain, again: Plain, after: Plain) -> dict[str, Any]:
    """`after`, as the statement that follows `published` and puts it right.

    `again` is the published period made again from the chain as it is now. Where the two agree,
    nothing is put right and only the opening is compared. Raises StatementsApart for statements
    that do not follow each other.
    """
    for name in _SAME:
        if published[name] != after[name]:
            raise StatementsApart(f"they differ in {name}")
    if published["period"]["to_block"] != after["period"]["from_block"]:
        end, start = published["period"]["to_block"], after["period"]["from_block"]
        raise StatementsApart(f"one ends before block {end}, the other begins with block {start}")
    entries = list(_corrections(published, again))
    document = {
        **after,
        "corrects": published["digest"] if entries else None,
        "entries": [*entries, *after["entries"]],
        "works": _joined("work_id", published["works"], after["works"]),
        "payees": _joined("payee", published["payees"], after["payees"]),
    }
    return signed_off(document)


def _joined(key: str, published: Sequence[Plain], after: Sequence[Plain]) -> list[dict[str, Any]]:
    """Rows that open with what was published, and close with what is."""
    rows = {row[key]: row for row in (*published, *after)}
    opening = {row[key]: row["closing"] for row in published}
    closing = {row[key]: row["closing"] for row in after}
    nothing = plain_stocks(NOTHING)
    return [
        {**rows[k], "opening": opening.get(k, nothing), "closing": closing.get(k, nothing)}
        for k in sorted(rows)
    ]


def _corrections(published: Plain, again: Plain) -> Iterator[dict[str, Any]]:
    theirs = {entry["name"]: entry for entry in published["entries"]}
    ours = {entry["name"]: entry for entry in again["entries"]}
    when = again["period"]["closing"]["time"]
    for name, entry in theirs.items():
        now = _by_work(ours[name]) if name in ours else {}
        difference = change(_by_work(entry), now)
        if difference or name not in ours:
            gone = "is on the chain no more" if name not in ours else "says something else now"
            words = f"Entry {name} of statement {published['digest']} {gone}."
            yield _entry(entry, difference, when, words, corrects=name)
    for name, entry in ours.items():
        if name not in theirs:
            words = f"It came into the blocks of statement {published['digest']} afterwards."
            yield {**entry, "words": f"{entry['words']} {words}"}


def _by_work(entry: Plain) -> dict[Any, Stocks]:
    return {part["work_id"]: stocks_of(part) for part in entry["by_work"]}


def _entry(
    entry: Plain, by_work: Mapping[Any, Stocks], when: str, words: str, *, corrects: str
) -> dict[str, Any]:
    said = hashlib.sha256(f"{Cause.CORRECTED} {corrects} {when}".encode()).hexdigest()
    return {
        "name": said[:_NAME_DIGITS],
        "cause": str(Cause.CORRECTED),
        "payee": entry["payee"],
        "time": when,
        "place": None,
        "corrects": corrects,
        "change": plain_stocks(total(by_work.values())),
        "by_work": [{"work_id": work, **plain_stocks(s)} for work, s in by_work.items()],
        "words": words,
        "lines": [],
    }
