"""Papers, keys and a little world for the oracle's tests; nothing here computes an expectation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from chain.client.signer import LocalSigner, dev_signer
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId, WorkId
from chain.ledger.rights import Tier
from oracle.chain_facts import DerivativeStanding, LicenceStanding
from oracle.detection_report import DetectionReport
from oracle.generation_log import GenerationLog
from watermark.detection import Corroborated

CHAIN_ID = 31337
GRAPH = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
ORACLE = Address("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512")
NOW = 1_800_000_000
DAY = 86_400

PLATFORM = dev_signer(9)
STRANGER = dev_signer(10)
SALT = Digest(b"salt".rjust(32, b"\0"))
GENERATION = generation_of(CHAIN_ID, GRAPH, PLATFORM.address, SALT)
OPERATORS = tuple(dev_signer(index) for index in range(3, 8))


def digest(text: str) -> Digest:
    """32 bytes that differ when the text does."""
    return Digest(text.encode().rjust(32, b"\0"))


@dataclass
class LittleWorld:
    """Chain facts from two dictionaries: two works, licences 1 and 2, one generation of both."""

    licences: dict[int, LicenceStanding] = field(default_factory=dict)
    derivatives: dict[int, DerivativeStanding] = field(default_factory=dict)

    def licence(self, licence_id: LicenceId) -> LicenceStanding | None:
        return self.licences.get(licence_id)

    def derivative(self, generation_id: GenerationId) -> DerivativeStanding | None:
        return self.derivatives.get(generation_id)

    def change_licence(self, licence_id: int, **changes: object) -> None:
        """Replace fields of one licence."""
        self.licences[licence_id] = dataclasses.replace(
            self.licences[licence_id],
            **changes,  # type: ignore[arg-type]
        )


def little_world() -> LittleWorld:
    """Two live GENERATION licences of the platform, and the derivative linked under them."""
    licences = {
        number: LicenceStanding(
            LicenceId(number),
            PLATFORM.address,
            WorkId(10 + number),
            Tier.GENERATION,
            NOW - 30 * DAY,
            NOW + 30 * DAY,
        )
        for number in (1, 2)
    }
    parents = ((WorkId(11), LicenceId(1)), (WorkId(12), LicenceId(2)))
    return LittleWorld(dict(licences), {GENERATION: DerivativeStanding(WorkId(20), parents)})


def a_log(**changes: object) -> GenerationLog:
    """The log of that generation, with some fields changed."""
    fields: dict[str, object] = {
        "generation_id": GENERATION,
        "salt": SALT,
        "manifest_digest": digest("manifest"),
        "output_commitment": digest("output"),
        "licence_ids": (LicenceId(1), LicenceId(2)),
        "started_at": NOW - 60,
        "ended_at": NOW - 30,
        "platform": PLATFORM.address,
    }
    return GenerationLog(**(fields | changes))  # type: ignore[arg-type]


def a_report(by: LocalSigner = OPERATORS[0], /, **changes: object) -> DetectionReport:
    """A clear detection of that generation in one found copy, with some fields changed."""
    fields: dict[str, object] = {
        "subject_pcm_sha256": digest("found copy"),
        "generation_id": GENERATION,
        "z_milli": 14_100,
        "false_positive_ppb": 1,
        "corroboration": Corroborated.SAME_RECORDING,
        "detector_digest": digest("detector A"),
        "observed_at": NOW - 10,
        "manifest_digest": digest("detection manifest"),
        "operator": by.address,
    }
    return DetectionReport(**(fields | changes))  # type: ignore[arg-type]
