"""Where papers and usage are handed in: each is verified against the chain before it is kept."""

from __future__ import annotations

from collections.abc import Iterable

from chain.client.blocks import BlockPin
from chain.provenance import BlockStore
from oracle.answers import FiledPaper
from oracle.chain_facts import ChainFacts
from oracle.chain_view import ChainView
from oracle.detection_report import (
    SignedDetectionReport,
    detection_report_domain,
    verify_detection_report,
)
from oracle.errors import OutboxUnavailable
from oracle.evidence_book import EvidenceBook
from oracle.generation_log import (
    SignedGenerationLog,
    generation_log_domain,
    verify_generation_log,
)
from oracle.intake import UsageIntake
from oracle.intake_receipt import IntakeReceipt
from oracle.manifest_check import require_detection_manifest, require_generation_manifest
from oracle.outbox import Outbox
from oracle.typed_data import StructSigner


class EvidenceDesk:
    """Takes evidence into one outbox; needs no keys and not the outbox's lock."""

    def __init__(self, outbox: Outbox, view: ChainView, blocks: BlockStore) -> None:
        deployment = view.deployment
        chain_id, oracle = deployment.chain_id, deployment.contracts["UsageOracle"]
        self._outbox = outbox
        self._filings = 0
        self._view = view
        self._blocks = blocks
        self._log_domain = generation_log_domain(chain_id, deployment.contracts["DerivativeGraph"])
        self._detection_domain = detection_report_domain(chain_id, oracle)
        self._intake = UsageIntake(outbox, chain_id, oracle)

    def file_generation_log(self, signed: SignedGenerationLog) -> FiledPaper:
        """Keep a platform's log. The same log again is no news; another one for its generation is
        a GenerationLogConflict. Raises any EvidenceRefused; BlockMissing, BlockCorrupt or
        ManifestInvalid when the manifest it names is not held or not sound."""
        at = self._view.head()
        facts = self._view.facts(at)
        standings = {
            licence: standing
            for licence in signed.log.licence_ids
            if (standing := facts.licence(licence)) is not None
        }
        verify_generation_log(signed, self._log_domain, standings, now=at.timestamp)
        require_generation_manifest(self._blocks, signed.log, self._view.deployment.chain_id)
        with self._outbox.writing() as connection:
            new = EvidenceBook(connection).put_log(signed)
        return FiledPaper(signed.log.log_id, new)

    def file_detection(self, signed: SignedDetectionReport) -> FiledPaper:
        """Keep an operator's report on a found copy. Raises as `file_generation_log`."""
        at = self._view.head()
        operators = self._view.operator_set(at).members
        verify_detection_report(signed, self._detection_domain, operators, now=at.timestamp)
        require_detection_manifest(self._blocks, signed.report)
        with self._outbox.writing() as connection:
            new = EvidenceBook(connection).put_detection(signed)
        return FiledPaper(signed.report.report_id, new)

    def file_segment(self, body: bytes, signature: bytes) -> IntakeReceipt:
        """Take a platform's signed segment of plays, whole or not at all; rows say what was new."""
        at, facts = self._now()
        return self._intake.file_segment(body, signature, facts, now=at.timestamp)

    def import_usage(self, lines: Iterable[str], signer: StructSigner) -> IntakeReceipt:
        """Take a platform's plays as JSON lines, row by row; `signer` is the platform's key."""
        at, facts = self._now()
        return self._intake.import_lines(lines, signer, facts, now=at.timestamp)

    def filings(self) -> int:
        """How many papers were filed; see `rounds`. While the outbox cannot be read, the number
        that it was: a round tells of that."""
        try:
            with self._outbox.reading() as connection:
                self._filings = EvidenceBook(connection).filings()
        except OutboxUnavailable:
            pass
        return self._filings

    def _now(self) -> tuple[BlockPin, ChainFacts]:
        at = self._view.head()
        return at, self._view.facts(at)
