"""Proofs over HTTP: what is served is paid by the contract, and by it alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from eth_utils import keccak
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from chain.indexer.follow import Follower
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest
from chain.provenance import Cid, Codec
from tests.api.small_ledger import SmallLedger
from tests.devnet import CUSTOMER, RELAY
from tests.epochs import EpochLane, uses

SECOND_USES = 23


@pytest.fixture
def lane(ledger: SmallLedger, writable: Application) -> EpochLane:
    """A second epoch, activated and paid to nobody yet."""
    devnet = ledger.devnet
    lane = replace(
        ledger.lane,
        follower=Follower(devnet.node, devnet.deployment, writable.store._engine),
        store=writable.store,
        counted=set(ledger.lane.counted),
        settled=list(ledger.lane.settled),
    )
    now = devnet.node.head().timestamp
    devnet.pass_time(60)
    gong = ledger.heritage.generation[0]
    used = uses(gong, ledger.heritage.generation_id, SECOND_USES, at=now, name="second")
    outcome, manifest = lane.settle([used])
    lane.post(outcome, outcome.report(Digest(manifest.digest)))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    devnet.distributor.activate(devnet.deployment.token, signer=devnet.signers[RELAY])
    return lane


@pytest.fixture
def served(lane: EpochLane, writable: Application) -> Iterator[TestClient]:
    with TestClient(create_app(writable), raise_server_exceptions=False) as client:
        yield client


def sent(ledger: SmallLedger, call: dict[str, str]) -> bool:
    """Whether a served call does what it says, sent by an account that has no part in it."""
    transaction = {**call, "from": ledger.devnet.address(CUSTOMER), "gas": hex(1_000_000)}
    named = bytes.fromhex(ledger.devnet.rpc("eth_sendTransaction", transaction)[2:])
    while (receipt := ledger.devnet.node.receipt(named)) is None:  # anvil mines a moment later
        time.sleep(0.01)
    return receipt.status == 1


def proof_of(served: TestClient, payee: Address) -> dict[str, Any]:
    answer = served.get(f"/v1/payees/{payee}/proof")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_anybody_can_claim_for_every_payee_with_what_is_served(
    served: TestClient, lane: EpochLane, ledger: SmallLedger
) -> None:
    token, outcome = ledger.devnet.token, lane.settled[-1]
    before = {p.payee: p.cumulative for p in lane.settled[0].payouts}
    gained = {}
    for payout in outcome.payouts:
        if payout.payee == ledger.heritage.rejecting_payee:
            continue
        held = token.balance_of(payout.payee, at=ledger.devnet.node.head())
        proof = proof_of(served, payout.payee)
        assert (proof["epoch"], proof["cumulative"]) == (2, str(payout.cumulative))
        assert proof["root"] == {
            "hash": "0x" + outcome.sum_tree.root.hash.hex(),
            "sum": str(outcome.cumulative_total),
        }
        assert int(proof["due"]) == payout.cumulative - before[payout.payee]
        assert sent(ledger, proof["call"]) == (int(proof["due"]) > 0)
        gained[payout.payee] = (
            token.balance_of(payout.payee, at=ledger.devnet.node.head()) - held,
            int(proof["due"]),
        )

    assert all(paid == due for paid, due in gained.values())
    assert sum(due > 0 for _, due in gained.values()) == 3
    assert proof_of(served, outcome.payouts[0].payee)["due"] == "0"


def test_a_served_proof_altered_in_one_byte_pays_nobody(
    served: TestClient, ledger: SmallLedger
) -> None:
    payee = ledger.devnet.address(17)
    call = proof_of(served, payee)["call"]

    # The last word is the last sibling's sum, the one before it that sibling's hash.
    for place in (-1, -2 * 64):
        digit = "0" if call["data"][place] != "0" else "1"
        altered = call["data"][:place] + digit + call["data"][place:][1:]
        assert not sent(ledger, {**call, "data": altered})
    assert sent(ledger, call)


def test_who_is_in_no_epoch_is_not_found(served: TestClient, ledger: SmallLedger) -> None:
    stranger = ledger.devnet.address(CUSTOMER)

    answer = served.get(f"/v1/payees/{stranger}/proof")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "payee in epoch 2" in answer.json()["detail"]


def test_a_currency_without_an_active_root_is_not_found(
    served: TestClient, ledger: SmallLedger
) -> None:
    payee, nothing = ledger.devnet.address(17), "0x" + "11" * 20

    answer = served.get(f"/v1/payees/{payee}/proof?token={nothing}")

    assert answer.status_code == 404
    assert "active payout root" in answer.json()["detail"]


@pytest.mark.parametrize(
    "route",
    [
        "/v1/payees/0x12/proof",
        "/v1/payees/0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266/proof",
        "/v1/payees/0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266/proof?token=money",
        "/v1/epochs/1/events/0x12/proof",
        "/v1/epochs/0/events/0x" + "00" * 32 + "/proof",
        "/v1/epochs/one/events/0x" + "00" * 32 + "/proof",
    ],
)
def test_what_is_no_address_digest_or_number_is_refused_with_its_place(
    http: TestClient, route: str
) -> None:
    answer = http.get(route)

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")
    assert answer.headers["content-type"] == "application/problem+json"


def climbed(leaf: bytes, siblings: list[str]) -> bytes:
    """OpenZeppelin's MerkleProof.processProof."""
    for sibling in siblings:
        other = bytes.fromhex(sibling[2:])
        leaf = keccak(min(leaf, other) + max(leaf, other))
    return leaf


def test_every_counted_event_leads_to_the_usage_root_on_chain(
    served: TestClient, lane: EpochLane
) -> None:
    for epoch, outcome in enumerate(lane.settled, start=1):
        (record,) = (r for r in lane.store.epochs(at=lane.store.head()) if r.report.epoch == epoch)
        for event_id in outcome.counted:
            answer = served.get(f"/v1/epochs/{epoch}/events/0x{event_id.hex()}/proof").json()
            assert answer["leaf"] == "0x" + keccak(keccak(event_id)).hex()
            assert answer["usage_root"] == "0x" + record.report.usage_root.hex()
            assert climbed(keccak(keccak(event_id)), answer["siblings"]) == (
                record.report.usage_root
            )


def test_an_event_of_another_epoch_is_not_found(served: TestClient, lane: EpochLane) -> None:
    first = lane.settled[0].counted[0]

    answers = [
        served.get(f"/v1/epochs/{epoch}/events/0x{event_id.hex()}/proof")
        for epoch, event_id in ((2, first), (1, ZERO_DIGEST), (3, first))
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "standing epoch 3" in answers[2].json()["detail"]


def test_from_altered_segments_no_proof_is_made_up(
    served: TestClient, lane: EpochLane, ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lane.blocks.get

    def get(cid: Cid) -> bytes:
        """Every segment with another source key in its last record."""
        data = held(cid)
        return data[:-9] + b"\0" + data[-8:] if cid.codec is Codec.RAW else data

    monkeypatch.setattr(lane.blocks, "get", get)

    answer = served.get(f"/v1/payees/{ledger.devnet.address(17)}/proof")

    assert (answer.status_code, answer.json()["code"]) == (500, "oracle-unsound")
    assert "usageRoot" in answer.json()["detail"]
