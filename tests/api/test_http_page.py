"""The web page: the same facts as the API, drawn and written out, and nothing a title can break."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from tests.api.small_ledger import HOSTILE, JAVANESE, SmallLedger


class Page(HTMLParser):
    """Tables as rows of cell texts by the section they are in, and every tag that was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.svg_texts: list[str] = []
        self._section = ""
        self._in_cell = self._in_svg_text = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "section":
            self._section = dict(attrs)["aria-labelledby"] or ""
        elif tag == "tr":
            self.tables.setdefault(self._section, []).append([])
        elif tag in {"td", "th"}:
            self.tables[self._section][-1].append("")
            self._in_cell = True
        elif tag == "text":
            self.svg_texts.append("")
            self._in_svg_text = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False
        elif tag == "text":
            self._in_svg_text = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[self._section][-1][-1] += data
        elif self._in_svg_text:
            self.svg_texts[-1] += data


def fetch(http: TestClient, route: str = "/") -> Page:
    answer = http.get(route)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return Page(answer.text)


def test_every_work_has_a_row(http: TestClient, ledger: SmallLedger) -> None:
    rows = fetch(http).tables["works"]

    assert rows[0][:3] == ["work", "title", "tradition"]
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(1, 8)]
    by_id = {row[0]: row for row in rows[1:]}
    assert by_id["1"][1] == "(manifest not held here)"
    assert by_id["1"][3] == "3"
    javanese = by_id[str(ledger.javanese.work_id)]
    assert javanese[1] == f"{JAVANESE}Lancaran"
    assert javanese[2] == "gamelan"


def test_a_hostile_title_is_text_everywhere(http: TestClient, ledger: SmallLedger) -> None:
    for route in ("/", f"/?work={ledger.hostile.work_id}", f"/?work={ledger.filed.work_id}"):
        page = fetch(http, route)

        assert "script" not in page.tags
        titles = [row[1] for row in page.tables["works"][1:]]
        assert HOSTILE in titles


def test_the_drawing_and_its_twin_table_say_the_same(http: TestClient, ledger: SmallLedger) -> None:
    page = fetch(http, f"/?work={ledger.filed.work_id}")
    child = str(ledger.filed.work_id)
    parents = (str(ledger.javanese.work_id), str(ledger.hostile.work_id))

    rows = page.tables["provenance"]

    assert rows[0] == ["derivative", "made from", "licence", "share passed back", "generation"]
    assert sorted(rows[1:]) == sorted(
        [
            f"work {child}",
            f"work {parent}",
            str(licence),
            "15 %",
            f"0x{ledger.filed.generation_id:016x}",
        ]
        for parent, licence in zip(parents, ledger.licences, strict=True)
    )
    assert "svg" in page.tags
    drawn = " ".join(page.svg_texts)
    for work in (child, *parents):
        assert f"work {work} ·" in drawn
    for licence in ledger.licences:
        assert f"licence {licence}, 15 %" in drawn


def test_a_long_title_is_cut_in_the_drawing_and_whole_in_the_table(
    http: TestClient, ledger: SmallLedger
) -> None:
    page = fetch(http, f"/?work={ledger.hostile.work_id}")

    assert f"{HOSTILE[:25]}…" in page.svg_texts
    assert HOSTILE not in page.svg_texts


def test_a_work_without_kin_is_drawn_alone(http: TestClient, ledger: SmallLedger) -> None:
    page = fetch(http, f"/?work={ledger.heritage.works[1]}")

    assert "svg" in page.tags
    assert "provenance" not in page.tables


def test_money_is_shown_exactly(http: TestClient, ledger: SmallLedger) -> None:
    rows = fetch(http).tables["money"]
    answer = http.get("/v1/payouts").json()

    def decimal(units: str) -> str:
        whole, part = divmod(int(units), 10**6)
        return f"{whole:,}.{part:06d}"

    for row, payee in zip(rows[1:], answer["payees"], strict=True):
        shown = [payee[name] for name in ("direct_lane", "epoch_lane", "paid", "waiting")]
        assert row[-1] == "PDF CSV JSON"
        for cell, units in zip(row[1:-1], shown, strict=True):
            assert decimal(units).startswith(cell.split(" ")[0])
            assert set(decimal(units)[len(cell.split(" ")[0]) :]) <= {"0"}


def test_pictures_style_and_api_of_the_page_are_there(http: TestClient) -> None:
    page = http.get("/").text

    for route in (
        "/v1/metrics/lorenz.svg",
        "/v1/metrics/settlement.svg",
        "/static/antiphon.css",
        "/v1/metrics",
        "/v1/metrics/record",
        "/report",
        "/openapi.json",
    ):
        assert f'"{route}"' in page
        assert http.get(route).status_code == 200


@pytest.mark.parametrize(
    "route", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/none"]
)
def test_nothing_beside_the_static_files_is_served(http: TestClient, route: str) -> None:
    answer = http.get(route)

    assert answer.status_code == 404
    assert "FastAPI" not in answer.text
