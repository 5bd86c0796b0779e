"""Posting and paying epochs on the development node, as operators and a pusher do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import (
    ZERO_DIGEST,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    address_bytes,
)
from chain.ledger.sum_tree import Payout
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance.block_store import MemoryBlockStore
from chain.provenance.cid import Cid, Codec
from chain.provenance.manifests import SegmentsManifest, put_manifest, seal
from chain.provenance.manifests.segments import Segment
from chain.settlement.carried import Carried
from chain.settlement.segments import SegmentOrigin, encode_segment
from chain.settlement.settle import EpochSettlement, settle_epoch
from chain.settlement.state import settlement_state
from tests.devnet import FIRST_OPERATOR, PLATFORM, RELAY, THRESHOLD, Devnet

ISSUED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def uses(
    licence_id: LicenceId,
    generation_id: GenerationId,
    count: int,
    *,
    at: int,
    kind: UsageKind = UsageKind.GENERATION,
    name: str = "use",
) -> list[UsageEvent]:
    """So many distinct usage events, a second apart from Unix time `at` on."""
    return [
        UsageEvent(
            kind,
            licence_id,
            generation_id,
            Digest(hashlib.sha256(f"{name} {licence_id} {number}".encode()).digest()),
            at + number,
        )
        for number in range(count)
    ]


@dataclass
class EpochLane:
    """Everything operators and a pusher remember between epochs."""

    devnet: Devnet
    follower: Follower
    store: Store
    blocks: MemoryBlockStore = field(default_factory=MemoryBlockStore)
    carried: Carried = field(default_factory=Carried)
    counted: set[Digest] = field(default_factory=set)
    previous: Digest = ZERO_DIGEST
    settled: list[EpochSettlement] = field(default_factory=list)
    # Blocks that somebody tampered with, by the digest they are still held under.
    altered: dict[Digest, bytes] = field(default_factory=dict)

    def fund(self, amount: int) -> None:
        platform = self.devnet.signers[PLATFORM]
        token = self.devnet.deployment.token
        self.devnet.token.approve(self.devnet.distributor.address, amount, signer=platform)
        self.devnet.distributor.fund(token, amount, signer=platform)

    def origin(self) -> SegmentOrigin:
        """The header of every segment here: the platform's."""
        return SegmentOrigin(31337, self.devnet.oracle.address, self.devnet.address(PLATFORM))

    def put_segments(self, batches: Iterable[Sequence[UsageEvent]]) -> Cid:
        """Store segments and the manifest that names them."""
        segments = []
        for batch in batches:
            cid = self.blocks.put(Codec.RAW, encode_segment(batch, self.origin()))
            segments.append(Segment(cid=cid, count=len(batch)))
        body = SegmentsManifest(
            epoch=len(self.settled) + 1,
            segments=tuple(segments),
            event_count=sum(segment.count for segment in segments),
        )
        issuer = f"eip155:31337:{self.devnet.address(FIRST_OPERATOR).lower()}"
        return put_manifest(self.blocks, seal(body, issuer=issuer, issued_at=ISSUED_AT))

    def settle(self, batches: Sequence[Sequence[UsageEvent]]) -> tuple[EpochSettlement, Cid]:
        """Settle a next epoch at the newest indexed block; remembers nothing yet."""
        manifest = self.put_segments(batches)
        self.follower.catch_up()
        state = settlement_state(
            self.store,
            at=self.store.head(),
            token=self.devnet.deployment.token,
            epoch=EpochNumber(len(self.settled) + 1),
            previous_report=self.previous,
            counted_ids=frozenset(self.counted),
        )
        events = [event for batch in batches for event in batch]
        return settle_epoch(events, state, self.carried), manifest

    def post(self, outcome: EpochSettlement, report: EpochReport) -> None:
        """Sign with the threshold of operators and post; remembers the epoch."""
        digest = report.digest(31337, self.devnet.oracle.address)
        operators = sorted(
            self.devnet.signers[FIRST_OPERATOR : FIRST_OPERATOR + THRESHOLD],
            key=lambda signer: address_bytes(signer.address),
        )
        signatures = [signer.sign_digest(digest, chain_id=31337) for signer in operators]
        self.devnet.oracle.post_epoch(
            report, outcome.licence_usage, signatures, signer=self.devnet.signers[RELAY]
        )
        self.previous = report.struct_hash()
        self.carried = outcome.carried
        self.counted.update(outcome.counted)
        self.settled.append(outcome)

    def run(self, batches: Sequence[Sequence[UsageEvent]]) -> EpochSettlement:
        """Settle, post, wait the window out, activate and pay one epoch."""
        outcome, manifest = self.settle(batches)
        report = outcome.report(Digest(manifest.digest))
        self.post(outcome, report)
        self.activate_and_push(outcome)
        return outcome

    def activate_and_push(self, outcome: EpochSettlement) -> None:
        token, relay = self.devnet.deployment.token, self.devnet.signers[RELAY]
        self.devnet.pass_time(self.devnet.deployment.window_seconds + 1)
        self.devnet.distributor.activate(token, signer=relay)
        tree = outcome.sum_tree
        width = 1 << tree.depth
        self.devnet.distributor.push_range(
            token,
            0,
            tree.range_payouts(0, width),
            tree.range_proof(0, width),
            signer=relay,
        )

    def read_block(self, digest: Digest, codec: int) -> bytes | None:
        """What `verify` reads by: the bytes held, unverified."""
        return self.altered.get(digest, self.read_sound(digest, codec))

    def read_sound(self, digest: Digest, codec: int) -> bytes | None:
        """Blocks as they were stored."""
        cid = Cid(1, Codec(codec), bytes(digest))
        return self.blocks.get(cid) if self.blocks.has(cid) else None

    def published(self, epoch: EpochNumber) -> tuple[Payout, ...]:
        return self.settled[epoch - 1].payouts
