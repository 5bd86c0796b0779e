"""An epoch is computed again from exported files alone, and no byte of them can be altered."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.__main__ import app
from api.epoch_files import (
    LISTS,
    PIECE_BYTES,
    _pieces,
    _sealed,
    verify_epoch_files,
    write_epoch_files,
)
from api.errors import NotFound
from chain.ledger.identifiers import EpochNumber
from chain.settlement.findings import Check
from tests.api.small_ledger import SmallLedger
from tests.heritage import UNIT_PRICE

FIRST = EpochNumber(1)
SEED = 20
ALTERED = 60


@pytest.fixture(scope="module")
def exported(built: SmallLedger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "epoch"
    write_epoch_files(built.app, FIRST, folder)
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(exported, tmp_path / "copy"))


def on_chain(ledger: SmallLedger) -> str:
    (record,) = ledger.app.store.epochs(at=ledger.app.refresh())
    return "0x" + record.report_hash.hex()


def test_an_epoch_verifies_from_its_files_with_no_node(
    ledger: SmallLedger, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a verification from files asked somebody")

    monkeypatch.setattr("socket.socket.connect", no_network)

    report, held = verify_epoch_files(copy, FIRST)

    assert report.discrepancies == ()
    assert {Check.REPORTS, Check.SEGMENTS, Check.FILES} <= set(report.checks)
    assert "0x" + held.hex() == on_chain(ledger)


def test_any_altered_byte_is_found_and_its_file_named(copy: Path) -> None:
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    chance = random.Random(SEED)
    for number in range(ALTERED):
        path = files[number % len(files)]
        sound = path.read_bytes()
        at = chance.randrange(len(sound))
        altered = bytearray(sound)
        altered[at] ^= 1 << chance.randrange(8)
        path.write_bytes(altered)

        report, _ = verify_epoch_files(copy, FIRST)

        path.write_bytes(sound)
        places = [found.place for found in report.discrepancies]
        assert any(path.name in place for place in places), (path.name, at, places)
        if path.name in LISTS:
            first = at - at % PIECE_BYTES
            assert any(f"{path.name}, bytes {first} to" in place for place in places)


def test_a_missing_segment_and_a_cut_list_are_named(copy: Path) -> None:
    segment = max((copy / "blocks").iterdir(), key=lambda path: path.stat().st_size)
    sound = segment.read_bytes()
    segment.unlink()

    report, _ = verify_epoch_files(copy, FIRST)

    assert any(segment.name in d.place and d.found == "not held here" for d in report.discrepancies)
    segment.write_bytes(sound)
    (copy / LISTS[0]).write_bytes((copy / LISTS[0]).read_bytes()[:-1])
    cut, _ = verify_epoch_files(copy, FIRST)
    assert [d.check for d in cut.discrepancies] == [Check.FILES]


def test_files_written_anew_with_care_come_to_another_report(
    ledger: SmallLedger, copy: Path
) -> None:

    lines = (copy / LISTS[0]).read_text().splitlines(keepends=True)
    document = json.loads((copy / "export.json").read_text())
    document.pop("sha256")
    # Every licence's terms with another unit price than the licensees agreed to.
    price = f"{UNIT_PRICE:064x}"
    assert any(price in line for line in lines)
    content = "".join(lines).replace(price, f"{UNIT_PRICE + 1:064x}").encode()
    (copy / LISTS[0]).write_bytes(content)
    document["pieces"][LISTS[0]] = _pieces(content)
    (copy / "export.json").write_bytes(_sealed(document))

    report, _ = verify_epoch_files(copy, FIRST)

    places = [found.place for found in report.discrepancies]
    assert any("cumulative total" in place for place in places), places


def test_an_epoch_that_does_not_stand_has_no_files(ledger: SmallLedger, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        write_epoch_files(ledger.app, EpochNumber(99), tmp_path / "none")


def test_the_api_hands_out_the_files_and_refuses_what_is_not(
    http: TestClient, tmp_path: Path
) -> None:
    answer = http.get("/v1/epochs/1/files")
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "files")

    report, _ = verify_epoch_files(tmp_path / "files", FIRST)

    assert report.is_clean
    assert http.get("/v1/epochs/99/files").status_code == 404


def test_the_command_passes_fails_and_compares_with_the_chain(
    ledger: SmallLedger, copy: Path
) -> None:
    def run(*given: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["verify-epoch", "1", "--from", str(copy), *given])
        return result.exit_code, result.output

    code, told = run()
    assert (code, on_chain(ledger) in told) == (0, True)
    assert run("--report-hash", on_chain(ledger))[0] == 0
    code, told = run("--report-hash", "0x" + "00" * 32)
    assert (code, "report hash: expected" in told) == (3, True)
    segment = max((copy / "blocks").iterdir(), key=lambda path: path.stat().st_size)
    segment.write_bytes(segment.read_bytes()[:-1] + b"\xff")
    code, told = run()
    assert (code, segment.name in told) == (3, True)
    (copy / "export.json").unlink()
    assert run()[0] == 1
