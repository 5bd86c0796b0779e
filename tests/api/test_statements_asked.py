"""Statements over HTTP and from the command line: all forms, refusals, and the verifier."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
from fastapi.testclient import TestClient

from chain.statements.sums import digest_of, signed_off
from tests.api.served_ledger import Antiphon, antiphon, url
from tests.api.small_ledger import HOSTILE, JAVANESE, SmallLedger
from tests.api.test_http_money import expected_payouts
from tests.devnet import PLATFORM

__all__ = ["antiphon", "url"]

STRANGER = "0x" + "00" * 19 + "ab"


def one(http: TestClient, route: str, **asked: Any) -> dict[str, Any]:
    (statement,) = http.get(f"{route}/statements", params=asked).json()["statements"]
    return statement


def test_every_payees_statement_is_what_fractions_say(
    http: TestClient, ledger: SmallLedger
) -> None:
    for payee, (direct, epoch, waiting) in expected_payouts(ledger).items():
        statement = one(http, f"/v1/payees/{payee}")
        account = statement["account"]

        assert int(account["paid"]["numerator"]) == (direct + epoch) * 10**13
        assert int(account["states"]["deferred"]["closing"]["numerator"]) == waiting * 10**13
        assert account["opening"]["text"] == "0.000000"
        assert statement["digest"] == digest_of(statement)


def test_a_statement_is_given_in_every_form(http: TestClient, ledger: SmallLedger) -> None:
    route = f"/v1/payees/{ledger.devnet.address(24)}/statement"
    types = {
        "json": "application/json",
        "csv": "text/csv; charset=utf-8",
        "tsv": "text/tab-separated-values; charset=utf-8",
        "pdf": "application/pdf",
    }
    found = {form: http.get(route, params={"format": form}) for form in types}

    assert {form: answer.headers["content-type"] for form, answer in found.items()} == types
    rows = list(csv.DictReader(io.StringIO(found["csv"].text, newline="")))
    assert [row["row"] for row in rows] == ["opening", "line", "line", "closing"]
    assert [row["title"] for row in rows[1:3]] == [JAVANESE, " ".join(HOSTILE.split())]
    assert http.get(route, params={"format": "csv", "bom": "true"}).text.startswith("\ufeff")
    with pikepdf.open(io.BytesIO(found["pdf"].content)) as document:
        assert document.Root.MarkInfo.Marked
    assert found["json"].json()["digest"] == one(http, route.removesuffix("/statement"))["digest"]
    assert "attachment; filename=" in found["pdf"].headers["content-disposition"]


def test_periods_join_and_may_not_overlap(http: TestClient, ledger: SmallLedger) -> None:
    route = f"/v1/payees/{ledger.devnet.address(19)}/statements"
    end = ledger.app.refresh().number + 1

    both = http.get(route, params={"period": [f"41..{end}", "1..41"]}).json()["statements"]
    overlap = http.get(route, params={"period": [f"40..{end}", "1..41"]})
    strange = http.get(route, params={"period": "yesterday"})
    future = http.get(route, params={"period": f"1..{end + 9}"})

    assert [s["period"]["from_block"] for s in both] == [1, 41]
    assert both[0]["account"]["closing"] == both[1]["account"]["opening"]
    assert {a.status_code for a in (overlap, strange, future)} == {422}
    codes = [answer.json()["code"] for answer in (overlap, strange, future)]
    assert codes == ["periods-overlap", "period-malformed", "period-not-over"]
    assert all("Next: " in answer.json()["detail"] for answer in (overlap, strange, future))


def test_nobody_is_refused_and_whoever_earned_nothing_is_not(
    http: TestClient, ledger: SmallLedger
) -> None:
    nobody = http.get(f"/v1/payees/{STRANGER}/statements")
    no_community = http.get("/v1/communities/99/statements")
    token = http.get(f"/v1/payees/{ledger.devnet.address(19)}/statements?token={STRANGER}")
    empty = one(http, f"/v1/payees/{ledger.devnet.address(20)}")

    assert (nobody.status_code, nobody.json()["code"]) == (404, "payee-unknown")
    assert (no_community.status_code, no_community.json()["code"]) == (404, "community-unknown")
    assert (token.status_code, token.json()["code"]) == (422, "token-unknown")
    assert {empty["account"][n]["numerator"] for n in ("earned", "paid", "closing")} == {"0"}
    assert empty["entries"] == []


def test_a_period_before_somebody_was_known_is_empty(http: TestClient, ledger: SmallLedger) -> None:
    me, first = ledger.devnet.address(24), ledger.heritage.communities[0]
    early = one(http, f"/v1/payees/{me}", period="1..3")
    community = one(http, f"/v1/communities/{first}", period="1..3")

    for statement in (early, community):
        assert statement["entries"] == statement["payees"] == []
        assert statement["account"]["closing"]["numerator"] == "0"


def test_a_statement_after_a_published_one_begins_with_it(
    antiphon: Antiphon, url: str, ledger: SmallLedger, tmp_path: Path
) -> None:
    asked = ("statement", "community", "1", "--api", url)
    one_ends = antiphon(*asked, "--period", "1..50", "--out", "one.json")
    joined = antiphon(*asked, "--period", "50..60", "--after", "one.json", "--out", "two.json")
    sound = antiphon("statement", "verify", "two.json", "--after", "one.json", "--api", url)
    apart = antiphon(*asked, "--period", "51..60", "--after", "one.json", "--out", "three.json")
    # As if a reorganisation had taken back what was published.
    document = json.loads((tmp_path / "one.json").read_text())
    gone = document["entries"].pop()
    for name in ("works", "payees"):
        for row in document[name]:
            for part in gone["by_work"]:
                if part["work_id"] == row.get("work_id") or row.get("payee") == gone["payee"]:
                    for stock in ("earned", "paid"):
                        held = int(row["closing"][stock]) - int(part[stock])
                        row["closing"][stock] = str(held)
    (tmp_path / "other.json").write_text(json.dumps(signed_off(document)))
    right = antiphon(*asked, "--period", "50..60", "--after", "other.json", "--out", "right.json")
    alone = antiphon("statement", "verify", "right.json", "--api", url)
    beside = antiphon("statement", "verify", "right.json", "--after", "other.json", "--api", url)

    assert {e.code for e in (one_ends, joined, sound, right, beside)} == {0}
    assert (apart.code, alone.code) == (1, 1)
    assert "does not follow the other" in apart.err
    assert "with --after" in alone.err
    late = json.loads((tmp_path / "right.json").read_text())
    assert late["corrects"] == signed_off(document)["digest"]
    assert late["entries"][0]["name"] == gone["name"]


def test_a_creators_statement_names_no_other_payee(http: TestClient, ledger: SmallLedger) -> None:
    me = ledger.devnet.address(19)
    others = {*expected_payouts(ledger)} - {me, ledger.devnet.address(PLATFORM)}

    text = json.dumps(one(http, f"/v1/payees/{me}"))

    assert me in text
    assert not [other for other in others if other in text]


def test_a_community_is_told_of_its_own_works_alone(http: TestClient, ledger: SmallLedger) -> None:
    first, _, third = ledger.heritage.communities
    statement = one(http, f"/v1/communities/{first}")
    both = ledger.devnet.address(24)  # is paid by works of two communities

    lines = [line for entry in statement["entries"] for line in entry["lines"]]
    mine = [x for entry in statement["entries"] if entry["payee"] == both for x in entry["lines"]]
    other = one(http, f"/v1/communities/{third}")
    whole = one(http, f"/v1/payees/{both}")

    assert {line["work_id"] for line in lines} == {1, int(ledger.javanese.work_id)}
    # Who is paid by its works, and what each has: the flute's payees have nothing yet.
    named = {ledger.devnet.address(index) for index in (17, 18, 19, 24, 25)}
    assert {row["payee"] for row in statement["payees"]} == named
    assert sum(int(row["closing"]["earned"]) for row in statement["payees"]) == int(
        statement["account"]["earned"]["numerator"]
    )
    theirs = [x for entry in other["entries"] if entry["payee"] == both for x in entry["lines"]]
    assert sum(int(x["amount"]["numerator"]) for x in (*mine, *theirs)) == int(
        whole["account"]["earned"]["numerator"]
    )


def test_a_statement_is_shown_and_written_from_the_command_line(
    antiphon: Antiphon, url: str, ledger: SmallLedger, tmp_path: Path
) -> None:
    me = ledger.devnet.address(24)
    shown = antiphon("statement", "payee", me, "--api", url)
    plain = antiphon("statement", "payee", me, "--json", "--api", url)
    written = antiphon("statement", "payee", me, "--out", "me.pdf", "--api", url)
    again = antiphon("statement", "payee", me, "--out", "me.pdf", "--api", url)
    community = antiphon("statement", "community", "1", "--out", "c.csv", "--api", url)

    assert {e.code for e in (shown, plain, written, community)} == {0}
    assert "60.01 %" in shown.out and JAVANESE in shown.out
    assert plain.document == httpx.get(f"{url}/v1/payees/{me}/statements").json()
    assert (tmp_path / "me.pdf").read_bytes().startswith(b"%PDF-")
    assert (again.code, "never changed" in again.err) == (1, True)
    assert (tmp_path / "c.csv").read_text().startswith("row,date,")


def test_a_sound_statement_verifies_and_a_doctored_one_is_named(
    antiphon: Antiphon, url: str, ledger: SmallLedger, tmp_path: Path
) -> None:
    me = ledger.devnet.address(19)
    antiphon("statement", "payee", me, "--out", "me.json", "--api", url)
    sound = antiphon("statement", "verify", "me.json", "--api", url)
    document = json.loads((tmp_path / "me.json").read_text())
    line = document["entries"][0]["lines"][0]
    line["amount"]["numerator"] = str(int(line["amount"]["numerator"]) + 1)
    (tmp_path / "clumsy.json").write_text(json.dumps(document))
    clumsy = antiphon("statement", "verify", "clumsy.json", "--api", url)
    # Whoever adds everything up again is found by the chain.
    for stocks in (document["entries"][0]["change"], document["entries"][0]["by_work"][0]):
        stocks["earned"] = str(int(stocks["earned"]) + 1)
    closing = document["works"][0]["closing"]
    closing["earned"] = str(int(closing["earned"]) + 1)
    (tmp_path / "careful.json").write_text(json.dumps(signed_off(document)))
    careful = antiphon("statement", "verify", "careful.json", "--json", "--api", url)

    assert (sound.code, clumsy.code, careful.code) == (0, 3, 3)
    assert "me.json is what the chain says: " in sound.out
    assert f"line {line['name']}" in clumsy.out and "digest: " in clumsy.out
    places = [d["place"] for d in careful.document["differences"]]
    assert f"line {line['name']}, amount, numerator" in places
    assert "account, closing, numerator" in places
    assert careful.document["block"]["hash"].startswith("0x")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no JSON"),
        ("[]", "schema"),
        ('{"schema": "antiphon.statement/1"}', "missing or strange"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_statement_is_refused(
    antiphon: Antiphon, url: str, tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "x.json").write_text(content)

    ended = antiphon("statement", "verify", "x.json", "--api", url)

    assert ended.code == 1
    assert reason in ended.err and "Next: " in ended.err


def test_forms_that_cannot_be_are_refused(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    me = ledger.devnet.address(19)
    asked = ("statement", "payee", me, "--api", url)
    unknown = antiphon(*asked, "--out", "me.docx")
    nameless = antiphon(*asked, "--format", "csv")
    several = antiphon(*asked, "--out", "x.csv", "--period", "1..20", "--period", "20..30")
    missing = antiphon("statement", "verify", "nowhere.json")

    assert {e.code for e in (unknown, nameless, several, missing)} == {1}
    assert "no form of a statement" in unknown.err
    assert "--out FILE" in nameless.err
    assert "one period at a time" in several.err
    assert missing.err == "nowhere.json: no such file\n"
