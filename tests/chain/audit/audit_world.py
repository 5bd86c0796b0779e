"""A ledger with something of everything, on a real node: both lanes, signed evidence, an announced
rule, a frozen share, direct reports, sublicences, and a derivative of a derivative."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.audit.export import Bundle, export
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest, EpochNumber, GenerationId, LicenceId
from chain.ledger.sharing import Announcement, SharingRule
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance.cid import Cid, Codec
from chain.provenance.manifests import SegmentsManifest, put_manifest, seal
from chain.provenance.manifests.segments import Segment as ListedSegment
from chain.settlement.segments import Segment, encode_segment
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
from oracle.papers import Evidence, SegmentProducer, put_evidence
from tests.devnet import COUNCIL, CUSTOMER, FIRST_OPERATOR, PLATFORM, Devnet
from tests.direct_reports import DirectReporter, found_copy
from tests.epochs import ISSUED_AT, EpochLane, uses
from tests.heritage import ELDERS, Heritage, announce_rule, build_heritage, digest_of, pay
from tests.histories import derive_again
from tests.sublicences import licence_path
from watermark.detection import Corroborated

FUNDS = 10**9
DEPOSIT = 10_000
FLOOR = Announcement(SharingRule.FLOOR_PRO_RATA, 5_000, 1, EpochNumber(2))
ROOT = Announcement(SharingRule.COMMUNITY_ROOT, 0, 1, EpochNumber(3))


class SignedLane(EpochLane):
    """An epoch lane whose segments are signed, and whose sets cite the evidence."""

    logs: tuple[SignedGenerationLog, ...] = ()
    detections: tuple[SignedDetectionReport, ...] = ()

    def put_segments(self, batches: Iterable[Sequence[UsageEvent]]) -> Cid:
        listed, producers = [], []
        platform = self.devnet.signers[PLATFORM]
        for batch in batches:
            block = encode_segment(batch, self.origin())
            segment = Segment.of(block)
            signature = platform.sign_digest(segment.signing_digest(), chain_id=31337)
            producers.append(
                SegmentProducer(segment.digest, segment.count, platform.address, signature)
            )
            listed.append(ListedSegment(cid=self.blocks.put(Codec.RAW, block), count=len(batch)))
        evidence = put_evidence(self.blocks, Evidence(tuple(producers), self.logs, self.detections))
        body = SegmentsManifest(
            epoch=len(self.settled) + 1,
            segments=tuple(listed),
            event_count=sum(segment.count for segment in listed),
            evidence=str(evidence),
        )
        issuer = f"eip155:31337:{self.devnet.address(FIRST_OPERATOR).lower()}"
        return put_manifest(self.blocks, seal(body, issuer=issuer, issued_at=ISSUED_AT))


@dataclass
class AuditWorld:
    """The chain, its index, and what was posted."""

    devnet: Devnet
    heritage: Heritage
    lane: SignedLane

    def export(self, **how: object) -> Bundle:
        self.lane.follower.catch_up()
        return export(
            self.lane.store,
            self.devnet.node,
            self.devnet.deployment,
            self.lane.read_block,
            **how,  # type: ignore[arg-type]
        )


def signed_log(devnet: Devnet, heritage: Heritage, at: int) -> SignedGenerationLog:
    log = GenerationLog(
        heritage.generation_id,
        heritage.salt,
        digest_of("manifest of the run"),
        digest_of("marked samples"),
        heritage.generation,
        at,
        at + 3,
        devnet.address(PLATFORM),
    )
    domain = generation_log_domain(31337, devnet.graph.address)
    return sign_generation_log(log, devnet.signers[PLATFORM], domain)


def signed_detection(devnet: Devnet, generation: GenerationId, at: int) -> SignedDetectionReport:
    signer = devnet.signers[FIRST_OPERATOR]
    report = DetectionReport(
        digest_of("found samples"),
        generation,
        14_100,
        1,
        Corroborated.SAME_RECORDING,
        digest_of("detector"),
        at,
        digest_of("manifest of the detection"),
        signer.address,
    )
    return sign_detection_report(
        report, signer, detection_report_domain(31337, devnet.oracle.address)
    )


def freeze(devnet: Devnet, heritage: Heritage) -> None:
    """The customer disputes the share of the chant's first payee."""
    chant = heritage.works[2]
    payee = heritage.splits[chant].shares[0].payee
    customer = devnet.signers[CUSTOMER]
    bond = devnet.court.bond_for(chant, payee, heritage.splits[chant], at=devnet.node.head())
    devnet.token.approve(devnet.court.address, bond, signer=customer)
    evidence, split = digest_of("a birth certificate"), heritage.splits[chant]
    devnet.court.open(chant, payee, evidence, split, bond, signer=customer)


def build_audit_world(devnet: Devnet, folder: Path, plays: int = 40, logs: int = 1) -> AuditWorld:
    """Three epochs paid; in the first one so many `plays`, and a generation for each of so many
    `logs`, which are signed one by one."""
    heritage = build_heritage(devnet)
    second = derive_again(devnet, heritage)
    pay(devnet, second, 7_777_777)
    chants = heritage.communities[1]
    announce_rule(devnet, chants, FLOOR, steward=12, approvers=ELDERS[:2])
    announce_rule(devnet, heritage.communities[0], ROOT, steward=11)
    engine = open_database(f"sqlite:///{folder / 'index.sqlite'}")
    lane = SignedLane(devnet, Follower(devnet.node, devnet.deployment, engine), Store(engine))
    lane.fund(FUNDS)
    top, middle, lowest = licence_path(devnet, heritage, 3)
    world = AuditWorld(devnet, heritage, lane)
    now = devnet.node.head().timestamp
    gong, chant = heritage.generation
    made = heritage.generation_id
    lane.logs = tuple(signed_log(devnet, heritage, now - n) for n in range(max(1, logs)))
    lane.detections = (signed_detection(devnet, made, now),)
    logged = [
        UsageEvent(UsageKind.GENERATION, licence, made, signed.log.log_id, now)
        for n, signed in enumerate(lane.logs)
        for licence in (heritage.generation if n == 0 else (gong,))
    ]
    heard = UsageEvent(UsageKind.DETECTION, chant, made, digest_of("found samples"), now)
    play = uses(heritage.distribution, made, plays, at=now, kind=UsageKind.PLAY)
    lane.run([[*logged, heard, *uses(gong, made, 17, at=now)], play])
    direct = DirectReporter(devnet, heritage)
    direct.deposit(DEPOSIT)
    released, rejected = (
        direct.post(found_copy(chant, heritage, at=now, name=name)) for name in "ab"
    )
    reason = Digest(hashlib.sha256(b"a mistake").digest())
    devnet.direct_reports.reject(rejected, reason, signer=devnet.signers[COUNCIL])
    lane.logs = lane.detections = ()
    passed_on = [*uses(top, made, 1, at=now, kind=UsageKind.PLAY)]
    passed_on += uses(middle, made, 2, at=now, kind=UsageKind.PLAY)
    passed_on += uses(lowest, made, 4, at=now, kind=UsageKind.PLAY)
    again = [*uses(chant, made, 13, at=now, name="second"), *play[:3], *unknown(now), *passed_on]
    lane.run([again, uses(gong, made, 5, at=now, name="second")])
    direct.release(released)
    freeze(devnet, heritage)
    direct.post(found_copy(gong, heritage, at=now, name="c"))
    lane.run([uses(chant, made, 11, at=now, name="third"), uses(gong, made, 9, at=now, name="3")])
    devnet.mine(3)
    return world


def unknown(now: int) -> list[UsageEvent]:
    """Uses that must be refused: of a licence that nobody took, and of no derivative."""
    return [
        *uses(LicenceId(99), GenerationId(5), 1, at=now, name="stray"),
        *uses(LicenceId(2), GenerationId(5), 1, at=now, name="stray"),
    ]
