"""An operator's report on a found copy: a manifest of what was heard, and a signature over it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from api.application import Application
from api.tracing import GenerationTraced, Trace
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Digest, GenerationId
from chain.provenance import DetectionManifest, put_manifest, seal
from chain.provenance.manifests.detection import Corroboration as ReportedCorroboration
from chain.provenance.manifests.detection import (
    DetectionResult,
    Detector,
    ExpectedFalsePositive,
    Subject,
    TracedChain,
)
from chain.provenance.manifests.detection import Payee as ReportedPayee
from oracle.detection_report import (
    DetectionReport,
    SignedDetectionReport,
    detection_report_domain,
    sign_detection_report,
)
from watermark.detection import Corroborated, Corroboration
from watermark.payload import GenerationId as MarkedId

PPB = 1_000_000_000
MILLI = 1_000
# Where the false-positive rate was measured; the watermark service's calibration says how.
MEASURED_ON = "the watermark service's calibration on unmarked synthesised windows"
NO_WEIGHTS = "0" * 64


def decimal(value: float) -> str:
    """A measured ratio as the text manifests hold; never scientific notation."""
    text = f"{value:.18f}".rstrip("0").rstrip(".")
    return text or "0"


class SeveralIdentities(Exception):
    """A report names one generation; which of several was used is for a person to weigh."""

    def __init__(self, found: Sequence[MarkedId]) -> None:
        self.found = tuple(found)
        names = ", ".join(str(one) for one in found)
        super().__init__(
            f"{len(found)} generations are named in this file ({names}); a report pays one of them "
            "without saying why not the others: cut the file at their places and report each part"
        )


def report_detection(
    app: Application, traced: Trace, found: Path, operator: LocalSigner
) -> SignedDetectionReport:
    """Write the manifest of the strongest identity and sign the report on it.

    Files nothing with the oracle. Raises ValueError when the trace found nothing, and
    SeveralIdentities when it found more than one.
    """
    if not traced.generations:
        raise ValueError("an unmarked file has nothing to report")
    if len(traced.generations) > 1:
        raise SeveralIdentities([one.identity.generation_id for one in traced.generations])
    generation = traced.generations[0]
    manifest = seal(
        manifest_body(traced, generation, found),
        issuer=app.account(operator.address),
        issued_at=app.chain_time(),
    )
    put_manifest(app.blocks, manifest)
    identity, detector = generation.identity, traced.detection.detector
    settings = f"{detector.name} {detector.version} z>={detector.threshold_z}"
    report = DetectionReport(
        subject_pcm_sha256=Digest(bytes.fromhex(traced.detection.audio.pcm_sha256)),
        generation_id=GenerationId(identity.generation_id.value),
        z_milli=int(identity.z * MILLI),
        false_positive_ppb=min(PPB, int(identity.false_positive_rate * PPB)),
        corroboration=identity.corroboration.outcome,
        detector_digest=Digest(hashlib.sha256(settings.encode()).digest()),
        observed_at=app.head().timestamp,
        manifest_digest=Digest(manifest.cid.digest),
        operator=operator.address,
    )
    domain = detection_report_domain(app.deployment.chain_id, app.oracle.address)
    return sign_detection_report(report, operator, domain)


def manifest_body(traced: Trace, generation: GenerationTraced, found: Path) -> DetectionManifest:
    """The detection as a manifest. Raises ManifestInvalid."""
    identity, detection = generation.identity, traced.detection
    detector = detection.detector
    return DetectionManifest(
        subject=Subject(
            sha256=f"0x{detection.audio.sha256}",
            pcm_sha256=f"0x{detection.audio.pcm_sha256}",
            byte_count=found.stat().st_size,
            duration_ms=detection.audio.duration_ms,
        ),
        detector=Detector(
            name=detector.name,
            version=detector.version,
            weights_sha256=f"0x{detector.weights_sha256 or NO_WEIGHTS}",
            threshold=decimal(detector.threshold_z),
        ),
        result=DetectionResult(
            present=True,
            score=decimal(identity.z),
            generation_id=str(identity.generation_id),
            corroboration=reported_corroboration(identity.corroboration),
        ),
        expected_false_positive=ExpectedFalsePositive(
            per_file=decimal(identity.false_positive_rate),
            at_threshold=decimal(detector.threshold_z),
            measured_on=MEASURED_ON,
        ),
        chain=traced_chain(generation),
    )


def reported_corroboration(compared: Corroboration) -> ReportedCorroboration | None:
    """What comparing the sound gave, for the manifest; None when it was not compared."""
    if compared.outcome is Corroborated.NOT_CHECKED:
        return None
    return ReportedCorroboration(
        outcome=(
            "same-recording"
            if compared.outcome is Corroborated.SAME_RECORDING
            else "other-recording"
        ),
        compared=compared.compared,
        agreeing=compared.agreeing,
        false_agreement=decimal(compared.false_agreement_rate),
    )


def traced_chain(generation: GenerationTraced) -> TracedChain | None:
    if generation.log is None:
        return None
    payees = {
        share.payee: share.bps
        for parent in generation.parents
        if parent.split is not None
        for share in parent.split.shares
    }
    return TracedChain(
        generation=str(generation.log.cid),
        licences=tuple(p.licence.licence_id for p in generation.parents),
        works=tuple(p.work.record.work_id for p in generation.parents),
        payees=tuple(ReportedPayee(address=a, bps=bps) for a, bps in payees.items()),
    )
