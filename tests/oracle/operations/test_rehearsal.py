"""A rehearsal shows the money of the next epoch, and leaves no trace."""

from __future__ import annotations

import pytest

from oracle.errors import NothingToSeal
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


def test_an_unfunded_lane_is_an_obstacle_with_the_missing_sum(world: World) -> None:
    world.file_plays(25)

    rehearsal = world.service.watch.rehearse_epoch()

    assert rehearsal.funded == 0
    assert rehearsal.obstacles[0] == (
        f"the lane lacks {rehearsal.total} base units. Next: the platforms fund it"
    )
    assert "above the ceiling of 0" in rehearsal.obstacles[1]


def test_nothing_waiting_is_said(world: World) -> None:
    with pytest.raises(NothingToSeal):
        world.service.watch.rehearse_epoch()
