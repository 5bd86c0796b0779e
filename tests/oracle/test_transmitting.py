"""Anybody posts an attested epoch with a key of their own; nobody posts one that is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from chain.client.errors import ContractRefused
from chain.client.sending import send
from chain.client.usage_oracle import compact
from oracle.epoch_book import EpochState
from oracle.errors import EpochNotReady, PaperMalformed, QuorumNotReached
from oracle.transmitting import AttestedEpoch, attested_epoch, main, transmit
from tests.devnet import CUSTOMER
from tests.oracle.conftest import World
from tests.oracle.operator_processes import deployment_file


def attested(world: World, plays: int = 5) -> AttestedEpoch:
    world.fund()
    world.file_plays(plays)
    world.service.seal_epoch()
    world.service.collect_signatures()
    return attested_epoch(world.outbox, world.blocks, 1)


def test_a_stranger_posts_an_epoch_from_a_file_and_again_it_is_no_news(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "epoch-1.json"
    path.write_text(json.dumps(attested(world).to_json()))
    deployment = deployment_file(world.devnet.deployment, tmp_path / "d.json", operators=[])
    monkeypatch.setenv("ANTIPHON_RPC_URL", world.devnet.node.endpoint)
    monkeypatch.setenv("ANTIPHON_DEPLOYMENT", str(deployment))

    assert main([str(path), "--key", f"dev:{CUSTOMER}"]) == 0
    assert main([str(path), "--key", f"dev:{CUSTOMER}"]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1 posted with 0x")
    assert second == "epoch 1 is posted already"
    assert world.devnet.oracle.last_epoch(at=world.devnet.node.head()) == 1
    assert world.service.post_epoch().state is EpochState.FINAL
    assert world.service.status().transactions == {}


def test_too_few_signatures_are_told_before_anything_is_sent(world: World) -> None:
    whole = attested(world)
    few = AttestedEpoch(whole.report, whole.usage, whole.signatures[:2], whole.payouts)
    before = world.devnet.node.head()

    with pytest.raises(QuorumNotReached) as refusal:
        transmit(world.devnet.node, world.devnet.deployment, few, world.devnet.signers[CUSTOMER])

    assert (refusal.value.signed, refusal.value.threshold) == (2, 3)
    assert world.devnet.node.head() == before


def test_another_report_under_a_posted_number_is_the_contracts_refusal(world: World) -> None:
    whole = attested(world)
    customer = world.devnet.signers[CUSTOMER]
    transmit(world.devnet.node, world.devnet.deployment, whole, customer)
    wire = whole.to_json()
    wire["report"]["cumulativeTotal"] = "1"

    with pytest.raises(ContractRefused) as refusal:
        transmit(
            world.devnet.node, world.devnet.deployment, AttestedEpoch.from_json(wire), customer
        )

    assert refusal.value.error == "EpochConflict"


def test_what_is_no_attested_epoch_is_said(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EpochNotReady, match="not sealed"):
        attested_epoch(world.outbox, world.blocks, 1)
    wire = attested(world).to_json()
    for damage in (
        {**wire, "schema": "antiphon.attested/2"},
        {**wire, "signatures": ["0xno"]},
        {**wire, "licenceUsage": []},
        [],
        {**wire, "report": {}},
    ):
        with pytest.raises(PaperMalformed):
            AttestedEpoch.from_json(damage)
    assert AttestedEpoch.from_json(wire).to_json() == wire


def test_an_epoch_whose_signers_left_is_signed_anew_by_the_present_operators(world: World) -> None:
    world.fund()
    world.file_plays(5)
    world.service.seal_epoch()
    everybody = world.service.panel.here
    world.service.panel.here = everybody[:3]
    world.service.collect_signatures()
    slash(world, world.operators[0].address)

    assert world.service.post_epoch().state is EpochState.SEALED
    world.service.panel.here = everybody
    signers = world.service.collect_signatures().signers

    assert set(signers) == {operator.address for operator in everybody[1:]}
    assert world.service.post_epoch().state is EpochState.FINAL
    assert world.view.operator_set(world.devnet.node.head()).members == signers


def slash(world: World, operator: str) -> None:
    """An operator that signed two reports for one place, proven by anybody."""
    report = world.service.status().epochs[0].report
    signer = next(o for o in world.operators if o.address == operator)
    other = dataclasses.replace(report, cumulative_total=1)
    oracle = world.devnet.oracle
    parts = []
    for each in (report, other):
        digest = each.digest(31337, oracle.address)
        parts += [each.as_tuple(), compact(signer.sign_digest(digest, chain_id=31337))]
    call = oracle.call("proveEquivocation", *parts)
    send(world.devnet.node, call, signer=world.devnet.signers[CUSTOMER])
