"""Every other measure, against its formula at 60 digits; people, cuts, and reasons for nothing."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import AmountTooLarge, DuplicatePayee, NotBaseUnits, PeopleMissing
from chain.metrics.inequality import (
    Atkinson,
    Certified,
    Inequality,
    Missing,
    amounts_by_payee,
    carry_debts,
    measure,
    measure_both,
)
from chain.metrics.inequality.certified import certified_log, certified_sum

AMOUNTS = st.lists(
    st.integers(0, 2**256 - 1) | st.integers(0, 2**70) | st.integers(0, 9), min_size=1, max_size=30
).filter(any)
NO_MONEY_NAMES = {"gini", "gini_corrected", "theil", "mld", "ge2", "jain", "hhi"} | {
    "effective_payees",
    "atkinson",
    "palma",
}


def ratios(amounts: list[int]) -> list[mpmath.mpf]:
    mean = mpmath.mpf(sum(amounts)) / len(amounts)
    return [mpmath.mpf(amount) / mean for amount in amounts]


def holds(certified: Certified, true: mpmath.mpf) -> bool:
    return bool(abs(mpmath.mpf(certified.value) - true) <= certified.error)


def atkinson_of(measured: Inequality) -> Atkinson:
    assert measured.atkinson is not None
    return measured.atkinson


# --- against the formulas ----------------------------------------------------------------------


@given(AMOUNTS)
def test_each_float_lies_within_its_certified_error(amounts: list[int]) -> None:
    measured = measure(amounts)

    assert measured.theil is not None and measured.mld is not None
    with mpmath.workdps(200):
        y, n = ratios(amounts), len(amounts)
        of_paid = ratios([amount for amount in amounts if amount])
        theil = mpmath.fsum(one * mpmath.log(one) for one in y if one) / n
        mld = -mpmath.fsum(mpmath.log(one) for one in of_paid) / len(of_paid)
        half = 1 - (mpmath.fsum(mpmath.sqrt(one) for one in y) / n) ** 2
        one = two = mpmath.mpf(1)
        if 0 not in amounts:
            one = 1 - mpmath.exp(-mld)
            two = 1 - n / mpmath.fsum(1 / each for each in y)
        atkinson = atkinson_of(measured)
        assert holds(measured.theil, theil)
        assert holds(measured.mld, mld)
        assert holds(atkinson.half, half)
        assert holds(atkinson.one, one)
        assert holds(atkinson.two, two)
    assert max(measured.theil.error, atkinson.half.error, atkinson.two.error) < 1e-14
    # L has no limit: its error is that of the logarithms in it.
    assert measured.mld.error < 1e-15 * (4 + 2 * measured.mld.value)


@given(AMOUNTS)
def test_ge2_and_jain_say_the_same(amounts: list[int]) -> None:
    measured = measure(amounts)
    n, mean = len(amounts), Fraction(sum(amounts), len(amounts))

    assert measured.ge2 == sum(((x / mean) ** 2 - 1) / 2 for x in amounts) / n
    assert measured.jain == 1 / (1 + 2 * measured.ge2)


def test_atkinson_by_hand() -> None:
    # 1 and 4, mean 5/2: geometric mean 2, harmonic 8/5, and of the roots 1 and 2 the mean is 3/2,
    # squared 9/4.
    atkinson = atkinson_of(measure([4, 1]))

    assert [round(float(value.value), 15) for value in atkinson] == [0.1, 0.2, 0.36]


def test_one_unpaid_payee_makes_atkinson_one_but_at_one_half() -> None:
    # Roots 0 and 1 have the mean 1/2, its square is 1/4, and the mean is 1/2: 1 - 1/2.
    half, one, two = atkinson_of(measure([0, 1]))

    assert (one.value, two.value) == (1, 1)
    assert half.value == pytest.approx(0.5, abs=half.error)


@pytest.mark.parametrize("amount", [1, 7, 10**30, 2**256 - 1])
def test_equals_are_equal_by_every_measure(amount: int) -> None:
    measured = measure([amount] * 24)

    assert measured.theil is not None and measured.mld is not None
    assert (measured.theil.value, measured.mld.value, measured.ge2) == (0, 0, 0)
    assert [value.value for value in atkinson_of(measured)] == [0, 0, 0]
    assert measured.palma == Fraction(1, 4)


# --- Palma -------------------------------------------------------------------------------------


def test_palma_takes_parts_of_payees_at_the_cuts() -> None:
    # 1..25: the best tenth is 2.5 people, 25 + 24 + 23/2; the worst two fifths are 1..10.
    assert measure(range(1, 26)).palma == Fraction(121, 2) / 55


@given(st.lists(st.integers(1, 10**6), min_size=20, max_size=60))
def test_palma_is_that_of_ten_copies_whose_cuts_part_nobody(amounts: list[int]) -> None:
    copies = sorted(amounts * 10)
    n = len(amounts)

    assert measure(amounts).palma == Fraction(sum(copies[-n:]), sum(copies[: 4 * n]))


def test_palma_of_few_or_of_poor_is_none_and_says_why() -> None:
    few, poor, enough = measure(range(1, 20)), measure([0] * 8 + [5] * 12), measure(range(1, 21))

    assert (few.palma, few.missing) == (None, {"palma": Missing.FEW_PAYEES})
    assert (poor.palma, poor.missing) == (None, {"palma": Missing.POOREST_UNPAID})
    assert (enough.palma is None, enough.missing) == (False, {})


@pytest.mark.parametrize("amounts", [[], [0], [0] * 30])
def test_where_nobody_was_paid_every_measure_says_so(amounts: list[int]) -> None:
    measured = measure(amounts)

    assert measured.missing == dict.fromkeys(NO_MONEY_NAMES, Missing.NO_MONEY)
    assert measured.unpaid_share == (1 if amounts else None)
    assert {measured.to_plain()[name] for name in NO_MONEY_NAMES} == {None}


# --- people ------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 2**70), st.integers(1, 9)), min_size=1, max_size=15))
def test_an_account_of_several_people_is_so_many_accounts_of_one(
    each: list[tuple[int, int]],
) -> None:
    if not any(amount for amount, _ in each):
        each = [*each, (1, 1)]
    copies = measure([amount for amount, people in each for _ in range(people)])
    shared = measure([amount * people for amount, people in each], [people for _, people in each])

    for name in ("payees", "paid_payees", "total", "gini", "gini_corrected", "ge2", "jain", "hhi"):
        assert getattr(shared, name) == getattr(copies, name), name
    assert shared.palma == copies.palma
    floats = zip(
        (shared.theil, shared.mld, *atkinson_of(shared)),
        (copies.theil, copies.mld, *atkinson_of(copies)),
        strict=True,
    )
    for one, other in floats:
        assert one is not None and other is not None
        assert abs(one.value - other.value) <= one.error + other.error


@pytest.mark.parametrize(("people", "says"), [([1], "people for 1"), ([1, 0], "1 stands for 0")])
def test_accounts_of_nobody_are_refused(people: list[int], says: str) -> None:
    with pytest.raises(PeopleMissing, match=says):
        measure([5, 6], people)


# --- what comes in -----------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [1.5, float("nan"), "3", None])
def test_what_is_no_whole_number_is_refused(amount: object) -> None:
    with pytest.raises(NotBaseUnits, match="amount 1 is "):
        measure([1, amount])  # type: ignore[list-item]


def test_more_than_a_token_holds_is_refused() -> None:
    with pytest.raises(AmountTooLarge, match="257 bits"):
        measure([1, 2**256])
    with pytest.raises(AmountTooLarge, match="258 bits for 3 people"):
        measure([3 * 2**256], [3])


def test_people_may_together_get_more_than_a_token_holds() -> None:
    most = 2**256 - 1
    assert measure([3 * most, 0], [3, 1]).gini == measure([most, most, most, 0]).gini


def test_a_payee_named_twice_is_refused() -> None:
    assert amounts_by_payee([("a", 1), ("b", 1)]) == {"a": 1, "b": 1}
    with pytest.raises(DuplicatePayee, match="a is named twice"):
        amounts_by_payee([("a", 1), ("b", 2), ("a", 1)])


def test_debts_are_left_out_counted_and_summed() -> None:
    carried = carry_debts({"a": 5, "b": -3, "c": 0, "d": -1})

    assert carried.amounts == {"a": 5, "c": 0}
    assert (carried.debts, carried.debtors, carried.owed) == ({"b": 3, "d": 1}, 2, 4)
    assert measure(carried.amounts.values()).payees == 2


@given(AMOUNTS)
def test_the_unpaid_share_ties_both_denominators(amounts: list[int]) -> None:
    pair = measure_both(amounts)

    assert pair.registered.unpaid_share == Fraction(amounts.count(0), len(amounts))
    assert pair.registered.mld == pair.paid.mld
    assert pair.registered.theil is not None and pair.paid.theil is not None
    assert pair.registered.theil.value >= pair.paid.theil.value


# --- certified numbers -------------------------------------------------------------------------


@given(st.fractions(Fraction(1, 10**9), 10**9).filter(lambda ratio: ratio > 0))
def test_logarithms_of_fractions_are_certified(ratio: Fraction) -> None:
    with mpmath.workdps(60):
        true = mpmath.log(mpmath.mpf(ratio.numerator) / ratio.denominator)
        assert holds(certified_log(ratio), true)


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9),
    st.fractions(-(10**6), 10**6),
)
def test_sums_and_multiples_keep_their_bound(values: list[float], factor: Fraction) -> None:
    parts = [Certified(value, 1e-9) for value in values]
    true = factor * sum(map(Fraction, values))
    found = certified_sum(parts).scaled(factor)
    spread = abs(factor) * len(values) * Fraction(1, 10**9)

    # The true sum may lie anywhere within the parts' own errors: both ends must be inside.
    assert Fraction(found.value) - Fraction(found.error) <= true - spread * Fraction(9999, 10000)
    assert Fraction(found.value) + Fraction(found.error) >= true + spread * Fraction(9999, 10000)
