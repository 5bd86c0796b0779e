"""The bars that docs/WATERMARK.md prints are those of the committed calibration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watermark.identity.null_model import NullModel
from watermark.identity.windows import window_count

PAGE = Path(__file__).resolve().parents[2] / "docs" / "WATERMARK.md"
BLOCKS = {"10 s": 1, "30 s": 2, "3 min": 12, "1 h": 225}  # of 16 s
IDS = (1_000, 1_000_000, 10_000_000)


@pytest.mark.parametrize("length", BLOCKS)
def test_the_page_prints_the_bars_in_use(length: str) -> None:
    row = re.search(rf"^\| {length} \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert row is not None
    printed = [float(cell) for cell in row[1].split("|")]

    windows = window_count(BLOCKS[length])
    bars = [NullModel.load().threshold_z(windows=windows, ids=ids) for ids in IDS]

    assert printed == pytest.approx(bars, abs=0.1)
