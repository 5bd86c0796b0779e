"""Refusals over HTTP have one documented shape, and tell strangers nothing of our inside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from api.http.problems import PROBLEM_JSON, TABLE
from tests.api.small_ledger import SmallLedger, open_application
from tests.lying_node import LyingNode, lying_node

FIELDS = {"type", "title", "status", "code", "detail"}
ROUTES_OF_THE_CHAIN = (
    "/v1/works",
    "/v1/works/1",
    "/v1/works/1/provenance",
    "/v1/catalogues",
    "/v1/licences",
    "/v1/payouts",
    "/v1/epochs",
    "/v1/metrics",
    "/v1/metrics/lorenz.svg",
    "/v1/verification",
    "/health",
    "/",
)


@pytest.fixture
def between(ledger: SmallLedger, tmp_path: Path) -> Iterator[tuple[TestClient, LyingNode]]:
    """An API whose node passes everything on until it is told to lie."""
    with lying_node(ledger.devnet.node.endpoint) as node:
        state = tmp_path / "state"
        app = open_application(ledger.devnet, state, ledger.watermark, rpc=node.endpoint)
        app.node.rpc._pause = lambda _seconds: None
        with TestClient(create_app(app), raise_server_exceptions=False) as http:
            assert http.get("/v1/works").status_code == 200
            yield http, node


@pytest.mark.parametrize("route", ROUTES_OF_THE_CHAIN)
def test_a_node_that_is_away_is_a_503_problem(
    between: tuple[TestClient, LyingNode], route: str
) -> None:
    http, node = between
    node.mode = "reset"

    refused = http.get(route)

    assert refused.status_code == 503
    assert refused.headers["content-type"] == PROBLEM_JSON
    assert set(refused.json()) == FIELDS
    assert refused.json()["code"] == "chain-away"
    assert "Next: try again" in refused.json()["detail"]


@pytest.mark.parametrize("mode", ["reset", "503", "429", "html", "half", "list", "not utf-8"])
def test_the_address_of_a_node_is_never_told(
    between: tuple[TestClient, LyingNode], mode: str
) -> None:
    http, node = between
    node.mode = mode

    refused = http.get("/v1/works")

    # Providers put their customers' keys into the address.
    assert refused.status_code == 503
    assert node.endpoint not in refused.text
    assert "127.0.0.1" not in refused.text


def test_the_api_answers_again_as_soon_as_the_node_does(
    between: tuple[TestClient, LyingNode],
) -> None:
    http, node = between
    before = http.get("/v1/works").json()
    node.mode = "503"
    assert http.get("/v1/works").status_code == 503
    node.mode = "honest"

    assert http.get("/v1/works").json() == before


def references(document: Any) -> Iterator[str]:
    """Every $ref in a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def test_the_openapi_document_lists_every_refusal_and_refers_to_nothing_missing(
    http: TestClient,
) -> None:
    document = http.get("/openapi.json").json()

    found = set(references(document))
    assert "#/components/schemas/Problem" in found
    for reference in found:
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    assert set(document["components"]["schemas"]["Problem"]["required"]) == FIELDS
    for route, methods in document["paths"].items():
        for operation in methods.values():
            answers = operation["responses"]
            for status in ("404", "422", "503"):
                assert PROBLEM_JSON in answers[status]["content"], (route, status)
    assert PROBLEM_JSON in document["paths"]["/v1/traces"]["post"]["responses"]["413"]["content"]


def test_a_program_finds_every_route_in_the_openapi_document(http: TestClient) -> None:
    paths = set(http.get("/openapi.json").json()["paths"])

    assert paths == {
        "/health",
        "/v1/works",
        "/v1/works/{work_id}",
        "/v1/works/{work_id}/provenance",
        "/v1/catalogues",
        "/v1/licences",
        "/v1/licences/{licence_id}",
        "/v1/payouts",
        "/v1/epochs",
        "/v1/disputes",
        "/v1/disputes/{dispute_id}",
        "/ipfs/{cid}",
        "/v1/epochs/{epoch}/attested",
        "/v1/epochs/{epoch}/files",
        "/v1/epochs/{epoch}/events/{event_id}/proof",
        "/v1/payees/{payee}/proof",
        "/v1/payees/{payee}/statement",
        "/v1/payees/{payee}/statements",
        "/v1/communities/{community_id}/statement",
        "/v1/communities/{community_id}/statements",
        "/v1/communities/{community_id}/pools",
        "/v1/communities/{community_id}/rules/compare",
        "/v1/communities/{community_id}/rules/page",
        "/v1/audit/bundle",
        "/v1/verification",
        "/v1/metrics",
        "/v1/metrics/record",
        "/v1/metrics/{picture}.svg",
        "/v1/traces",
        "/v1/usage",
        "/v1/usage/segments",
        "/v1/usage/segments/{digest}",
    }


def test_the_table_asks_special_kinds_before_general_ones() -> None:
    kinds = [kind for kind, _, _ in TABLE]

    for at, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:at]), kind


def test_what_nobody_foresaw_is_a_reference_and_no_traceback(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    class Broken(Application):
        def refresh(self) -> Any:
            raise ZeroDivisionError("secret detail")

    settings = ledger.app.settings
    with TestClient(create_app(Broken(settings)), raise_server_exceptions=False) as http:
        refused = http.get("/v1/works")

    assert refused.status_code == 500
    assert refused.headers["content-type"] == PROBLEM_JSON
    assert refused.json()["code"] == "internal"
    assert "secret detail" not in refused.text
    assert "Reference" in refused.json()["detail"]
