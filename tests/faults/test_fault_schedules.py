"""A few schedules and cases of the long runs (`make faults`, `make kill-matrix`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devnet import running_anvil
from tests.faults.bench_chain import BenchChain
from tests.faults.matrix import Beside, relay_case
from tests.faults.proxy import running_proxy
from tests.faults.schedule import Schedule, Tally, Violation
from tests.postgres import Server, postgres

__all__ = ["postgres"]

# Among them kills, reorganisations, lies with and without a witness, and a foreign transaction.
SEEDS = (12, 175)


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    os.environ["NO_PROXY"] = "127.0.0.1"
    with running_anvil("--no-mining") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def proxy(node: str) -> Iterator[str]:
    with running_proxy(node) as address:
        yield address


@pytest.mark.parametrize("seed", SEEDS)
def test_a_schedule_loses_nothing_and_doubles_nothing(
    seed: int, node: str, proxy: str, postgres: Server, tmp_path: Path
) -> None:
    place = tmp_path / "outbox.db" if seed % 2 == 0 else postgres.new_outbox()

    Schedule(seed, BenchChain(node), proxy, place, Tally()).run()


@pytest.mark.parametrize("beside", Beside)
def test_a_relay_killed_between_two_attempts_at_a_nonce_sends_one(
    beside: Beside, node: str, proxy: str, postgres: Server
) -> None:
    place = postgres.new_outbox()

    relay_case("replacement-after-commit", beside, BenchChain(node), proxy, place)


def test_a_moment_that_is_never_reached_is_told(node: str, proxy: str, tmp_path: Path) -> None:
    with pytest.raises(Violation, match="tests nothing"):
        relay_case("never", Beside.NOTHING, BenchChain(node), proxy, tmp_path / "outbox.db")


def test_an_intent_carried_out_twice_is_told(node: str, proxy: str, tmp_path: Path) -> None:
    """A defect planted on purpose: another key does what an intent says, too."""
    chain = BenchChain(node)
    schedule = Schedule(1, chain, proxy, tmp_path / "outbox.db", Tally(), keys=2)
    schedule.heal()
    schedule.send_again(schedule.intents[0])

    with pytest.raises(Violation, match="carried out, times"):
        schedule.check()
