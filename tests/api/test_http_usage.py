"""Segments over HTTP: filed once however often they come, refused whole with every row named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from api.usage import SIGNED_SEGMENT_BYTES_MAX
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.segments import SegmentOrigin
from oracle.errors import OutboxUnavailable
from oracle.intake import pack_segment
from oracle.outbox import Outbox
from tests.api.small_ledger import SmallLedger
from tests.devnet import CUSTOMER, PLATFORM
from tests.epochs import uses

ROUTE = "/v1/usage/segments"


@pytest.fixture
def served(writable: Application) -> Iterator[TestClient]:
    with TestClient(create_app(writable), raise_server_exceptions=False) as client:
        yield client


def plays(ledger: SmallLedger, count: int, **how: Any) -> list[UsageEvent]:
    heritage, now = ledger.heritage, ledger.devnet.node.head().timestamp
    licence = how.pop("licence", heritage.distribution)
    how = {"at": now - count, "kind": UsageKind.PLAY} | how
    return uses(licence, heritage.generation_id, count, **how)


def signed(
    ledger: SmallLedger, events: list[UsageEvent], signer: LocalSigner | None = None, chain: int = 0
) -> bytes:
    producer = signer or ledger.platform
    oracle = ledger.devnet.oracle.address
    origin = SegmentOrigin(chain or 31337, oracle, producer.address)
    # A development key signs for its own chain alone.
    free = LocalSigner(bytes(producer._key.secret))
    segment = pack_segment(events, origin, free)
    return segment.body + segment.signature


def test_a_segment_is_filed_once_and_its_receipt_is_kept(
    served: TestClient, ledger: SmallLedger
) -> None:
    events = plays(ledger, 5)
    body = signed(ledger, events)

    first, again = served.post(ROUTE, content=body), served.post(ROUTE, content=body)

    digest = "0x" + hashlib.sha256(body[:-65]).hexdigest()
    assert (first.status_code, again.status_code) == (201, 200)
    answer = first.json()
    assert (answer["segment"], answer["producer"]) == (digest, ledger.platform.address)
    assert answer["cid"].startswith("bafkrei")
    assert (answer["count"], answer["accepted"], answer["rows"]) == (5, 5, [])
    assert again.json()["accepted"] == 0
    assert [row["outcome"] for row in again.json()["rows"]] == ["duplicate"] * 5
    receipt = served.get(f"{ROUTE}/{digest}").json()
    assert receipt["held"] == [{"epoch": None, "state": "waiting", "reason": "", "events": 5}]
    assert served.get("/v1/usage").json()["events"] == {"waiting": 5}


def test_another_cut_of_the_same_log_adds_what_is_new(
    served: TestClient, ledger: SmallLedger
) -> None:
    events = plays(ledger, 8)
    served.post(ROUTE, content=signed(ledger, events[:5]))

    mixed = served.post(ROUTE, content=signed(ledger, events[:2:-1])).json()

    assert (mixed["count"], mixed["accepted"]) == (5, 3)
    assert [row["row"] for row in mixed["rows"]] == [3, 4]
    assert served.get("/v1/usage").json()["events"] == {"waiting": 8}


def test_a_dry_run_keeps_nothing(served: TestClient, ledger: SmallLedger) -> None:
    body = signed(ledger, plays(ledger, 3))

    answer = served.post(f"{ROUTE}?dry_run=true", content=body)

    assert (answer.status_code, answer.json()["accepted"]) == (200, 3)
    assert answer.json()["dry_run"] is True
    assert served.get("/v1/usage").json()["events"] == {}
    assert served.get(f"{ROUTE}/{answer.json()['segment']}").status_code == 404


def test_a_producer_is_told_what_to_sign_for(served: TestClient, ledger: SmallLedger) -> None:
    answer = served.get("/v1/usage").json()

    assert (answer["chain_id"], answer["usage_oracle"]) == (31337, ledger.devnet.oracle.address)
    assert (answer["ahead_seconds_max"], answer["back_seconds_max"]) == (900, 400 * 86_400)
    assert answer["time"] >= ledger.devnet.node.head().timestamp


def test_it_says_what_each_holder_has_in_the_lane(served: TestClient, ledger: SmallLedger) -> None:
    from rich.console import Console

    from api.cli.tables import usage_table

    token, holder = ledger.devnet.deployment.token, ledger.devnet.address(PLATFORM)
    at = ledger.devnet.node.head()
    left = ledger.devnet.distributor.credit_of(token, holder, at=at)

    answer = served.get("/v1/usage").json()

    assert answer["credits"] == {holder: str(left)}
    assert answer["currency"]["token"] == token
    with (console := Console(width=200)).capture() as shown:
        console.print(usage_table(answer))
    assert f"of {holder}" in shown.get()


def test_a_refused_segment_names_every_row_and_keeps_none(
    served: TestClient, ledger: SmallLedger
) -> None:
    now = ledger.devnet.node.head().timestamp
    events = [
        *plays(ledger, 1),
        *plays(ledger, 1, licence=LicenceId(99)),
        *plays(ledger, 1, at=now + 5_000, name="future"),
        *plays(ledger, 1, at=now - 401 * 86_400, name="past"),
        *plays(ledger, 1, kind=UsageKind.DETECTION),
    ]

    answer = served.post(ROUTE, content=signed(ledger, events))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "segment-refused")
    assert answer.headers["content-type"] == "application/problem+json"
    assert [row["row"] for row in problem["rows"]] == [1, 2, 3, 4]
    reasons = [row["reason"] for row in problem["rows"]]
    for reason, said in zip(
        reasons, ("licence 99 is unknown", "ahead", "days back", "reports plays"), strict=True
    ):
        assert said in reason
    assert served.get("/v1/usage").json()["events"] == {}


def test_a_stranger_cannot_report_under_the_platforms_licence(
    served: TestClient, ledger: SmallLedger
) -> None:
    stranger = ledger.devnet.signers[CUSTOMER]

    answer = served.post(ROUTE, content=signed(ledger, plays(ledger, 2), stranger))

    assert answer.json()["code"] == "segment-refused"
    assert f"is held by {ledger.platform.address}" in answer.json()["rows"][0]["reason"]


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda body: b"", "evidence-refused"),
        (lambda body: b"RIFF" * 40, "evidence-refused"),
        (lambda body: body[:-66] + body[-65:], "evidence-refused"),
        (lambda body: body + b"\0", "evidence-refused"),
        (lambda body: body[:-1] + b"\7", "signature-malformed"),
        (lambda body: body[:64] + b"\2" + bytes(7) + b"\1" + body[73:], "signature-forged"),
        (lambda body: body[:-66] + b"\1" + body[-65:], "signature-forged"),
    ],
)
def test_what_is_no_signed_segment_is_refused_by_name(
    served: TestClient, ledger: SmallLedger, alter: Any, code: str
) -> None:
    body = signed(ledger, plays(ledger, 2))

    answer = served.post(ROUTE, content=alter(body))

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert served.get("/v1/usage").json()["events"] == {}


def test_a_segment_for_another_chain_is_refused_by_name(
    served: TestClient, ledger: SmallLedger
) -> None:
    answer = served.post(ROUTE, content=signed(ledger, plays(ledger, 1), chain=1))

    assert (answer.status_code, answer.json()["code"]) == (422, "segment-of-another")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_without_end_is_refused_while_it_arrives(served: TestClient, declared: bool) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield bytes(65_536)

    body = bytes(SIGNED_SEGMENT_BYTES_MAX + 1) if declared else endless()
    answer = served.post(ROUTE, content=body)

    assert (answer.status_code, answer.json()["code"]) == (413, "segment-too-large")


def test_an_unknown_segment_has_no_receipt(served: TestClient) -> None:
    assert served.get(f"{ROUTE}/0x{'ab' * 32}").status_code == 404
    assert served.get(f"{ROUTE}/everything").json()["code"] == "request-invalid"


def test_a_full_disk_is_told_without_saying_where_it_is(
    served: TestClient, ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = signed(ledger, plays(ledger, 1))
    served.post(f"{ROUTE}?dry_run=true", content=body)

    def full(outbox: Outbox) -> NoReturn:
        raise OutboxUnavailable(outbox.place, "database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "writing", full)
        answer = served.post(ROUTE, content=body)
    after = served.post(ROUTE, content=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "outbox-away")
    assert "send it again" in answer.json()["detail"]
    assert "sqlite" not in answer.text
    assert after.json()["accepted"] == 1
