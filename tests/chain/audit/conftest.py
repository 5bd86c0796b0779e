"""One world for the whole run, on a node of its own, and its bundle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chain.audit.export import Bundle
from chain.client.node import Node
from chain.client.signer import dev_signers
from tests.chain.audit.audit_world import AuditWorld, build_audit_world
from tests.devnet import ACCOUNTS, Devnet, deploy_all, devnet, devnet_process, running_anvil

__all__ = ["devnet", "devnet_process"]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditWorld]:
    with running_anvil() as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        made = Devnet(node, deploy_all(node, signers), signers)
        yield build_audit_world(made, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="session")
def bundle(world: AuditWorld) -> Bundle:
    return world.export()
