"""Works, provenance and licences over HTTP, counted against the chain itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from chain.ledger.identifiers import digest_from_hex
from tests.api.small_ledger import HOSTILE, JAVANESE, PRICE, SHARE, SmallLedger
from tests.heritage import UNIT_PRICE

WORKS = 7


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def test_every_registered_work_is_listed_with_what_the_chain_says(
    http: TestClient, ledger: SmallLedger
) -> None:
    head = ledger.devnet.node.head()

    answer = http.get("/v1/works").json()

    assert [work["work_id"] for work in answer["works"]] == list(range(1, WORKS + 1))
    assert answer["after"] is None
    assert answer["block"] == {
        "number": head.number,
        "hash": "0x" + head.hash.hex(),
        "time": moment(head.timestamp),
    }
    for shown in answer["works"]:
        on_chain = ledger.devnet.works.work_of(shown["work_id"], at=head)
        assert shown["kind"] == on_chain.kind.name
        assert (shown["community_id"] or 0) == on_chain.community_id
        content = digest_from_hex(shown["content_commitment"])
        assert ledger.devnet.works.work_by_content(content, at=head) == shown["work_id"]
        assert shown["displaced_by"] is None
        assert shown["registered"]["time"] == moment(on_chain.registered_at)
        controller = ledger.devnet.works.controller_of(shown["work_id"], at=head)
        assert shown["owner"] == controller


def test_titles_come_from_the_manifest_and_are_empty_when_it_is_not_held(
    http: TestClient, ledger: SmallLedger
) -> None:
    works = {work["work_id"]: work for work in http.get("/v1/works").json()["works"]}

    assert works[ledger.javanese.work_id]["titles"] == [
        {"lang": "jv", "value": JAVANESE},
        {"lang": "jv-Latn", "value": "Lancaran"},
    ]
    assert works[ledger.hostile.work_id]["titles"] == [{"lang": "en", "value": HOSTILE}]
    assert works[ledger.javanese.work_id]["manifest"] == str(ledger.javanese.manifest)
    assert works[ledger.filed.work_id]["generation_log"] == str(ledger.filed.manifest)
    assert works[1]["titles"] == []
    assert works[1]["manifest"].startswith("bafyrei")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_of_any_size_hold_every_work_once(http: TestClient, limit: int) -> None:
    seen: list[int] = []
    after: int | None = 0
    pages = 0
    while after is not None:
        page = http.get("/v1/works", params={"after": after, "limit": limit}).json()
        assert len(page["works"]) <= limit
        seen += [work["work_id"] for work in page["works"]]
        after = page["after"]
        pages += 1
        assert pages <= WORKS + 1

    assert seen == list(range(1, WORKS + 1))


def test_after_the_last_work_there_is_an_empty_page(http: TestClient) -> None:
    for after in (WORKS, 2**32, 2**64 - 1):
        page = http.get("/v1/works", params={"after": after}).json()
        assert (page["works"], page["after"]) == ([], None)


def test_a_work_shows_its_consents_split_and_licences(
    http: TestClient, ledger: SmallLedger
) -> None:
    gong, flute, _ = ledger.heritage.works
    shown = http.get(f"/v1/works/{gong}").json()
    refused = http.get(f"/v1/works/{flute}").json()

    assert {c["tier"]: c["state"] for c in shown["consents"]} == {
        "TRAINING": "GRANTED",
        "GENERATION": "GRANTED",
        "DISTRIBUTION": "GRANTED",
    }
    assert not any(consent["lapsed"] for consent in shown["consents"])
    assert [(c["tier"], c["state"]) for c in refused["consents"]] == [("TRAINING", "REFUSED")]
    devnet = ledger.devnet
    expected = {devnet.address(17): 3_333, devnet.address(18): 3_333, devnet.address(19): 3_334}
    assert {s["payee"]: s["bps"] for s in shown["split"]["shares"]} == expected
    assert shown["split"]["version"] == 1
    taken = [ledger.heritage.training, ledger.heritage.generation[0], ledger.heritage.distribution]
    assert sorted(licence["licence_id"] for licence in shown["licences"]) == sorted(taken)
    assert refused["licences"] == []


def test_a_work_nobody_is_paid_for_has_no_split(http: TestClient, ledger: SmallLedger) -> None:
    assert http.get(f"/v1/works/{ledger.filed.work_id}").json()["split"] is None


def test_provenance_names_every_parent_with_licence_and_share(
    http: TestClient, ledger: SmallLedger
) -> None:
    child = ledger.filed.work_id
    parents = (ledger.javanese.work_id, ledger.hostile.work_id)

    from_child = http.get(f"/v1/works/{child}/provenance").json()
    from_parent = http.get(f"/v1/works/{parents[0]}/provenance").json()

    assert sorted(work["work_id"] for work in from_child["works"]) == sorted((child, *parents))
    assert {
        (e["child"], e["parent"], e["licence_id"], e["royalty_share"], e["generation_id"])
        for e in from_child["edges"]
    } == {
        (child, parent, licence, SHARE, f"0x{ledger.filed.generation_id:016x}")
        for parent, licence in zip(parents, ledger.licences, strict=True)
    }
    # Seen from a parent, the other parent is a stranger.
    assert sorted(work["work_id"] for work in from_parent["works"]) == [parents[0], child]
    assert len(from_parent["edges"]) == 1


def test_a_work_without_kin_is_its_own_provenance(http: TestClient, ledger: SmallLedger) -> None:
    flute = ledger.heritage.works[1]

    alone = http.get(f"/v1/works/{flute}/provenance").json()

    assert [work["work_id"] for work in alone["works"]] == [flute]
    assert alone["edges"] == []


def test_licences_carry_the_use_the_chain_has_recorded(
    http: TestClient, ledger: SmallLedger
) -> None:
    head = ledger.devnet.node.head()
    count = ledger.devnet.licences.licence_count(at=head)

    licences = http.get("/v1/licences").json()["licences"]

    assert [licence["licence_id"] for licence in licences] == list(range(1, count + 1))
    for shown in licences:
        on_chain = ledger.devnet.licences.licence_of(shown["licence_id"], at=head)
        assert shown["holder"] == on_chain.holder
        assert shown["expires"] == moment(on_chain.expiry)
        assert shown["terms"]["tier"] == on_chain.tier.name
        assert (shown["units_used"], shown["revenue_used"]) == (
            str(on_chain.units_used),
            str(on_chain.revenue_used),
        )
        assert shown["active"] == ledger.devnet.licences.is_active(shown["licence_id"], at=head)
    gong = http.get(f"/v1/licences/{ledger.heritage.generation[0]}").json()
    assert (gong["units_used"], gong["revenue_used"]) == ("17", str(17 * UNIT_PRICE))
    assert http.get(f"/v1/licences/{ledger.licences[0]}").json()["terms"]["price"] == str(PRICE)


@pytest.mark.parametrize(
    "route",
    [
        "/v1/works/99",
        "/v1/works/99/provenance",
        "/v1/licences/99",
        f"/v1/works/{2**64 - 1}",
        f"/v1/works/{2**64 - 1}/provenance",
        f"/v1/licences/{2**64 - 1}",
        "/v1/nothing",
        "/?work=99",
    ],
)
def test_what_is_not_there_is_a_404_problem(http: TestClient, route: str) -> None:
    answer = http.get(route)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"
    assert answer.json()["status"] == 404


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ("/v1/works/0", "path.work_id"),
        ("/v1/works/-1", "path.work_id"),
        ("/v1/works/1.5", "path.work_id"),
        ("/v1/works/gong", "path.work_id"),
        ("/v1/works/0x1", "path.work_id"),
        (f"/v1/works/{2**64}", "path.work_id"),
        ("/v1/works/" + "9" * 5_000, "path.work_id"),
        (f"/v1/works/{2**64}/provenance", "path.work_id"),
        ("/v1/works/%00", "path.work_id"),
        ("/v1/licences/nan", "path.licence_id"),
        ("/v1/licences/1e3", "path.licence_id"),
        ("/v1/works?limit=0", "query.limit"),
        ("/v1/works?limit=201", "query.limit"),
        ("/v1/works?limit=many", "query.limit"),
        (f"/v1/works/{2**64}", "path.work_id"),
        ("/v1/works?after=-1", "query.after"),
        (f"/v1/works?after={2**64}", "query.after"),
        ("/?work=chant", "query.work"),
    ],
)
def test_what_is_no_id_is_a_422_problem_that_names_the_field(
    http: TestClient, route: str, field: str
) -> None:
    answer = http.get(route)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "request-invalid"
    assert body["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_record_cannot_be_written_over_http(http: TestClient, method: str) -> None:
    answer = http.request(method, "/v1/works/1")

    assert answer.status_code == 405
    assert answer.json()["code"] == "request-refused"
