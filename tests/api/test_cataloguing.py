"""A list of works becomes a root, and every work a proof that leads to it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cataloguing import read_catalogue
from api.cli.__main__ import app
from chain.ledger.catalogue import CatalogueWork
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest
from chain.ledger.rights import WorkKind
from chain.ledger.standard_tree import verify_standard

HEADER = "kind,content_commitment,manifest_digest"
CARD = "ab" * 32


def content(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


def listing(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "archive.csv"
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return listing(tmp_path, *(f"ARCHIVE_ITEM,{content(i).hex()},{CARD}" for i in range(9)))


def test_every_row_is_a_work_at_its_position(archive: Path) -> None:
    tree = read_catalogue(archive)

    assert [work.position for work in tree.works] == list(range(9))
    assert tree.works[4].content_commitment == content(4)
    assert {work.kind for work in tree.works} == {WorkKind.ARCHIVE_ITEM}


def test_the_command_prints_root_and_proof(archive: Path) -> None:
    answer = CliRunner().invoke(app, ["catalogue", str(archive), "--proof", "4"])

    assert answer.exit_code == 0
    shown = json.loads(answer.stdout)
    position, kind, *digests = shown["work"]
    work = CatalogueWork(position, WorkKind(kind), *(_digest(text) for text in digests))
    assert shown["count"] == 9
    verify_standard(_digest(shown["root"]), work.leaf(), [_digest(t) for t in shown["proof"]])


@pytest.mark.parametrize("arguments", [["--proof", "9"], ["--proof", "-1"]])
def test_a_row_that_is_not_there_is_refused(archive: Path, arguments: list[str]) -> None:
    answer = CliRunner().invoke(app, ["catalogue", str(archive), *arguments])

    assert answer.exit_code == 1
    assert "the catalogue holds 9" in answer.stderr


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (f"SONG,{content(0).hex()},{CARD}", "work 0: 'SONG' is not one of COMPOSITION"),
        (f"STEM,{content(0).hex()[:-2]},{CARD}", "content commitment of work 0"),
        (f"STEM,{content(0).hex()},nothing", "manifest digest of work 0"),
        (f"STEM,{content(0).hex()}", "manifest digest of work 0"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, wrong: str) -> None:
    with pytest.raises(Malformed, match=wrong):
        read_catalogue(listing(tmp_path, row))


def test_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="its first line is not"):
        read_catalogue(listing(tmp_path, header="title,artist"))
    with pytest.raises(Malformed, match="holds no works"):
        read_catalogue(listing(tmp_path))


def _digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text[2:]))
