"""Effects of a change begun at different times: told exactly, refused, and the usual way's trap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics.errors import NotIdentified, PanelRefused
from chain.metrics.evaluation import (
    Panel,
    imputed_effect,
    panel_of_csv,
    power_table,
    randomised_effect,
)

PERIODS = 8


def panel(starts: list[int], growth: float, noise: float = 0.0, seed: int = 0) -> Panel:
    """Units with levels, periods with a common course, and an effect of 1 + growth * age."""
    random = np.random.default_rng(seed)
    begin = np.array(starts)
    age = np.arange(PERIODS) - begin[:, None]
    outcomes = random.normal(0, 3, (len(starts), 1)) + random.normal(0, 3, PERIODS)
    outcomes = outcomes + np.where(age >= 0, 1 + growth * age, 0.0)
    outcomes = outcomes + noise * random.standard_normal(outcomes.shape)
    names = tuple(f"unit {k}" for k in range(len(starts)))
    return Panel(names, tuple(f"2027-{k:02}" for k in range(PERIODS)), outcomes, begin)


def truth(of: Panel, growth: float, cells: np.ndarray) -> float:
    age = np.arange(PERIODS) - of.starts[:, None]
    return float((1 + growth * age)[cells].mean())


def usual_regression(of: Panel) -> float:
    """Unit and period effects and one coefficient for having begun: what is not to be used."""
    treated = of.treated.astype(float)

    def without_levels(values: np.ndarray) -> np.ndarray:
        return values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()

    rest = without_levels(treated)
    return float((rest * of.outcomes).sum() / (rest * rest).sum())


# --- imputation --------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, PERIODS - 1), min_size=1, max_size=6),
    st.floats(-2, 2),
    st.integers(0, 99),
)
def test_without_noise_the_effect_is_told_exactly(
    begun: list[int], growth: float, seed: int
) -> None:
    of = panel([*begun, PERIODS], growth, seed=seed)
    effect = imputed_effect(of)

    assert effect.mean == pytest.approx(truth(of, growth, of.treated), abs=1e-8)
    assert effect.by_age == pytest.approx([1 + growth * k for k in range(len(effect.by_age))])
    assert (effect.cells, effect.left_out) == (of.treated.sum(), 0)


def test_growing_effects_and_nobody_left_to_compare_with_mislead_the_usual_regression() -> None:
    # All begin, the effect grows by three a period, and no unit stays without the change.
    of = panel([2, 4, 6], growth=3.0)

    with pytest.raises(NotIdentified, match="6 of 12 cells"):
        imputed_effect(of)
    usable = imputed_effect(of, usable_only=True)
    compared = of.treated & (np.arange(PERIODS) < 6)
    assert (usable.cells, usable.left_out) == (6, 6)
    assert usable.mean == pytest.approx(truth(of, 3.0, compared))
    assert usable.mean == pytest.approx(4.5)
    # Every single effect is 1 or more; the coefficient is not even of that sign.
    assert usual_regression(of) < 0


def test_a_constant_effect_is_what_the_usual_regression_can_tell() -> None:
    of = panel([2, 4, 6, PERIODS], growth=0.0)

    assert usual_regression(of) == pytest.approx(imputed_effect(of).mean)


@pytest.mark.parametrize(
    ("starts", "says"),
    [
        ([8, 8], "applied to nobody"),
        ([0, 8], "8 of 8 cells"),
        ([3, 3], "10 of 10 cells"),
    ],
)
def test_what_cannot_be_told_is_refused(starts: list[int], says: str) -> None:
    for usable_only in (False, True):
        with pytest.raises(NotIdentified, match=says):
            imputed_effect(panel(starts, 0.0), usable_only)


# --- randomisation -----------------------------------------------------------------------------


def test_an_effect_stands_out_from_the_orders_that_were_not_drawn() -> None:
    starts = [2, 3, 3, 4, 5, 5, 6, 8, 8, 8]
    found = randomised_effect(panel(starts, 0.0, noise=0.4, seed=3), draws=199)
    again = randomised_effect(panel(starts, 0.0, noise=0.4, seed=3), draws=199)

    assert found.p_value == 1 / 200
    assert found.low is not None and found.high is not None
    assert found.low < 1 < found.high
    assert found.low > 0
    assert found.to_plain() == again.to_plain()


def test_where_there_is_no_effect_few_trials_say_so_and_intervals_hold_it() -> None:
    # Simulated: 60 trials, seeds 0 to 59, 39 draws each.
    starts = [2, 3, 4, 5, 6, 8, 8]
    rejected = held = 0
    for seed in range(60):
        of = panel(starts, 0.0, noise=1.0, seed=seed)
        nothing = Panel(of.units, of.periods, of.outcomes - of.treated, of.starts)
        found = randomised_effect(nothing, draws=39, seed=seed)
        rejected += found.p_value <= 0.05
        held += (found.low is None or found.low <= 0) and (found.high is None or found.high >= 0)

    assert rejected <= 8
    assert held >= 52


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="give 19 or more"):
        randomised_effect(panel([2, 8], 0.0), draws=10)


# --- panels ------------------------------------------------------------------------------------

LINES = "unit,period,outcome,from\na,1,0.5,2\na,2,0.4,2\nb,1,0.6,\nb,2,0.6,\n"


def test_a_table_becomes_a_panel() -> None:
    of = panel_of_csv(LINES)

    assert (of.units, of.periods, of.starts.tolist()) == (("a", "b"), ("1", "2"), [1, 2])
    assert imputed_effect(of).mean == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("outcome", "gini"), "names no column outcome"),
        (("0.5", "nan"), "line 2: outcome is 'nan'"),
        (("0.5", ""), "line 2: outcome is ''"),
        (("a,2,0.4,2\n", ""), "a has no outcome in 2"),
        (("b,2,0.6,", "b,1,0.6,"), "line 5: b has 1 twice"),
        (("a,2,0.4,2", "a,2,0.4,1"), "line 3: a begins in two different periods"),
    ],
)
def test_a_table_that_is_not_whole_names_the_place(change: tuple[str, str], says: str) -> None:
    with pytest.raises(PanelRefused, match=says):
        panel_of_csv(LINES.replace(*change))


def test_arrays_that_do_not_fit_are_no_panel() -> None:
    good = panel([2, 8], 0.0)
    for outcomes, starts, says in (
        (good.outcomes[:1], good.starts, "do not fit"),
        (good.outcomes, good.starts + 1, "outside the periods"),
        (good.outcomes * np.nan, good.starts, "no finite number"),
    ):
        with pytest.raises(PanelRefused, match=says):
            Panel(good.units, good.periods, outcomes, starts)


# --- power -------------------------------------------------------------------------------------


def test_more_communities_see_smaller_effects() -> None:
    # Simulated: 40 samples a row, seed 1.
    rows = {(row.communities, row.payees): row for row in power_table(12, 40, 1)}

    assert len(rows) == 9
    for payees in (15, 50, 200):
        assert rows[12, payees].smallest_effect > rows[48, payees].smallest_effect
    assert 0.01 < rows[24, 50].smallest_effect < 0.1
    assert rows[24, 50].to_plain()["SIMULATED"] is True
    with pytest.raises(ValueError, match="20 samples"):
        power_table(12, 5, 1)
