"""A statement as JSON: text and lists only, amounts as decimals and as whole numerators.

Whoever holds the document can add it up, name its digest, and compare it with one that is made
again from the chain; all other formats are drawn from it. Its members are told in
docs/STATEMENTS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chain.client.blocks import BlockPin, hexadecimal
from chain.indexer.records import LicenceRecord, Place
from chain.ledger.identifiers import WorkId
from chain.settlement.findings import DAG_CBOR_CODEC, cid_text
from chain.statements.entries import Entry
from chain.statements.lines import EpochPaper, Line
from chain.statements.statement import DirectBalance, EpochBalance, Statement
from chain.statements.stocks import NOTHING
from chain.statements.sums import SCHEMA, plain_amount, plain_stocks, signed_off
from chain.statements.wording import Wording, plain_words

Plain = dict[str, Any]
# The (language, title) pairs of a work, most fitting first; empty where its manifest is not held.
TitlesOf = Callable[[WorkId], Sequence[tuple[str, str]]]


def document_of(statement: Statement, titles_of: TitlesOf) -> Plain:
    """The whole statement, with its digest."""
    titles = {
        work: [(lang, plain_words(title)) for lang, title in titles_of(work)]
        for work in statement.works
    }
    writer = _Writer(statement, titles)
    return signed_off(writer.document())


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain_block(pin: BlockPin) -> Plain:
    return {"number": pin.number, "hash": hexadecimal(pin.hash), "time": moment(pin.timestamp)}


def _plain_place(place: Place) -> Plain:
    return {
        "block": place.block_number,
        "log_index": place.log_index,
        "transaction": hexadecimal(place.tx_hash),
        "time": moment(place.timestamp),
    }


class _Writer:
    def __init__(
        self, statement: Statement, titles: Mapping[WorkId, Sequence[tuple[str, str]]]
    ) -> None:
        self._statement, self._titles = statement, titles
        self._wording = Wording(
            statement.currency,
            lambda work: titles[work][0][1] if titles.get(work) else "",
            to_payee=statement.payee is not None,
        )

    def document(self) -> Plain:
        statement, period = self._statement, self._statement.period
        payee = statement.payee
        about = {"payee": payee} if payee else {"community_id": statement.subject}
        deployment = statement.deployment
        return {
            "schema": SCHEMA,
            "for": about,
            "currency": {
                "token": statement.currency.token,
                "symbol": statement.currency.symbol,
                "decimals": statement.currency.decimals,
            },
            "chain_id": deployment.chain_id,
            "contracts": {
                name: deployment.contracts[name]
                for name in ("RoyaltyLedger", "EpochDistributor", "UsageOracle", "DisputeCourt")
            },
            "period": {
                "asked": period.text,
                "from_block": period.from_block,
                "to_block": period.to_block,
                "opening": _plain_block(period.opening),
                "closing": _plain_block(period.closing),
            },
            "corrects": None,
            "works": [self._work(work) for work in statement.works],
            "payees": [
                {
                    "payee": payee,
                    "opening": plain_stocks(opening),
                    "closing": plain_stocks(closing),
                }
                for payee, (opening, closing) in statement.payees.items()
            ],
            "licences": [_plain_licence(licence) for licence in statement.licences],
            "entries": [self._entry(entry) for entry in statement.entries],
            "direct_balances": [self._direct(balance) for balance in statement.direct],
            "epoch_balances": [self._epoch(balance) for balance in statement.epochs],
            "notices": [
                f"Epoch {epoch} is not what its segments come to, and earned nothing here."
                for epoch in statement.unsound
            ],
        }

    def _work(self, work: WorkId) -> Plain:
        statement = self._statement
        return {
            "work_id": work,
            "titles": [{"lang": lang, "value": value} for lang, value in self._titles[work]],
            "opening": plain_stocks(statement.opening.get(work, NOTHING)),
            "closing": plain_stocks(statement.closing.get(work, NOTHING)),
        }

    def _entry(self, entry: Entry) -> Plain:
        said = {
            "name": entry.name,
            "cause": str(entry.cause),
            "payee": entry.payee,
            "time": moment(entry.time),
            "place": None if entry.place is None else _plain_place(entry.place),
            "corrects": entry.corrects,
            "change": plain_stocks(entry.change),
            "by_work": [
                {"work_id": work, **plain_stocks(stocks)} for work, stocks in entry.by_work.items()
            ],
            "words": self._wording.entry(entry),
            "lines": [self._line(line) for line in entry.lines],
        }
        more = {
            "work_id": entry.work_id,
            "epoch": entry.epoch,
            "case": None if entry.case_id is None else hexadecimal(entry.case_id),
            "recipient": entry.recipient,
            "units": None if entry.amount is None else str(entry.amount),
        }
        return said | {name: value for name, value in more.items() if value is not None}

    def _line(self, line: Line) -> Plain:
        currency = self._statement.currency
        said = {
            "name": line.name,
            "source": str(line.source),
            "lane": "epoch" if line.is_epoch_lane else "direct",
            "work_id": line.work_id,
            "source_work_id": line.source_work,
            "licences": list(line.licences),
            "uses": line.units,
            "gross": currency.text(line.gross),
            "gross_units": str(line.gross),
            "share": str(line.share),
            "bps": line.bps,
            "split_version": line.version or None,
            "amount": plain_amount(line.numerator, currency),
            "formula": self._wording.formula(line),
            "why": self._wording.why(line),
            "paid_in": _plain_place(line.paid_in),
            "booked": _plain_place(line.booked),
        }
        if line.event_id is not None:
            said["event_id"] = hexadecimal(line.event_id)
        if line.paper is not None:
            said["epoch"] = _plain_paper(line.paper)
        if line.announced is not None:
            said["rule"] = {
                "community_id": line.community_id,
                "rule": line.announced.rule.name,
                "phi_bps": line.announced.phi_bps,
                "from_epoch": line.announced.from_epoch,
                "by_split": str(line.by_split),
            }
        return said

    def _direct(self, balance: DirectBalance) -> Plain:
        return {
            "payee": balance.payee,
            "work_id": balance.work_id,
            "split_version": balance.version,
            "bps": balance.bps,
            "income_numerator": str(balance.income),
            "paid_units": str(balance.paid),
            "due_units": str(balance.due),
            "carried_numerator": str(balance.below_a_unit),
        }

    def _epoch(self, balance: EpochBalance) -> Plain:
        return {
            "payee": balance.payee,
            "epoch": balance.epoch,
            "cumulative_units": str(balance.cumulative),
            "claimed_units": str(balance.claimed),
            "carried_numerator": str(balance.below_a_unit),
        }


def _plain_licence(licence: LicenceRecord) -> Plain:
    return {
        "licence_id": licence.licence_id,
        "work_id": licence.work_id,
        "tier": licence.terms.tier.name,
        "holder": licence.holder,
        "price": str(licence.terms.price),
        "unit_price": str(licence.terms.unit_price),
    }


def _plain_paper(paper: EpochPaper) -> Plain:
    return {
        "epoch": paper.epoch,
        "report": hexadecimal(paper.report_hash),
        "leaf_root": hexadecimal(paper.leaf_root),
        "leaf_index": paper.leaf_index,
        "segments": cid_text(paper.segments_digest, DAG_CBOR_CODEC),
    }
