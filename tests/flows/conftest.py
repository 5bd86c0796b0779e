"""Real parts, started once: a node with every contract, and the watermark process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.stack.stack import Stack
from tests.devnet import devnet_process

__all__ = ["devnet_process"]


@pytest.fixture(scope="session")
def watermark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Stack(tmp_path_factory.mktemp("watermark")) as stack:
        stack.start_watermark().wait_ready()
        yield stack.watermark_url
