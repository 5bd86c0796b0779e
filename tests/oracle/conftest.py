"""Fixtures for the oracle on a real chain; tests that do not ask for them start no node."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chain.client.signer import LocalSigner
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import (
    DetectionManifest,
    FsBlockStore,
    GenerationManifest,
    put_manifest,
    seal,
)
from chain.provenance.manifests import detection as detection_parts
from chain.provenance.manifests import generation as generation_parts
from chain.settlement.segments import Segment, SegmentOrigin, encode_segment
from oracle.chain_view import ChainView
from oracle.detection_report import (
    DetectionReport,
    SignedDetectionReport,
    detection_report_domain,
    sign_detection_report,
)
from oracle.generation_log import (
    GenerationLog,
    SignedGenerationLog,
    generation_log_domain,
    sign_generation_log,
)
from oracle.outbox import Outbox, Reached, nowhere
from oracle.service import OracleKeys, OracleService
from tests.devnet import (
    FIRST_OPERATOR,
    OPERATORS,
    PLATFORM,
    RELAY,
    Devnet,
    devnet,
    devnet_process,
)
from tests.heritage import Heritage, build_heritage
from tests.own_work import OwnWork
from tests.postgres import postgres
from watermark.detection import Corroborated

__all__ = ["devnet", "devnet_process", "postgres"]

FUNDS = 10**11


def sha(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode()).digest())


@dataclass
class World:
    """The chain of `tests.heritage`, and an oracle over it with its stores in one folder."""

    devnet: Devnet
    heritage: Heritage
    folder: Path
    service: OracleService
    outbox: Outbox
    view: ChainView
    blocks: FsBlockStore
    operators: tuple[LocalSigner, ...]

    def reopen(self, *, final_depth: int = 0) -> World:
        """The same stores in a new process."""
        self.outbox.close()
        again = open_world(self.devnet, self.heritage, self.folder, final_depth=final_depth)
        self.__dict__.update(again.__dict__)
        return self

    def fund(self, amount: int = FUNDS) -> None:
        """The platform puts money into the epoch lane."""
        platform = self.devnet.signers[PLATFORM]
        token = self.devnet.deployment.token
        self.devnet.token.mint(platform.address, amount, signer=platform)
        self.devnet.token.approve(self.devnet.distributor.address, amount, signer=platform)
        self.devnet.distributor.fund(token, amount, signer=platform)

    def now(self) -> int:
        return self.devnet.node.head().timestamp

    def plays(self, count: int, first: int = 0, **changes: object) -> list[UsageEvent]:
        """Plays of the derivative under the distribution licence, each from its own log line."""
        fields: dict[str, object] = {
            "kind": UsageKind.PLAY,
            "licence_id": self.heritage.distribution,
            "generation_id": self.heritage.generation_id,
            "occurred_at": self.now(),
        }
        return [
            UsageEvent(source_key=sha(f"play {i}"), **(fields | changes))  # type: ignore[arg-type]
            for i in range(first, first + count)
        ]

    def segment(
        self, events: list[UsageEvent], signer: LocalSigner | None = None
    ) -> tuple[bytes, bytes]:
        """A segment's bytes and its producer's signature (the platform's unless said)."""
        producer = signer or self.devnet.signers[PLATFORM]
        chain_id = self.devnet.deployment.chain_id
        origin = SegmentOrigin(chain_id, self.devnet.oracle.address, producer.address)
        return self.signed(encode_segment(events, origin), producer)

    def signed(self, body: bytes, producer: LocalSigner) -> tuple[bytes, bytes]:
        """A segment and its signature."""
        digest = Segment.of(body).signing_digest()
        return body, producer.sign_digest(digest, chain_id=self.devnet.deployment.chain_id)

    def file_plays(self, count: int, first: int = 0, **changes: object) -> None:
        self.service.file_segment(*self.segment(self.plays(count, first, **changes)))

    def own_plays(
        self, owned: OwnWork, count: int, first: int = 0, **changes: object
    ) -> list[UsageEvent]:
        """Plays of what somebody made of its own work, as `plays`."""
        own = {"licence_id": owned.distribution, "generation_id": owned.generation_id}
        return self.plays(count, 10_000 * owned.account + first, **(own | changes))

    def file_own_plays(self, owned: OwnWork, count: int, first: int = 0) -> None:
        """File a segment of them, signed by the owner."""
        signer = self.devnet.signers[owned.account]
        plays = self.own_plays(owned, count, first)
        self.service.file_segment(*self.segment(plays, signer=signer))

    def log(self, **changes: object) -> SignedGenerationLog:
        """The platform's signed log of the derivative's run, its manifest in the block store."""
        fields: dict[str, object] = {
            "generation_id": self.heritage.generation_id,
            "salt": self.heritage.salt,
            "output_commitment": sha("marked samples"),
            "licence_ids": self.heritage.generation,
            "started_at": self.now() - 3,
            "ended_at": self.now() - 1,
            "platform": self.devnet.address(PLATFORM),
        } | changes
        fields.setdefault("manifest_digest", self._generation_manifest(fields))
        log = GenerationLog(**fields)  # type: ignore[arg-type]
        domain = generation_log_domain(31337, self.devnet.graph.address)
        return sign_generation_log(log, self.devnet.signers[PLATFORM], domain)

    def found(self, operator: int = 0, **changes: object) -> SignedDetectionReport:
        """An operator's signed report on a found copy, its manifest in the block store."""
        signer = self.devnet.signers[FIRST_OPERATOR + operator]
        fields: dict[str, object] = {
            "subject_pcm_sha256": sha("found samples"),
            "generation_id": self.heritage.generation_id,
            "z_milli": 14_100,
            "false_positive_ppb": 1,
            "corroboration": Corroborated.SAME_RECORDING,
            "detector_digest": sha(f"detector {operator}"),
            "observed_at": self.now(),
            "operator": signer.address,
        } | changes
        fields.setdefault("manifest_digest", self._detection_manifest(fields))
        report = DetectionReport(**fields)  # type: ignore[arg-type]
        domain = detection_report_domain(31337, self.devnet.oracle.address)
        return sign_detection_report(report, signer, domain)

    def pay_epoch(self) -> None:
        """Everything from sealing to the last push, with the window passed on the dev chain."""
        self.service.seal_epoch()
        self.service.collect_signatures()
        self.service.post_epoch()
        self.devnet.pass_time(self.devnet.deployment.window_seconds + 1)
        payday = self.service.activate_and_push()
        assert payday is not None
        assert payday.complete

    def _generation_manifest(self, fields: dict[str, object]) -> Digest:
        licences: tuple[LicenceId, ...] = fields["licence_ids"]  # type: ignore[assignment]
        generation: GenerationId = fields["generation_id"]  # type: ignore[assignment]
        salt: Digest = fields["salt"]  # type: ignore[assignment]
        output: bytes = fields["output_commitment"]  # type: ignore[assignment]
        body = GenerationManifest(
            generation_id=f"0x{generation:016x}",
            generation_salt="0x" + salt.hex(),
            operator=f"eip155:31337:{str(fields['platform']).lower()}",
            licence_ids=tuple(int(i) for i in licences),
            inputs=(generation_parts.Input(work_id=1, manifest_cid=SOME_CID),),
            model=generation_parts.Model(name="stand-in", version="1", sha256="0x" + "11" * 32),
            prompt_commitment="0x" + "22" * 32,
            output=generation_parts.Output(
                cid=SOME_CID,
                pcm_sha256="0x" + output.hex(),
                mime="audio/flac",
                sample_rate=16_000,
                channels=1,
                duration_ms=1_000,
            ),
            watermark=generation_parts.Watermark(alg="cell-mark/1", key_id="dev", id_bits=64),
            disclosure=generation_parts.Disclosure(
                vocals="none",
                instrumentation="full",
                composition="partial",
                post_production="full",
                lyrics="none",
            ),
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            ended_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
        )
        return self._put(body)

    def _detection_manifest(self, fields: dict[str, object]) -> Digest:
        generation: GenerationId = fields["generation_id"]  # type: ignore[assignment]
        subject: bytes = fields["subject_pcm_sha256"]  # type: ignore[assignment]
        body = DetectionManifest(
            subject=detection_parts.Subject(
                sha256="0x" + "33" * 32,
                pcm_sha256="0x" + subject.hex(),
                byte_count=1,
                duration_ms=1_000,
            ),
            detector=detection_parts.Detector(
                name="cell-mark", version="1", weights_sha256="0x" + "44" * 32, threshold="8.7"
            ),
            result=detection_parts.DetectionResult(
                present=True,
                score="14.1",
                generation_id=f"0x{generation:016x}",
                corroboration=detection_parts.Corroboration(
                    outcome="same-recording", compared=500, agreeing=400, false_agreement="0"
                ),
            ),
            expected_false_positive=detection_parts.ExpectedFalsePositive(
                per_file="0.000000001", at_threshold="8.7", measured_on="nothing yet"
            ),
        )
        return self._put(body)

    def _put(self, body: GenerationManifest | DetectionManifest) -> Digest:
        issuer = f"eip155:31337:{self.devnet.address(PLATFORM).lower()}"
        sealed = seal(body, issuer=issuer, issued_at=datetime(2026, 1, 1, tzinfo=UTC))
        return Digest(put_manifest(self.blocks, sealed).digest)


SOME_CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def open_world(
    devnet: Devnet,
    heritage: Heritage,
    folder: Path,
    *,
    reached: Reached = nowhere,
    final_depth: int = 0,
    place: Path | str | None = None,
    pause: Callable[[float], None] = lambda _seconds: None,
) -> World:
    """An oracle over stores that may be there already; `place` is its outbox's, if not a file."""
    engine = open_database(f"sqlite:///{folder / 'index.sqlite'}")
    follower = Follower(devnet.node, devnet.deployment, engine)
    view = ChainView(devnet.node, Store(engine), devnet.deployment, follower.catch_up, final_depth)
    blocks = FsBlockStore(folder / "blocks")
    outbox = Outbox(place or folder / "outbox.db", {"chainId": "31337"}, reached=reached)
    operators = devnet.signers[FIRST_OPERATOR : FIRST_OPERATOR + OPERATORS]
    keys = OracleKeys(operators, operators[0], devnet.signers[RELAY])
    service = OracleService(outbox, view, blocks, keys, devnet.deployment.token, pause=pause)
    return World(devnet, heritage, folder, service, outbox, view, blocks, operators)


def service_over(world: World, signing: Sequence[LocalSigner], **more: Any) -> OracleService:
    """Another oracle over a world's stores, in which these operators sign."""
    keys = OracleKeys(tuple(signing), world.operators[0], world.devnet.signers[RELAY])
    return OracleService(
        world.outbox,
        world.view,
        world.blocks,
        keys,
        world.devnet.deployment.token,
        pause=lambda _seconds: None,
        **more,
    )


@pytest.fixture(scope="module")
def built(devnet_process: Devnet) -> Iterator[tuple[Devnet, Heritage]]:
    """The heritage on chain, once for a module's tests."""
    with devnet_process.rolled_back():
        heritage = build_heritage(devnet_process)
        # Licences are taken before anything happens under them.
        devnet_process.pass_time(60)
        yield devnet_process, heritage


@pytest.fixture
def world(built: tuple[Devnet, Heritage], tmp_path: Path) -> Iterator[World]:
    """An oracle with empty stores; the chain is rolled back to the heritage afterwards."""
    devnet, heritage = built
    with devnet.rolled_back():
        made = open_world(devnet, heritage, tmp_path)
        yield made
        made.outbox.close()
