"""What a run has measured so far: one JSON object a line, so that a run cut short goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class JournalMismatch(Exception):
    """The folder holds the rows of a run with other settings; they must not be mixed."""

    def __init__(self, path: Path, differing: list[str]) -> None:
        self.path = path
        self.differing = differing
        super().__init__(
            f"{path} belongs to a run with other settings ({', '.join(differing)}); "
            "name another --out folder, or delete that file"
        )


class Journal:
    """Appends rows to a file whose first line states the run's settings."""

    def __init__(self, path: Path, settings: Row) -> None:
        """Start a journal, or go on with one of the same settings. Raises JournalMismatch."""
        self.path = path
        self.rows: list[Row] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            first, *self.rows = read_rows(path)
            known = {key: value for key, value in first.items() if key != "kind"}
            asked = json.loads(json.dumps(settings))
            differing = [
                key for key in sorted({*known, *asked}) if known.get(key) != asked.get(key)
            ]
            if differing:
                raise JournalMismatch(path, differing)
            _drop_torn_line(path)
        else:
            self._append({"kind": "run", **settings})

    def add(self, row: Row) -> None:
        """Keep a row, on disk before this returns."""
        self.rows.append(row)
        self._append(row)

    def of_kind(self, kind: str) -> list[Row]:
        return [row for row in self.rows if row["kind"] == kind]

    def _append(self, row: Row) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[Row]:
    """All whole rows of a journal, settings first; a line cut short by a crash is passed over."""
    return list(_whole_rows(path.read_text("utf-8")))


def _whole_rows(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _drop_torn_line(path: Path) -> None:
    text = path.read_text("utf-8")
    whole = "".join(json.dumps(row) + "\n" for row in _whole_rows(text))
    if whole != text:
        path.write_text(whole, "utf-8")
