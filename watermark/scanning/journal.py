"""Results of a scan, a line of JSON per file, appended as they come: what a second run skips."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from watermark.identity.detector import DETECTOR_VERSION
from watermark.scanning.refusals import AudioOutOfReach, WorkerLost
from watermark.scanning.scan import Scanned, ScanOptions


class JournalUnusable(Exception):
    """The file of results is not one; says what to do."""


@dataclass(frozen=True)
class _Seen:
    """What has to be the same for a file to be skipped."""

    path: str
    bytes: int
    modified_ns: int
    mode: str
    detector: str
    key_ids: tuple[str, ...]


class Journal:
    """Reads what was done and adds to it; a context manager."""

    def __init__(self, path: Path, options: ScanOptions, key_ids: Iterable[str], ids: int) -> None:
        """`key_ids` and `ids` are what is searched now. Raises JournalUnusable."""
        self.path = path
        self._mode = options.mode
        self._key_ids = tuple(sorted(key_ids))
        self._ids = ids
        self._done: dict[_Seen, int] = {}  # ids searched then
        self.lines: list[dict[str, Any]] = []  # of this run and those before, oldest first
        self._read()
        self._file: TextIO | None = None

    def is_done(self, path: Path, *, for_all_ids: bool = False) -> bool:
        """Whether this very file was searched in this way, if asked `for_all_ids` of now."""
        ids = self._done.get(self._seen(path), -1)
        return ids >= self._ids if for_all_ids else ids >= 0

    def add(self, result: Scanned) -> dict[str, Any]:
        """Append a result; on disk when this returns."""
        line = asdict(self._seen(result.path)) | {"registered_ids": self._ids} | line_of(result)
        assert self._file is not None, "a journal is written inside its context"
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        self.lines.append(line)
        return line

    def __enter__(self) -> Journal:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None
        self._file.close()

    def _seen(self, path: Path) -> _Seen:
        try:
            facts = path.stat()
            size, modified_ns = facts.st_size, facts.st_mtime_ns
        except OSError:
            size, modified_ns = -1, -1
        return _Seen(
            str(path.resolve()), size, modified_ns, self._mode, DETECTOR_VERSION, self._key_ids
        )

    def _read(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text("utf-8", errors="replace")
        whole, _, broken = text.rpartition("\n")
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                document = json.loads(line)
                seen = _Seen(
                    document["path"],
                    document["bytes"],
                    document["modified_ns"],
                    document["mode"],
                    document["detector"],
                    tuple(document["key_ids"]),
                )
                self._count(seen, document)
                self.lines.append(document)
            except (ValueError, KeyError, TypeError) as error:
                raise JournalUnusable(
                    f"{self.path}:{number}: not a result of a scan; give another --out"
                ) from error
        if broken:  # a run that was killed while it wrote: its last file is searched again
            with self.path.open("r+b") as file:
                file.truncate(len(whole.encode()) + bool(whole))

    def _count(self, seen: _Seen, line: dict[str, Any]) -> None:
        """What a line is worth to a second run."""
        why = line["refusal"] and line["refusal"]["code"]
        if why != AudioOutOfReach.code:
            self._done[seen] = 0 if why == WorkerLost.code else line["registered_ids"]


def line_of(result: Scanned) -> dict[str, Any]:
    """A result as a JSON object."""
    identities = [
        asdict(one) | {"generation_id": str(one.generation_id)} for one in result.identities
    ]
    refusal = result.refusal
    return {
        "outcome": result.outcome,
        "seconds": result.seconds,
        "heard_seconds": result.heard_seconds,
        "took_seconds": result.took_seconds,
        "identities": identities,
        "refusal": None if refusal is None else {"code": refusal.code, "detail": refusal.detail},
    }


def audio_paths(given: Iterable[Path], suffixes: Iterable[str]) -> Iterator[Path]:
    """Files as given, and those in folders whose suffix is one of `suffixes`, in order of name."""
    wanted = set(suffixes)
    for one in given:
        if one.is_dir():
            inside = (p for p in one.rglob("*") if p.suffix.lower() in wanted and p.is_file())
            yield from sorted(inside)
        else:
            yield one
