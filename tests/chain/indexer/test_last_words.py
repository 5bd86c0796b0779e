"""Of what a payee says to a proposed split, the last word counts, as in the contract."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from chain.indexer.split_fold import fold_proposals

ANNA, BEDE = "0x" + "a1" * 20, "0x" + "b2" * 20


def row(block: int, **values: Any) -> Any:
    place = {"block_number": block, "log_index": 0, "tx_hash": bytes(32), "place_time": block}
    return SimpleNamespace(**place, work_id=1, version=2, **values)


def test_who_consents_and_then_objects_has_objected_and_the_other_way_round() -> None:
    proposed = [row(1, enactable_from=99)]
    shares = [row(1, payee=ANNA, bps=10_000)]
    answers = [
        row(2, payee=ANNA, is_consent=True),
        row(3, payee=BEDE, is_consent=False),
        row(4, payee=ANNA, is_consent=False),
        row(5, payee=BEDE, is_consent=True),
    ]

    (first,) = fold_proposals(proposed, shares, answers[:2], [])
    (last,) = fold_proposals(proposed, shares, answers, [])

    assert (first.consents, first.objections) == ((ANNA,), (BEDE,))
    assert (last.consents, last.objections) == ((BEDE,), (ANNA,))
