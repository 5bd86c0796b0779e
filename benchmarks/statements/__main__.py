"""How long one creator's statement takes, from the index to every form and the verifier.

    python -m benchmarks.statements                    1,000 payments on a node of its own
    python -m benchmarks.statements --payments 5000    another number

Each payment is a transaction and a line. Seconds are wall time of one run in one process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from chain.client.node import Node
from chain.client.signer import dev_signers
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import WorkId
from chain.statements.books import Books
from chain.statements.comparing import added_up, differences
from chain.statements.document import document_of
from chain.statements.epoch_lane import EpochRecomputation
from chain.statements.formats import Form, written
from chain.statements.periods import Chain, whole_chain
from tests.devnet import ACCOUNTS, CUSTOMER, Devnet, deploy_all, running_anvil
from tests.heritage import build_heritage

T = TypeVar("T")
PAYEE = 19


def timed(what: str, work: Callable[[], T], *, size: Callable[[T], str] = lambda _: "") -> T:
    """Do it, and print a row of the table."""
    begun = time.perf_counter()
    found = work()
    print(f"| {what} | {time.perf_counter() - begun:.2f} | {size(found)} |")
    return found


def pay_often(devnet: Devnet, work: WorkId, count: int) -> None:
    """So many payments of the customer for one work, one transaction each."""
    customer, token = devnet.signers[CUSTOMER], devnet.deployment.token
    devnet.token.approve(devnet.ledger.address, count * (count + 1), signer=customer)
    for number in range(1, count + 1):
        devnet.ledger.pay(work, token, number, signer=customer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000)
    count = parser.parse_args().payments
    with running_anvil() as endpoint, tempfile.TemporaryDirectory() as folder:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        heritage = build_heritage(devnet)
        pay_often(devnet, heritage.works[0], count)
        engine = open_database(f"sqlite:///{Path(folder) / 'index.sqlite'}")
        store = Store(engine)
        head = Follower(node, devnet.deployment, engine).catch_up().cursor
        nothing = EpochRecomputation(
            store, devnet.deployment, pin_of=node.block, read_block=lambda _digest, _codec: None
        )
        currency = devnet.token.currency(at=head)
        period = whole_chain(Chain(node.block, head))
        print(f"{count} payments, blocks 1 to {head.number}\n\n| step | s | |\n|---|--:|--:|")
        books = timed(
            "reading the index",
            lambda: Books(store, devnet.deployment, nothing, currency, head),
        )
        statement = timed("the account", lambda: books.of_payee(devnet.address(PAYEE), period))
        document = timed("sentences and digest", lambda: document_of(statement, lambda _work: ()))
        for form in Form:
            timed(
                form.upper(),
                partial(written, document, form),
                size=lambda data: f"{len(data):,} bytes",
            )
        timed(
            "verifying",
            lambda: (added_up(document)[0], differences(document, document)[0]),
            size=lambda found: f"{found[0]:,} sums, {found[1]:,} figures",
        )
        engine.dispose()


if __name__ == "__main__":
    main()
