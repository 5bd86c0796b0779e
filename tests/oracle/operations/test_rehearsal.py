"""A rehearsal shows the money of the next epoch, and leaves no trace."""

from __future__ import annotations

import pytest

from oracle.errors import HoldersNotFunded, NothingToSeal
from tests.devnet import PLATFORM
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World


def test_a_rehearsal_comes_to_what_sealing_comes_to(world: World) -> None:
    world.fund()
    world.file_plays(25)

    rehearsal = world.service.watch.rehearse_epoch()
    assert world.service.watch.epochs() == ()
    row = world.service.seal_epoch()
    paper = world.service.payouts_of(row)

    assert (rehearsal.epoch, rehearsal.counted, rehearsal.refused) == (1, 25, {})
    assert rehearsal.total == row.report.cumulative_total
    assert {c.payee: c.after for c in rehearsal.changes} == {
        payout.payee: payout.cumulative for payout in paper.payouts if payout.cumulative
    }
    assert {c.before for c in rehearsal.changes} == {0}
    assert rehearsal.obstacles == ()


def test_the_second_epoch_shows_differences(world: World) -> None:
    world.fund()
    world.file_plays(25)
    world.service.tick()
    world.file_plays(15, first=25)

    rehearsal = world.service.watch.rehearse_epoch()

    assert rehearsal.epoch == 2
    # Whole units alone are paid, so every payee may lack a part of one on either side.
    assert abs(rehearsal.total * 25 - rehearsal.total_before * 40) < 40 * len(rehearsal.changes)
    assert all(0 < change.before < change.after for change in rehearsal.changes)
    assert rehearsal.to_plain()["payees"][0]["difference"] == str(
        rehearsal.changes[0].after - rehearsal.changes[0].before
    )


def test_a_root_above_the_ceiling_is_an_obstacle(world: World) -> None:
    world.fund(25 * UNIT_PRICE)
    world.file_plays(25)

    rehearsal = world.service.watch.rehearse_epoch()

    (obstacle,) = rehearsal.obstacles
    assert f"above the ceiling of {rehearsal.ceiling}" in obstacle


def test_usage_without_money_is_told_beside_what_would_be_counted(world: World) -> None:
    world.fund(30 * UNIT_PRICE)
    world.file_plays(25)
    world.file_plays(7, first=25)

    rehearsal = world.service.watch.rehearse_epoch()

    assert rehearsal.counted == 25
    assert rehearsal.to_plain()["waitsForMoney"] == [
        {
            "holder": world.devnet.address(PLATFORM),
            "token": world.devnet.deployment.token,
            "events": 7,
            "missing": str(2 * UNIT_PRICE),
        }
    ]


def test_with_money_for_nothing_there_is_nothing_to_rehearse(world: World) -> None:
    world.file_plays(25)

    with pytest.raises(HoldersNotFunded, match=f"{25 * UNIT_PRICE} base units"):
        world.service.watch.rehearse_epoch()


def test_nothing_waiting_is_said(world: World) -> None:
    with pytest.raises(NothingToSeal):
        world.service.watch.rehearse_epoch()
