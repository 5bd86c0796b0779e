"""Totals without telling on a listener: what one can change, the noise, and what is refused."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.identifiers import Digest
from chain.ledger.sharing.listening import Listener, ListenerMode
from chain.metrics.errors import ReleaseRefused
from chain.metrics.evaluation import release
from chain.metrics.evaluation.release import Release, release_totals

EPOCH = Digest(bytes(31) + b"\x07")
COMMUNITIES = [1, 2, 3, 4]
FEE = 10_000


def listener(name: int, fee: int = FEE, **plays: int) -> Listener:
    heard = {int(key[1:]): count for key, count in plays.items()}
    return Listener(Digest(name.to_bytes(32, "big")), fee, heard)


def released(listeners: list[Listener], **how: Any) -> Release:
    asked = {
        "communities": COMMUNITIES,
        "mode": ListenerMode.USER_CENTRIC,
        "epoch_hash": EPOCH,
        "fee_max": FEE,
        "epsilon": 1.0,
        "amounts_are_public": False,
    }
    return release_totals(listeners, **{**asked, **how})


PLAYS = st.dictionaries(st.sampled_from(COMMUNITIES), st.integers(0, 2**40), max_size=4)


@given(
    st.lists(st.tuples(st.integers(0, FEE), PLAYS), max_size=5),
    st.tuples(st.integers(0, FEE), PLAYS),
    st.sampled_from([ListenerMode.USER_CENTRIC, ListenerMode.SHAPLEY]),
)
def test_one_listener_changes_all_totals_together_by_its_fee_at_most(
    others: list[tuple[int, dict[int, int]]], one: tuple[int, dict[int, int]], mode: ListenerMode
) -> None:
    named = [
        Listener(Digest(k.to_bytes(32, "big")), *each) for k, each in enumerate([one, *others])
    ]
    # Without the noise, so that what it has to cover can be seen.
    with patch.object(release, "_with_noise", lambda totals, *_: totals):
        whole, without = (released(some, mode=mode).totals for some in (named, named[1:]))
        changed = sum(abs(whole[c] - without[c]) for c in COMMUNITIES)

    assert changed == (one[0] if named[0].volume else 0) <= FEE


def test_totals_are_whole_and_off_by_noise_of_the_stated_scale() -> None:
    pytest.importorskip("opendp")
    # Unseeded, as it must be. 4,000 communities of 3 listeners each; of so many draws the mean size
    # is within a tenth of the scale but for chances below 1e-9.
    communities = list(range(4000))
    listeners = [
        Listener(Digest((3 * c + k).to_bytes(32, "big")), FEE, {c: 5})
        for c in communities
        for k in range(3)
    ]
    found = released(listeners, communities=communities, epsilon=0.5)
    errors = np.array([found.totals[c] - 3 * FEE for c in communities])

    assert found.scale == pytest.approx(2 * FEE)
    assert np.abs(errors).mean() == pytest.approx(found.scale, rel=0.1)
    assert abs(errors.mean()) < 0.15 * found.scale
    assert (np.abs(errors) <= found.half_width).mean() == pytest.approx(0.95, abs=0.03)
    assert len(set(errors.tolist())) > 3000


def test_communities_nobody_heard_are_in_the_release_too() -> None:
    pytest.importorskip("opendp")

    assert list(released([]).totals) == COMMUNITIES
    assert list(released([listener(1, c2=5), listener(2)]).totals) == COMMUNITIES


@pytest.mark.parametrize(
    ("listeners", "how", "says"),
    [
        ([], {"amounts_are_public": True}, "protect nobody"),
        ([], {"mode": ListenerMode.SCALED}, "changes what all others give"),
        ([], {"epsilon": 0.0}, "epsilon above 0"),
        ([], {"fee_max": 0}, "the largest fee"),
        ([], {"communities": []}, "is empty"),
        ([], {"communities": [1, 1]}, "names one twice"),
        ([listener(1, c1=1), listener(1, c2=1)], {}, "there twice"),
        ([listener(1, fee=FEE + 1, c1=1)], {}, "above the largest"),
        ([listener(1, c9=1)], {}, "not in the public list"),
        ([listener(1, fee=2**63, c1=1)], {"fee_max": 2**62}, "above the largest"),
        (
            [listener(1, fee=2**62, c1=1), listener(2, fee=2**62, c1=1)],
            {"fee_max": 2**62},
            "more than 62 bits",
        ),
    ],
)
def test_what_would_protect_nobody_is_refused(
    listeners: list[Listener], how: dict[str, Any], says: str
) -> None:
    with pytest.raises(ReleaseRefused, match=says):
        released(listeners, **how)


def test_without_opendp_it_is_refused_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)

    with pytest.raises(ReleaseRefused, match="pip install"):
        released([listener(1, c1=1)])
