"""How the operators are kept: as the code of a contract, whatever their addresses are."""

from __future__ import annotations

import pytest

from tests.contracts.royalty_ledger.stage import by, refusal_of
from tests.contracts.usage_oracle.conftest import NO_BOND, compacted

OPERATORS_MAX = 32


@pytest.fixture
def deploy(UsageOracle, authority, licences, roles):
    def deploy(operators, threshold):
        plan = (operators, threshold, 0)
        return UsageOracle.deploy(*[licences] * 3, authority, plan, NO_BOND, by(roles.deployer))

    return deploy


@pytest.mark.parametrize("first", [1, 2**160 - OPERATORS_MAX])
def test_thirty_two_operators_of_any_address_are_kept(deploy, web3, first):
    """Those of the precompiled contracts, too: no address stands for nobody but zero."""
    plan = [
        web3.to_checksum_address(f"0x{number:040x}")
        for number in range(first, first + OPERATORS_MAX)
    ]

    oracle = deploy(plan, 17)

    assert list(oracle.operators()) == plan
    assert all(oracle.isOperator(operator) for operator in (plan[0], plan[-1]))


def test_a_list_that_there_is_no_gas_for_is_not_taken_for_one(UsageOracle, licences, roles, web3):
    """The list's own creation runs out of gas, and what is left is enough to say so."""
    plan = ([f"0x{number:040x}" for number in range(1, OPERATORS_MAX + 1)], 17, 0)
    data = UsageOracle.deploy.encode_input(*[licences] * 4, plan, NO_BOND)
    said = set()
    for gas in range(300_000, 1_500_000, 25_000):
        call = {"from": str(roles.deployer), "data": data, "gas": hex(gas)}
        answer = web3.provider.make_request("eth_call", [call, "latest"])
        said.add(answer["error"].get("data"))

    assert web3.to_hex(web3.keccak(text="BadOperators()")[:4]) in said


def test_who_bonded_nothing_loses_the_vote(oracle, quorum, keys, roles):
    first, second = quorum.report(), quorum.report(eventCount=3)
    accusation = []
    for report in (first, second):
        signed = compacted(keys[1].sign_message(quorum.message(report)))
        accusation += [quorum.posting(report, signatures=[])[0], signed]

    tx = oracle.proveEquivocation(*accusation, by(roles.platform))

    told = tx.events["OperatorSlashed"]
    assert (told["operator"], told["amount"]) == (keys[1].address, 0)
    assert list(oracle.operators()) == [key.address for key in keys if key is not keys[1]]
    signatures = quorum.signatures(first, signers=(0, 1, 2))
    refused = refusal_of(
        oracle.postEpoch, *quorum.posting(first, signatures=signatures), sender=roles.relay
    )
    assert refused == ("NotOperator", keys[1].address)
