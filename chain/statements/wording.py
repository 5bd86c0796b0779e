"""Why this amount: every line and entry as one plain sentence, lines with their formula.

Amounts are written with every digit, shares as exact percentages: what is read here can be worked
out with a pencil.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from chain.client.dispute_court import CaseStatus
from chain.ledger.identifiers import LicenceId, WorkId
from chain.ledger.money import Currency
from chain.ledger.rights import BPS_WHOLE, SHARE_SCALE, UNIT_NUMERATOR
from chain.ledger.sharing import Announcement, SharingRule
from chain.statements.entries import Cause, Entry
from chain.statements.lines import Line, Source
from chain.statements.stocks import exact_text

# Marks that turn the order of the text around them: a title must not rewrite what is beside it.
_TURNING: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_BREAKING: Final = frozenset({"Cc", "Zl", "Zp", "Cs", "Co", "Cn"})

_RULE_WORDS: Final = {
    SharingRule.PRO_RATA: "everything in proportion",
    SharingRule.COMMUNITY_ROOT: "between groups by the square root of what they earned",
}
_CASE_WORDS: Final = {
    CaseStatus.UPHELD: "was upheld: the share stays frozen until its split is put right",
    CaseStatus.DISMISSED: "was dismissed",
    CaseStatus.LAPSED: "lapsed, because nobody ruled in time",
    CaseStatus.RELEASED: "is settled: the share was released",
}

TitleOf = Callable[[WorkId], str]


def plain_words(text: str) -> str:
    """A title on one line, without marks that turn text around; joiners of scripts stay."""
    shown = "".join(
        " " if unicodedata.category(char) in _BREAKING else char
        for char in text
        if char not in _TURNING
    )
    return " ".join(shown.split())


def percent(part: int, whole: int) -> str:
    """An exact percentage, of powers of ten: `15 %`, `33.34 %`, `0.0000001 %`."""
    places = len(str(whole)) - 3
    hundredths, rest = divmod(part, whole // 100)
    digits = f"{rest:0{places}d}".rstrip("0")
    return f"{hundredths}.{digits} %" if digits else f"{hundredths} %"


def day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


class Wording:
    """Sentences of one statement: to the payee itself, or about payees where a community reads."""

    def __init__(self, currency: Currency, title_of: TitleOf, *, to_payee: bool) -> None:
        self._currency = currency
        self._title_of = title_of
        self._whose = "Your" if to_payee else "The payee's"
        self._whom = "you" if to_payee else "the payee"

    def work(self, work_id: WorkId) -> str:
        title = self._title_of(work_id)
        return f"work {work_id} “{title}”" if title else f"work {work_id}"

    def money(self, numerator: int) -> str:
        return f"{exact_text(numerator, self._currency)} {self._currency.symbol}"

    def formula(self, line: Line) -> str:
        """The arithmetic of a line, without the currency's name."""
        result = exact_text(line.numerator, self._currency)
        if line.source is Source.SHARING_RULE:
            by_rule = exact_text(self._by_rule(line), self._currency)
            by_split = exact_text(line.by_split, self._currency)
            sign = "-" if self._is_taken_back(line) else ""
            brackets = f"{sign}({by_rule} − {by_split})" if sign else f"{by_rule} − {by_split}"
            return f"{brackets} = {result}"
        sign = "-" if self._is_taken_back(line) else ""
        factors = [sign + self._currency.text(line.gross)]
        if line.share != SHARE_SCALE:
            factors.append(percent(line.share, SHARE_SCALE))
        factors.append(percent(line.bps, BPS_WHOLE))
        return f"{' × '.join(factors)} = {result}"

    def why(self, line: Line) -> str:
        """One line in plain words, with its formula."""
        if line.source is Source.SHARING_RULE:
            return self._why_rule(line)
        said = f"{self._whose} share of {self.work(line.work_id)} is {percent(line.bps, BPS_WHOLE)}"
        parts = [said]
        if line.work_id != line.source_work:
            made = self.work(line.source_work)
            passed = percent(line.share, SHARE_SCALE)
            parts.append(f"{made} was made from it and passes {passed} of its income on to it")
        elif line.share != SHARE_SCALE:
            kept = percent(line.share, SHARE_SCALE)
            parts.append(f"it keeps {kept} of its income and passes the rest on to what it is from")
        formula = f"{self._income(line)}; {self.formula(line)}"
        return ". ".join(part[:1].upper() + part[1:] for part in (*parts, formula)) + "."

    def entry(self, entry: Entry) -> str:
        """What happened, in plain words."""
        moved, epoch = entry.change, entry.epoch
        work = "" if entry.work_id is None else self.work(entry.work_id)
        match entry.cause:
            case Cause.EARNED:
                return f"Earned {self.money(moved.earned)}."
            case Cause.PAID:
                return self._paid(entry, work)
            case Cause.DEFERRED:
                of = f"from {work}" if work else "from the epoch lane"
                return f"A push of {self._units(entry)} {of} could not be taken. It waits."
            case Cause.CASE_OPENED:
                held = self.money(moved.frozen)
                return f"Case opened: the share of {work} is frozen; {held} due by then is held."
            case Cause.CASE_ENDED:
                status = entry.case_status or CaseStatus.NONE
                told = _CASE_WORDS.get(status, "ended")
                return f"The case about the share of {work} {told}. {self._freed(-moved.frozen)}"
            case Cause.FREEZE_OVER:
                over = f"The time for which the share of {work} was frozen is over."
                return f"{over} {self._freed(-moved.frozen)}"
            case Cause.EPOCH_POSTED:
                earned = self.money(moved.earned)
                return (
                    f"Epoch {epoch} was reported: {earned} earned, pending until its window ends."
                )
            case Cause.ROOT_ACTIVATED:
                freed = self.money(-moved.pending)
                return f"The window of epoch {epoch} ended: {freed} is pending no more."
            case Cause.ROOT_REJECTED:
                back = self.money(-moved.earned)
                return f"The payout root of epoch {epoch} was rejected: {back} is taken back."
            case _:
                return "A published statement is put right."

    def _freed(self, numerator: int) -> str:
        return f"{self.money(numerator)} is free." if numerator > 0 else "Nothing waited under it."

    def _paid(self, entry: Entry, work: str) -> str:
        of = f"for {work}" if work else f"for epochs up to {entry.epoch}"
        amount = self._units(entry)
        aside = entry.recipient is not None and entry.recipient != entry.payee
        return f"Paid {amount} {of}, to {'the payout address ' if aside else ''}{entry.recipient}."

    def _units(self, entry: Entry) -> str:
        """What a push was of; in a community's statement, what it was of its works."""
        if entry.amount is None:
            return self.money(entry.change.paid or entry.change.deferred)
        return self.money(entry.amount * UNIT_NUMERATOR)

    def _income(self, line: Line) -> str:
        currency, paid = self._currency, day(line.paid_in.timestamp)
        gross = f"{currency.text(line.gross)} {currency.symbol}"
        named = _licences(line.licences)
        if line.source is Source.USAGE and line.units and line.paper:
            price = f"{currency.text(line.gross // line.units)} {currency.symbol}"
            times = "once" if line.units == 1 else f"{line.units} times"
            said = (
                f"{named} was used {times} at {price} in epoch {line.paper.epoch}, {gross} in all"
            )
        elif line.source is Source.DIRECT_REPORT:
            said = f"one use under {named} was reported by itself and paid {gross} on {paid}"
        elif line.source is Source.LICENCE:
            said = f"{named} paid {gross} on {paid}"
        else:
            said = f"somebody paid {gross} on {paid}, without a licence"
        return said + self._later(line)

    def _later(self, line: Line) -> str:
        if self._is_taken_back(line):
            return f", and is taken back since the payout root was rejected on {_booked(line)}"
        if line.booked == line.paid_in:
            return ""
        if line.share != SHARE_SCALE:
            return f", passed on on {_booked(line)}"
        return f", before there was a split; the first one made it {self._whose.lower()} part"

    def _why_rule(self, line: Line) -> str:
        assert line.announced is not None and line.paper is not None
        rule, numerator = line.announced, line.numerator
        back = self._is_taken_back(line)
        more = "more" if (numerator > 0) != back else "less"
        taken = f", taken back on {_booked(line)} with the rejected payout root" if back else ""
        return (
            f"Community {line.community_id} announced {_rule_words(rule)} from epoch "
            f"{rule.from_epoch}. By it {self.work(line.work_id)} brings {self._whom} "
            f"{self.money(abs(numerator))} {more} in epoch {line.paper.epoch} than its split "
            f"alone{taken}; {self.formula(line)}."
        )

    def _by_rule(self, line: Line) -> int:
        return line.by_split + (-line.numerator if self._is_taken_back(line) else line.numerator)

    @staticmethod
    def _is_taken_back(line: Line) -> bool:
        """A line of the epoch lane is booked where it is reported, or where it is taken back."""
        return line.is_epoch_lane and line.booked != line.paid_in


def _booked(line: Line) -> str:
    return day(line.booked.timestamp)


def _licences(licences: Sequence[LicenceId]) -> str:
    if len(licences) == 1:
        return f"licence {licences[0]}"
    return f"licences {', '.join(map(str, licences))} together"


def _rule_words(rule: Announcement) -> str:
    if rule.rule is SharingRule.FLOOR_PRO_RATA:
        equally = percent(rule.phi_bps, BPS_WHOLE)
        return f"that {equally} of its pool is shared equally and the rest in proportion"
    return f"that its pool is shared {_RULE_WORDS[rule.rule]}"
