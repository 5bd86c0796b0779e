"""Deployed bytecode against the exact model, act by act, and seeded defects that it must find."""

from __future__ import annotations

import pytest

from chain.ledger.errors import Inconsistent
from tests.differential.machine import Disagreement
from tests.differential.runs import CANARIES, PAIRS, Canary, Tally, run

STEPS = {
    "links": 6_000,
    "royalties": 9_000,
    "partitions": 9_000,
    "epochs": 6_000,
    "disputes": 3_000,
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
