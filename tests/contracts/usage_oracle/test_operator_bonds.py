"""Operators: bonded before they sign, changed with a delay, and slashed for signing two things."""

from __future__ import annotations

import pytest

from tests.contracts.royalty_ledger.stage import EVERYTHING, ZERO, by, refusal_of
from tests.contracts.usage_oracle.conftest import DAY, Quorum, compacted, give_roles

BOND = 1_000


@pytest.fixture(scope="module")
def coin(DevStablecoin, roles):
    return DevStablecoin.deploy(by(roles.deployer))


@pytest.fixture(scope="module")
def plan(keys):
    return ([key.address for key in keys[:4]], 3, 1)


@pytest.fixture(scope="module")
def bonded(UsageOracle, authority, licences, coin, plan, accounts, keys, roles):
    """An oracle that asks for a bond; every operator has the coins and gave the allowance."""
    oracle = UsageOracle.deploy(
        licences, licences, licences, authority, plan, (coin, BOND, roles.home), by(roles.deployer)
    )
    give_roles(authority, oracle, roles)
    for key in keys:
        operator = accounts.at(key.address)
        coin.mint(operator, 10 * BOND, by(roles.deployer))
        coin.approve(oracle, EVERYTHING, by(operator))
    return oracle


@pytest.fixture
def installed(bonded, plan, accounts, roles):
    for operator in plan[0]:
        bonded.bond(BOND, by(accounts.at(operator)))
    bonded.installFirstSet(plan, by(roles.relay))
    return bonded


def test_nobody_signs_before_all_have_bonded(bonded, plan, keys, token, accounts, roles):
    assert (bonded.operators(), bonded.threshold()) == ((), 255)
    quorum = Quorum(bonded, token, keys)
    posting = quorum.posting(quorum.report())
    assert refusal_of(bonded.postEpoch, *posting, sender=roles.relay) == (
        "QuorumNotReached",
        3,
        255,
    )
    for operator in plan[0][:3]:
        bonded.bond(BOND, by(accounts.at(operator)))
    bonded.bond(BOND - 1, by(accounts.at(plan[0][3])))

    refused = refusal_of(bonded.installFirstSet, plan, sender=roles.relay)
    tx = bonded.bond(1, by(accounts.at(plan[0][3])))
    bonded.installFirstSet(plan, by(roles.relay))

    assert refused == ("NotBonded", plan[0][3], BOND - 1, BOND)
    assert dict(tx.events["Bonded"]) == {"operator": plan[0][3], "amount": 1, "bonded": BOND}
    assert list(bonded.operators()) == plan[0]
    assert (bonded.threshold(), bonded.faults()) == (3, 1)


def test_only_the_first_set_is_installed_by_anyone_and_once(installed, plan, keys, roles):
    for other in (plan, ([keys[0].address], 1, 0)):
        assert refusal_of(installed.installFirstSet, other, sender=roles.relay)[0] == "NotFirstSet"


def test_a_set_is_changed_seven_days_after_it_was_announced(
    installed, authority, plan, keys, accounts, roles, chain
):
    installed.bond(BOND, by(accounts.at(keys[4].address)))
    after = ([key.address for key in keys[1:5]], 3, 1)
    call = installed.changeOperators.encode_input(after)

    assert refusal_of(installed.changeOperators, after, sender=roles.relay)[0] == "NotPermitted"
    early = refusal_of(installed.changeOperators, after, sender=roles.admin)
    assert early[0] == "AccessManagerNotScheduled"
    authority.schedule(installed, call, 0, by(roles.admin))
    chain.sleep(7 * DAY - 60)
    chain.mine()
    early = refusal_of(installed.changeOperators, after, sender=roles.admin)
    assert early[0] == "AccessManagerNotReady"
    chain.sleep(61)
    tx = installed.changeOperators(after, by(roles.admin))

    assert dict(tx.events["OperatorsChanged"]) == {
        "operators": after[0],
        "threshold": 3,
        "faults": 1,
    }
    assert list(installed.operators()) == after[0]
    assert not installed.isOperator(keys[0].address)


def test_a_new_operator_must_have_bonded(installed, authority, keys, roles, chain):
    after = ([key.address for key in keys[1:5]], 3, 1)
    authority.schedule(installed, installed.changeOperators.encode_input(after), 0, by(roles.admin))
    chain.sleep(7 * DAY + 1)
    chain.mine()

    refused = refusal_of(installed.changeOperators, after, sender=roles.admin)

    assert refused == ("NotBonded", keys[4].address, 0, BOND)


def test_a_bond_comes_back_thirty_days_after_leaving(
    installed, authority, coin, keys, accounts, roles, chain
):
    leaver = accounts.at(keys[0].address)
    assert refusal_of(installed.releaseBond, sender=leaver) == (
        "BondHeld",
        leaver.address,
        2**40 - 1,
    )
    after = ([key.address for key in keys[1:4]], 2, 0)
    authority.schedule(installed, installed.changeOperators.encode_input(after), 0, by(roles.admin))
    chain.sleep(7 * DAY + 1)
    left = installed.changeOperators(after, by(roles.admin)).timestamp
    assert installed.bondOf(leaver) == (BOND, left + 30 * DAY)
    refused = refusal_of(installed.releaseBond, sender=leaver)
    chain.sleep(30 * DAY + 1)
    before = coin.balanceOf(leaver)
    tx = installed.releaseBond(by(leaver))

    assert refused == ("BondHeld", leaver.address, left + 30 * DAY)
    assert dict(tx.events["BondReleased"]) == {"operator": leaver, "amount": BOND}
    assert coin.balanceOf(leaver) == before + BOND
    assert installed.bondOf(leaver)[0] == 0
    assert installed.releaseBond(by(leaver)).events["BondReleased"]["amount"] == 0
    assert coin.balanceOf(leaver) == before + BOND


def test_a_bond_in_a_token_that_keeps_a_fee_is_refused(
    UsageOracle, FeeTakingToken, authority, licences, plan, roles
):
    token = FeeTakingToken.deploy(by(roles.deployer))
    bond = (token, BOND, roles.home)
    oracle = UsageOracle.deploy(*[licences] * 3, authority, plan, bond, by(roles.deployer))
    token.mint(roles.platform, 10 * BOND, by(roles.deployer))
    token.approve(oracle, EVERYTHING, by(roles.platform))

    refused = refusal_of(oracle.bond, BOND, sender=roles.platform)

    assert refused == ("BondMismatch", BOND, 990)


@pytest.mark.parametrize("missing", ["token", "home"])
def test_a_bond_needs_a_token_and_a_home(UsageOracle, licences, coin, plan, roles, web3, missing):
    bond = (ZERO if missing == "token" else coin, BOND, ZERO if missing == "home" else roles.home)
    data = UsageOracle.deploy.encode_input(*[licences] * 4, plan, bond)

    answer = web3.provider.make_request("eth_call", [{"data": data}, "latest"])

    assert answer["error"]["data"] == web3.to_hex(web3.keccak(text="BadBond()")[:4])


# --- two reports for one epoch ------------------------------------------------------------------


@pytest.fixture
def accuse(installed, token, keys):
    quorum = Quorum(installed, token, keys)

    def accuse(signer=0, other=None, **changes):
        first, second = quorum.report(), quorum.report(**changes)
        signed = (
            compacted(keys[signer].sign_message(quorum.message(first))),
            compacted(keys[other or signer].sign_message(quorum.message(second))),
        )
        as_given = [quorum.posting(report, signatures=[])[0] for report in (first, second)]
        return (as_given[0], signed[0], as_given[1], signed[1])

    return accuse


def test_an_operator_that_signed_two_reports_loses_bond_and_vote(
    installed, accuse, coin, keys, roles
):
    tx = installed.proveEquivocation(*accuse(eventCount=3), by(roles.platform))

    assert dict(tx.events["OperatorSlashed"]) == {
        "operator": keys[0].address,
        "epoch": 1,
        "amount": BOND,
        "home": roles.home,
    }
    assert coin.balanceOf(roles.home) == BOND
    assert installed.bondOf(keys[0].address)[0] == 0
    assert list(installed.operators()) == [key.address for key in keys[1:4]]
    refused = refusal_of(installed.proveEquivocation, *accuse(eventCount=4), sender=roles.platform)
    assert refused == ("NotOperator", keys[0].address)


def reseat(oracle, authority, plan, roles, chain):
    call = oracle.changeOperators.encode_input(plan)
    authority.schedule(oracle, call, 0, by(roles.admin))
    chain.sleep(7 * DAY + 1)
    chain.mine()


def test_a_slashed_key_is_never_seated_again(
    installed, authority, accuse, plan, accounts, keys, roles, chain
):
    """The two signatures that cost it its bond would cost it the next one too."""
    slashed = keys[0].address
    installed.proveEquivocation(*accuse(eventCount=3), by(roles.platform))
    installed.bond(BOND, by(accounts.at(slashed)))
    reseat(installed, authority, plan, roles, chain)

    refused = refusal_of(installed.changeOperators, plan, sender=roles.admin)

    assert refused == ("SlashedBefore", slashed)


def test_the_same_two_signatures_do_not_cost_a_second_bond(
    installed, accuse, accounts, coin, keys, roles
):
    operator = accounts.at(keys[0].address)
    accusation = accuse(eventCount=3)
    installed.proveEquivocation(*accusation, by(roles.platform))
    installed.bond(BOND, by(operator))

    refused = refusal_of(installed.proveEquivocation, *accusation, sender=roles.platform)
    installed.releaseBond(by(operator))

    assert refused == ("NotOperator", operator.address)
    assert coin.balanceOf(roles.home) == BOND
    assert installed.bondOf(operator)[0] == 0


def test_a_first_set_with_a_slashed_key_is_not_installed(
    bonded, token, plan, accounts, keys, roles
):
    for operator in plan[0]:
        bonded.bond(BOND, by(accounts.at(operator)))
    quorum, accusation = Quorum(bonded, token, keys), []
    for report in (quorum.report(), quorum.report(eventCount=3)):
        signed = compacted(keys[1].sign_message(quorum.message(report)))
        accusation += [quorum.posting(report, signatures=[])[0], signed]
    bonded.proveEquivocation(*accusation, by(roles.platform))
    bonded.bond(BOND, by(accounts.at(keys[1].address)))

    refused = refusal_of(bonded.installFirstSet, plan, sender=roles.relay)

    assert refused == ("SlashedBefore", keys[1].address)


def test_who_left_can_still_be_slashed(installed, authority, accuse, coin, keys, roles, chain):
    after = ([key.address for key in keys[1:4]], 2, 0)
    authority.schedule(installed, installed.changeOperators.encode_input(after), 0, by(roles.admin))
    chain.sleep(7 * DAY + 1)
    installed.changeOperators(after, by(roles.admin))

    installed.proveEquivocation(*accuse(eventCount=3), by(roles.platform))

    assert coin.balanceOf(roles.home) == BOND
    assert list(installed.operators()) == after[0]


def test_reports_that_do_not_contradict_each_other_slash_nobody(installed, accuse, roles):
    honest = [
        accuse(),
        accuse(epoch=2),
        accuse(previousReport="0x" + "01" * 32),
        accuse(token="0x" + "11" * 20),
        accuse(other=1, eventCount=3),
    ]

    for accusation in honest:
        refused = refusal_of(installed.proveEquivocation, *accusation, sender=roles.platform)
        assert refused == ("NoEquivocation",)


def test_a_stranger_cannot_be_slashed(installed, accuse, keys, roles):
    refused = refusal_of(
        installed.proveEquivocation, *accuse(signer=4, eventCount=3), sender=roles.platform
    )

    assert refused == ("NotOperator", keys[4].address)


def test_the_list_of_operators_is_no_program(installed, web3):
    """Its code begins with STOP: calling it does nothing, whatever the addresses spell."""
    slot = None
    for number in range(16):
        word = web3.eth.get_storage_at(installed.address, number).hex().removeprefix("0x")
        for start in range(25):
            found = web3.to_checksum_address("0x" + word[start : start + 40])
            if len(web3.eth.get_code(found)) == 81:
                slot = found
    assert slot is not None
    assert web3.eth.get_code(slot)[0] == 0


def test_a_bond_is_whose_call_brought_it(bonded, coin, wallet, through, roles):
    """Not who pays the gas of it: a wallet that is a contract bonds, and gets its bond back."""
    coin.mint(wallet, BOND, by(roles.deployer))
    through(coin.approve, bonded, BOND)

    assert through(bonded.bond, BOND).events["Bonded"]["operator"] == wallet
    assert bonded.bondOf(wallet)[0] == BOND
    assert through(bonded.releaseBond).events["BondReleased"]["operator"] == wallet
    assert coin.balanceOf(wallet) == BOND
