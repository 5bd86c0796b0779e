"""One world for the whole run, and its bundle."""

from __future__ import annotations

import pytest

from chain.audit.export import Bundle
from tests.chain.audit.audit_world import AuditWorld, build_audit_world
from tests.devnet import Devnet, devnet_process

__all__ = ["devnet_process"]


@pytest.fixture(scope="session")
def world(devnet_process: Devnet, tmp_path_factory: pytest.TempPathFactory) -> AuditWorld:
    return build_audit_world(devnet_process, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="session")
def bundle(world: AuditWorld) -> Bundle:
    return world.export()
