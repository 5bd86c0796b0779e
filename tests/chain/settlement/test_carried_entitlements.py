"""What epochs hand on survives JSON and DAG-CBOR, and cannot be altered unnoticed."""

from __future__ import annotations

import copy
import json
from typing import Any

import dag_cbor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_cases import ALICE, BETO, OTHER_TOKEN, TOKEN

from chain.ledger.errors import Inconsistent, LedgerError, Malformed
from chain.ledger.identifiers import WorkId
from chain.ledger.rights import UNIT_NUMERATOR
from chain.settlement.carried import Carried

SEVENTH = WorkId(7)
PLAIN = {
    "type": "antiphon.carried/2",
    "tokens": [
        {
            "token": TOKEN,
            "value": "3",
            "payees": [[ALICE, "10000000000001"], [BETO, "19999999999999"]],
            "keptBack": [["7", BETO, "19999999999999"]],
        }
    ],
}


def test_the_plain_form_is_text_in_one_order() -> None:
    credited = {(SEVENTH, BETO): 19_999_999_999_999, (SEVENTH, ALICE): 10_000_000_000_001}
    carried = Carried().plus(TOKEN, credited, 3, frozenset({(SEVENTH, BETO)}))

    assert carried.to_plain() == PLAIN
    assert Carried.from_plain(PLAIN) == carried
    assert Carried.from_plain(Carried().to_plain()) == Carried()


@given(st.dictionaries(st.sampled_from([ALICE, BETO]), st.integers(1, 2**200)), st.data())
def test_it_survives_json_and_dag_cbor(units: dict, data: st.DataObject) -> None:
    carried = Carried()
    for token in (TOKEN, OTHER_TOKEN):
        credited = {(SEVENTH, payee): part * UNIT_NUMERATOR for payee, part in units.items()}
        carried = carried.plus(token, credited, sum(units.values()), frozenset({(SEVENTH, BETO)}))

    plain = carried.to_plain()

    assert Carried.from_plain(json.loads(json.dumps(plain))) == carried
    assert Carried.from_plain(dag_cbor.decode(dag_cbor.encode(plain))) == carried


def test_entitlements_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(Inconsistent) as refusal:
        Carried({TOKEN: {ALICE: UNIT_NUMERATOR + 1}}, {TOKEN: 1})

    error = refusal.value
    assert (error.expected, error.found) == (UNIT_NUMERATOR, UNIT_NUMERATOR + 1)
    with pytest.raises(Inconsistent):
        Carried().plus(TOKEN, {(SEVENTH, ALICE): 1}, 0)


def test_no_more_is_kept_back_than_a_payee_is_entitled_to() -> None:
    with pytest.raises(Inconsistent, match="kept back from"):
        Carried({TOKEN: {ALICE: UNIT_NUMERATOR}}, {TOKEN: 1}, {TOKEN: {(SEVENTH, ALICE): 10**14}})


def test_what_was_kept_back_is_let_go_when_the_share_is_frozen_no_more() -> None:
    share = (SEVENTH, ALICE)
    carried = Carried().plus(TOKEN, {share: UNIT_NUMERATOR}, 1)
    frozen = carried.plus(TOKEN, {share: UNIT_NUMERATOR}, 1, frozenset({share}))
    still = frozen.plus(TOKEN, {(WorkId(8), ALICE): UNIT_NUMERATOR}, 1, frozenset({share}))
    free = still.plus(TOKEN, {}, 0)

    payable = [c.payable(TOKEN)[ALICE] // UNIT_NUMERATOR for c in (carried, frozen, still, free)]
    assert payable == [1, 1, 2, 3]


def change(path: list[Any], value: object) -> dict[str, Any]:
    changed: Any = copy.deepcopy(PLAIN)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    "altered",
    [
        None,
        [],
        {},
        {"type": "antiphon.carried/1", "tokens": []},
        {"type": "antiphon.carried/2"},
        change(["tokens", 0, "keptBack", 0, 0], "x"),
        change(["tokens", 0, "keptBack", 0, 2], "99999999999999"),
        change(["tokens"], 7),
        change(["tokens", 0, "token"], "0x12"),
        change(["tokens", 0, "payees", 0, 0], ALICE.lower()),
        change(["tokens", 0, "value"], "4"),
        change(["tokens", 0, "value"], 3),
        change(["tokens", 0, "value"], "03"),
        change(["tokens", 0, "payees", 0, 1], "10000000000002"),
        change(["tokens", 0, "payees", 0, 1], "-1"),
        change(["tokens", 0, "payees"], list(reversed(PLAIN["tokens"][0]["payees"]))),
        change(["tokens", 0, "payees"], [[ALICE, "1", "2"]]),
        change(["tokens", 0, "note"], "hello"),
        change(["extra"], 1),
        change(["tokens"], PLAIN["tokens"] * 2),
    ],
)
def test_an_altered_file_is_refused(altered: object) -> None:
    with pytest.raises(LedgerError):
        Carried.from_plain(altered)


def test_what_cannot_be_read_says_what_it_is() -> None:
    with pytest.raises(Malformed, match="not of type antiphon"):
        Carried.from_plain({"type": "something"})
