"""A paper names its manifest by digest; what the manifest says must be what was signed.

The signature covers the digest, so nobody can change a manifest afterwards; this makes sure that it
is held, sound, and about the same thing, before anything is built on it.
"""

from __future__ import annotations

from chain.ledger.identifiers import Digest
from chain.provenance import (
    BlockReader,
    Cid,
    Codec,
    DetectionManifest,
    GenerationManifest,
    get_manifest,
)
from oracle.detection_report import DetectionReport
from oracle.errors import EvidenceMalformed
from oracle.generation_log import GenerationLog
from watermark.detection import Corroborated


def require_generation_manifest(blocks: BlockReader, log: GenerationLog, chain_id: int) -> None:
    """The log's manifest is held and says the same.

    Raises BlockMissing, BlockCorrupt, NotCanonical, ManifestInvalid, or EvidenceMalformed naming
    the field that differs.
    """
    body = get_manifest(blocks, _manifest_cid(log.manifest_digest), GenerationManifest).body
    _same("generationId", f"0x{log.generation_id:016x}", body.generation_id)
    _same("salt", "0x" + log.salt.hex(), body.generation_salt)
    _same("licenceIds", sorted(log.licence_ids), sorted(body.licence_ids))
    _same("platform", f"eip155:{chain_id}:{log.platform.lower()}", body.operator)
    _same("outputCommitment", "0x" + log.output_commitment.hex(), body.output.pcm_sha256)


def require_detection_manifest(blocks: BlockReader, report: DetectionReport) -> None:
    """The report's manifest is held and says the same. Raises as `require_generation_manifest`."""
    body = get_manifest(blocks, _manifest_cid(report.manifest_digest), DetectionManifest).body
    _same("generationId", f"0x{report.generation_id:016x}", body.result.generation_id)
    _same("subjectPcmSha256", "0x" + report.subject_pcm_sha256.hex(), body.subject.pcm_sha256)
    compared = body.result.corroboration
    outcome = Corroborated.NOT_CHECKED if compared is None else Corroborated(compared.outcome)
    _same("corroboration", report.corroboration, outcome)


def _manifest_cid(digest: Digest) -> Cid:
    return Cid(1, Codec.DAG_CBOR, digest)


def _same(field: str, signed: object, in_manifest: object) -> None:
    if signed != in_manifest:
        raise EvidenceMalformed(
            field, f"is {signed} in the signed paper and {in_manifest} in its manifest"
        )
