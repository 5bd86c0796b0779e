"""The committed ABIs and bytecode are what the compiler makes of the contracts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import export_abi


@pytest.fixture(scope="module")
def compiled() -> dict[str, str]:
    return export_abi.compile_all(export_abi.NAMES)


def test_committed_abis_are_the_compiled_ones(compiled: dict[str, str]) -> None:
    assert export_abi.drift(compiled) == [], "run python -m scripts.export_abi"


def test_a_drift_is_named_by_file_and_part(
    compiled: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_abi, "ABI_FOLDER", tmp_path)
    monkeypatch.setattr(export_abi, "ROOT", tmp_path)
    for name, text in compiled.items():
        (tmp_path / f"{name}.json").write_text(text)
    assert export_abi.drift(compiled) == []

    altered = json.loads(compiled["WorkRegistry"])
    altered["bytecode"] = altered["bytecode"][:-2] + "00"
    (tmp_path / "WorkRegistry.json").write_text(json.dumps(altered))
    (tmp_path / "UsageOracle.json").unlink()

    assert sorted(export_abi.drift(compiled)) == [
        "UsageOracle.json is missing",
        "WorkRegistry.json differs in bytecode",
    ]


def test_a_stray_abi_is_named(
    compiled: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_abi, "ABI_FOLDER", tmp_path)
    for name, text in compiled.items():
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "OldLedger.json").write_text("{}")

    assert export_abi.drift(compiled) == ["chain/client/abi/OldLedger.json belongs to no contract"]
