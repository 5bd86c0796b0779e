"""The detection report: an operator's signed statement that a found copy carries a mark.

A report is evidence, not a payment: see `oracle.attribution`. Its id is a hash of the found
samples, the generation and the day: an operator reports a copy once a day at most. All reports on
one copy, of whatever day and operator, are one finding, which is paid once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from chain.ledger.identifiers import Address, Digest, GenerationId
from chain.ledger.keccak import keccak256
from chain.ledger.usage import UsageKind
from chain.ledger.words import SigningDomain
from oracle.errors import EvidenceMalformed, NotAnOperator
from oracle.generation_log import CLOCK_SKEW_SECONDS
from oracle.typed_data import (
    StructSigner,
    address_word,
    bytes32_word,
    require_signer,
    sign_struct,
    uint_word,
)
from watermark.detection import Corroborated

TYPE_STRING: Final = (
    "DetectionReport(bytes32 subjectPcmSha256,uint64 generationId,uint32 zMilli,"
    "uint32 falsePositivePpb,uint8 corroboration,bytes32 detectorDigest,uint64 observedAt,"
    "bytes32 manifestDigest,address operator)"
)
TYPE_HASH: Final = keccak256(TYPE_STRING.encode())
REPORT_ID_PREFIX: Final = b"antiphon.detection.1"
DAY_SECONDS: Final = 86_400
PPB_WHOLE: Final = 1_000_000_000
# As signed and on the wire; the numbers are part of the format.
CORROBORATION_NUMBERS: Final = {
    Corroborated.NOT_CHECKED: 0,
    Corroborated.SAME_RECORDING: 1,
    Corroborated.OTHER_RECORDING: 2,
}
_CORROBORATION_OF: Final = {number: one for one, number in CORROBORATION_NUMBERS.items()}


@dataclass(frozen=True)
class DetectionReport:
    """What an operator heard.

    `subject_pcm_sha256` names the found samples, `detector_digest` the detector (its weights and
    settings); `z_milli` is the mark's score in thousandths of a standard deviation,
    `false_positive_ppb` the chance, in parts per billion, that an unmarked file scores as high;
    `corroboration` says whether the sound is the registered one; `observed_at` is in Unix seconds.
    Raises EvidenceMalformed on construction.
    """

    subject_pcm_sha256: Digest
    generation_id: GenerationId
    z_milli: int
    false_positive_ppb: int
    corroboration: Corroborated
    detector_digest: Digest
    observed_at: int
    manifest_digest: Digest
    operator: Address

    def __post_init__(self) -> None:
        if self.generation_id == 0:
            raise EvidenceMalformed("generationId", "zero names no generation")
        if not 0 <= self.false_positive_ppb <= PPB_WHOLE:
            raise EvidenceMalformed("falsePositivePpb", f"must be 0 to {PPB_WHOLE}")
        _ = self.struct_hash

    @cached_property
    def struct_hash(self) -> Digest:
        """The EIP-712 struct hash: everything the operator vouches for."""
        return Digest(
            keccak256(
                TYPE_HASH
                + bytes32_word(self.subject_pcm_sha256, "subjectPcmSha256")
                + uint_word(self.generation_id, 64, "generationId")
                + uint_word(self.z_milli, 32, "zMilli")
                + uint_word(self.false_positive_ppb, 32, "falsePositivePpb")
                + uint_word(CORROBORATION_NUMBERS[self.corroboration], 8, "corroboration")
                + bytes32_word(self.detector_digest, "detectorDigest")
                + uint_word(self.observed_at, 64, "observedAt")
                + bytes32_word(self.manifest_digest, "manifestDigest")
                + address_word(self.operator, "operator")
            )
        )

    @cached_property
    def report_id(self) -> Digest:
        """keccak256 of kind, found samples, generation and day: what is found, not who found it."""
        return Digest(
            keccak256(
                REPORT_ID_PREFIX
                + int(UsageKind.DETECTION).to_bytes(1, "big")
                + self.subject_pcm_sha256
                + self.generation_id.to_bytes(8, "big")
                + (self.observed_at // DAY_SECONDS).to_bytes(8, "big")
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The wire form: bytes as 0x-hexadecimal, scores as integers."""
        return {
            "subjectPcmSha256": "0x" + self.subject_pcm_sha256.hex(),
            "generationId": f"0x{self.generation_id:016x}",
            "zMilli": self.z_milli,
            "falsePositivePpb": self.false_positive_ppb,
            "corroboration": CORROBORATION_NUMBERS[self.corroboration],
            "detectorDigest": "0x" + self.detector_digest.hex(),
            "observedAt": self.observed_at,
            "manifestDigest": "0x" + self.manifest_digest.hex(),
            "operator": self.operator,
        }

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> DetectionReport:
        """Read the wire form. Raises EvidenceMalformed naming the field."""

        def octets(name: str) -> Digest:
            return Digest(bytes.fromhex(wire[name].removeprefix("0x")))

        field = ""
        try:
            values: dict[str, Any] = {}
            for field in ("subjectPcmSha256", "detectorDigest", "manifestDigest"):
                values[field] = octets(field)
            for field in ("zMilli", "falsePositivePpb", "observedAt"):
                values[field] = int(wire[field])
            field = "generationId"
            generation = GenerationId(int(wire[field], 16))
            field = "corroboration"
            corroboration = _CORROBORATION_OF[int(wire[field])]
            field = "operator"
            operator = Address(str(wire[field]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EvidenceMalformed(field, "is missing or not of the documented form") from error
        return cls(
            values["subjectPcmSha256"],
            generation,
            values["zMilli"],
            values["falsePositivePpb"],
            corroboration,
            values["detectorDigest"],
            values["observedAt"],
            values["manifestDigest"],
            operator,
        )


@dataclass(frozen=True)
class SignedDetectionReport:
    """A report and its operator's signature (65 bytes r, s, v)."""

    report: DetectionReport
    signature: bytes


def detection_report_domain(chain_id: int, usage_oracle: Address) -> SigningDomain:
    """The domain in which operators sign detections."""
    return SigningDomain("Antiphon Detection Report", "1", chain_id, usage_oracle)


def sign_detection_report(
    report: DetectionReport, signer: StructSigner, domain: SigningDomain
) -> SignedDetectionReport:
    """Sign as the operator that ran the detection."""
    return SignedDetectionReport(report, sign_struct(domain, report.struct_hash, signer))


def verify_detection_report(
    signed: SignedDetectionReport,
    domain: SigningDomain,
    operators: Collection[Address],
    *,
    now: int,
) -> None:
    """Accept the report or raise: SignatureMalformed, SignatureForged, NotAnOperator,
    EvidenceMalformed (dated ahead of the chain's time `now`, in Unix seconds)."""
    report = signed.report
    require_signer(report.operator, domain.digest(report.struct_hash), signed.signature)
    if report.operator.lower() not in {operator.lower() for operator in operators}:
        raise NotAnOperator(report.operator)
    if report.observed_at > now + CLOCK_SKEW_SECONDS:
        raise EvidenceMalformed("observedAt", f"is {report.observed_at - now} s ahead of the chain")
