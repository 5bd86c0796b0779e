"""What a deployment refuses before anything is deployed."""

from __future__ import annotations

import pytest

from scripts.deploy import require_wrapping
from scripts.deployment import NO_TOKEN


def test_a_token_for_ether_is_a_contract_that_the_ledger_accepts(stablecoin, stranger):
    coin, nobody = stablecoin.address, stranger.address
    require_wrapping(NO_TOKEN, [coin])
    require_wrapping(coin.lower(), [nobody, coin])

    with pytest.raises(SystemExit, match="is no accepted token"):
        require_wrapping(coin, [nobody])
    with pytest.raises(SystemExit, match=f"no contract at --wrapped-ether {nobody}"):
        require_wrapping(nobody, [coin, nobody])
