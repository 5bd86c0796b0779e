"""Cases of the court and the freezes that go with them, as the index has them at one block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from chain.client.blocks import BlockPin
from chain.client.dispute_court import CaseStatus
from chain.indexer import tables
from chain.indexer.index_reader import IndexReader, ordered
from chain.indexer.records import Place
from chain.indexer.row_reading import place_of
from chain.ledger.identifiers import Address, Digest, WorkId


@dataclass(frozen=True)
class CaseStep:
    """A case was opened, or ended as `status` says; the share is frozen until then, Unix time."""

    case_id: Digest
    work_id: WorkId
    payee: Address
    status: CaseStatus
    frozen_until: int
    place: Place


@dataclass(frozen=True)
class EvidenceGiven:
    """The digest of a manifest, and who named it."""

    party: Address
    digest: Digest
    place: Place


@dataclass(frozen=True)
class CaseEnd:
    """An upheld case ends twice: upheld, and later released."""

    status: CaseStatus
    place: Place


@dataclass(frozen=True)
class CaseRecord:
    """One case with all that was said in it. `number` counts openings from 1 in chain order.

    `bond` is what each side puts up, and `owed` who is owed which bonds, in base units of the
    court's currency; whether they were collected is not told. `evidence` begins with the
    disputer's. `frozen_until` is the share's, which other cases about it may have set.
    """

    number: int
    case_id: Digest
    work_id: WorkId
    payee: Address
    disputer: Address
    arbiter: Address
    bond: int
    status: CaseStatus
    defender: Address | None
    evidence: tuple[EvidenceGiven, ...]
    ends: tuple[CaseEnd, ...]
    owed: tuple[tuple[Address, int], ...]
    frozen_until: int
    opened: Place
    answered: Place | None


class CaseStore(IndexReader):
    """What was disputed, and what is frozen for it."""

    def case_steps(self, *, at: BlockPin) -> list[CaseStep]:
        """Openings and ends of all cases, in chain order."""
        with self._at(at) as connection:
            opened = list(ordered(connection, tables.case_opened, at))
            ended = list(ordered(connection, tables.case_ended, at))
        return _steps(opened, ended)

    def frozen(self, *, at: BlockPin) -> frozenset[tuple[WorkId, Address]]:
        """The shares frozen at a block's time: the last word on each is when it is free again."""
        until = _frozen_until(self.case_steps(at=at))
        return frozenset(share for share, time in until.items() if time > at.timestamp)

    def cases(self, *, at: BlockPin) -> list[CaseRecord]:
        """All cases in the order in which they were opened. A bond makes them few."""
        with self._at(at) as connection:
            opened, answered, given, ended, owed = (
                list(ordered(connection, table, at))
                for table in (
                    tables.case_opened,
                    tables.case_answered,
                    tables.case_evidence,
                    tables.case_ended,
                    tables.bonds_owed,
                )
            )
        until = _frozen_until(_steps(opened, ended))
        answer_to = {row.case_id: row for row in answered}
        more, ends, bonds = _by_case(given), _by_case(ended), _by_case(owed)
        return [
            _case(
                number,
                row,
                answer_to.get(row.case_id),
                more[row.case_id],
                ends[row.case_id],
                bonds[row.case_id],
                until[WorkId(row.work_id), Address(row.payee)],
            )
            for number, row in enumerate(opened, start=1)
        ]


def _steps(opened: list[Row[Any]], ended: list[Row[Any]]) -> list[CaseStep]:
    share_of = {row.case_id: (WorkId(row.work_id), Address(row.payee)) for row in opened}
    steps = [
        CaseStep(
            Digest(row.case_id), *share_of[row.case_id], status, row.frozen_until, place_of(row)
        )
        for row, status in (
            *((row, CaseStatus.OPEN) for row in opened),
            *((row, CaseStatus(row.status)) for row in ended),
        )
    ]
    return sorted(steps, key=lambda step: step.place)


def _frozen_until(steps: list[CaseStep]) -> dict[tuple[WorkId, Address], int]:
    return {(step.work_id, step.payee): step.frozen_until for step in steps}


def _by_case(rows: list[Row[Any]]) -> defaultdict[bytes, list[Row[Any]]]:
    found: defaultdict[bytes, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.case_id].append(row)
    return found


def _case(
    number: int,
    opened: Row[Any],
    answered: Row[Any] | None,
    given: list[Row[Any]],
    ended: list[Row[Any]],
    owed: list[Row[Any]],
    frozen_until: int,
) -> CaseRecord:
    ends = tuple(CaseEnd(CaseStatus(row.status), place_of(row)) for row in ended)
    status = CaseStatus.OPEN if answered is None else CaseStatus.ANSWERED
    return CaseRecord(
        number=number,
        case_id=Digest(opened.case_id),
        work_id=WorkId(opened.work_id),
        payee=Address(opened.payee),
        disputer=Address(opened.disputer),
        arbiter=Address(opened.arbiter),
        bond=opened.bond,
        status=ends[-1].status if ends else status,
        defender=None if answered is None else Address(answered.defender),
        evidence=tuple(_evidence(opened, answered, given)),
        ends=ends,
        owed=tuple((Address(row.account), row.amount) for row in owed),
        frozen_until=frozen_until,
        opened=place_of(opened),
        answered=None if answered is None else place_of(answered),
    )


def _evidence(
    opened: Row[Any], answered: Row[Any] | None, given: list[Row[Any]]
) -> Iterator[EvidenceGiven]:
    """The disputer's and the defender's, then what was added, in the order of the chain."""
    said = [(opened.disputer, opened), *((row.party, row) for row in given)]
    if answered is not None:
        said.append((answered.defender, answered))
    for party, row in sorted(said, key=lambda each: place_of(each[1])):
        yield EvidenceGiven(Address(party), Digest(row.evidence), place_of(row))
