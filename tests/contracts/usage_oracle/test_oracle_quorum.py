"""Whose signatures make a quorum, and which sets of operators can exist."""

from __future__ import annotations

import pytest

from tests.contracts.royalty_ledger.stage import ZERO, by, refusal_of
from tests.contracts.usage_oracle.conftest import NO_BOND

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def refused_with(oracle, quorum, roles, signatures, report=None):
    posting = quorum.posting(report or quorum.report(), signatures=signatures)
    return refusal_of(oracle.postEpoch, *posting, sender=roles.relay)


def test_the_operators_are_public(oracle, keys, roles):
    assert list(oracle.operators()) == [key.address for key in keys]
    assert oracle.threshold() == 3
    assert oracle.isOperator(keys[0].address)
    assert not oracle.isOperator(roles.council)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_the_threshold_are_no_quorum(oracle, quorum, roles, count):
    signatures = quorum.signatures(quorum.report())[:count]

    assert refused_with(oracle, quorum, roles, signatures) == ("QuorumNotReached", count, 3)


def test_all_operators_may_sign(oracle, quorum, roles):
    report = quorum.report()
    signatures = quorum.signatures(report, signers=(0, 1, 2, 3, 4))

    oracle.postEpoch(*quorum.posting(report, signatures=signatures), by(roles.relay))

    assert oracle.lastEpoch() == 1


def test_nobody_signs_twice(oracle, quorum, keys, roles):
    signatures = quorum.signatures(quorum.report(), signers=(0, 1, 1))

    assert refused_with(oracle, quorum, roles, signatures) == (
        "SignersOutOfOrder",
        keys[1].address,
    )


def test_signers_ascend(oracle, quorum, keys, roles):
    signatures = quorum.signatures(quorum.report(), signers=(2, 0, 4))

    assert refused_with(oracle, quorum, roles, signatures) == (
        "SignersOutOfOrder",
        keys[0].address,
    )


def test_others_than_operators_do_not_count(UsageOracle, quorum, licences, keys, roles):
    plan = ([key.address for key in keys[:4]], 3, 1)
    oracle = UsageOracle.deploy(*[licences] * 4, plan, NO_BOND, by(roles.deployer))
    report = quorum.report()
    signatures = quorum.signatures(report, signers=(0, 1, 2, 4), verifyingContract=oracle.address)

    posting = quorum.posting(report, signatures=signatures)
    assert refusal_of(oracle.postEpoch, *posting, sender=roles.relay) == (
        "NotOperator",
        keys[4].address,
    )


@pytest.mark.parametrize(
    "domain",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"name": "Antiphon Usage"},
        {"version": "2"},
    ],
    ids=lambda domain: next(iter(domain)),
)
def test_a_signature_holds_for_one_chain_and_one_contract(oracle, quorum, roles, domain):
    signatures = quorum.signatures(quorum.report(), **domain)

    refused = refused_with(oracle, quorum, roles, signatures)

    assert refused[0] in {"NotOperator", "SignersOutOfOrder"}


@pytest.mark.parametrize("field", ["cumulativeTotal", "stateBlock", "epoch", "usageRoot"])
def test_a_signature_covers_every_field(oracle, quorum, roles, field):
    """What was signed differs in one field from what is posted."""
    report = quorum.report()
    signed = {**report, field: 7 if field != "usageRoot" else "0x" + "07" * 32}

    refused = refused_with(oracle, quorum, roles, quorum.signatures(signed), report)

    assert refused[0] in {"NotOperator", "SignersOutOfOrder"}


def test_malformed_signatures_are_named(oracle, quorum, roles):
    good = quorum.signatures(quorum.report())
    high = (ORDER // 2 + 1).to_bytes(32, "big")

    assert refused_with(oracle, quorum, roles, [(good[0][0], high), *good[1:]]) == (
        "ECDSAInvalidSignatureS",
        high,
    )
    nothing = (bytes(32), bytes(32))
    assert refused_with(oracle, quorum, roles, [nothing, *good[1:]]) == ("ECDSAInvalidSignature",)


def test_the_other_signature_of_the_same_key_does_not_count(oracle, quorum, roles):
    """(r, n - s) is good mathematics; the short form has no room for so high an s."""
    good = quorum.signatures(quorum.report())
    r, vs = good[0][0], int.from_bytes(good[0][1], "big")
    twin = (ORDER - (vs & (1 << 255) - 1)).to_bytes(32, "big")

    refused = refused_with(oracle, quorum, roles, [(r, twin), *good[1:]])

    assert refused[0] in {"NotOperator", "SignersOutOfOrder", "ECDSAInvalidSignature"}


@pytest.mark.parametrize(
    "case",
    ["none", "zero", "descending", "twice", "no threshold", "too high", "33", "half", "faulty"],
)
def test_unfit_sets_of_operators_are_refused(UsageOracle, licences, keys, roles, web3, case):
    one, two, three, four = (key.address for key in keys[:4])
    plan = {
        "none": ([], 0, 0),
        "zero": ([ZERO, one], 2, 0),
        "descending": ([two, one], 2, 0),
        "twice": ([one, one], 2, 0),
        "no threshold": ([one, two], 0, 0),
        "too high": ([one, two], 3, 0),
        "33": ([f"0x{i:040x}" for i in range(1, 34)], 17, 0),
        "half": ([one, two, three, four], 2, 0),
        "faulty": ([one, two, three, four], 3, 2),
    }[case]
    data = UsageOracle.deploy.encode_input(*[licences] * 4, plan, NO_BOND)

    call = {"from": str(roles.deployer), "data": data}
    answer = web3.provider.make_request("eth_call", [call, "latest"])

    assert answer["error"]["data"] == web3.to_hex(web3.keccak(text="BadOperators()")[:4])
