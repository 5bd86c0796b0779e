"""The funnel counts true traces only, and false names stand beside it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chain.metrics.errors import CountsContradict
from chain.metrics.traceability import Step, TraceOutcome, traceability, value_traceability

TRACED = TraceOutcome(is_marked=True, last_step=Step.PAYEES, named_truly=True)
MISSED = TraceOutcome(is_marked=True, last_step=None, named_truly=None)
GARBLED = TraceOutcome(is_marked=True, last_step=Step.DETECT, named_truly=None)
EXPIRED = TraceOutcome(is_marked=True, last_step=Step.VERIFY_LOG, named_truly=True)
MISNAMED = TraceOutcome(is_marked=True, last_step=Step.PAYEES, named_truly=False)
SILENT = TraceOutcome(is_marked=False, last_step=None, named_truly=None)
INVENTED = TraceOutcome(is_marked=False, last_step=Step.PAYEES, named_truly=False)


def test_each_step_loses_the_files_that_fail_it() -> None:
    measured = traceability([TRACED] * 6 + [MISSED, GARBLED, EXPIRED] + [SILENT] * 5)

    assert [count for _, count in measured.funnel] == [8, 7, 7, 7, 6, 6, 6]
    assert (measured.marked, measured.unmarked) == (9, 5)
    assert measured.traced.rate == Fraction(6, 9)
    assert (measured.false_attribution.part, measured.false_attribution.whole) == (0, 14)


def test_a_false_name_is_lost_where_it_should_have_resolved() -> None:
    measured = traceability([TRACED, MISNAMED])

    assert [count for _, count in measured.funnel] == [2, 2, 1, 1, 1, 1, 1]
    assert measured.false_attribution.rate == Fraction(1, 2)


def test_any_name_on_an_unmarked_file_is_false() -> None:
    named = TraceOutcome(is_marked=False, last_step=Step.RESOLVE, named_truly=True)

    measured = traceability([TRACED, SILENT, INVENTED, named])

    assert measured.false_attribution.rate == Fraction(2, 4)
    assert measured.traced.rate == 1


def test_no_files_make_no_rate() -> None:
    measured = traceability([])

    assert (measured.traced.rate, measured.false_attribution.rate) == (None, None)


def test_value_is_traced_exactly() -> None:
    assert value_traceability(2, 3) == Fraction(2, 3)
    assert value_traceability(0, 0) is None
    with pytest.raises(CountsContradict, match="traced base units: 4 of 3"):
        value_traceability(4, 3)
