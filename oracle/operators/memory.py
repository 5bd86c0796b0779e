"""Operators' memory of what they signed, in an outbox: the coordinator's for operators in its own
process, a file of its own for an operator's process."""

from __future__ import annotations

from collections.abc import Collection

from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Address, Digest, EpochNumber, LicenceId
from oracle.direct_book import DirectBook
from oracle.epoch_book import EpochBook, StoredSignature
from oracle.errors import WouldEquivocate
from oracle.outbox import Outbox


class OutboxMemory:
    """A `SignatureMemory` that outlives the process."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def signature_of(
        self, epoch: int, previous: Digest, operator: Address
    ) -> StoredSignature | None:
        """What an operator signed for an epoch after the report `previous`."""
        with self._outbox.reading() as connection:
            return EpochBook(connection).signature_of(epoch, previous, operator)

    def remember(
        self,
        epoch: int,
        previous: Digest,
        signed: StoredSignature,
        licences: Collection[LicenceId],
    ) -> None:
        """Keep a signature, durably, before it is handed out, with the licences of the epoch.

        Raises WouldEquivocate when another one was kept meanwhile: this one is for nobody.
        """
        with self._outbox.writing() as connection:
            book = EpochBook(connection)
            book.put_signature(epoch, previous, signed, licences)
            kept = book.signature_of(epoch, previous, signed.operator)
        if kept is not None and kept.report_hash != signed.report_hash:
            raise WouldEquivocate(signed.operator, epoch, kept.report_hash, signed.report_hash)
        self._outbox.reached("signature-remembered")

    def direct_under_way(self, operator: Address, since: int) -> dict[Digest, LicenceId]:
        """Events whose reports it signed and that could be posted after Unix time `since`, with
        their licences (0: not known)."""
        with self._outbox.reading() as connection:
            return DirectBook(connection).under_way(since, operator)

    def direct_signature_of(self, report_hash: Digest, operator: Address) -> StoredSignature | None:
        """What was signed under a direct report."""
        with self._outbox.reading() as connection:
            return DirectBook(connection).signature_of(report_hash, operator)

    def remember_direct(self, report: DirectReport, signed: StoredSignature) -> None:
        """Keep a signature, durably, before it is handed out."""
        with self._outbox.writing() as connection:
            DirectBook(connection).put_signature(report, signed)
        self._outbox.reached("direct-signature-remembered")

    def epochs_signed(
        self, operator: Address, first: EpochNumber
    ) -> list[tuple[EpochNumber, frozenset[LicenceId]]]:
        """The epochs from number `first` on that were signed, and the licences they count under
        (none: not known)."""
        with self._outbox.reading() as connection:
            return EpochBook(connection).signed_since(operator, first)
