"""The documents as pages: every link between them holds, and nothing beside them is opened."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from api.http.documents import FOLDER, documents


def test_every_link_of_the_page_on_missing_marks_leads_to_a_page(http: TestClient) -> None:
    page = http.get("/docs/MISSING_MARK.md")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>What a missing mark does not prove" in page.text
    links = set(re.findall(r'href="([^/"#][^"]*\.md)"', page.text))
    assert links == {"GLOSSARY.md", "WATERMARK.md"}
    for link in links:
        assert http.get(f"/docs/{link}").status_code == 200


def test_tables_are_tables_and_markup_is_text(http: TestClient) -> None:
    page = http.get("/docs/GLOSSARY.md").text

    assert "<table>" in page
    assert "<script" not in page


@pytest.mark.parametrize("name", sorted(documents()))
def test_every_document_has_a_title_and_its_links_exist(http: TestClient, name: str) -> None:
    page = http.get(f"/docs/{name}")

    assert page.status_code == 200
    assert "<title>Antiphon: #" not in page.text
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", (FOLDER / name).read_text("utf-8")):
        assert ((FOLDER / name).parent / link).exists(), f"{name} links to {link}"


@pytest.mark.parametrize(
    "name", ["none.md", "../README.md", "%2e%2e/README.md", "..%2fREADME.md", "images/flow.svg", ""]
)
def test_nothing_beside_the_documents_is_opened(http: TestClient, name: str) -> None:
    answer = http.get(f"/docs/{name}")

    assert answer.status_code == 404
    assert "make demo" not in answer.text
