"""The recordings the story is told with: the built-in ones, or a folder of the user's own."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.errors import ApplicationError
from watermark.client import AudioRefused, WatermarkClient

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus"}
WORKS_MAX = 6
WORKS_MIN = 3
SYNTHESIS_SECONDS = 40
SYNTHESIS_RATE_HZ = 44_100
SYNTHESIS_SEED = 1
SYNTHESIS_LIMIT_SECONDS = 300


class TooFewRecordings(ApplicationError):
    code = "too-few-recordings"

    def __init__(self, folder: Path, found: int, skipped: Sequence[str]) -> None:
        listed = "".join(f"\n  skipped {line}" for line in skipped)
        super().__init__(
            f"{folder} holds {found} usable recordings; the story needs {WORKS_MIN + 1}: "
            f"{WORKS_MIN} works and one that stays unmarked.{listed}\n"
            f"Next: add files ({', '.join(sorted(SUFFIXES))}) that are long and loud enough"
        )


@dataclass(frozen=True)
class Source:
    """A recording and its titles as (BCP 47 language, text), the main one first."""

    path: Path
    titles: tuple[tuple[str, str], ...]
    tradition: str


@dataclass(frozen=True)
class Recordings:
    """`control` stays unmarked and unregistered; `skipped` says what was left out and why."""

    works: tuple[Source, ...]
    control: Path
    synthesised: bool
    skipped: tuple[str, ...] = ()


def built_in(folder: Path) -> Recordings:
    """Synthesise the built-in recordings once; later runs find them whole or make them again."""
    catalogue = folder / "catalogue.json"
    if not catalogue.exists():
        command = [sys.executable, "-m", "watermark.synthesis", str(folder)]
        command += ["--seconds", str(SYNTHESIS_SECONDS), "--rate", str(SYNTHESIS_RATE_HZ)]
        command += ["--seed", str(SYNTHESIS_SEED)]
        subprocess.run(
            command, check=True, timeout=SYNTHESIS_LIMIT_SECONDS, stdout=subprocess.DEVNULL
        )
    entries = json.loads(catalogue.read_text("utf-8"))["recordings"]
    works = tuple(
        Source(
            folder / entry["file"],
            tuple((title["language"], title["text"]) for title in entry["titles"]),
            entry["tradition"],
        )
        for entry in entries
    )
    # One recording stays out of the register, to stand for all the music that was never marked.
    return Recordings(works[:-1], works[-1].path, synthesised=True)


def candidates(folder: Path) -> list[Path]:
    """Files that could be recordings, by name. Raises ApplicationError, TooFewRecordings."""
    if not folder.is_dir():
        raise ApplicationError(f"{folder} is no folder. Next: give a folder with recordings")
    named = (p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    found = sorted(p for p in named if p.is_file())
    if len(found) <= WORKS_MIN:
        raise TooFewRecordings(folder, len(found), ())
    return found


def of_folder(folder: Path, watermark: WatermarkClient) -> Recordings:
    """The user's own files, each examined first. Raises ApplicationError, TooFewRecordings."""
    usable: dict[str, Source] = {}
    skipped: list[str] = []
    for path in candidates(folder):
        if len(usable) > WORKS_MAX:
            break
        title = title_of(path)
        try:
            sound = watermark.examine(path, name=f"{title}{path.suffix}").pcm_sha256
        except AudioRefused as refused:
            skipped.append(f"{title}: {refused}")
            continue
        if sound in usable:
            skipped.append(f"{title}: the same sound as {usable[sound].path.name}")
            continue
        usable[sound] = Source(path, (("und", title),), "from the folder given")
    if len(usable) <= WORKS_MIN:
        raise TooFewRecordings(folder, len(usable), skipped)
    *works, control = usable.values()
    return Recordings(tuple(works), control.path, synthesised=False, skipped=tuple(skipped))


def title_of(path: Path) -> str:
    """A file's name as a title.

    In Unicode normal form C, which manifests demand and macOS does not use for file names; bytes
    that are no UTF-8 are shown as such.
    """
    words = path.stem.replace("_", " ").replace("-", " ").strip()
    readable = words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", readable) or "untitled"
