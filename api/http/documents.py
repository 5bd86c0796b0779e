"""The repository's documents as pages, so that a verdict can say where its meaning is explained."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from api.errors import NotFound
from api.http.pages import templates

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs"
MISSING_MARK: Final = "MISSING_MARK.md"

router = APIRouter(include_in_schema=False)
# "js-default" lets no HTML through: documents are text.
_markdown = MarkdownIt("js-default")


def documents() -> dict[str, Path]:
    """Every document by its path within the folder: nothing else is ever opened."""
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*.md")}


@router.get("/docs/{name:path}", response_class=HTMLResponse)
def document(request: Request, name: str) -> HTMLResponse:
    """One document, drawn as a page; its links to other documents hold. Raises NotFound."""
    path = documents().get(name)
    if path is None:
        raise NotFound("document", name)
    text = path.read_text("utf-8")
    title = text.splitlines()[0].lstrip("# ")
    context = {"title": title, "body": _markdown.render(text)}
    return templates.TemplateResponse(request, "document.html", context)
