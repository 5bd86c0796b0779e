"""Income running down: as the vectors, whole to the unit, and the same as ancestor vectors pay."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import BadLink, Malformed
from chain.ledger.identifiers import Digest, WorkId, digest_from_hex
from chain.ledger.rights import SHARE_SCALE
from chain.ledger.sharing import Descent, Waterfall, waterfall
from chain.ledger.vectors import AncestorVector, LicensedParent, flatten

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "listener_rules.json").read_text())
CASES: list[dict[str, Any]] = VECTORS["waterfall"]
NO_TURN = Digest(bytes(32))
TURNS = st.binary(min_size=32, max_size=32).map(Digest)
AMOUNTS = st.one_of(st.integers(0, 9), st.integers(0, 2**112))
TENTH = SHARE_SCALE // 10
WORKS = 9


def run(amount: int, work: int, descents: dict[int, Descent], turn: Digest = NO_TURN) -> Waterfall:
    return waterfall(amount, WorkId(work), {WorkId(w): d for w, d in descents.items()}, turn)


@st.composite
def family(draw: st.DrawFn, unit: int) -> dict[int, dict[int, int]]:
    """Royalty shares by child and parent, multiples of `unit`, at most half of each child."""
    links: dict[int, dict[int, int]] = {}
    for child in range(2, WORKS + 1):
        older = draw(st.sets(st.integers(1, child - 1), max_size=3))
        left = SHARE_SCALE // 2 // unit
        for parent in sorted(older):
            share = draw(st.integers(1, max(1, left - 2)))
            if share <= left:
                links.setdefault(child, {})[parent] = share * unit
                left -= share
    return links


def lineages(
    links: dict[int, dict[int, int]],
) -> tuple[dict[int, Descent], dict[int, AncestorVector]]:
    """The same links for the waterfall and as ancestor vectors."""
    descents: dict[int, Descent] = {}
    vectors: dict[int, AncestorVector] = {}
    for child, shares in sorted(links.items()):
        parents = [
            LicensedParent(WorkId(parent), share, vectors.get(parent, AncestorVector()))
            for parent, share in sorted(shares.items())
        ]
        descents[child] = Descent.licensed(*parents)
        vectors[child] = flatten(parents)
    return descents, vectors


@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_vector_runs_down_as_it_says(number: int) -> None:
    case = CASES[number]
    descents = {
        int(child): Descent(
            each["passedOn"], {WorkId(int(i)): weight for i, weight in each["parents"].items()}
        )
        for child, each in case["descents"].items()
    }

    turn = digest_from_hex(case["epochHash"])
    found = run(int(case["amount"]), case["work"], descents, turn)

    assert {str(work): str(kept) for work, kept in found.kept.items()} == case["kept"]
    assert str(found.left_over) == case["leftOver"]


def test_a_diamond_is_divided_once_where_its_arms_meet() -> None:
    # 4 passes half on to 2 and 3, each of which passes all of it on to 1.
    descents = {
        4: Descent(SHARE_SCALE // 2, {WorkId(2): 1, WorkId(3): 3}),
        3: Descent(SHARE_SCALE, {WorkId(1): 1}),
        2: Descent(SHARE_SCALE // 2, {WorkId(1): 1}),
    }

    assert run(1_000, 4, descents) == Waterfall({1: 437, 2: 63, 3: 0, 4: 500}, 0)


def test_what_is_for_no_parent_is_left_over_aloud() -> None:
    found = run(1_001, 2, {2: Descent(SHARE_SCALE // 2, {WorkId(1): 0})})

    assert found == Waterfall({1: 0, 2: 501}, 500)


def test_an_original_keeps_all() -> None:
    assert run(7, 1, {}) == Waterfall({1: 7}, 0)


def test_lines_and_families_have_limits() -> None:
    def line(links: int) -> dict[int, Descent]:
        return {n: Descent(TENTH, {WorkId(n - 1): 1}) for n in range(2, links + 2)}

    assert sum(run(10**9, 33, line(32)).kept.values()) == 10**9
    with pytest.raises(BadLink, match="TooDeep"):
        run(10**9, 34, line(33))
    with pytest.raises(BadLink, match="BadParentCount"):
        Descent(TENTH, {})
    with pytest.raises(BadLink, match="BadParentCount"):
        Descent(TENTH, {WorkId(n): 1 for n in range(1, 18)})
    with pytest.raises(BadLink, match="ParentsOutOfOrder"):
        run(1, 2, {2: Descent(TENTH, {WorkId(2): 1})})
    with pytest.raises(BadLink, match="ParentsOutOfOrder"):
        run(1, 2, {2: Descent(TENTH, {WorkId(1): 1, WorkId(3): 1})})


def test_the_widest_numbers_run_down() -> None:
    widest = Descent(SHARE_SCALE, {WorkId(1): 2**64 - 1})

    found = run(2**256 - 1, 2**64 - 1, {2**64 - 1: widest})

    assert found.kept == {1: 2**256 - 1, 2**64 - 1: 0}


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(Malformed, match="share passed on"):
        Descent(SHARE_SCALE + 1, {WorkId(1): 1})
    with pytest.raises(Malformed, match="weight of a parent"):
        Descent(TENTH, {WorkId(1): -1})
    with pytest.raises(Malformed, match="weight of a parent"):
        Descent(TENTH, {WorkId(1): 2**64})
    for amount in (-1, 2**256):
        with pytest.raises(Malformed, match="amount"):
            run(amount, 1, {})
    with pytest.raises(Malformed, match="work"):
        run(1, 2**64, {})
    with pytest.raises(Malformed, match="parent"):
        run(1, 2, {2: Descent(TENTH, {WorkId(0): 1})})


@given(AMOUNTS, family(TENTH // 100), TURNS)
def test_nothing_is_lost_on_the_way_down(
    amount: int, links: dict[int, dict[int, int]], turn: Digest
) -> None:
    descents, _ = lineages(links)

    found = run(amount, WORKS, descents, turn)

    assert sum(found.kept.values()) + found.left_over == amount
    assert min(found.kept.values()) >= 0
    assert found.left_over == 0


@given(st.integers(0, 2**64), family(TENTH), TURNS)
def test_it_pays_what_ancestor_vectors_pay(
    coins: int, links: dict[int, dict[int, int]], turn: Digest
) -> None:
    """Shares in tenths: nothing is rounded on a line of eight links, so not a unit may differ."""
    descents, vectors = lineages(links)
    amount = coins * SHARE_SCALE

    found = run(amount, WORKS, descents, turn)

    vector = vectors.get(WORKS, AncestorVector())
    by_vector = {work: part for work, part in vector.divide(WorkId(WORKS), amount) if part}
    assert {w: kept * SHARE_SCALE for w, kept in found.kept.items() if kept} == by_vector


@given(AMOUNTS, family(1), TURNS)
def test_with_any_shares_the_two_differ_by_rounding_alone(
    amount: int, links: dict[int, dict[int, int]], turn: Digest
) -> None:
    descents, vectors = lineages(links)

    found = run(amount, WORKS, descents, turn)

    vector = vectors.get(WORKS, AncestorVector())
    by_vector = dict(vector.divide(WorkId(WORKS), amount))
    # A vector floors one share, of 1e-9, for each pair of a link and an ancestor; the waterfall
    # floors units, at each work twice.
    shares = WORKS * sum(len(parents) for parents in links.values())
    allowed = Fraction(amount * shares, SHARE_SCALE) + 2 * WORKS
    for work in found.kept.keys() | by_vector.keys():
        due = Fraction(by_vector.get(WorkId(work), 0), SHARE_SCALE)
        assert abs(found.kept.get(WorkId(work), 0) - due) <= allowed
