"""`antiphon report`: from a running ledger and from a file, as text, JSON, CSV, a page or all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from chain.metrics.plots import PICTURES
from chain.metrics.report import value_chain_report
from chain.metrics.report_json import plain_report
from tests.api.served_ledger import Antiphon, antiphon, url
from tests.chain.metrics.period_records import EMPTY, RECORD, changed, payees

__all__ = ["antiphon", "url"]


def written(folder: Path, name: str = "record.json") -> str:
    path = folder / name
    path.write_bytes(RECORD.to_json())
    return str(path)


def test_help_teaches_by_example(antiphon: Antiphon) -> None:
    ended = antiphon("report", "--help")

    assert ended.code == 0
    assert "antiphon report --from february.json --out february" in " ".join(ended.out.split())


def test_a_record_is_reported_without_any_node(antiphon: Antiphon, tmp_path: Path) -> None:
    table = antiphon("report", "--from", written(tmp_path))
    plain = antiphon("report", "--from", written(tmp_path), "--json")

    assert (table.code, table.err) == (0, "")
    assert "SIMULATED: demand" in table.out
    assert "1 of 4 transactions failed" in " ".join(table.out.split())
    assert plain.document == json.loads(json.dumps(plain_report(value_chain_report(RECORD))))


def test_a_served_ledger_is_reported_and_again_from_its_record(
    antiphon: Antiphon, url: str, tmp_path: Path
) -> None:
    record, out = tmp_path / "record.json", tmp_path / "again"

    first = antiphon("report", "--json", "--record", str(record), "--api", url)
    again = antiphon("report", "--json", "--from", str(record), "--out", str(out))

    assert (first.code, again.code) == (0, 0)
    assert first.document == again.document == json.loads((out / "report.json").read_text())
    assert (out / "record.json").read_bytes() == record.read_bytes()
    pages = [out / "report.html", *(out / f"{name}.svg" for name in PICTURES)]
    assert all(page.stat().st_size > 1_000 for page in pages)
    before = {page: page.read_bytes() for page in pages}
    antiphon("report", "--from", str(record), "--out", str(out))
    assert {page: page.read_bytes() for page in pages} == before, "the same bytes"


def test_tables_are_csv_and_no_row_loses_what_is_simulated(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    ended = antiphon("report", "--from", written(tmp_path), "--csv", str(tmp_path / "tables"))

    assert (ended.code, ended.out) == (0, "")
    with (tmp_path / "tables" / "rule_change.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["difference"] for row in rows] == ["-0.000001", "0.000000", "0.000000", "+0.000001"]
    assert {row["simulated"] for row in rows} == {
        "SIMULATED: demand, the passing of a day (time-warp)"
    }


def test_a_cell_is_never_a_formula(antiphon: Antiphon, tmp_path: Path) -> None:
    hostile = changed(EMPTY, payees=payees(1))
    named = changed(hostile.payees[0], tradition="=HYPERLINK(1)")
    (tmp_path / "hostile.json").write_bytes(changed(hostile, payees=(named,)).to_json())

    antiphon("report", "--from", str(tmp_path / "hostile.json"), "--csv", str(tmp_path))

    assert ",'=HYPERLINK(1)," in (tmp_path / "payees.csv").read_text()


def test_refusals_name_the_next_step(antiphon: Antiphon, url: str, tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_bytes(RECORD.to_json()[:100])

    missing = antiphon("report", "--from", str(tmp_path / "none.json"))
    torn = antiphon("report", "--from", str(tmp_path / "torn.json"))
    both = antiphon("report", "--from", written(tmp_path), "--from-block", "3")
    backwards = antiphon("report", "--from-block", "9", "--to-block", "8", "--api", url)

    for ended, complaint in (
        (missing, "No such file"),
        (torn, "no record of a period can be read"),
        (both, "A record has its period already"),
        (backwards, "block 9 comes after block 8"),
    ):
        assert (ended.code, ended.out) == (1, "")
        assert complaint in ended.err and "Next:" in ended.err
