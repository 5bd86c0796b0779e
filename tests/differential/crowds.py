"""Links as wide as there can be: parents with 32 ancestors each, most of which must be folded."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from chain.ledger.identifiers import WorkId
from chain.ledger.rights import MAX_STACK
from chain.ledger.vectors import ANCESTORS_MAX, PARENTS_MAX, LicensedParent

if TYPE_CHECKING:
    from tests.differential.links import Links

# A parent's own parents, and the roots of each of these: with them it has 32 ancestors.
_HALVES: Final = 2
_ROOTS: Final = ANCESTORS_MAX // _HALVES - 1


def draw_crowd(links: Links, random: Random) -> list[LicensedParent]:
    """Up to sixteen new parents that share no ancestor; their roots follow each other in any order.

    Some owe so little to some that nothing arrives, some pass on all they get, some roots are
    protected. What the rules forbid was refused and is left out: perhaps nobody is left.
    """
    count = random.choice((2, 3, 9, PARENTS_MAX))
    roots = [links.add_root() for _ in range(count * _HALVES * _ROOTS)]
    for root in random.sample(roots, random.choice((0, 1, 15))):
        links.floors.declare(root, random.choice((1, MAX_STACK // 100, MAX_STACK)))
    if random.random() < 0.5:
        random.shuffle(roots)
    most = MAX_STACK // _ROOTS
    shares = random.choice(((most,), (most, most - 1), (most, most // 2, 7, 1), ()))
    halves: list[WorkId] = []
    for start in range(0, len(roots), _ROOTS):
        chosen = sorted(roots[start : start + _ROOTS])
        drawn = [random.choice(shares or (random.randrange(1, most),)) for _ in chosen]
        halves += _linked(links, chosen, drawn)
    if random.random() < 0.5:
        random.shuffle(halves)
    half = MAX_STACK // _HALVES
    tops: list[WorkId] = []
    for start in range(0, len(halves), _HALVES):
        tops += _linked(links, sorted(halves[start : start + _HALVES]), [half, half - 1])
    most = MAX_STACK // count
    return [links.parent(top, random.choice((most, most - 1, 1_000))) for top in tops]


def _linked(links: Links, works: list[WorkId], shares: list[int]) -> list[WorkId]:
    """A derivative of these; none where the rules forbid one."""
    parents = [links.parent(work, share) for work, share in zip(works, shares, strict=False)]
    child = links.link_to(parents)
    return [] if child is None else [child]
