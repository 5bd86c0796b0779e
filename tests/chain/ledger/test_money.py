"""Money is whole base units; text is exact in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import CurrencyMismatch, Malformed
from chain.ledger.identifiers import ZERO_ADDRESS
from chain.ledger.money import Currency, TokenAmount

AUSD = Currency(ZERO_ADDRESS, "aUSD", 6)
WHOLE = Currency(ZERO_ADDRESS, "COIN", 0)


@pytest.mark.parametrize(
    ("currency", "units", "text"),
    [
        (AUSD, 0, "0.000000"),
        (AUSD, 1, "0.000001"),
        (AUSD, 12_500_000, "12.500000"),
        (AUSD, -1, "-0.000001"),
        (AUSD, 2**128 - 1, "340282366920938463463374607431768.211455"),
        (WHOLE, 7, "7"),
    ],
)
def test_every_digit_is_shown(currency: Currency, units: int, text: str) -> None:
    assert text == currency.text(units)


@pytest.mark.parametrize(
    ("text", "units"), [("1", 10**6), ("0.5", 500_000), ("0.5000000", 500_000), ("007", 7 * 10**6)]
)
def test_what_a_person_types_becomes_base_units(text: str, units: int) -> None:
    assert units == AUSD.units(text)


@given(st.integers(0, 2**128), st.integers(0, 36))
def test_text_reads_back_as_the_same_units(units: int, decimals: int) -> None:
    currency = Currency(ZERO_ADDRESS, "X", decimals)

    assert units == currency.units(currency.text(units))


@pytest.mark.parametrize("text", ["", "-1", "1,5", "1.", ".5", "1e3", "0.0000001", "٣"])
def test_an_amount_is_never_rounded_or_guessed(text: str) -> None:
    with pytest.raises(Malformed, match="amount"):
        AUSD.units(text)


def test_a_currency_has_a_sane_number_of_decimals() -> None:
    with pytest.raises(Malformed, match="decimals"):
        Currency(ZERO_ADDRESS, "X", 37)


def test_amounts_of_one_currency_add_up() -> None:
    total = TokenAmount(1, AUSD) + TokenAmount(2, AUSD)

    assert TokenAmount(3, AUSD) == total
    assert str(total) == "0.000003 aUSD"


def test_amounts_of_two_currencies_are_not_mixed() -> None:
    with pytest.raises(CurrencyMismatch) as refusal:
        TokenAmount(1, AUSD) + TokenAmount(1, WHOLE)

    assert (refusal.value.expected, refusal.value.given) == ("aUSD", "COIN")


def test_an_amount_is_never_negative() -> None:
    with pytest.raises(Malformed, match="amount"):
        TokenAmount(-1, AUSD)
