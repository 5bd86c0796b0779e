"""A ledger on its first day: deployed, and nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from chain.metrics.plots import PICTURES
from tests.api.small_ledger import SmallLedger, open_application
from tests.devnet import Devnet, deploy_all


@pytest.fixture
def empty(ledger: SmallLedger, tmp_path: Path) -> Iterator[TestClient]:
    """A second deployment on the same node, without a single work."""
    devnet = ledger.devnet
    with devnet.rolled_back():
        fresh = Devnet(devnet.node, deploy_all(devnet.node, devnet.signers), devnet.signers)
        app = open_application(fresh, tmp_path / "state", ledger.watermark)
        with TestClient(create_app(app), raise_server_exceptions=False) as http:
            yield http


def test_every_list_is_empty(empty: TestClient) -> None:
    assert empty.get("/v1/works").json()["works"] == []
    assert empty.get("/v1/works").json()["after"] is None
    assert empty.get("/v1/licences").json()["licences"] == []
    assert empty.get("/v1/epochs").json()["epochs"] == []
    payouts = empty.get("/v1/payouts").json()
    assert (payouts["payees"], payouts["deferrals"]) == ([], [])


def test_figures_of_nothing_are_null_and_not_zero(empty: TestClient) -> None:
    figures = empty.get("/v1/metrics").json()

    equality = figures["inequality"]["registered"]
    assert (equality["gini"], equality["theil"], equality["jain"]) == (None, None, None)
    median = figures["latency"]["in_hand_latency"]["median"]
    assert (median["reach"], median["seconds"], median["interval"]) == ("no-data", None, None)
    assert (figures["value_traceability"], figures["dispute_rate"]["rate"]) == (None, None)
    assert figures["automatic_fulfilment"]["rate"] is None
    assert figures["decomposition"] == {"community": None, "tradition": None}
    assert (figures["rule_change"], figures["traceability"]["traceability"]["rate"]) == (None, None)


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_of_nothing_are_still_pictures(empty: TestClient, picture: str) -> None:
    answer = empty.get(f"/v1/metrics/{picture}.svg")

    assert answer.status_code == 200
    assert "<svg" in answer.text


def test_the_page_says_what_to_do(empty: TestClient) -> None:
    page = empty.get("/")

    assert page.status_code == 200
    assert "No work is registered yet" in page.text
    assert "Nothing to draw yet" in page.text
    assert "No split names a payee yet" in page.text


def test_nothing_verifies(empty: TestClient) -> None:
    verdict = empty.get("/v1/verification").json()

    assert (verdict["clean"], verdict["difference_units"]) == (True, "0")


def test_an_index_of_another_deployment_is_left_alone_and_named(
    ledger: SmallLedger, empty: TestClient, tmp_path: Path
) -> None:
    empty.get("/v1/works")
    mixed = open_application(ledger.devnet, tmp_path / "mixed", ledger.watermark)
    mixed.settings = replace(mixed.settings, state=tmp_path / "state")
    with TestClient(create_app(mixed), raise_server_exceptions=False) as http:
        answer = http.get("/v1/works")

    assert answer.status_code == 503
    assert answer.json()["code"] == "index-paused"
    assert "another deployment" in answer.json()["detail"]
    assert empty.get("/v1/works").json()["works"] == []
