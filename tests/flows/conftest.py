"""Real parts, started once: a node with every contract, and the watermark process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.devnet import devnet_process
from tests.flows.small_story import listening

__all__ = ["devnet_process"]


@pytest.fixture(scope="session")
def watermark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with listening(tmp_path_factory.mktemp("watermark")) as url:
        yield url
