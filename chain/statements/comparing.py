"""Is a statement right? Adds it up, and compares it with one made again from the chain.

Every difference is named with its place, and none hides another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.ledger.errors import LedgerError
from chain.ledger.rights import BPS_WHOLE, SHARE_SCALE
from chain.statements.errors import NoStatement
from chain.statements.stocks import exact_text, total
from chain.statements.sums import (
    SCHEMA,
    account_of,
    currency_of,
    digest_of,
    stocks_of,
)

Plain = Mapping[str, Any]
BYTES_MAX: Final = 512 << 20
# What is told beside the figures, with titles from manifests that need not be held everywhere.
_WORDS: Final = frozenset({"why", "words"})
# How a period was asked for says nothing of what is in it.
_ASKED: Final = "asked"


@dataclass(frozen=True)
class Difference:
    """`found` in the statement, where `expected` is what the chain or the arithmetic says."""

    place: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}, found {self.found}"


def read_statement(data: bytes) -> dict[str, Any]:
    """A statement's JSON file. Raises NoStatement."""
    if len(data) > BYTES_MAX:
        raise NoStatement(f"it has more than {BYTES_MAX} bytes")
    try:
        document = json.loads(data)
    except ValueError as error:
        raise NoStatement(f"it is no JSON ({error})") from error
    except RecursionError as error:
        raise NoStatement("it is nested too deep") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise NoStatement(f"its schema is not {SCHEMA}")
    try:
        # Every member that figures are read from is read once.
        added_up(document)
        for noun in ("from_block", "to_block"):
            int(document["period"][noun])
        account = [*document["for"].items()]
    except (KeyError, TypeError, ValueError, AttributeError, LedgerError) as error:
        raise NoStatement(f"a member is missing or strange ({error!r})") from error
    if len(account) != 1:
        raise NoStatement("it is for nobody, or for several")
    return document


def added_up(document: Plain) -> tuple[int, list[Difference]]:
    """How many sums were made, and those that differ: of the file alone, no chain is asked."""
    found: list[Difference] = []
    checks = list(_sums(document))
    for place, expected, stands in checks:
        if expected != stands:
            found.append(Difference(place, expected, stands))
    return len(checks), found


def _sums(document: Plain) -> Iterator[tuple[str, object, object]]:
    currency = currency_of(document)
    yield "digest", digest_of(document), document.get("digest")
    yield "account", account_of(document), document.get("account")
    moved = {work["work_id"]: stocks_of(work["opening"]) for work in document["works"]}
    for entry in document["entries"]:
        place = f"entry {entry['name']}"
        by_work = [stocks_of(work) for work in entry["by_work"]]
        yield f"{place}, change", total(by_work), stocks_of(entry["change"])
        for work, stocks in zip(entry["by_work"], by_work, strict=True):
            moved[work["work_id"]] = moved.get(work["work_id"], total([])) + stocks
        amounts = [int(line["amount"]["numerator"]) for line in entry["lines"]]
        if amounts:
            yield f"{place}, lines", sum(amounts), stocks_of(entry["change"]).earned
        for line, amount in zip(entry["lines"], amounts, strict=True):
            at = f"line {line['name']}"
            yield f"{at}, amount", exact_text(amount, currency), line["amount"]["text"]
            if "rule" not in line:
                product = int(line["gross_units"]) * int(line["share"]) * line["bps"]
                yield f"{at}, gross × share × bps", product, abs(amount)
                in_bounds = int(line["share"]) <= SHARE_SCALE and line["bps"] <= BPS_WHOLE
                yield f"{at}, share and bps in bounds", True, in_bounds
    for work in document["works"]:
        place = f"work {work['work_id']}, closing"
        yield place, moved[work["work_id"]], stocks_of(work["closing"])
    if document["payees"]:
        for when in ("opening", "closing"):
            of_works = total(stocks_of(work[when]) for work in document["works"])
            of_payees = total(stocks_of(payee[when]) for payee in document["payees"])
            yield f"payees, {when}", of_works, of_payees


def differences(document: Plain, again: Plain) -> tuple[int, list[Difference]]:
    """How many members were compared with the same statement made again, and which differ.

    Entries and lines are matched by name, so that one that is missing is named as that. Titles are
    in manifests: they and the sentences with them are compared where both have all of them.
    """
    held = all(work["titles"] for work in (*document["works"], *again["works"]))
    comparison = _Comparison(with_words=held)
    for name in ("for", "currency", "chain_id", "contracts", "period", "account", "notices"):
        comparison.compare(name, again.get(name), document.get(name))
    comparison.matched("payee", "payee", again["payees"], document["payees"])
    comparison.matched("licence", "licence_id", again["licences"], document["licences"])
    comparison.matched("work", "work_id", again["works"], document["works"])
    comparison.matched("entry", "name", again["entries"], document["entries"])
    for name in ("direct_balances", "epoch_balances"):
        comparison.compare(name, again.get(name), document.get(name))
    return comparison.count, comparison.found


class _Comparison:
    def __init__(self, *, with_words: bool) -> None:
        self.count = 0
        self.found: list[Difference] = []
        self._with_words = with_words

    def compare(self, place: str, expected: Any, found: Any) -> None:
        if isinstance(expected, dict) and isinstance(found, dict):
            for name in sorted(expected.keys() | found.keys()):
                untold = name == "titles" and not (expected.get(name) and found.get(name))
                if untold or name == _ASKED or (name in _WORDS and not self._with_words):
                    continue
                self.compare(f"{place}, {name}", expected.get(name), found.get(name))
        elif isinstance(expected, list) and isinstance(found, list):
            if place.endswith(", lines"):
                self.matched("line", "name", expected, found)
                return
            self.compare(f"{place}, number", len(expected), len(found))
            for number, (one, other) in enumerate(zip(expected, found, strict=False), start=1):
                self.compare(f"{place} {number}", one, other)
        else:
            self.count += 1
            if expected != found:
                self.found.append(Difference(place, expected, found))

    def matched(
        self, noun: str, key: str, expected: Sequence[Plain], found: Sequence[Plain]
    ) -> None:
        """Compare two lists whose members are named by `key`."""
        ours = {each[key]: each for each in expected}
        theirs = {each.get(key): each for each in found}
        self.compare(f"number of {noun} rows", len(expected), len(found))
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            place = f"{noun} {name}"
            if name not in theirs:
                self.count += 1
                self.found.append(Difference(place, "there", "missing"))
            elif name not in ours:
                self.count += 1
                self.found.append(Difference(place, "none such on the chain", "there"))
            else:
                self.compare(place, ours[name], theirs[name])
