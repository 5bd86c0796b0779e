"""The listener-centric rule: as the vectors, whole to the unit, and no way to earn by listening."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, digest_from_hex
from chain.ledger.sharing import Listener, ListenerMode, listener_centric
from chain.ledger.sharing.listening import contributions, divide_part

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "listener_rules.json").read_text())
CASES: list[dict[str, Any]] = VECTORS["listening"]
NO_TURN = Digest(bytes(32))
TURNS = st.binary(min_size=32, max_size=32).map(Digest)
MODES = st.sampled_from(ListenerMode)
PLAYS = st.dictionaries(st.integers(1, 8), st.integers(0, 2**40), max_size=5)
LISTENERS = st.lists(
    st.builds(Listener, TURNS, st.one_of(st.integers(0, 3), st.integers(0, 2**96)), PLAYS),
    max_size=8,
    unique_by=lambda listener: listener.name,
)
POOLS = st.one_of(st.integers(0, 3), st.integers(0, 2**98))


def name(number: int) -> Digest:
    return Digest(number.to_bytes(32, "big"))


def listeners_of(case: dict[str, Any]) -> list[Listener]:
    return [
        Listener(
            digest_from_hex(each["name"]),
            int(each["fee"]),
            {int(heard): int(count) for heard, count in each["plays"].items()},
        )
        for each in case["listeners"]
    ]


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("mode", ListenerMode)
def test_every_vector_is_divided_as_it_says(number: int, mode: ListenerMode) -> None:
    case = CASES[number]
    expected = case["modes"][mode.value]

    found = listener_centric(
        int(case["pool"]), listeners_of(case), mode, digest_from_hex(case["epochHash"])
    )

    assert {str(heard): str(a) for heard, a in found.amounts.items()} == expected["amounts"]
    assert {f"0x{n.hex()}": str(part) for n, part in found.silent.items()} == expected["silent"]
    assert str(found.uncovered) == expected["uncovered"]
    assert (None if found.gamma is None else str(found.gamma)) == expected["gamma"]


# --- by hand -----------------------------------------------------------------------------------


def test_three_ways_to_divide_two_fees() -> None:
    # One hears 7 a hundred times, one hears 7 and 8 once each.
    crowd = [Listener(name(1), 900, {7: 100}), Listener(name(2), 900, {7: 1, 8: 1})]

    by_plays = listener_centric(1_800, crowd, ListenerMode.USER_CENTRIC, NO_TURN)
    equally = listener_centric(1_800, crowd, ListenerMode.SHAPLEY, NO_TURN)
    scaled = listener_centric(1_200, crowd, ListenerMode.SCALED, NO_TURN)

    assert by_plays.amounts == {7: 1_350, 8: 450}
    assert equally.amounts == {7: 1_350, 8: 450}
    # The heavy listener gives its whole fee, the light one the other 300: gamma is 150 a play.
    assert scaled.amounts == {7: 1_050, 8: 150}
    assert scaled.gamma == 150
    assert not by_plays.suspense


def test_shapley_does_not_count_how_often() -> None:
    crowd = [Listener(name(1), 900, {7: 98, 8: 1, 9: 1, 10: 0})]

    found = listener_centric(900, crowd, ListenerMode.SHAPLEY, NO_TURN)

    assert found.amounts == {7: 300, 8: 300, 9: 300, 10: 0}


def test_who_heard_nothing_is_in_suspense_by_name() -> None:
    crowd = [Listener(name(1), 300, {}), Listener(name(2), 600, {7: 1}), Listener(name(3), 100, {})]

    found = listener_centric(1_000, crowd, ListenerMode.USER_CENTRIC, NO_TURN)

    assert found.amounts == {7: 600}
    assert found.silent == {name(1): 300, name(3): 100}
    assert found.suspense == 400


def test_what_fees_do_not_cover_is_in_suspense() -> None:
    crowd = [Listener(name(1), 300, {7: 5}), Listener(name(2), 600, {})]

    found = listener_centric(1_000, crowd, ListenerMode.SCALED, NO_TURN)

    assert (found.amounts, found.silent) == ({7: 300}, {name(2): 0})
    assert (found.uncovered, found.suspense, found.gamma) == (700, 700, None)


def test_nobody_at_all_leaves_the_pool_in_suspense() -> None:
    for mode in ListenerMode:
        found = listener_centric(9, [], mode, NO_TURN)

        assert (found.amounts, found.uncovered) == ({}, 9)


def test_no_id_wins_every_listeners_last_unit() -> None:
    crowd = [Listener(name(number), 1, {7: 1, 8: 1}) for number in range(100)]

    found = listener_centric(100, crowd, ListenerMode.USER_CENTRIC, NO_TURN)

    assert found.amounts == {7: 50, 8: 50}


def test_a_listener_that_is_there_twice_is_refused() -> None:
    crowd = [Listener(name(1), 1, {7: 1}), Listener(name(1), 1, {8: 1})]

    with pytest.raises(Malformed, match="there twice"):
        listener_centric(2, crowd, ListenerMode.USER_CENTRIC, NO_TURN)


def test_the_widest_numbers_are_divided() -> None:
    widest = Listener(name(1), 2**160 - 1, {2**64 - 1: 2**64 - 1})

    found = listener_centric(2**160, [widest], ListenerMode.SCALED, NO_TURN)

    assert (found.amounts, found.uncovered) == ({2**64 - 1: 2**160 - 1}, 1)


def test_numbers_that_are_none_are_refused() -> None:
    for given_name, fee, plays, what in (
        (Digest(b"short"), 1, {7: 1}, "listener"),
        (name(1), -1, {7: 1}, "fee"),
        (name(1), 2**160, {7: 1}, "fee"),
        (name(1), 1, {7: -1}, "plays"),
        (name(1), 1, {-7: 1}, "id of what was heard"),
        (name(1), 1, {7: 2**64}, "plays"),
    ):
        with pytest.raises(Malformed, match=what):
            Listener(given_name, fee, plays)
    with pytest.raises(Malformed, match="pool"):
        listener_centric(-1, [], ListenerMode.SHAPLEY, NO_TURN)


# --- what always holds -------------------------------------------------------------------------


@given(POOLS, LISTENERS, MODES, TURNS)
def test_amounts_and_suspense_are_the_pool(
    pool: int, crowd: list[Listener], mode: ListenerMode, turn: Digest
) -> None:
    found = listener_centric(pool, crowd, mode, turn)

    assert sum(found.amounts.values()) + found.suspense == pool
    assert min([0, *found.amounts.values(), *found.silent.values(), found.uncovered]) == 0


@given(POOLS, LISTENERS, TURNS)
def test_nobody_is_a_unit_off_per_listener(pool: int, crowd: list[Listener], turn: Digest) -> None:
    found = listener_centric(pool, crowd, ListenerMode.USER_CENTRIC, turn)

    fees = sum(listener.fee for listener in crowd)
    for heard, amount in found.amounts.items():
        exact = sum(
            Fraction(pool * each.fee * each.plays.get(heard, 0), fees * each.volume)
            for each in crowd
            if each.volume and fees
        )
        # A listener's part is not a unit off, and neither is its division.
        assert abs(amount - exact) < 2 * len(crowd) + 1


@given(POOLS, LISTENERS, MODES, TURNS, st.randoms(use_true_random=False))
def test_the_order_of_listeners_and_plays_changes_nothing(
    pool: int, crowd: list[Listener], mode: ListenerMode, turn: Digest, rng: random.Random
) -> None:
    shuffled = []
    for listener in crowd:
        heard = list(listener.plays.items())
        rng.shuffle(heard)
        shuffled.append(Listener(listener.name, listener.fee, dict(heard)))
    rng.shuffle(shuffled)

    assert listener_centric(pool, shuffled, mode, turn) == listener_centric(pool, crowd, mode, turn)


@given(POOLS, LISTENERS, TURNS)
def test_gamma_is_exact_and_nobody_gives_more_than_its_fee(
    pool: int, crowd: list[Listener], turn: Digest
) -> None:
    given_parts, gamma = contributions(pool, crowd, turn)

    assert all(part <= each.fee for part, each in zip(given_parts, crowd, strict=True))
    if gamma is None:
        assert sum(given_parts) == sum(each.fee for each in crowd if each.volume) <= pool
        return
    exact = [min(gamma * each.volume, Fraction(each.fee)) for each in crowd]
    assert sum(exact) == pool == sum(given_parts)
    for part, due in zip(given_parts, exact, strict=True):
        assert abs(part - due) < 1


@given(st.integers(0, 2**64), LISTENERS, st.integers(0, 2**40), st.integers(1, 2**40), TURNS)
def test_an_account_that_plays_to_earn_earns_at_most_its_fee(
    pool: int, crowd: list[Listener], fee: int, plays: int, turn: Digest
) -> None:
    """Whatever it plays, what a bot adds to what it plays is no more than it pays."""
    bot = Listener(Digest(b"\xbb" * 32), fee, {9: plays})
    crowd = [each for each in crowd if each.name != bot.name]

    with_bot = listener_centric(pool, [*crowd, bot], ListenerMode.SCALED, turn)
    without = listener_centric(pool, crowd, ListenerMode.SCALED, turn)

    # Nobody but the bot hears 9.
    assert with_bot.amounts[9] <= fee
    assert without.amounts.get(9, 0) == 0
    # And its plays for an artist whom others hear add no more than its fee: each other listener
    # gives the same or less, to within its own rounding.
    fan = Listener(bot.name, fee, {1: plays})
    more = listener_centric(pool, [*crowd, fan], ListenerMode.SCALED, turn).amounts.get(1, 0)
    assert more <= without.amounts.get(1, 0) + fee + 2 * len(crowd)


@given(st.integers(1, 2**64), LISTENERS, st.integers(1, 8), st.integers(1, 2**30), TURNS)
def test_more_plays_never_earn_less(
    pool: int, crowd: list[Listener], heard: int, more: int, turn: Digest
) -> None:
    louder = [
        Listener(e.name, e.fee, {**e.plays, heard: e.plays.get(heard, 0) + more}) for e in crowd
    ]

    before = listener_centric(pool, crowd, ListenerMode.USER_CENTRIC, turn).amounts.get(heard, 0)
    after = listener_centric(pool, louder, ListenerMode.USER_CENTRIC, turn).amounts.get(heard, 0)

    assert after >= before - 2 * len(crowd)


@given(POOLS, TURNS, PLAYS, MODES, TURNS)
def test_one_listener_can_be_computed_again_alone(
    part: int, its_name: Digest, plays: dict[int, int], mode: ListenerMode, turn: Digest
) -> None:
    """What a challenger does."""
    alone = Listener(its_name, part, plays)

    whole = listener_centric(part, [alone], mode, turn)

    assert divide_part(part - whole.suspense, alone, mode, turn) == whole.amounts
