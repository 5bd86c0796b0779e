"""The world of `settlement_verify`: two epochs, and single reports of which one is released."""

from __future__ import annotations

import pytest

from tests.chain.settlement_verify.conftest import lane
from tests.chain.statements.statement_worlds import Desk
from tests.devnet import Devnet
from tests.epochs import EpochLane

__all__ = ["lane"]


@pytest.fixture
def desk(devnet: Devnet, lane: EpochLane) -> Desk:
    return Desk(devnet, lane)
