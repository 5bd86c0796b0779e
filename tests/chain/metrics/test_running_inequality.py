"""Inequality kept through additions, removals and changes is that of measuring anew, each time."""

from __future__ import annotations

import random
from collections.abc import Iterable
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import AmountAbsent, NegativeAmount, NotBaseUnits
from chain.metrics.inequality import measure, running
from chain.metrics.inequality.running import RunningInequality

AMOUNT = st.integers(0, 5) | st.integers(0, 2**96) | st.integers(0, 2**256 - 1)


def agrees(kept: RunningInequality, amounts: Iterable[int]) -> bool:
    now, anew = kept.measured(), measure(amounts)
    for name in ("payees", "paid_payees", "total", "gini", "jain"):
        assert getattr(now, name) == getattr(anew, name), name
    if now.theil is None or anew.theil is None:
        return now.theil is anew.theil
    return abs(now.theil.value - anew.theil.value) <= now.theil.error + anew.theil.error


@given(st.lists(AMOUNT, max_size=25), st.data())
def test_after_every_change_it_is_as_measured_anew(amounts: list[int], data: st.DataObject) -> None:
    kept, held = RunningInequality(amounts), list(amounts)
    for _ in range(5):
        if held and data.draw(st.booleans()):
            gone = held.pop(data.draw(st.integers(0, len(held) - 1)))
            kept.remove(gone)
        else:
            held.append(data.draw(AMOUNT))
            kept.add(held[-1])
        assert agrees(kept, held)


@pytest.mark.parametrize("block_max", [1, 2, 7, 256])
def test_a_ledger_of_changing_totals_stays_exact_through_splits(block_max: int) -> None:
    rng = random.Random(block_max)
    with patch.object(running, "_BLOCK_MAX", block_max):
        kept, totals = RunningInequality([0] * 40), [0] * 40
        for step in range(600):
            payee = rng.randrange(40)
            earned = rng.choice([1, 1, 10, rng.randrange(10**6), rng.randrange(10**18)])
            kept.replace(totals[payee], totals[payee] + earned)
            totals[payee] += earned
            if step % 20 == 0:
                assert agrees(kept, totals)


@given(st.lists(AMOUNT, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_taking_all_away_in_any_order_leaves_nothing(
    amounts: list[int], rng: random.Random
) -> None:
    kept = RunningInequality(amounts)
    rng.shuffle(amounts)
    for amount in amounts:
        kept.remove(amount)

    assert kept.measured() == RunningInequality().measured()
    kept.add(3)
    assert agrees(kept, [3])


def test_theil_is_good_to_its_last_rounding() -> None:
    amounts = [2**k for k in range(60)]
    theil = RunningInequality(amounts).measured().theil

    assert theil is not None
    assert theil.error < 1e-15


def test_what_nobody_has_cannot_go_and_nothing_changes() -> None:
    kept = RunningInequality([1, 2])

    for refused in (lambda: kept.remove(3), lambda: kept.replace(3, 1)):
        with pytest.raises(AmountAbsent, match="nobody has 3"):
            refused()
    with pytest.raises(NegativeAmount):
        kept.replace(1, -1)
    with pytest.raises(NotBaseUnits):
        kept.add(0.5)  # type: ignore[arg-type]
    assert agrees(kept, [1, 2])
