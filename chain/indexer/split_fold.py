"""From proposed splits and what their payees said to what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from chain.indexer.records import Place, SplitProposalRecord, SplitRecord
from chain.indexer.row_reading import place_of
from chain.ledger.identifiers import WorkId
from chain.ledger.rights import Share, Split


def fold_proposals(
    proposed: Iterable[Row[Any]],
    shares: Iterable[Row[Any]],
    answers: Iterable[Row[Any]],
    splits: Iterable[SplitRecord],
) -> list[SplitProposalRecord]:
    """Every proposal in chain order; an answer is to the newest proposal before it, and answers
    come in chain order too."""
    shares_of: dict[tuple[int, int], list[Share]] = defaultdict(list)
    for row in shares:
        shares_of[row.block_number, row.log_index].append(Share(row.payee, row.bps))
    enacted = {(split.work_id, split.version) for split in splits}
    given = [(place_of(row), row) for row in answers]
    rows = list(proposed)
    found = []
    for number, row in enumerate(rows):
        place = place_of(row)
        following = (place_of(r) for r in rows[number + 1 :] if r.work_id == row.work_id)
        replaced = next(following, None)
        # The last word of each payee counts.
        consents = {
            answer.payee: bool(answer.is_consent)
            for when, answer in given
            if (answer.work_id, answer.version) == (row.work_id, row.version)
            and _is_between(place, when, replaced)
        }
        found.append(
            SplitProposalRecord(
                WorkId(row.work_id),
                row.version,
                Split(tuple(shares_of[row.block_number, row.log_index])),
                row.enactable_from,
                tuple(payee for payee, agrees in consents.items() if agrees),
                tuple(payee for payee, agrees in consents.items() if not agrees),
                replaced is None and (row.work_id, row.version) not in enacted,
                place,
            )
        )
    return found


def _is_between(start: Place, when: Place, end: Place | None) -> bool:
    return start < when and (end is None or when < end)
