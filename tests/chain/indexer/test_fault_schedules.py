"""A few random schedules of forks, kills and lies; `fault_schedules` runs as many as one likes."""

from __future__ import annotations

import os

import pytest

from tests.chain.indexer.fault_schedules import run_schedules
from tests.postgres import Server, postgres

__all__ = ["postgres"]

SCHEDULES = int(os.environ.get("ANTIPHON_FAULT_SCHEDULES", "6"))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_schedule_ends_in_the_index_that_is_built_from_zero(
    request: pytest.FixtureRequest, database: str
) -> None:
    seen: list[int] = []
    server: Server | None = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")

    done = run_schedules(1, SCHEDULES, seen.append, server)

    assert seen == list(range(1, SCHEDULES + 1))
    assert done["died"] > 0
    assert done["_fork"] > 0
