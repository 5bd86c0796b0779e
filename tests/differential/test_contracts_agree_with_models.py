"""Deployed bytecode against the exact model, act by act, and seeded defects that it must find."""

from __future__ import annotations

import pytest

from chain.ledger.errors import Inconsistent
from tests.differential.canaries import CANARIES, Canary
from tests.differential.machine import Disagreement
from tests.differential.runs import PAIRS, Tally, run

STEPS = {
    "links": 4_000,
    "royalties": 6_000,
    "partitions": 6_000,
    "epochs": 4_000,
    "disputes": 1_500,
    "rules": 1_200,
    "directs": 1_500,
    "council": 400,
    "elders": 400,
}
# A canary is sooner or later found; later than this is too late.
STEPS_TO_FIND = 2_000


@pytest.mark.parametrize("pair", PAIRS)
def test_contract_and_model_never_differ(pair: str) -> None:
    tally = run(pair, 1, steps=STEPS[pair])
    assert tally.steps == STEPS[pair]
    assert tally.calls > tally.steps


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_seeded_defect_is_found(canary: Canary) -> None:
    tally = Tally()
    with pytest.raises((Disagreement, Inconsistent)):
        run(canary.pair, 1, steps=STEPS_TO_FIND, code=canary.code(), tally=tally)
    assert tally.steps < STEPS_TO_FIND
