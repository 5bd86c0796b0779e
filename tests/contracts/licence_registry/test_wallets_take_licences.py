"""Holders that are contracts: the caller holds and pays, not who pays its gas."""

from __future__ import annotations

from tests.contracts.permits import NO_PERMIT
from tests.contracts.rights import Terms, by

PRICE = 1_000


def test_a_wallet_holds_what_it_takes(
    licences, royalty_ledger, stablecoin, register_work, steward, grant, wallet, through, deployer
):
    work = register_work(steward)
    terms = Terms.generation(stablecoin, share=150_000_000, price=PRICE)
    grant(steward, work, terms)
    stablecoin.mint(wallet, 3 * PRICE, by(deployer))
    through(stablecoin.approve, royalty_ledger, 3 * PRICE)

    told = through(licences.takeLicence, work, terms, NO_PERMIT).events["LicenceTaken"]

    assert told["holder"] == wallet
    assert stablecoin.balanceOf(wallet) == 2 * PRICE
