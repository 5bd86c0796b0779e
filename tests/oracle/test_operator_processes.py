"""An operator as a process of its own, and whoever asks it: neither believes the other."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import httpx
import pytest

from chain.client.usage_oracle import OperatorSet
from chain.provenance import Cid, FsBlockStore
from chain.provenance.errors import BlockMissing, DaemonLied, DaemonRefused, DaemonUnreachable
from chain.provenance.fetching import FetchingBlocks, source_of_blocks
from chain.settings import SettingsInvalid
from oracle.errors import QuorumNotReached, QuorumUnsound
from oracle.operator import Proposal
from oracle.operators.process import OperatorSettings, serve
from oracle.operators.remote import RemoteOperator
from oracle.operators.wire import ATTESTATIONS, proposal_to_json, signature_to_json
from oracle.quorum import require_sound
from tests.oracle.conftest import World
from tests.oracle.operator_processes import (
    RunningProcess,
    gateway,
    gives_blocks,
    hangs,
    operator,
    says,
    serving,
)

__all__ = ["gateway", "operator"]


def sealed(world: World) -> Proposal:
    world.fund()
    world.file_plays(5)
    world.service.file_generation_log(world.log())
    world.service.file_detection(world.found())
    row = world.service.seal_epoch()
    return Proposal(row.report, row.evidence_cid)


def ask(process: RunningProcess, proposal: Proposal) -> httpx.Response:
    headers = {"Authorization": "Bearer between us"}
    body = proposal_to_json(proposal)
    return httpx.post(process.url + ATTESTATIONS, json=body, headers=headers, timeout=120.0)


def test_an_operators_process_fetches_recomputes_signs_and_remembers(
    world: World, operator: RunningProcess
) -> None:
    proposal = sealed(world)
    assert operator.health()["isOperator"] is True

    first = ask(operator, proposal)

    assert first.status_code == 200
    local = world.service.panel.here[1].attest(proposal)
    assert first.json() == signature_to_json(local)
    assert FsBlockStore(world.folder / "operator-4" / "blocks").has(proposal.evidence_cid)

    altered = dataclasses.replace(proposal.report, cumulative_total=1)
    other = ask(operator, Proposal(altered, proposal.evidence_cid))
    assert (other.status_code, other.json()["code"]) == (409, "would-equivocate")
    assert ask(operator, proposal).json() == first.json()


def test_an_operators_process_names_every_difference_and_admits_nobody_without_the_token(
    world: World, operator: RunningProcess
) -> None:
    proposal = sealed(world)
    altered = dataclasses.replace(proposal.report, cumulative_total=1, leaf_count=9)

    refusal = ask(operator, Proposal(altered, proposal.evidence_cid))

    assert (refusal.status_code, refusal.json()["code"]) == (409, "operator-disagrees")
    assert {field for field, _, _ in refusal.json()["differences"]} == {
        "cumulativeTotal",
        "leafCount",
    }
    ahead = dataclasses.replace(proposal.report, state_block=10**6)
    early = ask(operator, Proposal(ahead, proposal.evidence_cid))
    assert (early.status_code, early.json()["code"]) == (503, "not-final-here")
    stranger = httpx.post(operator.url + ATTESTATIONS, json=proposal_to_json(proposal))
    assert stranger.status_code == 401
    bearer = {"Authorization": "Bearer between us"}
    nonsense = httpx.post(operator.url + ATTESTATIONS, content=b"[[", headers=bearer)
    assert nonsense.status_code == 422
    endless = httpx.post(operator.url + ATTESTATIONS, content=b" " * 100_000, headers=bearer)
    assert endless.status_code == 413


def test_dead_slow_and_lying_operators_delay_nobody_and_are_named(world: World) -> None:
    proposal = sealed(world)
    good = [signature_to_json(o.attest(proposal)) for o in world.service.panel.here]
    forged = {**good[0], "operator": good[1]["operator"]}
    stranger = {**good[0], "signature": "0x" + "11" * 65}
    with (
        serving(hangs) as slow,
        serving(says(200, b"{" * 100_000)) as endless,
        serving(says(200, json.dumps(forged).encode())) as lying,
        serving(says(200, json.dumps(stranger).encode())) as mangled,
        serving(says(302, b"")) as elsewhere,
        serving(says(409, b'{"detail": "the roots\\u0007 differ"}')) as refusing,
        serving(says(200, json.dumps(good[2]).encode())) as honest,
    ):
        urls = [slow, endless, lying, mangled, elsewhere, refusing, honest, "http://127.0.0.1:9"]
        world.service.panel.here = ()
        world.service.panel.away = tuple(RemoteOperator(url, answer_seconds=3.0) for url in urls)
        world.service.panel.answer_seconds = 3.0
        forget_signatures(world)

        began = time.monotonic()
        with pytest.raises(QuorumNotReached) as failure:
            world.service.collect_signatures()

        assert time.monotonic() - began < 30
        told = dict(failure.value.refusals)
        assert failure.value.signed == 1
        assert set(told) == set(urls) - {honest}
        assert "signed by" in told[lying]
        assert "malformed" in told[mangled]
        assert "more than 65536 bytes" in told[endless]
        assert "status 302" in told[elsewhere]
        assert told[refusing].endswith("the roots  differ")
        assert "ConnectError" in told["http://127.0.0.1:9"]


def test_enough_signatures_do_not_wait_for_the_rest(world: World) -> None:
    proposal = sealed(world)
    good = [signature_to_json(o.attest(proposal)) for o in world.service.panel.here[:3]]
    with (
        serving(hangs) as slow,
        serving(says(200, json.dumps(good[0]).encode())) as one,
        serving(says(200, json.dumps(good[1]).encode())) as two,
        serving(says(200, json.dumps(good[2]).encode())) as three,
    ):
        world.service.panel.here = ()
        world.service.panel.away = tuple(
            RemoteOperator(url, answer_seconds=600.0) for url in (slow, one, two, three)
        )
        world.service.panel.answer_seconds = 600.0
        forget_signatures(world)

        quorum = world.service.collect_signatures()

    assert len(quorum.signers) == 3
    assert {s["operator"] for s in good} == set(quorum.signers)


def forget_signatures(world: World) -> None:
    import sqlalchemy as sa

    with world.outbox.writing() as connection:
        connection.execute(sa.text("DELETE FROM signature"))


@pytest.mark.parametrize(
    ("threshold", "count", "faults", "words"),
    [(3, 5, 1, "two conflicting epochs"), (4, 3, 0, "more must sign than there are")],
)
def test_a_set_that_is_no_quorum_is_refused(
    threshold: int, count: int, faults: int, words: str, world: World
) -> None:
    members = tuple(o.address for o in world.operators[:count])

    with pytest.raises(QuorumUnsound, match=words):
        require_sound(OperatorSet(members, threshold, faults))

    require_sound(OperatorSet(members, count, 0))


def test_blocks_from_elsewhere_are_hashed_kept_and_mended(tmp_path: Path, world: World) -> None:
    proposal = sealed(world)
    cid = proposal.evidence_cid
    body = world.blocks.get(cid)
    held = FsBlockStore(tmp_path / "held")
    with serving(gives_blocks(world.blocks)) as url:
        blocks = FetchingBlocks(held, source_of_blocks(url))
        assert blocks.get(cid) == body
        held.path_of(cid).write_bytes(b"altered")
        assert blocks.get(cid) == body
        assert held.get(cid) == body
        with pytest.raises(BlockMissing):
            blocks.get(Cid.of(cid.codec, b"nobody has this"))

    assert blocks.get(cid) == body
    for answer, error in (
        (says(200, b"other bytes"), DaemonLied),
        (says(200, bytes(3 << 20)), DaemonRefused),
        (says(500, b""), DaemonRefused),
    ):
        with serving(answer) as url, pytest.raises(error):
            FetchingBlocks(FsBlockStore(tmp_path / "none"), source_of_blocks(url)).get(cid)
    with pytest.raises(DaemonUnreachable):
        source_of_blocks("http://127.0.0.1:9")(cid)


def test_an_operators_settings_say_what_is_missing() -> None:
    with pytest.raises(SettingsInvalid, match="ANTIPHON_OPERATOR_KEY"):
        OperatorSettings.parse({})
    given = {"ANTIPHON_OPERATOR_KEY": "dev:3", "ANTIPHON_BLOCKS_FROM": "http://there"}
    settings = OperatorSettings.parse(given)
    assert settings.chain.index_url == "sqlite:///var/operator/index.sqlite"
    with pytest.raises(SettingsInvalid, match="where others can reach"):
        serve(settings, "0.0.0.0", 0, None)  # noqa: S104 (that is what is refused)
