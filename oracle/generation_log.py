"""The generation log: a platform's signed statement of one run of its generator.

Filing it is what makes the run payable. Its id is a hash of what it says, so that filing it twice
is filing it once, and a second log for one generation is a conflict, never a second payment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from chain.ledger.generations import generation_of
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from chain.ledger.keccak import keccak256
from chain.ledger.rights import Tier
from chain.ledger.words import SigningDomain
from oracle.chain_facts import LicenceStanding
from oracle.errors import EvidenceMalformed, LicenceUnfit
from oracle.typed_data import (
    StructSigner,
    address_word,
    bytes32_word,
    require_signer,
    sign_struct,
    uint_array_hash,
    uint_word,
)

TYPE_STRING: Final = (
    "GenerationLog(uint64 generationId,bytes32 salt,bytes32 manifestDigest,"
    "bytes32 outputCommitment,uint64[] licenceIds,uint64 startedAt,uint64 endedAt,address platform)"
)
TYPE_HASH: Final = keccak256(TYPE_STRING.encode())
# As many as a derivative may have parents.
LICENCES_MAX: Final = 16
# A platform's clock may run ahead of the chain's by this much.
CLOCK_SKEW_SECONDS: Final = 900


@dataclass(frozen=True)
class GenerationLog:
    """What a platform says about one run.

    `generation_id` is the one that `platform` links with `salt` (`chain.ledger.generations`).
    `manifest_digest` is the sha2-256 digest of the run's DAG-CBOR manifest, `output_commitment`
    the digest of the marked recording's samples; `started_at` and `ended_at` are Unix seconds.
    Raises EvidenceMalformed on construction when a field is out of bounds.
    """

    generation_id: GenerationId
    salt: Digest
    manifest_digest: Digest
    output_commitment: Digest
    licence_ids: tuple[LicenceId, ...]
    started_at: int
    ended_at: int
    platform: Address

    def __post_init__(self) -> None:
        if self.generation_id == 0:
            raise EvidenceMalformed("generationId", "zero names no generation")
        if not 1 <= len(self.licence_ids) <= LICENCES_MAX:
            raise EvidenceMalformed("licenceIds", f"1 to {LICENCES_MAX} licences are needed")
        if list(self.licence_ids) != sorted(set(self.licence_ids)) or self.licence_ids[0] < 1:
            raise EvidenceMalformed("licenceIds", "must ascend from 1, each once")
        if self.started_at > self.ended_at:
            raise EvidenceMalformed("endedAt", "is before startedAt")
        _ = self.log_id

    @cached_property
    def log_id(self) -> Digest:
        """The EIP-712 struct hash: same content, same id, on every chain."""
        return Digest(
            keccak256(
                TYPE_HASH
                + uint_word(self.generation_id, 64, "generationId")
                + bytes32_word(self.salt, "salt")
                + bytes32_word(self.manifest_digest, "manifestDigest")
                + bytes32_word(self.output_commitment, "outputCommitment")
                + uint_array_hash(self.licence_ids, 64, "licenceIds")
                + uint_word(self.started_at, 64, "startedAt")
                + uint_word(self.ended_at, 64, "endedAt")
                + address_word(self.platform, "platform")
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The wire form: numbers that may pass 2**53 as text, bytes as 0x-hexadecimal."""
        return {
            "generationId": f"0x{self.generation_id:016x}",
            "salt": "0x" + self.salt.hex(),
            "manifestDigest": "0x" + self.manifest_digest.hex(),
            "outputCommitment": "0x" + self.output_commitment.hex(),
            "licenceIds": [str(i) for i in self.licence_ids],
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "platform": self.platform,
        }

    @classmethod
    def from_json(cls, wire: Mapping[str, Any]) -> GenerationLog:
        """Read the wire form. Raises EvidenceMalformed naming the field."""
        field = "generationId"
        try:
            generation = GenerationId(int(wire[field], 16))
            field = "salt"
            salt = Digest(bytes.fromhex(wire[field].removeprefix("0x")))
            field = "manifestDigest"
            manifest = Digest(bytes.fromhex(wire[field].removeprefix("0x")))
            field = "outputCommitment"
            output = Digest(bytes.fromhex(wire[field].removeprefix("0x")))
            field = "licenceIds"
            licences = tuple(LicenceId(int(i)) for i in wire[field])
            field = "startedAt"
            started = int(wire[field])
            field = "endedAt"
            ended = int(wire[field])
            field = "platform"
            platform = Address(str(wire[field]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EvidenceMalformed(field, "is missing or not of the documented form") from error
        return cls(generation, salt, manifest, output, licences, started, ended, platform)


@dataclass(frozen=True)
class SignedGenerationLog:
    """A log and its platform's signature (65 bytes r, s, v)."""

    log: GenerationLog
    signature: bytes


def generation_log_domain(chain_id: int, derivative_graph: Address) -> SigningDomain:
    """The domain in which platforms sign: logs hold for one chain and one graph."""
    return SigningDomain("Antiphon Generation Log", "1", chain_id, derivative_graph)


def sign_generation_log(
    log: GenerationLog, signer: StructSigner, domain: SigningDomain
) -> SignedGenerationLog:
    """Sign as the platform. Whether it may, is decided where the log is filed."""
    return SignedGenerationLog(log, sign_struct(domain, log.log_id, signer))


def verify_generation_log(
    signed: SignedGenerationLog,
    domain: SigningDomain,
    standings: Mapping[LicenceId, LicenceStanding],
    *,
    now: int,
) -> None:
    """Accept the log, or raise SignatureMalformed, SignatureForged, EvidenceMalformed or
    LicenceUnfit.

    `standings` has the licences of the log as the chain knows them; `now` is the chain's time in
    Unix seconds.
    """
    log = signed.log
    require_signer(log.platform, domain.digest(log.log_id), signed.signature)
    own = generation_of(domain.chain_id, domain.verifying_contract, log.platform, log.salt)
    if log.generation_id != own:
        raise EvidenceMalformed(
            "generationId", f"is not {own:#018x}, which this platform links with this salt"
        )
    if log.ended_at > now + CLOCK_SKEW_SECONDS:
        raise EvidenceMalformed("endedAt", f"is {log.ended_at - now} s ahead of the chain's time")
    for licence_id in log.licence_ids:
        _require_fit(log, standings.get(licence_id), licence_id)


def _require_fit(log: GenerationLog, licence: LicenceStanding | None, licence_id: int) -> None:
    """One licence covers the run, or LicenceUnfit says why not."""
    if licence is None:
        raise LicenceUnfit(licence_id, "is unknown", "take the licence before generating")
    if licence.holder.lower() != log.platform.lower():
        raise LicenceUnfit(
            licence_id, f"is held by {licence.holder}", "only its holder may file under it"
        )
    if licence.tier != Tier.GENERATION:
        raise LicenceUnfit(
            licence_id,
            f"allows {Tier(licence.tier).name}, not GENERATION",
            "take a GENERATION licence for this work",
        )
    if log.started_at < licence.taken_at:
        raise LicenceUnfit(
            licence_id, "was taken after the run began", "a licence covers no earlier run"
        )
    if log.started_at >= licence.expiry:
        raise LicenceUnfit(licence_id, "had expired when the run began", "take a new licence")
