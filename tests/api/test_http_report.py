"""Reports of periods over HTTP: what a record holds, how periods join, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from api import measuring
from api.application import Application
from api.circumstances import FILE, Circumstances
from api.http.app import create_app
from api.measuring import Measuring
from api.transactions import TransactionLog
from chain.client.sharing_rules import SharingRules
from chain.ledger.identifiers import EpochNumber
from chain.ledger.sharing import Announcement, SharingRule
from chain.metrics.period import Handover, Lane, PeriodRecord
from chain.metrics.report import value_chain_report
from chain.metrics.report_json import plain_report
from chain.metrics.traceability import Step, TraceOutcome
from tests.api.small_ledger import CHANT_USES, GONG_USES, SmallLedger
from tests.heritage import announce_rule, pay, push_all

DEVELOPMENT = "the chain (a development node, chain id 31337)"


def record_of(http: TestClient, query: str = "") -> PeriodRecord:
    answer = http.get(f"/v1/metrics/record{query}")
    assert answer.status_code == 200, answer.text
    return PeriodRecord.from_json(answer.content)


def test_the_record_gives_the_same_report_without_the_ledger(http: TestClient) -> None:
    served = http.get("/v1/metrics").json()
    del served["block"]

    assert plain_report(value_chain_report(record_of(http))) == served


def test_everything_that_was_paid_leads_back(http: TestClient, ledger: SmallLedger) -> None:
    record = record_of(http)

    paid = sum(payee.paid for payee in record.payees)
    assert record.payouts.units == record.payouts.traced_units == paid
    assert record.payouts.count == record.payouts.traced_count > 0
    assert {use.lane for use in record.uses} == set(Lane)
    assert len([u for u in record.uses if u.lane is Lane.EPOCH]) == 3 * (GONG_USES + CHANT_USES)


def test_payees_are_in_the_community_and_tradition_of_their_works(
    http: TestClient, ledger: SmallLedger
) -> None:
    payees = {payee.payee: payee for payee in record_of(http).payees}

    gong, both = payees[ledger.devnet.address(17)], payees[ledger.devnet.address(24)]
    # The heritage's works have no manifest here; the two new ones are gamelan of two communities.
    assert (gong.community, gong.tradition) == ("community 1", "not told")
    assert (both.community, both.tradition) == ("several", "gamelan")


def test_nobody_asked_and_so_everything_was_pushed(http: TestClient) -> None:
    done = http.get("/v1/metrics").json()["automatic_fulfilment"]

    assert done["uses"]["asked"] == 0
    assert done["uses"]["pushed"] > 0
    # The rejecting payee: two payments, and its part of every use of the chant. Unpushed: two
    # licences of two payees, and the platform's part of the sale.
    assert done["uses"]["refused"] == 2 + CHANT_USES
    assert done["uses"]["pending"] == 2 * 2 + 1


def test_a_payee_who_claims_has_asked(writable: Application, ledger: SmallLedger) -> None:
    devnet, gong = ledger.devnet, ledger.heritage.works[0]
    split, token = ledger.heritage.splits[gong], devnet.deployment.token
    pay(devnet, gong, 1_000_000)
    devnet.ledger.claim(gong, token, 1, split, devnet.address(17), signer=devnet.signers[17])
    push_all(devnet, gong, split)

    record = Measuring(writable).report(writable.refresh()).record

    asked = [use for use in record.uses if use.handover is Handover.ASKED]
    assert [(use.value, use.use_id.split("/")[-1]) for use in asked] == [
        (333_300, devnet.address(17))
    ]


def test_periods_that_follow_one_another_add_up(http: TestClient, ledger: SmallLedger) -> None:
    whole = record_of(http)
    first, last = whole.period.first_block, whole.period.last_block
    middle = (first + last) // 2

    before = record_of(http, f"?to_block={middle}")
    after = record_of(http, f"?from_block={middle + 1}")
    overlapping = record_of(http, f"?from_block={middle - 5}")

    assert len(before.uses) + len(after.uses) == len(whole.uses)
    assert {use.use_id for use in before.uses} & {use.use_id for use in after.uses} == set()
    for name in ("count", "units", "traced_units"):
        parts = (getattr(part.payouts, name) for part in (before, after))
        assert sum(parts) == getattr(whole.payouts, name)
    sent = [part.transactions.submitted for part in (before, after, whole, overlapping)]
    assert sent[0] + sent[1] == sent[2] < sent[0] + sent[3]
    assert before.period.as_of == after.period.as_of == whole.period.as_of
    assert (after.transactions.failed, before.transactions.failed) == (1, 0)


def test_days_are_periods_and_the_last_one_is_left_out(http: TestClient) -> None:
    whole = record_of(http)
    newest = datetime.fromtimestamp(whole.period.as_of.timestamp, UTC).date()
    oldest = datetime.fromtimestamp(min(use.times[0] for use in whole.uses), UTC).date()

    everything = record_of(http, f"?from_date={oldest}&to_date={newest + timedelta(1)}")
    nothing = record_of(http, f"?from_date={newest + timedelta(1)}&to_date={newest + timedelta(9)}")

    assert everything.uses == whole.uses
    assert everything.payouts == whole.payouts
    assert (nothing.uses, nothing.payouts.count, nothing.transactions.submitted) == ((), 0, 0)
    assert plain_report(value_chain_report(nothing))["failure_rate"]["rate"] is None


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("from_block=9&to_block=8", "block 9 comes after block 8"),
        ("to_block=99999999", "block 99999999 is not there yet"),
        ("from_block=1&to_date=2027-01-01", "blocks and dates are both given"),
        ("from_date=2027-02-01&to_date=2027-02-01", "the first day must come before the last"),
    ],
)
def test_a_period_that_cannot_be_is_refused(http: TestClient, query: str, complaint: str) -> None:
    answer = http.get(f"/v1/metrics?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "period-refused")
    assert complaint in answer.json()["detail"] and "Next:" in answer.json()["detail"]


def test_a_report_is_made_once_for_each_block(
    writable: Application, ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counting(record: PeriodRecord) -> object:
        made.append(record.period.as_of.number)
        return value_chain_report(record)

    monkeypatch.setattr(measuring, "value_chain_report", counting)
    with TestClient(create_app(writable)) as http:
        for route in ("", "", "/record", "/lorenz.svg", "/settlement.svg"):
            assert http.get(f"/v1/metrics{route}").status_code == 200
        assert len(made) == 1
        ledger.devnet.pass_time(60)
        assert http.get("/v1/metrics").status_code == 200

    assert made == [made[0], made[0] + 1]


def test_transactions_of_a_branch_that_went_are_forgotten(
    writable: Application, ledger: SmallLedger
) -> None:
    devnet, log = ledger.devnet, TransactionLog(writable)
    begin, at = writable.deployment.block, writable.refresh()
    before = log.counts(begin, at.number, at)
    with devnet.rolled_back():
        pay(devnet, ledger.heritage.works[0], 1_000)
        later = writable.refresh()
        assert log.counts(begin, later.number, later).submitted > before.submitted
    devnet.pass_time(7)

    again = writable.refresh()

    assert log.counts(begin, again.number, again) == before


def test_what_was_arranged_is_said_everywhere(writable: Application) -> None:
    outcomes = [TraceOutcome(True, Step.PAYEES, True), TraceOutcome(False, None, None)]
    Circumstances.of(["plays"], outcomes).write(writable.settings.state)

    with TestClient(create_app(writable)) as http:
        figures = http.get("/v1/metrics").json()
        page = http.get("/report").text
        picture = http.get("/v1/metrics/funnel.svg").text

    assert figures["simulated"] == ["plays", DEVELOPMENT]
    assert figures["traceability"]["funnel"]["payees"] == 1
    assert "SIMULATED: plays, the chain" in page
    assert "SIMULATED: plays, the chain" in picture


def test_a_development_chain_says_so_by_itself(http: TestClient) -> None:
    assert http.get("/v1/metrics").json()["simulated"] == [DEVELOPMENT]


def test_circumstances_that_cannot_be_read_stop_the_report(writable: Application) -> None:
    (writable.settings.state / FILE).write_text('{"simulated": "plays"}')

    with TestClient(create_app(writable)) as http:
        answer = http.get("/v1/metrics")

    assert (answer.status_code, answer.json()["code"]) == (422, "circumstances-unreadable")
    assert str(writable.settings.state) not in answer.text


def test_an_announced_rule_that_holds_in_no_epoch_changes_nobodys_money(
    writable: Application, ledger: SmallLedger
) -> None:
    community = ledger.heritage.communities[0]
    rule = Announcement(SharingRule.FLOOR_PRO_RATA, 3_000, 1, EpochNumber(9))
    announce_rule(ledger.devnet, community, rule, steward=11)
    rules = SharingRules.of(ledger.devnet.node, ledger.devnet.deployment)

    report = Measuring(writable).report(writable.refresh())

    assert rules.announced_rule(community, at=writable.head()) == rule
    assert (report.record.rules, report.rule_change) == ((), None)


class Outline(HTMLParser):
    """The page's addresses, its pictures' alternatives, and captions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alternatives: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.sources += [given[name] or "" for name in ("src", "href") if name in given]
        if tag == "img":
            self.alternatives.append(given.get("alt") or "")


def test_the_page_needs_nothing_else_and_says_every_picture_in_words(http: TestClient) -> None:
    page = http.get("/report")

    outline = Outline(page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert all(source.startswith(("data:", "#")) for source in outline.sources)
    assert not {"script", "link"} & (set(outline.tags) - {"link"})
    assert len(outline.alternatives) == 5
    assert all(len(alternative) > 40 for alternative in outline.alternatives)
    assert outline.tags.count("caption") >= outline.tags.count("img")
    assert "@media print" in page.text
