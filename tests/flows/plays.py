"""Plays that a platform hands in, and how far the oracle has got with what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from chain.client.node import Node
from chain.client.signer import dev_signers
from chain.ledger.usage import UsageEvent, UsageKind
from chain.settlement.segments import Segment, SegmentOrigin, encode_segment
from oracle.epoch_book import EpochBook, EpochState
from oracle.outbox import Outbox
from oracle.transaction_book import AttemptState, TransactionBook
from tests.devnet import ACCOUNTS, PLATFORM, Devnet, deploy_all, running_anvil
from tests.heritage import Heritage, build_heritage, digest_of

FUNDS = 10**11


@contextmanager
def played_chain(**deploying: int) -> Iterator[tuple[Devnet, Heritage]]:
    """A node of its own with the heritage on it, and money for all that is played."""
    with running_anvil() as endpoint:
        node, signers = Node(endpoint), dev_signers(ACCOUNTS)
        devnet = Devnet(node, deploy_all(node, signers, **deploying), signers)
        heritage = build_heritage(devnet)
        devnet.pass_time(60)
        platform = signers[PLATFORM]
        devnet.token.mint(platform.address, FUNDS, signer=platform)
        devnet.token.approve(devnet.distributor.address, FUNDS, signer=platform)
        devnet.distributor.fund(devnet.deployment.token, FUNDS, signer=platform)
        yield devnet, heritage


@dataclass
class Played:
    """A chain with works that are played, and the outbox of its oracle."""

    devnet: Devnet
    heritage: Heritage
    outbox: Outbox

    def plays(self, first: int, count: int) -> list[UsageEvent]:
        """Numbered from `first` on, all of now."""
        now = self.devnet.node.head().timestamp
        return [
            UsageEvent(
                UsageKind.PLAY,
                self.heritage.distribution,
                self.heritage.generation_id,
                digest_of(f"play {number}"),
                now,
            )
            for number in range(first, first + count)
        ]

    def hand_in(self, api: str, events: list[UsageEvent]) -> int:
        """Hand a signed segment in to an API; how many of its events were new."""
        platform = self.devnet.signers[PLATFORM]
        origin = SegmentOrigin(31337, self.devnet.oracle.address, platform.address)
        body = encode_segment(events, origin)
        signature = platform.sign_digest(Segment.of(body).signing_digest(), chain_id=31337)
        answer = httpx.post(f"{api}/v1/usage/segments", content=body + signature, timeout=120.0)
        answer.raise_for_status()
        accepted: int = answer.json()["accepted"]
        return accepted

    def is_sent(self, intent: str) -> bool:
        """Whether a node has the transaction for an intent, and no block does."""
        with self.outbox.reading() as connection:
            attempt = TransactionBook(connection).of_intent(intent)
        return attempt is not None and attempt.state is AttemptState.SENT

    def is_final(self, number: int, *, pushed: bool = False) -> bool:
        """Whether an epoch is; with `pushed`, whether its payees were paid besides."""
        with self.outbox.reading() as connection:
            row = EpochBook(connection).of_number(number)
        return row is not None and row.state is EpochState.FINAL and row.pushed >= pushed
