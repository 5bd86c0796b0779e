"""The simulated effect of rules: small crowds, held against what can be worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.rules import __main__ as command
from benchmarks.rules import attacks, crowds
from benchmarks.rules.effects import divisions, effects
from benchmarks.written_parts import begins


@pytest.fixture(scope="module")
def crowd() -> crowds.Crowd:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crowds, "LISTENERS", 400)
        return crowds.draw(crowds.SCENARIOS[0], 1)


def test_the_same_seed_draws_the_same_crowd(
    crowd: crowds.Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowds, "LISTENERS", 400)

    assert crowds.draw(crowds.SCENARIOS[0], 1) == crowd
    assert crowds.draw(crowds.SCENARIOS[0], 2) != crowd


def test_every_rule_divides_the_whole_pool(crowd: crowds.Crowd) -> None:
    assert {sum(amounts) for _, amounts in divisions(crowd)} == {crowd.pool}


def test_floors_lower_gini_by_their_part_and_nobody_loses_more(crowd: crowds.Crowd) -> None:
    found = {effect.rule: effect for effect in effects(crowd)}

    before = found["pro-rata"].gini
    for floor in (0.2, 0.3, 0.5):
        effect = found[f"floor of {floor:.0%} among all".replace("%", " %")]
        assert effect.gini == pytest.approx((1 - floor) * before, abs=1e-6)
        assert effect.largest_loss <= floor + 1e-6
    for effect in found.values():
        assert effect.between + effect.within == pytest.approx(effect.theil, abs=1e-9)


def test_attacks_bring_what_arithmetic_says(crowd: crowds.Crowd) -> None:
    bots = {each.rule: each.times for each in attacks.bots(crowd)}
    cut = {each.rule: each.times for each in attacks.splitting(crowd)}

    assert bots["pro-rata"] > 1
    # A bot's fee less what the platform keeps; under the scaled rule its whole fee, and no more.
    assert bots["listeners: user-centric"] == pytest.approx(0.65, abs=0.001)
    assert bots["listeners: scaled"] <= 1
    assert cut["pro-rata"] == pytest.approx(1, abs=1e-4)
    assert cut["root between registered communities"] == pytest.approx(1, abs=1e-4)
    # By four accounts: roots double; a floor of phi pays about 4 phi + 1 - phi to who has the mean.
    assert cut["root of each payee"] == pytest.approx(2, abs=0.03)
    assert cut["floor of 50 % among all"] == pytest.approx(2.5, abs=0.05)
    viral = {each.rule: each.times for each in attacks.viral(crowd)}
    assert viral["pro-rata"] == pytest.approx(0.5, abs=0.001)


def test_the_page_has_room_for_what_the_command_writes() -> None:
    text = command.PAGE.read_text("utf-8")

    assert begins(command.COMMAND) in text
    assert "SIMULATED, seed 5" in text
