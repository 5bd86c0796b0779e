"""The forms a statement is given in, all drawn from its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Form(StrEnum):
    """What a statement may be written as."""

    JSON = "json"
    CSV = "csv"
    TSV = "tsv"
    PDF = "pdf"


MEDIA_TYPES: Final = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.TSV: "text/tab-separated-values; charset=utf-8",
    Form.PDF: "application/pdf",
}


def written(document: Mapping[str, Any], form: Form, *, with_bom: bool = False) -> bytes:
    """A document's bytes in one form; `with_bom` is for the CSV of spreadsheets that guess."""
    # What one form needs is loaded when it is asked for.
    if form is Form.CSV:
        from chain.statements.csv_table import csv_of

        return csv_of(document, with_bom=with_bom).encode()
    if form is Form.TSV:
        from chain.statements.flat_file import tsv_of

        return tsv_of(document).encode()
    if form is Form.PDF:
        from chain.statements.pdf import pdf_of

        return pdf_of(document)
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def file_name(document: Mapping[str, Any], form: Form) -> str:
    """A name for the file: for whom and which blocks."""
    about, period = document["for"], document["period"]
    whose = about.get("payee") or f"community-{about['community_id']}"
    return f"statement-{whose}-{period['from_block']}-{period['to_block']}.{form}"
