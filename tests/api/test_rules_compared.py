"""`antiphon rules` and its routes on a real ledger: the past as it was paid, and what might be."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from test_cli_asking import Antiphon, antiphon, serving, words

from api.comparing import compare_history
from api.rule_history import CommunityHistory, HistoryMalformed
from api.rule_tables import page, payees_csv
from api.rule_words import sentences
from chain.indexer.store import Store
from chain.ledger.identifiers import EpochNumber
from chain.ledger.sharing import Announcement, SharingRule
from tests.api.small_ledger import CHANT_USES, HOSTILE, SmallLedger
from tests.heritage import UNIT_PRICE

__all__ = ["antiphon"]
CHANTS = 2
INCOME = CHANT_USES * UNIT_PRICE


@pytest.fixture(scope="module")
def url(built: SmallLedger) -> Iterator[str]:
    with serving(built) as address:
        yield address


@pytest.fixture
def past(http: TestClient) -> CommunityHistory:
    return CommunityHistory.from_plain(http.get(f"/v1/communities/{CHANTS}/pools").json())


@pytest.fixture
def plain(http: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = http.get(f"/v1/communities/{CHANTS}/pools").json()
    return document


def test_the_past_of_a_community_is_what_its_payees_were_paid(
    past: CommunityHistory, ledger: SmallLedger
) -> None:
    comparison = compare_history(past)

    assert past.to_plain() == CommunityHistory.from_plain(past.to_plain()).to_plain()
    assert [pool.epoch for pool in past.pools] == [1]
    by_splits, settled = comparison.rows[:2]
    paid = {payout.payee: payout.cumulative for payout in ledger.lane.settled[0].payouts}
    split = ledger.heritage.splits[ledger.heritage.works[2]]
    expected = {share.payee: paid[share.payee] for share in split.shares}
    assert {p: units for p, units in settled.units.items() if units} == {
        p: units for p, units in expected.items() if units
    }
    assert by_splits.units == settled.units


def test_a_floor_is_shown_with_who_gains_and_who_loses(
    http: TestClient, ledger: SmallLedger
) -> None:
    answer = http.get(f"/v1/communities/{CHANTS}/rules/compare?floor=3000").json()

    rows = {row["rule"]: row for row in answer["rules"]}
    assert list(rows) == [
        "by the splits",
        "as it was settled",
        "floor of 30 %",
        "root between groups",
        "root, then a floor of 20 %",
    ]
    floor = rows["floor of 30 %"]
    rejecting = ledger.heritage.rejecting_payee
    # One basis point by the split, a tenth of the pool by the floor.
    assert [change["payee"] for change in floor["gained"]] == [rejecting]
    assert len(floor["lost"]) == 2
    assert abs(int(floor["payees"][rejecting]) - INCOME // 10) <= 2
    # One group earned, so roots change nothing.
    assert rows["root between groups"]["payees"] == rows["by the splits"]["payees"]
    assert any(s.startswith("Under the floor of 30 %, one would have") for s in answer["summary"])
    assert (
        "Under the root between groups, everybody would have got what the splits give."
        in (answer["summary"])
    )


def test_routes_refuse_what_is_no_community_and_no_floor(http: TestClient) -> None:
    unknown = http.get("/v1/communities/99/rules/compare")
    steep = http.get(f"/v1/communities/{CHANTS}/rules/compare?floor=10001")
    many = http.get(f"/v1/communities/{CHANTS}/rules/compare?" + "floor=1&" * 9)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    assert (steep.status_code, many.status_code) == (422, 422)


def test_a_community_that_earned_nothing_is_told_so(http: TestClient) -> None:
    answer = http.get("/v1/communities/3/rules/compare").json()

    assert "has earned nothing by counted use" in answer["summary"][0]
    assert answer["rules"][0]["moved_share"] is None
    assert answer["rules"][0]["registered"]["gini"] is None
    assert "nothing was paid" in http.get("/v1/communities/3/rules/page").text


def test_an_epoch_that_is_not_its_report_is_no_ground_to_compare_on(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Store.epochs

    def one_unit_more(store: Store, **how: Any) -> Any:
        records = honest(store, **how)
        first, *others = records[0].licence_usage
        altered = (replace(first, revenue=first.revenue + 1), *others)
        return [replace(records[0], licence_usage=altered)]

    monkeypatch.setattr(Store, "epochs", one_unit_more)

    answer = http.get(f"/v1/communities/{CHANTS}/pools")

    assert (answer.status_code, answer.json()["code"]) == (422, "history-unsound")
    assert "payouts of epoch 1" in answer.json()["detail"]
    assert "Next: antiphon verify" in answer.json()["detail"]


def test_the_page_is_whole_and_takes_no_title_for_markup(
    http: TestClient, ledger: SmallLedger
) -> None:
    community = ledger.heritage.communities[2]

    for number in (CHANTS, community):
        drawn = http.get(f"/v1/communities/{number}/rules/page")
        assert drawn.headers["content-type"].startswith("text/html")
        assert drawn.text.count("<svg") == 2
        assert "http://" not in drawn.text.replace("http://www.w3.org/2000/svg", "")
        assert HOSTILE.split(" ")[0] not in drawn.text


def test_the_command_compares_and_writes_a_page(
    antiphon: Antiphon, url: str, tmp_path: Path
) -> None:
    asked = ("rules", "compare", str(CHANTS), "--floor", "30", "--floor", "12.5%", "--api", url)

    table = antiphon(*asked, "--html", "rules.html")
    plain = antiphon(*asked, "--json")
    lines = antiphon(*asked, "--csv")

    assert (table.code, plain.code, lines.code) == (0, 0, 0)
    assert "Under the floor of 30 %, one would have got more" in words(table.out)
    assert "rules.html has this with pictures" in table.out
    assert "floor of 12.5 %" in (tmp_path / "rules.html").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(lines.out)))
    units = plain.document["rules"][2]["payees"]
    assert {row["payee"]: row["floor of 30 %"] for row in rows} == {
        payee: f"{int(amount) // 10**6}.{int(amount) % 10**6:06d}"
        for payee, amount in units.items()
    }


def test_a_past_on_file_is_compared_with_nobody_asked(
    antiphon: Antiphon, url: str, tmp_path: Path, ledger: SmallLedger
) -> None:
    chant = ledger.heritage.works[2]
    payee = ledger.heritage.splits[chant].shares[0].payee
    (tmp_path / "names.csv").write_text(f"payee,name\n{payee},=Ana()\n")
    (tmp_path / "heard.csv").write_text(
        f"listener,work,plays,fee\nu1,{chant},3,0.02\nu2,{chant},1,0.01\nu3,,,0.01\nu4,1,9,9\n"
    )

    exported = antiphon("rules", "export", str(CHANTS), "past.json", "--api", url)
    again = antiphon("rules", "export", str(CHANTS), "past.json", "--api", url)
    given = ("--history", "past.json", "--listeners", "heard.csv", "--names", "names.csv")
    found = antiphon("rules", "compare", *given, "--json")
    lines = antiphon("rules", "compare", *given, "--csv")
    fetched = antiphon("rules", "compare", str(CHANTS), "--json", "--api", url)

    assert (exported.code, again.code, found.code) == (0, 1, 0)
    assert "Next: antiphon rules compare --history past.json" in exported.out
    assert "it is there already" in again.err
    other = antiphon("rules", "compare", "1", *given)
    assert (other.code, other.err) == (
        1,
        f"past.json is of community {CHANTS}. Next: leave 1 out\n",
    )
    assert "▲" in antiphon("rules", "compare", *given).out
    rows = {row["rule"]: row for row in found.document["rules"]}
    assert found.document["rules"][:6] == fetched.document["rules"][:6]
    assert found.document["listeners"] == {
        "counted": 3,
        "elsewhere_alone": 1,
        "lines_elsewhere": 1,
    }
    # A quarter of the fees is of a listener who heard nothing.
    assert abs(int(rows["by listening (plays)"]["suspense"]) - INCOME // 4) <= 1
    assert rows["by listening (scaled)"]["suspense"] == "0"
    assert any("in suspense" in sentence for sentence in found.document["summary"])
    assert "'=Ana()" in lines.out
    assert any("--listeners FILE" in sentence for sentence in fetched.document["summary"])


def test_epochs_are_chosen(antiphon: Antiphon, url: str) -> None:
    asked = ("rules", "compare", str(CHANTS), "--json", "--api", url, "--epochs")

    assert antiphon(*asked, "1").document["epochs"] == [1]
    assert antiphon(*asked, "2-9").document["epochs"] == []
    assert antiphon(*asked, "1-1").document["epochs"] == [1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "Whose past?"),
        (("2", "--epochs", "9-3"), "9-3: no epochs"),
        (("2", "--epochs", "x"), "x: no epochs"),
        (("2", "--floor", "0"), "0: a floor is 0.01 to 100 percent"),
        (("2", "--floor", "100.01"), "100.01: a floor is"),
        (("2", "--floor", "0.001"), "0.001: a floor is"),
        (("2", "--floor", "nan"), "nan: a floor is"),
        (("2", "--floor", "some"), "some: a floor is"),
        (("99",), "not-found: there is no community 99"),
        (("--history", "lost.json"), "lost.json"),
        (("--history", "bad.json"), "this is no antiphon.community-pools/1 document"),
        (("2", "--listeners", "lost.csv"), "lost.csv, line 0: No such file"),
    ],
)
def test_what_cannot_be_meant_ends_with_exit_1_and_the_next_step(
    antiphon: Antiphon, url: str, tmp_path: Path, given: tuple[str, ...], told: str
) -> None:
    (tmp_path / "bad.json").write_text("{")

    ended = antiphon("rules", "compare", *given, "--api", url)

    assert (ended.code, ended.out) == (1, "")
    assert told in ended.err


def broken(plain: dict[str, Any], how: str) -> Any:
    document = copy.deepcopy(plain)
    match how:
        case "schema":
            document["schema"] = "antiphon.community-pools/9"
        case "missing":
            del document["epochs"]
        case "twice":
            document["epochs"][0]["parts"].append(document["epochs"][0]["parts"][0])
        case "negative":
            document["epochs"][0]["parts"][0]["numerator"] = "-1"
        case "split":
            document["works"][0]["shares"][0]["bps"] += 1
        case "rule":
            document["epochs"][0]["announced"] = {"rule": "SHARE_ALL"}
        case "list":
            return []
    return document


@pytest.mark.parametrize("how", ["schema", "missing", "twice", "negative", "split", "rule", "list"])
def test_a_file_that_is_no_past_is_refused(plain: dict[str, Any], how: str) -> None:
    with pytest.raises(HistoryMalformed, match="antiphon rules export"):
        CommunityHistory.from_plain(broken(plain, how))


def test_a_rule_that_held_is_read_to_the_elders(past: CommunityHistory) -> None:
    held = Announcement(SharingRule.FLOOR_PRO_RATA, 3_000, 1, EpochNumber(1))
    pools = (past.pools[0], replace(past.pools[0], announced=held, epoch=EpochNumber(2)))
    two = replace(past, pools=pools)

    comparison = compare_history(two, [3_000])
    said = sentences(comparison)

    assert said[0].startswith(f"In epochs 1 to 2 community {CHANTS} earned 0.047006 aUSD")
    assert said[1].startswith(
        "What was paid: the splits alone in epoch 1; a floor of 30 % in epoch 2. One got more than "
        "by the splits and two less"
    )
    assert "as it was settled" in payees_csv(comparison)
    assert "SIMULATED: all of it" in page(comparison, "SIMULATED: all of it")
    # In the second epoch what was settled is what that floor gives.
    settled, floor = compare_history(two.of_epochs(2, 2), [3_000]).rows[1:3]
    assert settled.units == floor.units
    assert json.loads(json.dumps(two.to_plain())) == two.to_plain()
