"""What must hold before an oracle can work, each as a sentence with the next step.

`/readyz` and `antiphon doctor` ask the same questions.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from chain.client.deployment import Deployment
from chain.client.errors import ClientError
from chain.client.node import Node
from chain.indexer.errors import IndexerError
from chain.ledger.identifiers import Address
from oracle.chain_view import ChainView
from oracle.errors import OracleError
from oracle.operations.pausing import Pauses
from oracle.outbox import Outbox
from oracle.transaction_book import TransactionBook

HEAD_AGE_SECONDS_MAX: Final = 300
CLOCK_AHEAD_SECONDS_MAX: Final = 120
BLOCKS_BEHIND_MAX: Final = 50
DISK_FREE_BYTES_MIN: Final = 1 << 30
RELAY_WEI_MIN: Final = 10**16
TROUBLES: Final = (ClientError, IndexerError, OracleError, OSError)


@dataclass(frozen=True)
class Check:
    """One question and its answer. `next_step` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    next_step: str = ""

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def examined(
    name: str,
    ask: Callable[[], Check],
    troubles: tuple[type[Exception], ...] = TROUBLES,
    tell: Callable[[Exception], str] = str,
) -> Check:
    """A check that could not be made has failed; `tell` says what its asker may know of it."""
    try:
        return ask()
    except troubles as trouble:
        return Check(name, False, tell(trouble), "mend that first; the rest may follow from it")


def check_node(node: Node, chain_id: int, *, mined_on_demand: bool, now: float) -> Check:
    """Whether the node answers for the right chain, and its newest block is new.

    A development chain mines when it is asked to, so its blocks may be old, and its clock ahead.
    """
    node.expect_chain(chain_id)
    head = node.head()
    age = int(now) - head.timestamp
    if not mined_on_demand and age > HEAD_AGE_SECONDS_MAX:
        step = "wait until the node has caught up, or ask another one (ANTIPHON_RPC_URL)"
        return Check("node", False, f"its newest block is {age} s old", step)
    if not mined_on_demand and -age > CLOCK_AHEAD_SECONDS_MAX:
        step = "set this machine's clock (NTP)"
        return Check("node", False, f"the chain's time is {-age} s ahead of ours", step)
    return Check("node", True, f"chain {chain_id}, block {head.number}")


def check_index(view: ChainView) -> Check:
    """Whether the index is close to the head."""
    behind = max(view.node.head().number - view.store.head().number, 0)
    if behind > BLOCKS_BEHIND_MAX:
        step = "give it time; if the number grows, read the log for what it waits for"
        return Check("index", False, f"{behind} blocks behind", step)
    return Check("index", True, f"{behind} blocks behind")


def check_contracts(node: Node, deployment: Deployment) -> Check:
    """Whether the deployment's contracts have code on this chain."""
    at = node.head()
    missing = [
        name for name, address in deployment.contracts.items() if not node.code(address, at=at)
    ]
    if missing:
        step = "check ANTIPHON_DEPLOYMENT and ANTIPHON_RPC_URL: they are of different chains"
        return Check("contracts", False, f"no code at {', '.join(missing)}", step)
    return Check("contracts", True, f"{len(deployment.contracts)} have code")


def check_outbox(outbox: Outbox) -> Check:
    """Whether the database answers; its tables were brought up to date when it was opened."""
    Pauses(outbox).all()
    return Check("outbox", True, outbox.place)


def check_pauses(outbox: Outbox) -> Check:
    """Whether people paused a level."""
    paused = Pauses(outbox).all()
    if paused:
        said = "; ".join(f"{pause.level}: {pause.reason}" for pause in paused)
        return Check("pauses", False, said, f"python -m oracle resume {paused[0].level}")
    return Check("pauses", True, "none")


def check_relays(outbox: Outbox, node: Node, relays: Sequence[Address]) -> Check:
    """Whether every relay key may send and can pay for gas."""
    with outbox.reading() as connection:
        paused = TransactionBook(connection).pauses()
    for relay, reason in paused.items():
        return Check("relay", False, f"{relay} is paused: {reason}", "python -m oracle resume")
    head = node.head()
    poor = [relay for relay in relays if node.balance_wei(relay, at=head) < RELAY_WEI_MIN]
    if poor:
        said = f"{', '.join(poor)}: less than {RELAY_WEI_MIN} wei"
        return Check("relay", False, said, "send it native coin for fees")
    return Check("relay", True, f"{', '.join(relays)} can pay fees")


def check_disk(folder: Path) -> Check:
    """Whether there is room for blocks and databases."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < DISK_FREE_BYTES_MIN:
        return Check("disk", False, f"{free >> 20} MiB free", "make room")
    return Check("disk", True, f"{free >> 30} GiB free")


def oracle_checks(
    outbox: Outbox,
    view: ChainView,
    relays: Sequence[Address],
    folder: Path,
    *,
    development: bool,
) -> tuple[Check, ...]:
    """Everything that `/readyz` of an oracle asks."""

    def questions() -> Iterator[tuple[str, Callable[[], Check]]]:
        node, chain_id = view.node, view.deployment.chain_id
        yield (
            "node",
            lambda: check_node(node, chain_id, mined_on_demand=development, now=time.time()),
        )
        yield "contracts", lambda: check_contracts(node, view.deployment)
        yield "index", lambda: check_index(view)
        yield "outbox", lambda: check_outbox(outbox)
        yield "pauses", lambda: check_pauses(outbox)
        yield "relay", lambda: check_relays(outbox, node, relays)
        yield "disk", lambda: check_disk(folder)

    return tuple(examined(name, ask) for name, ask in questions())
