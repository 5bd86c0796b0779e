"""What an operator will not sign."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.reporting import SeveralIdentities, report_detection
from watermark.payload import GenerationId

NOBODY = cast(Any, None)


def _traced(*ids: int) -> Any:
    found = tuple(
        SimpleNamespace(identity=SimpleNamespace(generation_id=GenerationId(one))) for one in ids
    )
    return SimpleNamespace(generations=found)


def test_a_file_that_names_two_generations_is_not_reported_as_one_of_them() -> None:
    with pytest.raises(SeveralIdentities, match=r"0x0000000000000007.*cut the file") as refused:
        report_detection(NOBODY, _traced(7, 9), Path("mix.wav"), NOBODY)

    assert refused.value.found == (GenerationId(7), GenerationId(9))


def test_a_file_without_a_mark_is_not_reported() -> None:
    with pytest.raises(ValueError, match="nothing to report"):
        report_detection(NOBODY, _traced(), Path("control.wav"), NOBODY)
