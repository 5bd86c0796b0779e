"""CSV, flat file and PDF say what the JSON says, whatever the titles and the amounts are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest

from chain.statements.comparing import added_up
from chain.statements.csv_table import COLUMNS, csv_of, guarded
from chain.statements.errors import FontsMissing, PagesTooMany
from chain.statements.flat_file import cell, tsv_of
from chain.statements.fonts import undrawn
from chain.statements.formats import Form, file_name, written
from chain.statements.pdf import pdf_of
from chain.statements.stocks import exact_text
from tests.chain.statements.made_up import PAYEE, currency, made_up

JAVANESE = "ꦭꦚ꧀ꦕꦫꦤ꧀"
CHINESE = "粵曲《帝女花》之香夭"
TIBETAN = "བོད་ཀྱི་དབྱངས་རོལ།"
QUECHUA = "Qhapaq Ñan: ch'aska ñawi, q'illu t'ika"
BALINESE = "ᬕᬫ᭄ᬩᭂᬮᬦ᭄"
DEVANAGARI = "संगीत श्रीकृष्ण"
VIETNAMESE = "Đờn ca tài tử"
SCRIPTS = {
    "jv": JAVANESE,
    "zh": CHINESE,
    "bo": TIBETAN,
    "qu": QUECHUA,
    "ban": BALINESE,
    "sa": DEVANAGARI,
    "vi": VIETNAMESE,
}
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    'quote " and, comma',
    "line\nbreak\ttab | bar",
    "\u202ereversed\u202c",
    '#eval("1") $x$ *bold* [x] \\ `raw` <label> @ref',
)
WHOLE = 10**13


def titled(*titles: str) -> dict[str, Any]:
    return made_up([[("en", title)] for title in titles])


def rows(document: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(document), newline="")))


@pytest.mark.parametrize("decimals", [0, 6, 18, 36])
@pytest.mark.parametrize("gross", [1, 999, 2**96, 2**128 - 1])
def test_columns_add_up_in_every_currency_and_size(decimals: int, gross: int) -> None:
    document = made_up([[("en", "one")], [("en", "two")]], gross=gross, decimals=decimals, count=3)
    found = rows(document)

    def column(name: str) -> Fraction:
        return sum((Fraction(row[name]) for row in found if row[name]), Fraction())

    opening, closing = (Fraction(found[at]["balance"]) for at in (0, -1))
    assert opening + column("earned") - column("withheld") - column("paid") == closing
    assert column("earned") == Fraction(6 * gross * 3_333, 10_000 * 10**decimals)
    count, differences = added_up(document)
    assert (count > 20, differences) == (True, [])
    for form in (Form.JSON, Form.TSV):
        assert str(gross // 10**decimals).encode() in written(document, form)


@pytest.mark.parametrize(
    ("numerator", "decimals", "text"),
    [
        (0, 6, "0.000000"),
        (0, 0, "0"),
        (1, 0, "0.0000000000001"),
        (WHOLE, 0, "1"),
        (-WHOLE // 2, 0, "-0.5"),
        (WHOLE * 1_500_000, 6, "1.500000"),
        (WHOLE * 1_500_000 + 4_567, 6, "1.5000000000000004567"),
        (1, 36, "0." + "0" * 48 + "1"),
        (WHOLE * 2**96, 18, "79228162514.264337593543950336"),
    ],
)
def test_amounts_are_written_to_the_last_digit(numerator: int, decimals: int, text: str) -> None:
    assert exact_text(numerator, currency(decimals)) == text
    assert Fraction(text) == Fraction(numerator, 10 ** (13 + decimals))


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_breaks_a_table_or_runs_in_it(title: str) -> None:
    document = titled(title)
    table, flat = csv_of(document), tsv_of(document)

    found = rows(document)
    assert {len(row) for row in found} == {len(COLUMNS)}
    for row in found:
        assert not row["title"].startswith(("=", "+", "-", "@", "\t"))
        assert not re.search(r"[\r\n\u202a-\u202e\u2066-\u2069]", row["title"] + row["why"])
    assert table.count("\r\n") == table.count("\n") == len(found) + 1
    width, kinds = 0, []
    for line in flat.splitlines():
        cells = line.split("\t")
        if line.startswith("#"):
            width = len(cells)
        else:
            kinds.append(cells[0])
            assert len(cells) == width
    assert kinds == ["HEAD", "SUMM", "LINE", "MOVE", "FOOT"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("-1.5", "-1.5"), ("12", "12"), ("-1-1", "'-1-1"), ("=1", "'=1"), ("a=1", "a=1"), ("", "")],
)
def test_numbers_stay_numbers_and_formulas_do_not(text: str, shown: str) -> None:
    assert guarded(text) == shown


def test_a_flat_file_parts_values_by_bars_alone() -> None:
    assert cell(["one", "t|w\to", 3, None]) == "one|t/w o|3|"


def test_a_mark_for_spreadsheets_is_there_when_asked_for() -> None:
    document = titled("one")

    assert csv_of(document, with_bom=True) == "\ufeff" + csv_of(document)
    assert file_name(document, Form.PDF) == f"statement-{PAYEE}-1-4.pdf"


# the tagged PDF


def drawn(document: dict[str, Any]) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf_of(document)))


def elements(node: Any) -> Iterator[Any]:
    """The structure tree's elements, in reading order."""
    if isinstance(node, pikepdf.Array):
        for each in node:
            yield from elements(each)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from elements(node.K)


def pages_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return " ".join(page.get_textpage().get_text_range() for page in document)


@pytest.fixture(scope="module")
def scripts() -> dict[str, Any]:
    return made_up([[(lang, title)] for lang, title in SCRIPTS.items()])


def test_a_pdf_is_tagged_titled_and_says_its_language(scripts: dict[str, Any]) -> None:
    with drawn(scripts) as document:
        root = document.Root
        roles = [str(each.S) for each in elements(root.StructTreeRoot)]

        assert root.MarkInfo.Marked
        assert str(root.Lang) == "en"
        assert root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert PAYEE in str(metadata["dc:title"])
    assert roles.count("/H1") == 1
    assert roles.count("/H2") == 5
    assert roles.count("/Table") == roles.count("/THead") == 4
    assert roles.count("/TH") == 2 + 5 + 5 + 5
    assert roles.index("/H1") < roles.index("/H2") < roles.index("/Table")


def test_every_title_says_the_language_it_is_in(scripts: dict[str, Any]) -> None:
    with drawn(scripts) as document:
        tree = [e for e in elements(document.Root.StructTreeRoot) if "/Lang" in e]
        for page in document.pages:
            page.contents_coalesce()
        content = b"".join(page.Contents.read_bytes() for page in document.pages)

    assert [str(element.Lang) for element in tree] == list(SCRIPTS)
    for lang in SCRIPTS:
        # Cells by the tree; titles inside sentences by the marks around their letters.
        assert content.count(b"/Lang(%s)" % lang.encode()) >= 2, lang


def test_titles_are_read_back_as_they_were_written(scripts: dict[str, Any]) -> None:
    text = " ".join(pages_text(pdf_of(scripts)).split())

    for title in SCRIPTS.values():
        assert title in text
    assert "1.000001 × 33.33 % = 0.3333003333" in text.replace("\u00a0", " ")


def test_the_same_statement_is_the_same_pdf(scripts: dict[str, Any]) -> None:
    assert pdf_of(scripts) == pdf_of(scripts)


def test_markup_in_a_title_is_only_text() -> None:
    text = " ".join(pages_text(pdf_of(titled(HOSTILE[-1]))).split())

    assert '#eval("1") $x$ *bold* [x] \\ `raw` <label> @ref' in text


def test_letters_without_a_font_are_told_and_not_hidden() -> None:
    document = titled("เพลงไทย")

    assert undrawn(["เพลง"]) == ["เ", "พ", "ล", "ง"]
    assert undrawn([*SCRIPTS.values(), "क्\u200dष"]) == []
    said = "The title of work 1 has letters that no font here draws (U+0E40 U+0E1E"
    assert said in " ".join(pages_text(pdf_of(document)).split())


def test_without_its_fonts_a_pdf_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTIPHON_FONTS", str(tmp_path))

    with pytest.raises(FontsMissing, match="noto-sans/400Regular is not installed"):
        pdf_of(titled("one"))


def test_a_pdf_without_end_is_refused() -> None:
    with pytest.raises(PagesTooMany, match=r"has 5004\. Next: ask for a shorter period"):
        pdf_of(made_up([[("en", "one")]], count=5_001))


def test_an_empty_period_has_a_whole_pdf() -> None:
    document = made_up([])

    text = " ".join(pages_text(pdf_of(document)).split())

    assert document["entries"] == []
    assert "Nothing happened in this period." in text
    assert "= Payable after 0.000000" in text
