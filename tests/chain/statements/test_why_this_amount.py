"""Every line says why, in words and as a formula that a pencil can check."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest

from chain.client.stablecoin import NO_PERMIT
from chain.ledger.identifiers import Address, EpochNumber
from chain.ledger.rights import Split, Tier, WorkKind
from chain.ledger.sharing import Announcement, SharingRule
from chain.statements.document import document_of
from chain.statements.entries import Cause
from chain.statements.lines import Source
from chain.statements.wording import percent, plain_words
from tests.chain.statements.statement_worlds import Desk
from tests.devnet import PLATFORM, Devnet
from tests.epochs import EpochLane, uses
from tests.heritage import (
    DERIVATIVE_INCOME,
    DISTRIBUTION_PRICE,
    GENERATION_PRICE,
    ROYALTY_SHARE,
    TRAINING_PRICE,
    UNIT_PRICE,
    Heritage,
    announce_rule,
    pay,
    register,
    terms_of,
)

UNIT = 10**13
TITLE = "粵曲 帝女花"


def titles(_work: int) -> list[tuple[str, str]]:
    return [("zh-Hant", TITLE)]


def lines_of(desk: Desk, payee: Address) -> list[dict[str, Any]]:
    document = document_of(desk.statement(payee), titles)
    return [line for entry in document["entries"] for line in entry["lines"]]


def worked_out(formula: str) -> tuple[Fraction, Fraction]:
    """Both sides of a formula, computed from its text alone."""
    left, right = formula.split(" = ")
    if " − " in left:
        sign = -1 if left.startswith("-") else 1
        first, second = left.strip("-()").split(" − ")
        return sign * (Fraction(first) - Fraction(second)), Fraction(right)
    product = Fraction(1)
    for factor in left.split(" × "):
        is_percent = factor.endswith(" %")
        product *= Fraction(factor.removesuffix(" %")) / (100 if is_percent else 1)
    return product, Fraction(right)


def test_every_source_has_its_sentence_and_its_sum(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    lines = lines_of(desk, devnet.address(22))  # half of the chant
    passed_on = Fraction(ROYALTY_SHARE, 10**9) * DERIVATIVE_INCOME
    income = {
        Source.LICENCE: GENERATION_PRICE,
        Source.PAYMENT: passed_on,
        Source.DIRECT_REPORT: UNIT_PRICE,
        Source.USAGE: (19 + 13) * UNIT_PRICE,
    }
    found: dict[str, int] = {}
    for line in lines:
        found[line["source"]] = found.get(line["source"], 0) + int(line["amount"]["numerator"])

    assert found == {str(s): Fraction(amount, 2) * UNIT for s, amount in income.items()}
    for line in lines:
        left, right = worked_out(line["formula"])
        assert left == right == Fraction(line["amount"]["text"])
    why = {line["source"]: line["why"] for line in lines}
    day = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    chant, remix = heritage.works[2], heritage.derivative
    licence = heritage.generation[1]
    share = f"Your share of work {chant} “{TITLE}” is 50 %\\. "
    expected = {
        Source.LICENCE: rf"{share}Licence {licence} paid 70\.000003 aUSD on {day}; "
        r"70\.000003 × 50 % = 35\.0000015\.",
        Source.PAYMENT: rf"{share}Work {remix} “{TITLE}” was made from it and passes 15 % of its "
        rf"income on to it\. Somebody paid 33\.333337 aUSD on {day}, without a licence, passed on "
        rf"on {day}; 33\.333337 × 15 % × 50 % = 2\.500000275\.",
        Source.DIRECT_REPORT: rf"{share}One use under licence {licence} was reported by itself and "
        rf"paid 0\.001237 aUSD on {day}; 0\.001237 × 50 % = 0\.0006185\.",
        Source.USAGE: rf"{share}Licence {licence} was used 13 times at 0\.001237 aUSD in epoch 2, "
        r"0\.016081 aUSD in all; 0\.016081 × 50 % = 0\.0080405\.",
    }
    for source, sentence in expected.items():
        assert re.fullmatch(sentence, why[source]), why[source]


def test_a_gong_payee_earns_what_fractions_say(devnet: Devnet, desk: Desk) -> None:
    statement = desk.statement(devnet.address(19))
    direct = TRAINING_PRICE + GENERATION_PRICE + DISTRIBUTION_PRICE
    passed_on = Fraction(ROYALTY_SHARE, 10**9) * DERIVATIVE_INCOME
    # 17 generations and 4 plays; the report of a found copy is still in its window.
    used = (17 + 4) * UNIT_PRICE
    expected = (direct + passed_on + used) * Fraction(3_334, 10_000)

    assert statement.change.earned == expected * UNIT


def test_the_derivatives_own_payee_reads_what_it_keeps(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    (line,) = lines_of(desk, devnet.address(PLATFORM))

    assert "It keeps 70 % of its income and passes the rest on to what it is from." in line["why"]
    assert line["formula"] == "33.333337 × 70 % × 100 % = 23.3333359"


def test_income_from_before_the_first_split_is_booked_when_it_is_set(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    work = register(devnet, 11, "late", heritage.communities[0], WorkKind.RECORDING)
    pay(devnet, work, 1_000)
    before = desk.pin().number + 1
    payee = devnet.address(29)
    split = Split.of({payee: 2_500, devnet.address(28): 7_500})
    devnet.ledger.set_split(work, split, signer=devnet.signers[11])

    (line,) = lines_of(desk, payee)
    (entry,) = desk.statement(payee, before).entries

    assert "before there was a split; the first one made it your part" in line["why"]
    assert line["booked"] != line["paid_in"]
    assert entry.cause is Cause.EARNED
    assert entry.change.earned == 250 * UNIT


def test_several_licences_paid_at_once_are_named_together(
    devnet: Devnet, heritage: Heritage, desk: Desk
) -> None:
    terms = terms_of(devnet, Tier.TRAINING, TRAINING_PRICE)
    platform = devnet.signers[PLATFORM]
    devnet.token.approve(devnet.ledger.address, 3 * TRAINING_PRICE, signer=platform)
    holders = [devnet.address(number) for number in (1, 2, 3)]
    devnet.licences.take_licences(
        heritage.works[0], terms, holders, permit=NO_PERMIT, signer=platform
    )

    line = lines_of(desk, devnet.address(19))[-1]

    assert len(line["licences"]) == 3
    assert "together paid 360.000003 aUSD" in line["why"]


def test_an_announced_rule_is_a_line_of_its_own(
    devnet: Devnet, heritage: Heritage, lane: EpochLane, desk: Desk
) -> None:
    floor = Announcement(SharingRule.FLOOR_PRO_RATA, 5_000, 1, EpochNumber(5))
    announce_rule(devnet, heritage.communities[0], floor, steward=11)
    now = devnet.node.head().timestamp
    for number in range(3, 6):
        batch = uses(
            heritage.generation[0], heritage.generation_id, 40, at=now, name=f"rule {number}"
        )
        lane.run([batch])
    payees = [devnet.address(index) for index in (17, 18, 19)]

    found = [line for payee in payees for line in lines_of(desk, payee) if "rule" in line]

    assert len(found) == len(payees)
    amounts = [int(line["amount"]["numerator"]) for line in found]
    assert sum(amounts) == 0
    # The largest share gives, the smaller ones get.
    assert amounts[0] > 0 > amounts[2]
    for line in found:
        left, right = worked_out(line["formula"])
        assert left == right == Fraction(line["amount"]["text"])
        assert "50 % of its pool is shared equally and the rest in proportion" in line["why"]
        assert ("more" if Fraction(line["amount"]["text"]) > 0 else "less") in line["why"]
        assert line["rule"]["from_epoch"] == 5


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (10_000, 10_000, "100 %"),
        (3_334, 10_000, "33.34 %"),
        (1, 10_000, "0.01 %"),
        (150_000_000, 10**9, "15 %"),
        (1, 10**9, "0.0000001 %"),
        (333_333_333, 10**9, "33.3333333 %"),
    ],
)
def test_percentages_are_exact(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text
    assert Fraction(text.removesuffix(" %")) / 100 == Fraction(part, whole)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("two\nlines\r\tand a tab", "two lines and a tab"),
        ("\u202egnitsop\u202c", "gnitsop"),
        ("a\u2066b\u2069 \u200fc\u061c", "ab c"),
        ("क्\u200dष", "क्\u200dष"),
        ("\x00\x1b[31m", "[31m"),
        ("\u2028", ""),
    ],
)
def test_a_title_stays_on_its_line_and_turns_nothing_around(title: str, shown: str) -> None:
    assert plain_words(title) == shown
