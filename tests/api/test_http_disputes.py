"""Disputes over HTTP: real cases on a real node, each step at its time, beside the court's word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chain.client import dispute_court as terms
from chain.client.dispute_court import CaseStatus, Ruling
from chain.client.interfaces import interface
from chain.client.sending import send
from chain.indexer.follow import Follower
from chain.provenance import Cid, Codec, FsBlockStore
from tests.api.court_in_session import (
    DAY,
    HELPER,
    MINIMUM_BOND,
    OTHER,
    PAYEE,
    Court,
    court,
    moment,
)
from tests.api.small_ledger import PRICE, SmallLedger
from tests.api.test_http_page import Page
from tests.devnet import COUNCIL, CUSTOMER
from tests.epochs import uses
from tests.heritage import UNIT_PRICE, digest_of, pay

__all__ = ["court"]

UNKNOWN = "0x" + "ab" * 32


def steps(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(step["who"], step["step"]) for step in told["steps"]}


def test_the_courts_times_are_the_contracts(ledger: SmallLedger) -> None:
    court, at = ledger.devnet.court, ledger.devnet.node.head()

    for name, seconds in {
        "ANSWER_TIME": terms.ANSWER_SECONDS,
        "PAYEES_TIME": terms.PAYEES_SECONDS,
        "RULING_TIME": terms.RULING_SECONDS,
        "FREEZE_MAX": terms.FREEZE_SECONDS_MAX,
    }.items():
        assert court._read(name, at=at) == seconds
    assert court.bond_token(at=at) == ledger.devnet.deployment.token


def test_an_open_dispute_says_what_is_held_until_when_and_who_may_do_what(court: Court) -> None:
    matter = court.open("the singer was another")
    opened = court.opened_at(matter)
    due = PRICE * 6_001 // 10_000

    told = court.told(matter)

    assert told["state"] == "OPEN"
    assert (told["standing"], told["frozen"]) == (True, True)
    assert told["frozen_until"] == moment(opened + 44 * DAY)
    assert told["deadlines"] == {
        "payee_answers_until": moment(opened + 14 * DAY // 3),
        "answer_until": moment(opened + 14 * DAY),
        "ruling_until": moment(opened + 44 * DAY),
        "free_at_the_latest": moment(opened + 90 * DAY),
    }
    (held,) = told["frozen_amounts"]
    assert (held["direct_lane"], held["epoch_lane"], held["untold"]) == (str(due), "0", None)
    assert held["currency"]["token"] == court.devnet.deployment.token
    assert told["bond"] == told["bonds"]["each"] == str(MINIMUM_BOND)
    (given,) = told["evidence"]
    digest = digest_of("the singer was another")
    assert given["party"] == told["disputer"] == court.devnet.address(CUSTOMER)
    assert given["cid"] == str(Cid.from_digest(digest, Codec.DAG_CBOR))
    assert given["digest"] == "0x" + digest.hex()
    assert steps(told) == {
        ("payee", "answer"),
        ("anybody", "answer"),
        ("arbiter", "rule"),
        ("disputer", "concede"),
        ("payee", "concede"),
        ("disputer", "giveEvidence"),
        ("payee", "giveEvidence"),
    }
    by_name = {(step["who"], step["step"]): step for step in told["steps"]}
    assert by_name["anybody", "answer"]["from"] == moment(opened + 14 * DAY // 3)
    assert by_name["arbiter", "rule"]["from"] == moment(opened + 14 * DAY)
    # The steward of its community decides alone, and does not judge its own works.
    council = court.devnet.deployment.contracts["CouncilArbiter"]
    assert by_name["arbiter", "rule"]["account"] == council
    words = told["words"]["headline"]
    assert words.startswith(f"The share of {court.devnet.address(PAYEE)} in work {court.work} is")
    assert "is held until " in words
    assert "unless the dispute is dismissed by the council" in words
    assert told["ruled"] is None


def test_a_share_that_brought_nothing_is_frozen_all_the_same(court: Court) -> None:
    """Of a work that nobody is paid for, and of an account that is in no split of it."""
    for matter in (
        court.open("nobody's", HELPER, court.ledger.filed.work_id),
        court.open("not a payee", HELPER),
    ):
        told = court.told(matter)

        assert (told["frozen"], told["frozen_amounts"]) == (True, [])
        assert told["bond"] == str(MINIMUM_BOND)
        assert "Nothing has come in for this share yet." in court.page(matter)


def test_what_is_held_is_what_the_ledger_would_not_pay(court: Court) -> None:
    court.open("first")
    pay(court.devnet, court.work, 1_000_003)
    due = (PRICE + 1_000_003) * 6_001 // 10_000

    told = court.told(court.open("second, of the same share"))
    free = court.told(court.open("another's share", OTHER))

    assert told["frozen_amounts"][0]["direct_lane"] == str(due)
    assert (
        told["frozen_until"] == court.http.get("/v1/disputes").json()["disputes"][0]["frozen_until"]
    ), "cases that overlap freeze together"
    assert free["frozen_amounts"][0]["direct_lane"] == str((PRICE + 1_000_003) * 3_999 // 10_000)


def test_usage_of_a_disputed_share_is_told_apart_and_comes_when_it_is_free(court: Court) -> None:
    devnet, old = court.devnet, court.ledger.lane
    gong, licence = court.ledger.heritage.works[0], court.ledger.heritage.generation[0]
    generation = court.ledger.heritage.generation_id
    follower = Follower(devnet.node, devnet.deployment, court.app.store._engine)
    lane = replace(
        old,
        follower=follower,
        store=court.app.store,
        counted=set(old.counted),
        settled=list(old.settled),
    )
    matter = court.open("not the gong's player", 17, gong)
    now = devnet.node.head().timestamp
    court.wait(60)
    lane.run([uses(licence, generation, 21, at=now, name="disputed")])

    told = court.told(matter)

    kept = 21 * UNIT_PRICE * 3_333 // 10_000
    assert [(h["direct_lane"], h["epoch_lane"]) for h in told["frozen_amounts"]] == [
        ("0", str(kept))
    ]
    assert f'<td class="number">{kept}</td>' in court.page(matter)
    devnet.court.concede(matter, signer=court.signer(CUSTOMER))
    let_go = court.told(matter)
    assert (let_go["frozen"], let_go["frozen_amounts"][0]["epoch_lane"]) == (False, str(kept))
    assert "comes with the next epoch" in court.page(matter)
    court.wait(60)
    lane.run([uses(licence, generation, 1, at=now + 61, name="after")])
    assert court.told(matter)["frozen_amounts"] == []


def test_where_epochs_cannot_be_read_the_direct_lane_is_told_all_the_same(
    court: Court, tmp_path: Path
) -> None:
    matter = court.open("the papers are elsewhere")
    court.app.__dict__["blocks"] = FsBlockStore(tmp_path / "none")

    held = court.told(matter)["frozen_amounts"][0]

    assert held["direct_lane"] == str(PRICE * 6_001 // 10_000)
    assert held["epoch_lane"] is None
    assert "epoch 1" in held["untold"]
    assert "not known here" in court.page(matter)


def test_an_answered_dispute_is_ruled_on_by_decision_of_the_elders(court: Court) -> None:
    chant = court.ledger.heritage.works[2]
    matter = court.open("the singer was another", work=chant)
    devnet = court.devnet
    devnet.court.answer(matter, digest_of("I was there"), signer=court.signer(PAYEE))
    devnet.court.give_evidence(matter, digest_of("a photograph"), signer=court.signer(CUSTOMER))

    answered = court.told(matter)

    assert answered["state"] == "ANSWERED"
    assert answered["defender"] == devnet.address(PAYEE)
    assert [given["party"] for given in answered["evidence"]] == [
        devnet.address(CUSTOMER),
        devnet.address(PAYEE),
        devnet.address(CUSTOMER),
    ]
    assert ("payee", "answer") not in steps(answered)
    assert answered["ruled"] is None
    assert "answered; waits for a ruling" in court.page(matter)
    elders = "unless the dispute is dismissed by the elders of community 2"
    assert elders in answered["words"]["headline"]

    court.decide(matter, Ruling.DISMISSED)
    decided = court.told(matter)
    assert decided["ruled"] == (
        "The elders of community 2 ruled: dismissed. Anybody may have the court take it over."
    )
    assert decided["ruled"] in court.page(matter)

    devnet.court.rule(matter, signer=court.signer(HELPER))
    over = court.told(matter)
    assert (over["state"], over["standing"], over["frozen"]) == ("DISMISSED", False, False)
    assert over["frozen_amounts"] == []
    assert over["steps"] == []
    half = MINIMUM_BOND // 2
    expected = {
        devnet.address(PAYEE): MINIMUM_BOND + MINIMUM_BOND - half,
        devnet.address(COUNCIL): half,
    }
    for name in ("owed", "uncollected"):
        paid = {each["account"]: int(each["amount"]) for each in over["bonds"][name]}
        assert paid == expected
    devnet.court.collect(devnet.address(PAYEE), signer=court.signer(HELPER))
    left = court.told(matter)["bonds"]
    assert [each["account"] for each in left["uncollected"]] == [devnet.address(COUNCIL)]
    assert len(left["owed"]) == 2


def test_somebody_may_answer_in_the_payees_stead_and_be_told_of(court: Court) -> None:
    matter = court.open("the singer was another")
    court.wait(14 * DAY // 3 + 1)
    court.devnet.court.answer(matter, digest_of("she cannot"), signer=court.signer(HELPER))

    told = court.told(matter)

    assert told["defender"] == court.devnet.address(HELPER)
    assert ("payee", "concede") in steps(told)
    assert ("defender", "giveEvidence") in steps(told)
    assert ("defender", "concede") not in steps(told)
    assert "in the payee's stead, on" in court.page(matter)


def test_an_upheld_dispute_holds_on_until_the_split_is_corrected(court: Court) -> None:
    matter = court.open("the singer was another")
    opened = court.opened_at(matter)
    court.devnet.court.concede(matter, signer=court.signer(PAYEE))

    told = court.told(matter)

    assert (told["state"], told["standing"], told["frozen"]) == ("UPHELD", True, True)
    assert told["frozen_until"] == moment(opened + 90 * DAY)
    assert steps(told) == {
        ("disputer", "release"),
        ("controller", "release"),
        ("anybody", "release"),
    }
    assert "unless a corrected split is in force" in told["words"]["headline"]
    assert court.http.get("/v1/disputes", params={"standing": True}).json()["disputes"] != []

    court.devnet.court.release(matter, signer=court.signer(CUSTOMER))
    over = court.told(matter)
    assert [end["state"] for end in over["ended"]] == ["UPHELD", "RELEASED"]
    assert (over["standing"], over["frozen"], over["steps"]) == (False, False, [])


def test_an_upheld_dispute_ends_by_time_alone(court: Court) -> None:
    matter = court.open("the singer was another")
    court.devnet.court.concede(matter, signer=court.signer(PAYEE))
    court.wait(90 * DAY)

    told = court.told(matter)

    assert (told["state"], told["standing"], told["frozen"]) == ("UPHELD", False, False)
    assert (told["frozen_amounts"], told["steps"]) == ([], [])
    assert told["words"]["state"] == "upheld; the freeze is over"
    assert told["words"]["headline"].endswith("is free.")


def test_a_dispute_nobody_ruled_on_is_free_by_time_and_closed_by_anybody(court: Court) -> None:
    matter = court.open("the singer was another")
    court.wait(14 * DAY)
    unanswered = court.told(matter)
    court.wait(30 * DAY)

    told = court.told(matter)

    assert unanswered["words"]["state"] == "not answered; waits for a ruling"
    assert ("payee", "answer") not in steps(unanswered)
    assert (told["state"], told["standing"], told["frozen"]) == ("OPEN", False, False)
    assert steps(told) == {("anybody", "lapse")}
    assert told["words"]["headline"].startswith("Nobody ruled in time; anybody may close")
    court.devnet.court.lapse(matter, signer=court.signer(HELPER))
    closed = court.told(matter)
    assert (closed["state"], closed["steps"]) == ("LAPSED", [])
    assert closed["words"]["headline"].startswith("Nobody ruled in time, and the dispute was")


def test_one_dispute_over_another_holds_the_share_on(court: Court) -> None:
    first = court.open("first")
    court.wait(DAY)
    second = court.open("second")
    court.devnet.court.concede(first, signer=court.signer(CUSTOMER))

    told = court.told(first)

    assert (told["state"], told["standing"], told["frozen"]) == ("DISMISSED", False, True)
    assert "Another dispute holds the share" in told["words"]["headline"]
    assert told["frozen_until"] == moment(court.opened_at(second) + 44 * DAY)


def test_a_dispute_outlasts_the_longest_freeze_and_says_so(court: Court) -> None:
    """A new case every few weeks: after 90 days of it the share is free, whatever is undecided."""
    court.open("first")
    court.wait(40 * DAY)
    court.open("second")
    court.wait(40 * DAY)
    third = court.open("third")
    court.wait(10 * DAY)

    told = court.told(third)

    assert (told["standing"], told["frozen"]) == (True, False)
    assert "held for as long as any may be" in told["words"]["headline"]


def test_a_work_of_no_community_is_ruled_on_by_the_council(court: Court) -> None:
    remix = court.ledger.heritage.derivative
    matter = court.open("the platform's own", 9, remix)
    arbiter = court.devnet.deployment.contracts["CouncilArbiter"]
    call = interface("CouncilArbiter").functions["decide"]
    given = (court.devnet.court.address, court.case_id(matter), int(Ruling.UPHELD))
    sent = replace(
        court.devnet.court.call("collect", arbiter), to=arbiter, data=call.call_data(given)
    )
    send(court.devnet.node, sent, signer=court.signer(COUNCIL))

    told = court.told(matter)

    assert told["ruled"] == "The council ruled: upheld. Anybody may have the court take it over."
    assert "unless the dispute is dismissed by the council" in told["words"]["headline"]


def test_an_arbiter_that_is_no_arbiter_has_not_ruled(court: Court) -> None:
    matter = court.open("the singer was another")
    at, case_id = court.devnet.node.head(), court.case_id(matter)
    community = court.ledger.heritage.communities[0]
    nobody = court.devnet.address(HELPER)
    rejecting = court.ledger.heritage.rejecting_payee

    for arbiter in (nobody, rejecting, court.devnet.deployment.contracts["WorkRegistry"]):
        found = court.devnet.court.ruling_of(arbiter, case_id, community, at=at)
        assert found is Ruling.NONE


def test_lists_are_filtered_and_paged(court: Court) -> None:
    chant = court.ledger.heritage.works[2]
    matters = [
        court.open("one"),
        court.open("two", OTHER),
        court.open("three", 23, chant),
        court.open("four"),
    ]
    court.devnet.court.concede(matters[1], signer=court.signer(CUSTOMER))

    def numbers(**asked: object) -> list[int]:
        answer = court.http.get("/v1/disputes", params=asked)
        assert answer.status_code == 200, answer.text
        return [each["number"] for each in answer.json()["disputes"]]

    assert numbers() == [1, 2, 3, 4]
    assert numbers(work_id=chant) == [3]
    assert numbers(payee=court.devnet.address(PAYEE)) == [1, 4]
    assert numbers(payee=court.devnet.address(PAYEE).lower()) == [1, 4]
    assert numbers(state="DISMISSED") == [2]
    assert numbers(standing=True) == [1, 3, 4]
    assert numbers(standing=False, work_id=court.work) == [2]
    assert numbers(after=4) == []
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = court.http.get(
            "/v1/disputes", params={"standing": True, "limit": 2, "after": after}
        ).json()
        seen += [each["number"] for each in page["disputes"]]
        after = page["after"]
    assert seen == [1, 3, 4]
    head = court.devnet.node.head()
    assert page["block"]["hash"] == "0x" + head.hash.hex()


@pytest.mark.parametrize(
    ("route", "status"),
    [
        (f"/v1/disputes/{UNKNOWN}", 404),
        (f"/disputes/{UNKNOWN}", 404),
        ("/v1/disputes/12", 422),
        ("/v1/disputes?state=OVER", 422),
        ("/v1/disputes?payee=0x12", 422),
        ("/v1/disputes?limit=0", 422),
        ("/v1/disputes?work_id=-1", 422),
    ],
)
def test_what_cannot_be_shown_is_refused_plainly(http: TestClient, route: str, status: int) -> None:
    answer = http.get(route)

    assert answer.status_code == status
    assert answer.json()["code"] in ("not-found", "request-invalid")


def test_a_ledger_without_disputes_says_so(http: TestClient) -> None:
    assert http.get("/v1/disputes").json()["disputes"] == []
    page = http.get("/disputes")
    assert page.status_code == 200
    assert "No share is disputed" in page.text
    assert "a share is disputed" not in http.get("/").text


def test_works_and_payees_show_the_disputes_that_stand(court: Court) -> None:
    matter = court.open("one")
    over = court.open("two", OTHER)
    court.devnet.court.concede(over, signer=court.signer(CUSTOMER))

    work = court.http.get(f"/v1/works/{court.work}").json()
    payouts = court.http.get("/v1/payouts").json()["payees"]
    ledger_page = court.http.get("/").text

    wanted = "0x" + court.case_id(matter).hex()
    assert [each["dispute_id"] for each in work["disputes"]] == [wanted]
    shown = {p["payee"]: [d["dispute_id"] for d in p["disputes"]] for p in payouts}
    assert shown[court.devnet.address(PAYEE)] == [wanted]
    assert shown[court.devnet.address(OTHER)] == []
    assert ledger_page.count(f'href="/disputes/{wanted}"') == 2
    rows = Page(court.http.get("/disputes").text).tables["disputes"]
    assert [row[0] for row in rows[1:]] == ["1", "2"]
    assert [row[2] for row in rows[1:]] == ["waits for an answer", "dismissed"]
    assert rows[1][3].endswith(" UTC")
    assert rows[2][3] == "free"
    filtered = court.http.get("/disputes", params={"standing": True}).text
    assert len(Page(filtered).tables["disputes"]) == 2
    assert "All disputes" in filtered


def test_a_hostile_title_is_text_on_the_pages_of_disputes(court: Court) -> None:
    matter = court.open("of a hostile title", PAYEE, court.ledger.hostile.work_id)

    for text in (court.page(matter), court.http.get("/disputes").text):
        assert "script" not in Page(text).tags
        assert "&lt;script&gt;" in text


def test_the_index_and_the_court_agree_on_every_case(court: Court) -> None:
    matters = [court.open("one"), court.open("two", OTHER), court.open("three")]
    court.devnet.court.answer(matters[0], digest_of("no"), signer=court.signer(PAYEE))
    court.devnet.court.concede(matters[1], signer=court.signer(CUSTOMER))
    at = court.app.refresh()

    for record, matter in zip(court.app.store.cases(at=at), matters, strict=True):
        on_chain = court.devnet.court.case_of(matter, at=at)
        assert record.status is CaseStatus(on_chain.status)
        assert (record.bond, record.arbiter) == (on_chain.bond, on_chain.arbiter)
        assert (record.defender or "0x" + "0" * 40) == on_chain.defender
        assert record.opened.timestamp == on_chain.opened_at
        assert (record.disputer, record.work_id, record.payee, record.evidence[0].digest) == (
            matter.abi()
        )
        until = court.devnet.court.frozen_until(record.work_id, record.payee, at=at)
        assert record.frozen_until == until
