"""One valid manifest of each kind, with the parts that tests vary as arguments."""

from __future__ import annotations

from datetime import UTC, datetime

from chain.provenance import (
    Cid,
    Codec,
    DetectionManifest,
    GenerationManifest,
    LicenceManifest,
    ManifestBody,
    SealedManifest,
    SegmentsManifest,
    WorkManifest,
    seal,
)
from chain.provenance.manifests import detection, generation, licence, segments, work

ISSUER = "eip155:31337:0x" + "11" * 20
ADDRESS = "0x" + "22" * 20
DIGEST = "0x" + "ab" * 32
NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
AUDIO = b"the samples of a recording"
AUDIO_CID = Cid.of(Codec.RAW, AUDIO)


def public_master(cid: Cid = AUDIO_CID) -> work.Master:
    return work.Master(
        access=work.MasterAccess.PUBLIC,
        mime="audio/flac",
        byte_count=len(AUDIO),
        sample_rate=48_000,
        channels=2,
        duration_ms=30_000,
        cid=cid,
        pcm_sha256=DIGEST,
    )


def kept_master(
    access: work.MasterAccess = work.MasterAccess.OFFCHAIN, cid: str | None = None
) -> work.Master:
    return work.Master(
        access=access,
        mime="audio/flac",
        byte_count=len(AUDIO),
        sample_rate=48_000,
        channels=2,
        duration_ms=30_000,
        cid=cid,
        commitment=DIGEST,
    )


def title(value: str = "ꦒꦼꦤ꧀ꦝꦶꦁ", kind: work.TitleKind = work.TitleKind.MAIN) -> work.Title:
    return work.Title(lang="jv-Java", value=value, kind=kind)


def label(label_type: str = "attribution") -> work.CulturalLabel:
    return work.CulturalLabel(
        scheme="local-contexts",
        label_type=label_type,
        unique_id="6f2b1c3e-8f5a-4a57-9d3e-2a1b3c4d5e6f",
        version=1,
        lang="en",
        text_sha256=DIGEST,
    )


def work_manifest(
    *,
    access_class: work.AccessClass = work.AccessClass.OPEN,
    master: work.Master | None = None,
    titles: tuple[work.Title, ...] | None = None,
    labels: tuple[work.CulturalLabel, ...] = (),
    culture: work.Culture | None = None,
    licence_terms: tuple[Cid, ...] = (),
) -> WorkManifest:
    is_open = access_class is work.AccessClass.OPEN
    return WorkManifest(
        kind=work.WorkKind.RECORDING,
        title=titles or (title(),),
        master=master or (public_master() if is_open else kept_master()),
        custodian=work.Custodian(community_id=7, address=ADDRESS),
        access_class=access_class,
        consent=work.Consent(commitment=DIGEST),
        attribution=work.Attribution(lang="en", text="Played for the harvest.", required=True),
        labels=labels,
        culture=culture,
        licence_terms=licence_terms,
    )


def licence_manifest(
    tier: licence.Tier = licence.Tier.GENERATION, royalty_share: int = 150_000_000
) -> LicenceManifest:
    return LicenceManifest(
        tier=tier,
        token=ADDRESS,
        price=25_000_000,
        unit_price=2**127,
        royalty_share=royalty_share,
        duration_seconds=31_536_000,
        unit_cap=1_000_000,
        revenue_cap=10**30,
        withdrawal=licence.Withdrawal(
            notice_seconds=2_592_000, effect=licence.WithdrawalEffect.RUNS_TO_EXPIRY
        ),
        text=(licence.LegalText(lang="en", value="You may generate from this work."),),
    )


def generation_manifest(works: tuple[int, ...] = (3, 4)) -> GenerationManifest:
    some = generation.Contribution.PARTIAL
    return GenerationManifest(
        generation_id="0x00000000deadbeef",
        generation_salt=DIGEST,
        operator=ISSUER,
        licence_ids=(9,),
        inputs=tuple(generation.Input(work_id=each, manifest_cid=str(AUDIO_CID)) for each in works),
        model=generation.Model(name="arranger", version="1", sha256=DIGEST),
        prompt_commitment=DIGEST,
        output=generation.Output(
            cid=str(AUDIO_CID),
            pcm_sha256=DIGEST,
            mime="audio/wav",
            sample_rate=48_000,
            channels=2,
            duration_ms=30_000,
        ),
        watermark=generation.Watermark(alg="antiphon.cell/1", key_id="k1", id_bits=64),
        disclosure=generation.Disclosure(
            vocals=some, instrumentation=some, composition=some, post_production=some, lyrics=some
        ),
        started_at=NOON,
        ended_at=NOON,
    )


def detection_manifest() -> DetectionManifest:
    return DetectionManifest(
        subject=detection.Subject(
            sha256=DIGEST, pcm_sha256=DIGEST, byte_count=480_000, duration_ms=10_000
        ),
        detector=detection.Detector(
            name="cell", version="1", weights_sha256=DIGEST, threshold="6.5"
        ),
        result=detection.DetectionResult(
            present=True,
            score="11.25",
            generation_id="0x00000000deadbeef",
            bit_errors=0,
            corroboration=detection.Corroboration(
                outcome="same-recording", compared=240, agreeing=199, false_agreement="0.0000001"
            ),
        ),
        expected_false_positive=detection.ExpectedFalsePositive(
            per_file="0.0000001", at_threshold="6.5", measured_on="unmarked 10 s windows"
        ),
        chain=detection.TracedChain(
            generation=str(AUDIO_CID),
            licences=(9,),
            works=(3, 4),
            payees=(detection.Payee(address=ADDRESS, bps=10_000),),
        ),
    )


def segments_manifest() -> SegmentsManifest:
    first, second = Cid.of(Codec.RAW, b"segment 1"), Cid.of(Codec.RAW, b"segment 2")
    return SegmentsManifest(
        epoch=2,
        segments=(segments.Segment(cid=first, count=4096), segments.Segment(cid=second, count=4)),
        event_count=4100,
        previous=str(AUDIO_CID),
    )


def sealed(body: ManifestBody) -> SealedManifest[ManifestBody]:
    return seal(body, issuer=ISSUER, issued_at=NOON)
