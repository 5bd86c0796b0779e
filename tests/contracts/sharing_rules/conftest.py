"""The contract of sharing rules, deployed with all others."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def rules(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["SharingRules"]
