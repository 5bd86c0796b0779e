"""What every test runs under."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings


@pytest.hookimpl(trylast=True)  # after Brownie, whose own profile ours inherits
def pytest_configure() -> None:
    """Choose hypothesis' examples: the same ones on every machine, or new ones to search with.

    Who changes one line must not be stopped by a case that nobody has met before; the nightly run
    looks for those (ANTIPHON_SEARCH=1). What it finds becomes an `@example`.
    """
    # No property is about the clock of a machine that may have other things to do.
    inherited = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("search", inherited)
    settings.register_profile("gate", inherited, derandomize=True, database=None)
    settings.load_profile("search" if os.environ.get("ANTIPHON_SEARCH") else "gate")
